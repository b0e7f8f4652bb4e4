"""Fixtures of the probe scripts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.probes import harbor_content
from tests.lib.probes.harbor_double import Harbor
from tests.lib.probes.harbor_projects_double import ADMINISTRATOR
from tests.lib.probes.harbor_site import Clock, Site
from tests.support.loopback import serving


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An empty Harbor, and the Job's environment."""
    harbor = Harbor()
    monkeypatch.setattr(harbor_content, "time", Clock())
    with serving(harbor.respond) as double:
        monkeypatch.setenv("HARBOR_URL", double.url)
        monkeypatch.setenv("HARBOR_PASSWORD", ADMINISTRATOR[1])
        monkeypatch.setenv("LOGINS", str(tmp_path))
        made = Site(harbor, double, tmp_path, monkeypatch.setenv)
        made.mount()
        yield made

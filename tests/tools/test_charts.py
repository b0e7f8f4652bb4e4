"""`make charts`: the pinned charts, pulled once."""

from pathlib import Path

import pytest

from lib.charts import TABLE
from tests.tools.conftest import script
from tools import charts

# Makes a directory with what was asked for, as `helm pull --untar` does, and keeps the words of each call.
PULL = """
echo "$*" >> "${0%/*}/calls"
name=${2##*/}
for word in "$@"; do case $word in --version=*) version=${word#*=};; --untardir=*) place=${word#*=};; esac; done
if [ "$name" = gitea ]; then echo 'Error: dial tcp: no such host' >&2; exit 1; fi
mkdir -p "$place/$name" && echo "version: $version" > "$place/$name/Chart.yaml"
"""


@pytest.fixture
def helm(tmp_path: Path) -> Path:
    return script(tmp_path / "helm", PULL)


def calls(helm: Path) -> list[str]:
    return (helm.parent / "calls").read_text(encoding="utf-8").splitlines()


def test_what_can_be_reached_is_there_and_the_rest_is_named(
    tmp_path: Path, helm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert charts.main(tmp_path, helm) == 1, "not all of them are there"
    there = {path.parent.name for path in (tmp_path / "build" / "charts").glob("*/Chart.yaml")}
    assert there == set(TABLE) - {"gitea"}, "one repository that does not answer holds up no other"
    said = capsys.readouterr()
    assert f"no gitea {TABLE['gitea'].version}: Error: dial tcp: no such host" in said.err, "which, and why"
    assert f"{len(TABLE) - 1} of {len(TABLE)} in build/charts" in said.out, "and where the others are"


def test_each_comes_from_its_own_repository_at_its_pin(tmp_path: Path, helm: Path) -> None:
    charts.main(tmp_path, helm)
    vault, cilium = TABLE["vault"], TABLE["cert-manager"]
    assert any(
        call.startswith(f"pull vault --repo={vault.repository} --version={vault.version} --untar")
        for call in calls(helm)
    ), "an index"
    assert any(
        call.startswith(f"pull {cilium.repository}/cert-manager --version={cilium.version} --untar")
        for call in calls(helm)
    ), "a registry"


def test_a_chart_is_pulled_again_only_for_another_pin(tmp_path: Path, helm: Path) -> None:
    charts.main(tmp_path, helm)
    first = len(calls(helm))
    (tmp_path / "build" / "charts" / "vault" / "Chart.yaml").write_text("version: 0.1.0\n", encoding="utf-8")
    charts.main(tmp_path, helm)
    again = {call.split()[1] for call in calls(helm)[first:]}
    assert again == {"vault", "gitea"}, "what has another version, and what is not there"
    found = (tmp_path / "build" / "charts" / "vault" / "Chart.yaml").read_text(encoding="utf-8")
    assert found == f"version: {TABLE['vault'].version}\n", "the old one made room"

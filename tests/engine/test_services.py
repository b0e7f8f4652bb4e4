"""Phase 4 on the real engine: the services stand alone, whether one of them fails or is switched off."""

from pathlib import Path

import pytest

from lab.providers.kubernetes.cluster import OBJECTS
from tests.engine.platform import Outcome, copy_of, driver, phases_of, statuses, without_what_needs_gitea, world_of

pytestmark = pytest.mark.engine

SERVICES = ("gitea", "harbor", "matrix")


@pytest.mark.failure("failure-that-spreads")
def test_a_service_that_fails_is_the_only_thing_that_is_missing(without_harbor: Outcome) -> None:
    assert not without_harbor.result.ok, "the command fails"
    found = statuses(without_harbor.result)
    assert found.pop("phase4-services") == "failed", "it holds the service"
    assert set(found.values()) == {"ready"}, "no other phase is touched"
    done = {event["urn"].rsplit("::", 1)[-1] for event in without_harbor.result.events if event["event"] == "done"}
    assert {"gitea-login", "matrix-login"} <= done, "the other two are in use"


def test_the_phase_table_names_the_service_that_failed(without_harbor: Outcome) -> None:
    (services,) = [one for one in phases_of(without_harbor.result).ordered() if one.name == "phase4-services"]
    assert [urn.rsplit("::", 1)[-1] for urn in services.failed] == ["harbor-login"], "and what it failed at"


def test_services_and_the_login_of_vault_go_when_they_are_switched_off(platform: Outcome, tmp_path: Path) -> None:
    """All in one run; that nothing else goes with each is in invariants/test_services.py and test_applications.py."""
    stack = copy_of(platform.stack, tmp_path / "off")
    text = without_what_needs_gitea(stack.file.read_text(encoding="utf-8"))
    text = text.replace("    host: vault.", "    oidc: false\n    host: vault.", 1)
    for section in (f"  home-cluster:{service}:\n" for service in SERVICES):
        assert section in text, "the stack file has the service"
        text = text.replace(section, f"{section}    enabled: false\n", 1)
    stack.file.write_text(text, encoding="utf-8")
    off = driver(stack).up()
    assert off.ok, off.messages()
    found = statuses(off)
    assert set(found.values()) == {"ready"}, "everything else stays"
    assert "phase3-integration" not in found, "and a phase that is gone is none"
    gone = {one["urn"].rsplit("::", 1)[-1] for one in off.events if one["event"] == "done" and one["op"] == "delete"}
    assert {f"{service}-release" for service in ("gitea", "harbor")} | {"vault-oidc-login"} <= gone, "all of them"
    with world_of(stack) as world:
        left = {key.rsplit("/", 1)[-1] for key in world.keys(OBJECTS) if key.startswith("/Namespace/")}
    assert set(SERVICES) <= left, "with their volumes and the keys of what they stored"

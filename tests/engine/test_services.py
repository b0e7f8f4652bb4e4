"""Phase 4 on the real engine: the services stand alone, whether one of them fails or is switched off."""

from pathlib import Path

import pytest

from lab.checkout import Stack
from lab.driver import Result
from tests.engine.platform import Outcome, copy_of, driver, faults_of, once_in_a_run, phases_of, statuses, world_of

pytestmark = pytest.mark.engine

SERVICES = ("gitea", "harbor", "matrix")
DATABASES = {"gitea": {"gitea"}, "harbor": {"harbor"}, "matrix": {"synapse", "mas"}}
KEPT = {
    "gitea": {"gitea-namespace", "gitea-encryption-kv"},
    "harbor": {"harbor-namespace", "harbor-encryption-kv"},
    "matrix": {"matrix-namespace", "matrix-signing-key-kv", "matrix-mas-encryption-kv"},
}
SHARED = {
    "blueprint-users",  # it forgets the application of a service that is off
    "coredns-corefile",  # its hosts
    "external-secrets-store",  # the namespaces that may use it
    "postgres-ingress",
    "valkey-ingress",
    "valkey-release",
    "valkey-users",
    "vault-pki-role",  # the hosts that Vault may sign for
    "home-cluster-engine",  # outputs of the stack
}
"""What serves all of them and follows the list of those that are on."""


@pytest.fixture(scope="session")
def without_harbor(engine_directory: Path) -> Outcome:
    """The first bring-up, with a Harbor that offers no login."""

    def bring_about(stack: Stack) -> Result:
        with world_of(stack) as world:
            faults_of(world).stage("Job", "harbor-login", "fail", "no login after 14 minutes")
        return driver(stack).up()

    return once_in_a_run(engine_directory / "without-harbor", bring_about)


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


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_is_switched_off_goes_alone(platform: Outcome, tmp_path: Path, service: str) -> None:
    stack = copy_of(platform.stack, tmp_path / "off")
    section = f"  home-cluster:{service}:\n"
    text = stack.file.read_text(encoding="utf-8")
    assert section in text, "the stack file has the service"
    stack.file.write_text(text.replace(section, f"{section}    enabled: false\n", 1), encoding="utf-8")
    off = driver(stack).up()
    assert off.ok, off.messages()
    assert set(statuses(off).values()) == {"ready"}, "everything else stays"

    others = set(SERVICES) - {service}
    changed = _changed(off) - {f"login-{other}-blueprint-visible" for other in (*others, "vault")}
    foreign = [name for name in changed if not _belongs(name, service) and not name.startswith(tuple(SHARED))]
    assert foreign == [], "nothing of the other services, and of what they share only what lists them"
    assert changed & KEPT[service] == set(), "its volumes and the keys of what it stored"


def _changed(result: Result) -> set[str]:
    steps = (event for event in result.events if event["event"] == "start" and event["op"] not in ("same", "read"))
    return {event["urn"].rsplit("::", 1)[-1] for event in steps}


def _belongs(name: str, service: str) -> bool:
    parts = {f"login-{service}", f"oidc-{service}", f"valkey-{service}"}
    parts |= {f"postgres-{database}" for database in DATABASES[service]}
    if service == "harbor":
        parts |= {"talos-", "kubernetes-api"}  # the nodes are told of its registry, and asked whether they are well
    return name == service or name.startswith((f"{service}-", *parts))

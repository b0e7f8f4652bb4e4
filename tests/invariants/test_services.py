"""A service that is switched off goes alone: nothing of the others changes, and what it stored stays."""

from pathlib import Path

import pytest

from tests.engine.platform import STACK_FILE, without_what_needs_gitea
from tests.support.program import record_program
from tests.support.variants import changed, difference

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
    "dns-",  # a host that no Ingress has
    "external-secrets-store",  # the namespaces that may use it
    "postgres-ingress",
    "valkey-ingress",
    "valkey-release",
    "valkey-users",
    "vault-pki-role",  # the hosts that Vault may sign for
}
"""What serves all of them and follows the list of those that are on."""


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_is_switched_off_goes_alone(service: str, tmp_path: Path) -> None:
    section, stack_file = f"  home-cluster:{service}:\n", STACK_FILE
    if service == "gitea":
        stack_file = tmp_path / STACK_FILE.name
        stack_file.write_text(without_what_needs_gitea(STACK_FILE.read_text(encoding="utf-8")), encoding="utf-8")
    before = record_program(preview=False, stack_file=stack_file)
    off = difference(before, changed(section, f"{section}    enabled: false\n", stack_file))
    assert {key for key in off.removed if key[1].startswith(f"{service}-")}, "it does go"
    assert not off.added, "nothing comes instead"
    others = set(SERVICES) - {service}
    names = {name for _, name in (*off.removed, *off.changed)}
    names -= {f"login-{other}-blueprint-visible" for other in (*others, "vault")}
    foreign = [name for name in names if not _belongs(name, service) and not name.startswith(tuple(SHARED))]
    assert foreign == [], "nothing of the other services, and of what they share only what lists them"
    assert names & KEPT[service] == set(), "its volumes and the keys of what it stored"


def _belongs(name: str, service: str) -> bool:
    parts = {f"login-{service}", f"oidc-{service}", f"valkey-{service}"}
    parts |= {f"postgres-{database}" for database in DATABASES[service]}
    if service == "harbor":
        parts |= {"talos-", "kubernetes-api"}  # the nodes are told of its registry, and asked whether they are well
    return name == service or name.startswith((f"{service}-", *parts))

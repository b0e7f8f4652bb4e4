"""What people may do in Vault, decided as Vault decides it: the most specific path of all policies counts."""

import re

import pytest

from components.vault import policies

ACCESSOR = "auth_oidc_1234"
RULE = re.compile(r'path "(?P<path>[^"]+)" \{\s*capabilities = \[(?P<capabilities>[^\]]*)\]\s*\}')


def rules(*texts: str, name: str) -> dict[str, set[str]]:
    """Path -> capabilities, with the templates filled in for a person; rules of the same path add up."""
    found: dict[str, set[str]] = {}
    for text in texts:
        filled = text.replace(f"{{{{identity.entity.aliases.{ACCESSOR}.name}}}}", name)
        assert "{{" not in filled, "every template was filled in"
        for match in RULE.finditer(filled):
            capabilities = set(re.findall(r'"(\w+)"', match["capabilities"]))
            found.setdefault(match["path"], set()).update(capabilities)
    return found


def allows(granted: dict[str, set[str]], capability: str, path: str) -> bool:
    """Vault's decision: an exact path before a prefix, a longer prefix before a shorter one, deny before all."""
    matching = [one for one in granted if one == path or (one.endswith("*") and path.startswith(one[:-1]))]
    if not matching:
        return False
    best = max(matching, key=lambda one: (one == path, len(one)))
    return capability in granted[best] and "deny" not in granted[best]


USER = rules(policies.own_folder(ACCESSOR), name="ada")
ADMINISTRATOR = rules(policies.own_folder(ACCESSOR), policies.administrator(), name="ada")
ANYBODY = pytest.mark.parametrize("granted", [USER, ADMINISTRATOR], ids=["user", "administrator"])


@ANYBODY
@pytest.mark.parametrize("capability", ["create", "read", "update", "patch", "delete"])
def test_a_person_owns_the_own_folder(granted: dict[str, set[str]], capability: str) -> None:
    assert allows(granted, capability, "kv/data/people/ada/mail"), "values"
    assert allows(granted, "list", "kv/metadata/people/ada/"), "what is in it"
    assert allows(granted, "update", "kv/destroy/people/ada/mail"), "and old versions can be destroyed"


@ANYBODY
@pytest.mark.parametrize("other", ["bob", "adam", "ad", "ada2", "ada.b"])
@pytest.mark.parametrize("capability", ["create", "read", "update", "delete"])
def test_nobody_touches_the_folder_of_another_even_with_a_similar_name(
    granted: dict[str, set[str]], other: str, capability: str
) -> None:
    assert not allows(granted, capability, f"kv/data/people/{other}/mail"), "not even an administrator"


@ANYBODY
@pytest.mark.parametrize("capability", ["create", "read", "update", "delete"])
def test_nobody_touches_the_platforms_secrets(granted: dict[str, set[str]], capability: str) -> None:
    assert not allows(granted, capability, "kv/data/platform/authentik/server"), (
        "this program writes, the operator reads"
    )


@pytest.mark.parametrize(
    ("capability", "path"),
    [
        ("read", "sys/policies/acl/administrator"),
        ("update", "sys/policies/acl/own-folder"),
        ("read", "sys/auth"),
        ("list", "identity/group/name"),
        ("list", "kv/metadata/platform/"),
        ("list", "kv/metadata/people/bob/"),
        ("read", "sys/storage/raft/snapshot"),
    ],
)
def test_a_user_manages_nothing(capability: str, path: str) -> None:
    assert not allows(USER, capability, path), "reading and writing the own folder is all"


@pytest.mark.parametrize(
    ("capability", "path"),
    [
        ("update", "sys/policies/acl/new"),
        ("sudo", "sys/auth/new"),
        ("create", "sys/mounts/new"),
        ("update", "identity/entity/id/1"),
        ("sudo", "sys/leases/revoke-prefix/auth/oidc"),
        ("update", "auth/oidc/role/other"),
        ("sudo", "sys/audit"),
        ("list", "kv/metadata/platform/"),
        ("read", "sys/storage/raft/snapshot"),
    ],
)
def test_an_administrator_manages(capability: str, path: str) -> None:
    assert allows(ADMINISTRATOR, capability, path), "what keeping Vault in order takes"


@pytest.mark.parametrize(
    ("capability", "path"),
    [
        ("update", "sys/seal"),
        ("update", "sys/step-down"),
        ("update", "sys/rekey/init"),
        ("update", "sys/generate-root/attempt"),
        ("update", "sys/raw/core/keyring"),
        ("delete", "sys/audit/file"),
        ("update", "sys/storage/raft/snapshot-force"),
        ("delete", "kv/metadata/platform/authentik/server"),
        ("update", "kv/destroy/platform/authentik/server"),
    ],
)
def test_what_could_end_vault_or_hide_a_trace_takes_the_root_token(capability: str, path: str) -> None:
    assert not allows(ADMINISTRATOR, capability, path), "an administrator's session is not enough"

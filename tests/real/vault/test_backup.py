"""The backup takes snapshots and nothing else: it can neither restore one nor read a value."""

import gzip

import pytest

from tests.real.vault.api import Api
from tests.real.vault.paths import granted
from tests.real.vault.site import Site, declared

pytestmark = pytest.mark.real
SNAPSHOT = "sys/storage/raft/snapshot"


@pytest.fixture
def backup(site: Site) -> Api:
    """The account that backup Jobs run as."""
    role = site.program.one("vault:kubernetes/authBackendRole:AuthBackendRole", "vault-backup-access-role")
    (name,), (namespace,) = role.get("boundServiceAccountNames"), role.get("boundServiceAccountNamespaces")
    token = site.api_server.token(namespace, name, [role.get("audience")])
    answer = site.account_login(role.get("roleName"), token)
    assert answer.status == 200, f"the account logs in: {answer.body}"
    return site.root.using(answer.body["auth"]["client_token"])


def test_it_takes_a_snapshot_in_which_no_value_can_be_read(site: Site, backup: Api) -> None:
    snapshot = gzip.decompress(backup.expect("GET", SNAPSHOT).content)
    assert len(snapshot) > 10_000, "the whole storage"
    values = {value for secret in declared(site.program).values() for value in secret.values() if len(value) > 12}
    assert not [value for value in values if value.encode() in snapshot], "encrypted with the keys of this Vault"


@pytest.mark.parametrize("path", [SNAPSHOT, f"{SNAPSHOT}-force"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_it_restores_none(backup: Api, method: str, path: str) -> None:
    assert backup.ask(method, path, {}).status == 403, "that would replace everything, and is for a person to do"


@pytest.mark.failure("more-rights-than-needed")
def test_of_all_paths_that_vault_serves_only_snapshots_are_open_to_it(site: Site, backup: Api) -> None:
    found = granted(site.root, backup, "kv/data/platform/gitea/admin", "kv/metadata/platform")
    assert found == {SNAPSHOT: {"read"}}, "as Vault itself judges"

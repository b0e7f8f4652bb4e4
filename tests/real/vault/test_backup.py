"""The backup takes snapshots and nothing else: it can neither restore one nor read a value. What leaves the cluster is
encrypted, and holds what a restore needs.
"""

import gzip
import io
import os
import re
import subprocess
import tarfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.real.vault import jobs
from tests.real.vault.api import Api
from tests.real.vault.paths import granted
from tests.real.vault.site import Site, declared
from tests.stack_file.stacks import FIXTURES
from tests.support.program import record_program
from tools import real_programs, real_servers

SNAPSHOT = "sys/storage/raft/snapshot"
Run = Callable[..., Path]


def account_token(site: Site) -> str:
    """Of the account that backup Jobs run as, as the kubelet puts it into their pod."""
    role = site.program.one("vault:kubernetes/authBackendRole:AuthBackendRole", "vault-backup-access-role")
    (name,), (namespace,) = role.get("boundServiceAccountNames"), role.get("boundServiceAccountNamespaces")
    return site.api_server.token(namespace, name, [role.get("audience")])


@pytest.fixture
def backup(site: Site) -> Api:
    """The account that backup Jobs run as."""
    answer = site.account_login("backup", account_token(site))
    assert answer.status == 200, f"the account logs in: {answer.body}"
    return site.root.using(answer.body["auth"]["client_token"])


def test_it_takes_a_snapshot_in_which_no_value_can_be_read(site: Site, backup: Api) -> None:
    snapshot = gzip.decompress(backup.expect("GET", SNAPSHOT).content)
    assert len(snapshot) > 10_000, "the whole storage"
    values = {value for secret in declared(site.program).values() for value in secret.values() if len(value) > 12}
    assert not [value for value in values if value.encode() in snapshot], "encrypted with the keys of this Vault"
    assert b"sys/policy/backup" in snapshot, "its paths are not, and so names of policies and roles (ADR 0055)"


@pytest.mark.parametrize("path", [SNAPSHOT, f"{SNAPSHOT}-force"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_it_restores_none(backup: Api, method: str, path: str) -> None:
    assert backup.ask(method, path, {}).status == 403, "that would replace everything, and is for a person to do"


@pytest.mark.failure("more-rights-than-needed")
def test_of_all_paths_that_vault_serves_only_snapshots_are_open_to_it(site: Site, backup: Api) -> None:
    found = granted(site.root, backup, "kv/data/platform/gitea/admin", "kv/metadata/platform")
    assert found == {SNAPSHOT: {"read"}, "auth/token/revoke-self": {"update"}}, "as Vault itself judges"


def age(*arguments: str, given: bytes = b"") -> bytes:
    """What age (or age-keygen) prints."""
    programs = {one.name: real_servers.find(one).binary for one in real_programs.SUITES["backup"]}
    return subprocess.run([programs[arguments[0]], *arguments[1:]], input=given, capture_output=True, check=True).stdout


@pytest.fixture
def key(backup_tools: None, tmp_path: Path) -> Path:
    """File with a private key, as a person keeps it."""
    del backup_tools
    (tmp_path / "key.txt").write_bytes(age("age-keygen"))
    return tmp_path / "key.txt"


@pytest.fixture
def run(site: Site, key: Path, tmp_path: Path) -> Run:
    """Run the Job's own steps against the real Vault; returns the target."""
    program = record_program(preview=False, stack_file=FIXTURES / "valid" / "every-key.yaml")

    def backed_up(variables: Mapping[str, str] | None = None, **files: str) -> Path:
        keys = {f"{jobs.KEYS_FOLDER}/{name}": value for name, value in site.keys.items()}
        mounted = {
            jobs.CA_FILE: site.authority.pem.decode(),
            jobs.TOKEN_FILE: account_token(site),
            jobs.RECIPIENTS_FILE: age("age-keygen", "-y", str(key)).decode(),
        }
        given = {"VAULT_ADDR": site.server.api.address, **(variables or {})}
        return jobs.backed_up(program, tmp_path / "pod", given, keys | mounted | files)

    return backed_up


def test_the_job_leaves_an_archive_that_only_the_private_key_opens(site: Site, run: Run, key: Path) -> None:
    (archive,) = run().iterdir()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d{6}Z\.tar\.age", archive.name), "names are times, and sort as those"
    secret = [value.encode() for value in site.keys.values()]
    assert not [value for value in secret if value in archive.read_bytes()], "no key in plain text"
    with tarfile.open(fileobj=io.BytesIO(age("age", "-d", "-i", str(key), given=archive.read_bytes()))) as opened:
        held = {one.name: taken.read() for one in opened if (taken := opened.extractfile(one)) is not None}
    assert len(gzip.decompress(held.pop("vault.snap"))) > 10_000, "the snapshot"
    assert {name: value.decode() for name, value in held.items()} == {
        f"keys/{name}": value for name, value in site.keys.items()
    }, "and what unseals it"


def test_the_job_leaves_no_token_behind(site: Site, run: Run) -> None:
    before = len(site.server.audit_log())
    run()
    paths = [one["request"]["path"] for one in site.server.audit_log()[before:] if one["type"] == "response"]
    assert paths == ["auth/kubernetes/login", SNAPSHOT, "auth/token/revoke-self"], "all that it asked of Vault"


def test_a_job_whose_login_is_refused_sends_nothing(site: Site, run: Run, tmp_path: Path) -> None:
    with pytest.raises(jobs.StepFailedError, match=r"snapshot: (?s:.*)invalid audience"):
        run(**{jobs.TOKEN_FILE: site.api_server.token("vault", "vault-backup")})
    assert not list((tmp_path / "pod" / "target").iterdir())


def test_old_archives_go_once_the_new_one_was_compared(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "pod" / "target"
    target.mkdir(parents=True)
    for days in (59, 61):
        (target / f"{days}.tar.age").write_text("old")
        os.utime(target / f"{days}.tar.age", (time.time() - days * 86400,) * 2)
    with pytest.raises(jobs.StepFailedError, match="upload"):
        run({"TARGET": "/proc/none"})
    assert (target / "61.tar.age").exists(), "nothing was sent, so nothing goes"
    run()
    assert sorted(one.name[:2] for one in target.iterdir()) == ["20", "59"], "kept for the 60 days of the stack file"

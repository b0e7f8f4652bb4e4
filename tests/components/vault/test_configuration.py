"""Vault's engine, logins and audit log for the platform; see also facts.yaml."""

import re

from tests.support.engine import Recording


def policy(update: Recording, name: str) -> str:
    return str(update.one("vault:index/policy:Policy", name).get("policy"))


def test_the_reader_may_read_platform_secrets_and_nothing_else(update: Recording) -> None:
    text = policy(update, "vault-configuration-reader-policy")
    granted = dict(re.findall(r'path "([^"]+)" \{\s*capabilities = \[([^\]]*)\]', text))
    assert granted.pop("kv/data/platform/*") == '"read"', "the platform's folder: not list, not write"
    assert granted == {"auth/token/lookup-self": '"read"', "auth/token/revoke-self": '"update"'}, (
        "besides, only what the operator does with its own token to be Ready and to leave none behind"
    )


def test_the_backup_may_take_snapshots_and_nothing_else(update: Recording) -> None:
    text = " ".join(policy(update, "vault-backup-access-role-policy").split())
    assert text == (
        'path "sys/storage/raft/snapshot" { capabilities = ["read"] } '
        'path "auth/token/revoke-self" { capabilities = ["update"] }'
    ), "to write to the first would be to restore; the second is its own token"


def test_a_full_audit_volume_takes_nothing_down(update: Recording) -> None:
    devices = {device.get("path"): device for device in update.of_type("vault:index/audit:Audit")}
    files = {path: device.get("options", "file_path") for path, device in devices.items()}
    assert files == {"log": "stdout", "file": "/vault/audit/audit.log"}, "Vault serves while one of them can be written"
    assert update.is_after(devices["file"], devices["log"]), "the one that can fill up is never the only one"

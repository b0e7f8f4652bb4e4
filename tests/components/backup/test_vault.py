"""The CronJob that backs Vault up; tests/real/vault/test_restore.py runs what it runs."""

from typing import Any

import pytest

from components.backup.target import Target
from components.backup.vault import LABELS, egress
from components.vault.server import SERVER_LABELS
from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recording
from tests.support.objects import containers
from tests.support.program import record_program


@pytest.fixture(scope="module")
def program() -> Recording:
    return record_program(preview=False, stack_file=FIXTURES / "valid" / "every-key.yaml")


@pytest.fixture(scope="module")
def pod(program: Recording) -> Any:
    job = program.one("kubernetes:batch/v1:CronJob", "vault-backup")
    assert job.get("spec", "concurrencyPolicy") == "Forbid", "two at once would send the same twice"
    assert (job.get("spec", "schedule"), job.get("spec", "timeZone")) == ("30 * * * *", "Etc/UTC")
    return job.get("spec", "jobTemplate", "spec", "template")


def test_each_step_has_what_it_needs_and_no_more(pod: Any) -> None:
    steps = [*pod["spec"]["initContainers"], *pod["spec"]["containers"]]
    held = {
        step["name"]: {mount["name"] for mount in step["volumeMounts"]} & {"token", "keys"}
        | {one["secretRef"]["name"] for one in step.get("envFrom", ())}
        for step in steps
    }
    assert held == {"snapshot": {"token"}, "encrypt": {"keys"}, "upload": {"backup-access"}}
    assert "bundle" not in {mount["name"] for mount in steps[-1]["volumeMounts"]}, "what leaves is encrypted"
    given = {one["name"]: one.get("value") for step in steps for one in step.get("env", ())}
    assert given["FILES"] == "vault.snap keys/*", "a snapshot without its keys opens for nobody"
    assert given["TARGET"] == "target:home-backups/home/vault", "another cluster may have the same bucket"
    assert not pod["spec"]["automountServiceAccountToken"], "no token of the Kubernetes API"
    assert len(containers(pod["spec"])) == len(steps), "and nothing else runs there"


def test_the_token_is_made_for_vault(pod: Any) -> None:
    (source,) = next(one["projected"]["sources"] for one in pod["spec"]["volumes"] if one["name"] == "token")
    assert source["serviceAccountToken"] == {"audience": "vault", "expirationSeconds": 600, "path": "token"}


def test_it_encrypts_to_every_recipient_of_the_stack_file(program: Recording) -> None:
    recipients = program.one("kubernetes:core/v1:ConfigMap", "vault-backup-script").get("data", "recipients")
    assert recipients == "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n", "one a line, as age reads"


@pytest.mark.parametrize(
    ("endpoint", "gateway", "beyond", "port"),
    [
        ("https://s3.example.com", False, {"ipBlock": {"cidr": "0.0.0.0/0"}}, 443),
        ("http://s3.example.com:3900", False, {"ipBlock": {"cidr": "0.0.0.0/0"}}, 3900),
        ("http://s3.example.com", False, {"ipBlock": {"cidr": "0.0.0.0/0"}}, 80),
        (
            "http://backup-gateway.backup.svc.cluster.local:7070",
            True,
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "backup"}}},
            7070,
        ),
    ],
)
def test_it_reaches_names_vault_and_the_target(
    pod: Any, endpoint: str, gateway: bool, beyond: dict[str, Any], port: int
) -> None:
    spec = egress(Target(endpoint=endpoint, bucket="b", region="r", cluster="home", gateway=gateway))
    assert spec["podSelector"]["matchLabels"] == LABELS == pod["metadata"]["labels"]
    names, vault, target = spec["egress"]
    assert {one["port"] for one in names["ports"]} == {53}
    assert [one["port"] for one in vault["ports"]] == [8200]
    assert vault["to"] == [{"podSelector": {"matchLabels": SERVER_LABELS}}], "and no other pod beside it"
    assert (target["to"], [one["port"] for one in target["ports"]]) == ([beyond], [port])

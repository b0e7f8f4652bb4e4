"""Valkey: each service is a user of its own that reaches its own databases."""

import os
import subprocess
from pathlib import Path

import pytest

from register.databases import VALKEY_USERS
from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recording
from tests.support.program import record_program

RELEASE = "kubernetes:helm.sh/v3:Release"


def test_no_service_may_configure_valkey(update: Recording) -> None:
    users = update.one(RELEASE, "valkey-release").get("values", "auth", "aclUsers")
    assert set(users) == {"default", *VALKEY_USERS}, "each service is a user, and the chart demands `default`"
    for user in VALKEY_USERS:
        words = users[user]["permissions"].split()
        assert words.index("-@admin") > words.index("+@all"), f"rules apply in their order: {user} could configure"


def test_a_service_reaches_its_own_databases_only(update: Recording) -> None:
    users = update.one(RELEASE, "valkey-release").get("values", "auth", "aclUsers")
    reached = {
        user: next(word for word in users[user]["permissions"].split() if word.startswith("db="))
        for user in VALKEY_USERS
    }
    assert reached == {"gitea": "db=8,9,10", "harbor": "db=0,1,2,5"}, "the numbers that their connection strings name"


def test_the_passwords_stand_in_a_secret_and_not_in_the_values(update: Recording) -> None:
    release = update.one(RELEASE, "valkey-release")
    texts = [text for _, text, _ in release.strings()]
    assert not set(texts) & set(update.issued), "a password in the values lies in the release's own Secret too"


def test_it_is_open_to_the_namespaces_of_its_users(update: Recording) -> None:
    off = record_program(preview=False, stack_file=FIXTURES / "valid" / "services-off.yaml")
    for program, users in ((update, {"gitea", "harbor"}), (off, set())):
        rules = program.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "valkey-ingress").get("spec", "ingress")
        sources = [one for rule in rules if rule["ports"][0]["port"] == 6379 for one in rule["from"]]
        names = {one["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for one in sources}
        assert names == users, "nobody else has a password, and nobody else may try one"


def test_an_accepted_job_survives_a_power_cut_and_a_full_memory(update: Recording) -> None:
    config = update.one(RELEASE, "valkey-release").get("values", "valkeyConfig").splitlines()
    options = dict(line.split(" ", maxsplit=1) for line in config)
    assert options["appendonly"] == "yes", "a snapshot every few minutes would lose what came after it"
    assert options["maxmemory-policy"].startswith("volatile-"), "queues have no time to live, so they are never evicted"
    limit = update.one(RELEASE, "valkey-release").get("values", "resources", "limits", "memory")
    assert int(options["maxmemory"].removesuffix("mb")) * 2 < int(limit.removesuffix("Mi")), (
        "rewriting the log copies the memory, and the kernel would end the process"
    )


@pytest.mark.parametrize(
    ("answer", "serves"),
    [("PONG", True), ("NOAUTH Authentication required.", False), ("LOADING Valkey is loading the dataset", False)],
)
def test_only_a_valkey_that_answers_its_administrator_counts_as_ready(
    update: Recording, tmp_path: Path, answer: str, serves: bool
) -> None:
    values = update.one(RELEASE, "valkey-release").get("values")
    (mount,) = values["extraValkeySecrets"]
    assert mount["name"] == values["auth"]["usersExistingSecret"], "the password that the server has"
    (tmp_path / "default").write_text("s3cret", encoding="utf-8")
    client = tmp_path / "valkey-cli"
    client.write_text(f'#!/bin/sh\n[ "$*" = ping ] && [ "$REDISCLI_AUTH" = s3cret ] && echo "{answer}"\n', "utf-8")
    client.chmod(0o755)
    for name in ("startupProbe", "readinessProbe"):
        command = [
            word.replace(mount["mountPath"], str(tmp_path)) for word in values[name]["customProbe"]["exec"]["command"]
        ]
        path = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(command, env=path, capture_output=True, check=False)
        assert (done.returncode == 0) is serves, f"{name}: the client exits with 0 whatever it is told"

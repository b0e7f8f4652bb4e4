"""A renewed token and password of the administrator reach Authentik, although no token would let this program in."""

from typing import Any

import pytest

from components.authentik.blueprints import administrator
from tests.components.authentik.blueprints.documents import Tag, load, tags
from tests.components.authentik.deployed import CONFIG_MAP, EXTERNAL_SECRET, JOB, RELEASE, worker_volumes
from tests.support.engine import Recording
from tests.support.variants import changed

GITOPS = "  home-cluster:gitops:\n"
FILE = "administrator.yaml"


@pytest.fixture(scope="module")
def after() -> Recording:
    return changed(GITOPS, f"  home-cluster:rotation: {{ generations: {{ authentik/server: 2 }} }}\n{GITOPS}")


def test_the_worker_applies_the_changed_text_by_itself(update: Recording, after: Recording) -> None:
    old, new = (one.one(CONFIG_MAP, "authentik-administrator").get("data", FILE) for one in (update, after))
    assert old != new, "an unchanged hash is left alone"
    assert "labels" not in load(new)["metadata"], "the old token is all the API would take, so nobody else can"


def test_the_changed_secret_restarts_the_worker_only_once_the_text_is_there(after: Recording) -> None:
    text, secret = (
        after.one(CONFIG_MAP, "authentik-administrator"),
        after.one(EXTERNAL_SECRET, "authentik-server-secret"),
    )
    assert after.is_after(secret, text), "a worker that restarts earlier reads the old text and looks again in an hour"
    restarted_by = after.one(RELEASE, "authentik-release").get("values", "global", "deploymentAnnotations").values()
    assert secret.get("metadata", "name") in ",".join(restarted_by), "and this is the Secret it restarts for"


def test_the_gate_proves_the_new_token(update: Recording, after: Recording) -> None:
    old, new = (one.one(JOB, "authentik-api").get("spec") for one in (update, after))
    assert old != new, "a Job with the same template would not run again"


def test_the_files_are_mounted_where_the_text_reads_them(after: Recording) -> None:
    values: dict[str, Any] = after.one(RELEASE, "authentik-release").get("values")
    mounts = worker_volumes(values)
    (directory,) = [path for path in mounts if path.endswith("/administrator") and "secret" in mounts[path]]
    there = {f"{directory}/{item['path']}" for item in mounts[directory]["secret"]["items"]}
    read = {tag.value for tag in tags(load(administrator.text(2))) if tag.name == "File"}
    assert read == there, "every file that is read, and no other key of the Secret"
    assert "/blueprints/mounted/administrator" in mounts, "beside the text itself"


def test_the_first_start_stays_the_business_of_authentik() -> None:
    started = [Tag("Find", ["authentik_core.token", ["identifier", "authentik-bootstrap-token"]])]
    conditions = [entry["conditions"] for entry in load(administrator.text(1))["entries"]]
    assert conditions == [started, started], "two that make the same token at once would get in each other's way"

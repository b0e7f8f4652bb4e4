"""Tokens of service accounts: from the secret registry into Authentik and to the programs that use them."""

import itertools

import pytest

from components.authentik.blueprints import paths
from tests.components.authentik.blueprints.documents import load, tags, the
from tests.components.authentik.declared import BEFORE, DECLARED, declared
from tests.support.engine import Recording
from tests.support.objects import environment
from tests.support.program import STACK_FILE
from tests.support.variants import changed, difference
from tests.support.wire import walk

JOB, CONFIG_MAP = "kubernetes:batch/v1:Job", "kubernetes:core/v1:ConfigMap"
EXTERNAL_SECRET, RELEASE = "kubernetes:external-secrets.io/v1:ExternalSecret", "kubernetes:helm.sh/v3:Release"
ROW, KV = "authentik:index/blueprint:Blueprint", "vault:kv/secretV2:SecretV2"


@pytest.fixture(scope="module")
def tokens() -> Recording:
    return declared()


def test_the_value_is_generated_once_and_lies_in_vault(tokens: Recording) -> None:
    secret = tokens.one(KV, "tokens-list-kv")
    assert secret.get("name") == "platform/tokens/list", "the path by which it is rotated"
    assert secret.is_secret("dataJson"), "encrypted in the state"


def test_the_secret_says_whose_the_token_is_and_goes_where_it_was_declared_and_nowhere_else(tokens: Recording) -> None:
    secret = tokens.one(EXTERNAL_SECRET, "token-list-secret")
    template = secret.get("spec", "target", "template")
    assert template["data"] == {"username": "reader", "token": "{{ .value }}", "generation": "1"}, "all that is needed"
    copies = {value for key, value in template["metadata"]["annotations"].items() if key.endswith("-namespaces")}
    assert copies == {"gitea,matrix"}, "both what Reflector may do and what it does"


def test_the_worker_reads_the_file_that_the_blueprint_names(tokens: Recording) -> None:
    worker = tokens.one(RELEASE, "authentik-release").get("values", "worker")
    volumes = {volume["name"]: volume for volume in worker["volumes"]}
    mounted = {mount["mountPath"]: volumes[mount["name"]] for mount in worker["volumeMounts"]}
    text = tokens.one(CONFIG_MAP, "token-list-blueprint-file").get("data", "token-list.yaml")
    (path,) = [tag.value for tag in tags(load(text)) if tag.name == "File"]
    directory, _, key = path.rpartition("/")
    assert mounted[directory]["secret"]["secretName"] == "token-list", "the Secret"
    assert mounted[directory]["secret"]["optional"] is True, "which comes after the worker"
    assert key in tokens.one(EXTERNAL_SECRET, "token-list-secret").get("spec", "target", "template", "data"), "its key"


def test_account_file_row_and_proof_come_in_this_order(tokens: Recording) -> None:
    groups, visible = tokens.one(JOB, "blueprint-users-apply"), tokens.one(JOB, "token-list-blueprint-visible")
    assert not tokens.is_after(visible, groups), "the kubelet brings the file while the groups are made"
    assert tokens.is_after(tokens.one(ROW, "token-list-blueprint-row"), groups), "which the blueprint looks up"
    chain = [
        visible,
        tokens.one(ROW, "token-list-blueprint-row"),
        tokens.one(JOB, "token-list-blueprint-apply"),
    ]
    for earlier, later in itertools.pairwise(chain):
        assert tokens.is_after(later, earlier), f"{later} uses what {earlier} proves"


def test_the_proof_is_of_this_token(tokens: Recording) -> None:
    given = environment(tokens.one(JOB, "token-list-blueprint-apply"))
    text = tokens.one(CONFIG_MAP, "token-list-blueprint-file").get("data", "token-list.yaml")
    assert given["TOKEN_IDENTIFIER"] == the(load(text), "authentik_core.token")["fields"]["identifier"], "by its name"
    assert given["SECRET_FILE"].rpartition("/")[2] == paths.TOKEN, "against the value that is mounted"
    assert "CLIENT_ID" not in given, "the script would take it for the secret of a client"


def test_no_value_leaves_its_secret(tokens: Recording) -> None:
    shown = [
        (resource.name, path)
        for resource in tokens.named("token-*")
        for path, text in walk(resource.inputs)
        if isinstance(text, str) and any(value in text for value in tokens.issued)
    ]
    assert shown == [], "Jobs, ConfigMaps and rows can be read by many"


def test_rotation_runs_through_secret_file_row_and_proof(tokens: Recording) -> None:
    gitops, rotation = "  home-cluster:gitops:\n", "  home-cluster:rotation: { generations: { tokens/list: 2 } }\n"
    text = difference(tokens, _both((BEFORE, DECLARED), (gitops, rotation + gitops)))
    renewed = {name for _, name in text.changed if name.startswith("token")}
    parts = ("secret", "blueprint-file", "blueprint-visible", "blueprint-row", "blueprint-apply")
    assert {f"token-list-{part}" for part in parts} <= renewed, "each takes part"
    assert not [name for name in renewed if "push" in name], "the other token stays"
    assert "authentik-release" not in {name for _, name in text.changed}, "and nothing restarts for it"


def _both(first: tuple[str, str], second: tuple[str, str]) -> Recording:
    """Two changes of the stack file: everything from the first place to the second, anew."""
    text = STACK_FILE.read_text(encoding="utf-8")
    old = text[text.index(first[0]) : text.index(second[0]) + len(second[0])]
    return changed(old, old.replace(*first).replace(*second))

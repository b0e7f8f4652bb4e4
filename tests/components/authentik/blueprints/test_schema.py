"""Every blueprint of two stack files against the models of Authentik's release, and the check against mistakes."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.components.authentik.blueprints.documents import Tag, load, tags
from tests.components.authentik.blueprints.golden_files import documents
from tests.components.authentik.blueprints.schema import problems
from tests.stack_file.stacks import SHIPPED

DOCUMENTS = documents() | {f"{slug} of the shipped stack": text for slug, text in documents(SHIPPED).items()}


@pytest.mark.parametrize("slug", DOCUMENTS)
def test_a_blueprint_uses_only_what_the_release_knows(slug: str) -> None:
    assert problems(load(DOCUMENTS[slug])) == [], "the server would refuse this, or ignore it without a word"


@pytest.mark.parametrize("slug", DOCUMENTS)
def test_a_blueprint_is_found_by_a_name_of_its_own(slug: str) -> None:
    together = documents() if slug in documents() else documents(SHIPPED)
    names = [load(text)["metadata"]["name"] for text in together.values()]
    assert names.count(load(DOCUMENTS[slug])["metadata"]["name"]) == 1, "names are unique in Authentik"


@pytest.mark.parametrize("slug", DOCUMENTS)
def test_discovery_leaves_a_blueprint_alone_unless_nobody_else_can_apply_it(slug: str) -> None:
    label = load(DOCUMENTS[slug])["metadata"].get("labels", {}).get("blueprints.goauthentik.io/instantiate")
    wanted = None if slug.startswith("administrator") else "false"
    assert label == wanted, "a row that discovery makes beside ours has the same path and takes its place"


@pytest.mark.parametrize("slug", DOCUMENTS)
def test_files_are_read_only_below_the_directories_that_hold_secrets(slug: str) -> None:
    read = [tag.value for tag in tags(load(DOCUMENTS[slug])) if tag.name == "File"]
    assert all(path.startswith(("/run/oidc/", "/run/administrator/", "/run/tokens/")) for path in read), (
        "nowhere else is a secret mounted"
    )


def _misspell(document: dict[str, Any]) -> None:
    document["entries"][0]["attrs"]["signing_keys"] = document["entries"][0]["attrs"].pop("signing_key")


def _forget(document: dict[str, Any]) -> None:
    del document["entries"][0]["attrs"]["invalidation_flow"]


def _enumerate(document: dict[str, Any]) -> None:
    document["entries"][0]["attrs"]["grant_types"].append("code")


def _reorder(document: dict[str, Any]) -> None:
    document["entries"].reverse()


def _redirect(document: dict[str, Any]) -> None:
    document["entries"][0]["attrs"]["redirect_uris"][0]["matching_mode"] = "exact"


def _find_nothing(document: dict[str, Any]) -> None:
    document["entries"][1]["identifiers"] = {}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_misspell, "has no field signing_keys"),
        (_forget, "needs invalidation_flow"),
        (_enumerate, "grant_types is 'code'"),
        (_reorder, "names no earlier entry"),
        (_redirect, "matching_mode is 'exact'"),
        (_find_nothing, "has no identifiers"),
    ],
)
def test_the_check_finds_a_deliberate_mistake(spoil: Callable[[dict[str, Any]], None], message: str) -> None:
    document = load(DOCUMENTS["gitea"])
    spoil(document)
    assert any(message in problem for problem in problems(document)), "a check that finds nothing proves nothing"


def test_a_tag_that_the_program_does_not_use_is_refused() -> None:
    with pytest.raises(Exception, match="!Env"):
        load("version: 1\nentries:\n- model: !Env [MODEL, x]\n")


def test_tags_survive_the_way_into_yaml_and_back() -> None:
    provider = load(DOCUMENTS["gitea"])["entries"][0]["attrs"]
    assert provider["client_secret"] == Tag("File", "/run/oidc/gitea/client-secret"), "a scalar tag"
    assert provider["signing_key"] == Tag(
        "Find", ["authentik_crypto.certificatekeypair", ["managed", "goauthentik.io/crypto/jwt-managed"]]
    ), "a tag with a list"

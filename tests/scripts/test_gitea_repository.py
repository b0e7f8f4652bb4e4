"""The script that makes the repository of Flux, against a double of Gitea's API."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.gitea import repository
from doubles.gitea.content import Gitea
from doubles.loopback import serving
from scripts.gate import WaitingError
from scripts.gitea_api import GiteaApi
from scripts.gitea_repository import changes
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES

WANTED: dict[str, Any] = json.loads(
    repository.wanted(load_stack_file(FIXTURES.parent.parent / "engine" / "Pulumi.engine.yaml"), 2)
)
NAME = "home/cluster"
_MOST = 5
Round = Callable[..., list[str]]


@pytest.fixture
def gitea() -> Gitea:
    """A Gitea with the organisation, which the script makes before."""
    return Gitea(("root", "s3cret"), organisations={"home": {}})


@pytest.fixture
def put_right(gitea: Gitea, tmp_path: Path) -> Round:
    """Rounds of the script, until one has nothing to do: what it did."""

    def rounds(password: str = "n3w", generation: int = 2) -> list[str]:
        (tmp_path / "password").write_text(password)
        (tmp_path / "generation").write_text(str(generation))
        said: list[str] = []
        with serving(gitea.respond) as double:
            api = GiteaApi(double.url, *gitea.administrator)
            while (done := list(changes(api, WANTED, tmp_path))) and len(said) < _MOST:
                said += done
        return said

    return rounds


def test_an_empty_gitea_gets_the_repository_its_first_commit_and_who_reads_it(gitea: Gitea, put_right: Round) -> None:
    put_right()
    made = gitea.contents[NAME]
    assert (made["private"], made["access"]) == (True, {"gitea-flux": "read"}), "nobody else sees it, and Flux reads"
    assert made["files"].keys() == {"README.md", "clusters/engine/kustomization.yaml"}, "so the path is there"
    assert gitea.passwords() == {"gitea-flux": "n3w"}, "and Flux gets in"
    assert put_right() == [], "a second time there is nothing to do"


def test_what_somebody_committed_is_never_touched(gitea: Gitea, put_right: Round) -> None:
    put_right()
    gitea.contents[NAME]["files"] = {"shop.yaml": "theirs"}
    assert put_right() == [], "it is not empty"
    assert gitea.contents[NAME]["files"] == {"shop.yaml": "theirs"}, "although what was committed first is gone"


@pytest.mark.parametrize(
    "drift",
    [{"password": "0ld"}, {"prohibit_login": True}, {"active": False}],
    ids=["another password, as after a rotation", "sign-in disabled", "switched off"],
)
def test_flux_gets_in_again(gitea: Gitea, put_right: Round, drift: dict[str, Any]) -> None:
    put_right()
    gitea.account("gitea-flux").update(drift)
    assert put_right() == ["account gitea-flux has its password again"], "once, and nothing else is done"
    assert gitea.passwords() == {"gitea-flux": "n3w"}, "with the password that the Secret of Flux has"


def test_an_account_that_was_given_more_reads_again(gitea: Gitea, put_right: Round) -> None:
    put_right()
    gitea.contents[NAME]["access"]["gitea-flux"] = "write"
    assert put_right() == ["account gitea-flux may read home/cluster"], "who has its password could commit"


def test_a_password_of_before_the_rotation_is_not_told_to_gitea(gitea: Gitea, put_right: Round) -> None:
    with pytest.raises(WaitingError, match="generation 2 of the password of gitea-flux is not here yet"):
        put_right("0ld", generation=1)
    assert gitea.changes == [], "kubelets bring the new one in a while"

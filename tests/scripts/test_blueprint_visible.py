"""The gate that waits until the worker sees the wanted version of a file."""

from pathlib import Path

import pytest

from doubles.loopback import serving
from scripts.blueprint_visible import problem
from tests.scripts.authentik import Worker, environment, text_only, with_files


def seen(server: Worker, directory: Path, text: str = "new text") -> str:
    with serving(server.respond) as api:
        return problem(environment(directory, api.url, text))


@pytest.mark.parametrize("hashed", [text_only, with_files])
def test_the_wanted_version_opens_the_gate_in_this_release_and_the_next(tmp_path: Path, hashed: object) -> None:
    server = Worker(text="new text", hashed=hashed)  # type: ignore[arg-type]
    assert seen(server, tmp_path) == "", "both ways to hash a file are known"


def test_a_file_that_is_not_there_yet_keeps_it_shut(tmp_path: Path) -> None:
    assert "does not see mounted/gitea/gitea.yaml" in seen(Worker(text=None), tmp_path), "the row cannot be made"


def test_an_older_version_of_the_file_keeps_it_shut(tmp_path: Path) -> None:
    assert "another version" in seen(Worker(text="old text"), tmp_path), "it would be the old text that is applied"


def test_a_later_release_also_waits_for_the_new_secret(tmp_path: Path) -> None:
    server = Worker(text="new text", secret="old", hashed=with_files)
    assert "another version" in seen(server, tmp_path), "its hash says which secret the worker sees"


def test_a_blueprint_without_a_client_needs_no_secret(tmp_path: Path) -> None:
    with serving(Worker(text="new text").respond) as api:
        given = environment(tmp_path, api.url, "new text")
        found = problem({key: value for key, value in given.items() if not key.startswith(("CLIENT", "SECRET"))})
    assert found == "", "people and groups have none"


def test_a_text_mounted_here_that_is_older_than_wanted_is_no_yardstick(tmp_path: Path) -> None:
    with serving(Worker(text="old text").respond) as api:
        given = environment(tmp_path, api.url, "new text")
        Path(given["BLUEPRINT_FILE"]).write_text("old text", encoding="utf-8")
        assert "not the wanted one" in problem(given), "both mounts may lag behind"


def test_a_worker_that_does_not_answer_is_named(tmp_path: Path) -> None:
    assert "worker, which may not run" in seen(Worker(text="new text", up=False), tmp_path), "the server asks it"

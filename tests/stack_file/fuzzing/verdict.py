"""What the program makes of a case: refused in words by check and program alike, or accepted and able to be planned."""

import contextlib
import functools
import json
from collections.abc import Iterator, Mapping
from contextvars import copy_context
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pulumi

from register.secrets import declare
from settings.model import Settings
from settings.problem import Problem
from stack_file import check, places, secrets
from stack_file.checks import every
from stack_file.load import SettingsError, load_config, load_stack_file
from stack_file.reading import PROJECT, read
from tests.stack_file.cases import is_good
from tests.stack_file.fuzzing.files import Case
from tests.stack_file.fuzzing.values import SECRET
from tests.support.program import made_up, record_with, text

ONLY_IN_THE_FILE = (
    *("is read as", "is not read as", "is a tag", "stands twice", "merges what", "holds half", "which a key has to be"),
    *("for a key, on line", "beside config", "so Pulumi ignores it", "is no YAML", "ends the only document"),
    *("contains itself", "holds the control character", "has no sections"),
)
"""What is said of defects that are gone, or refused by Pulumi, when a program gets the values."""
ACCEPTED, RECORDED = "accepted", "accepted and recorded"
UNREADABLE, WRITING, SHAPE, CLASH, SECRETS = "not readable", "writing", "shape", "clash", "secrets"
CLASSES = (UNREADABLE, WRITING, SHAPE, CLASH, SECRETS)
_SHOWN = 12
"""Characters of a secret that no message has by chance."""


def judge(case: Case, folder: Path, *, recording: bool) -> str:
    """ACCEPTED, RECORDED, or the class of its first defect.

    Raises:
        AssertionError: for an answer that a person could not use, or that check and program disagree on.
        Exception: whatever the program raises instead of an answer.
    """
    (folder / "shop").mkdir(exist_ok=True)
    (folder / "shop" / "database.yaml").write_text(case.objects, encoding="utf-8", errors="surrogatepass")
    path = folder / "Pulumi.fuzz.yaml"
    path.write_text(case.text, encoding="utf-8", errors="surrogatepass")
    shaped: list[Settings] = []

    def note(settings: Settings) -> Iterator[Problem]:
        shaped.append(settings)
        yield from ()

    once = functools.cache(read)
    with (
        contextlib.chdir(folder),
        patch.object(every, "ALL", (note, *every.ALL)),
        patch("stack_file.load.read", once),
    ):
        said = list(check.defects(path))
        _usable(said)
        if any(line.startswith("line ") or "has no sections" in line for line in said):
            return UNREADABLE
        writing = any(words in line for line in said for words in ONLY_IN_THE_FILE)
        seen = None if writing else seen_by_program(once(path).document["config"])
        if said:
            assert not isinstance(seen, Settings), f"a bare `pulumi up` takes what the check refuses: {said}"
            return WRITING if writing else CLASH if shaped else SHAPE
        assert seen == load_stack_file(path), "check and program read the same"
        return _planned(case, path, recording=recording)


def _planned(case: Case, path: Path, *, recording: bool) -> str:
    settings = load_stack_file(path)
    values = made_up(path) | case.secrets
    said = secrets.problems(values.get, settings)
    _usable(said)
    for line in said:
        name = line.partition(":")[0]
        value = case.secrets.get(name, "")
        shown = [value[at : at + _SHOWN] for at in range(0, min(len(value), 2000) - _SHOWN, _SHOWN)]
        assert not any(part in line for part in shown if part not in _PURPOSES), f"a part of {name} is in its message"
    if said:
        return SECRETS
    if not recording:
        return ACCEPTED
    record_with(values, path, preview=case.preview)
    return RECORDED


_PURPOSES = "\n".join(f"{key.purpose} {key.problem('?')} {key.problem('')}" for key in secrets.SECRET_KEYS)


def _usable(said: list[str]) -> None:
    assert [line for line in said if not is_good(line)] == [], "one line with key, value or clash, and fix"
    assert not any(SECRET in line for line in said), "messages go to logs"


def seen_by_program(config: Mapping[str, Any]) -> Settings | str:
    """What the running program makes of the values that the engine hands over: its settings, or what it says."""
    secret = [
        name if ":" in name else f"{PROJECT}:{name}"
        for name, value in config.items()
        if [*places.find(value, places.is_encrypted)]
    ]
    plain = json.loads(json.dumps(config), object_hook=lambda one: one["secure"] if places.is_encrypted(one) else one)
    values = {key if ":" in key else f"{PROJECT}:{key}": text(value) for key, value in plain.items()}

    def run() -> Settings | str:
        pulumi.runtime.set_all_config(values, secret)
        try:
            settings = load_config(pulumi.Config(PROJECT))
            declare(settings)
        except SettingsError as error:
            return str(error)
        return settings

    return copy_context().run(run)

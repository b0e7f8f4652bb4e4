"""The secret values of a stack, judged before the engine starts as the program judges them (stack_file/secrets.py)."""

import json
from pathlib import Path

from stack_file.load import load_stack_file
from stack_file.reading import PROJECT
from stack_file.secrets import problems
from tools.state import Engine, StateError


def opened(engine: Engine) -> dict[str, str]:
    """The values in plain text, by key; raises StateError where the CLI cannot open them."""
    found = json.loads(engine.call("config", "--json", "--show-secrets"))
    entries = {key.removeprefix(f"{PROJECT}:"): entry.get("value") for key, entry in found.items()}
    return {key: value for key, value in entries.items() if value is not None}


def defects(operation: str, engine: Engine, file: Path) -> list[str]:
    """What is wrong with the values, one line each, without a word of them.

    Nothing where the operation reads none, or where the CLI cannot open them: it then says itself that there is no such
    stack, no passphrase or no backend, or asks for it in a terminal.
    """
    if operation not in ("preview", "up"):
        return []
    try:
        values = opened(engine)
    except StateError:
        return []
    return problems(values.get, load_stack_file(file))

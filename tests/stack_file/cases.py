"""The cases of tests/fixtures/stacks/cases.yaml: each is one change of the minimal file, and what is said of it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.stack_file.stacks import FIXTURES, sections

MINIMAL = FIXTURES / "valid" / "minimal.yaml"
ABSENT = "(absent)"
_MESSAGE = re.compile(r"(line \d+|[^\s:](?:[^:]|:(?! ))*): \S.*?; \S.*")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One change.

    Attributes:
        at: YAML that is put at a place of the minimal file, by its keys with dots; `(absent)` takes away what is there.
        text: Text of the minimal file, and what stands there instead.
        says: The messages, one for each defect; none of a stack file that is right.
    """

    name: str
    at: Mapping[str, str]
    text: Mapping[str, str]
    says: tuple[str, ...]

    @property
    def stack_file(self) -> str:
        whole = _changed(self.at) if self.at else MINIMAL.read_text(encoding="utf-8")
        for old, new in self.text.items():
            if whole.count(old) != 1:
                raise AssertionError(f"{self.name}: {old!r} stands {whole.count(old)} times in {MINIMAL.name}")
            whole = whole.replace(old, new)
        return whole

    def write(self, folder: Path) -> Path:
        path = folder / f"Pulumi.{self.name}.yaml"
        path.write_text(self.stack_file, encoding="utf-8")
        return path


_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_MINIMAL = json.dumps(sections(MINIMAL))


def _changed(at: Mapping[str, str]) -> str:
    document: dict[str, Any] = json.loads(_MINIMAL)
    for place, text in enumerate(at.values()):
        *way, last = list(at)[place].split(".")
        parent: Any = document
        for key in way:
            parent = parent[int(key)] if isinstance(parent, list) else parent.setdefault(key, {})
        if text == ABSENT:
            del parent[int(last) if isinstance(parent, list) else last]
        else:
            parent[int(last) if isinstance(parent, list) else last] = f"<{place}>"
    config = {f"home-cluster:{name}": value for name, value in document.items()}
    whole = json.dumps({"config": config}, indent=2)
    for place, text in enumerate(at.values()):
        whole = whole.replace(f'"<{place}>"', text)
    return whole


def _cases(kind: str) -> tuple[Case, ...]:
    # Every scalar is the text that stands there, as what is tested is how it is read.
    document = yaml.load((FIXTURES / "cases.yaml").read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - all is text
    return tuple(
        Case(name=name, at=case.get("at", {}), text=case.get("text", {}), says=_lines(case.get("says", ())))
        for name, case in document[kind].items()
    )


def _lines(says: str | Sequence[str]) -> tuple[str, ...]:
    return (says,) if isinstance(says, str) else tuple(says)


WRONG, RIGHT = _cases("wrong"), _cases("right")


def is_good(message: str) -> bool:
    """Whether a message is one line that names key, value or clash, and fix."""
    return message.isprintable() and _MESSAGE.fullmatch(message) is not None

"""`python -m tools.threat_listing [--check]`: docs/threat-model.md, from tests/threats.yaml."""

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from stack_file.schema import write_or_check

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "tests" / "threats.yaml"
TARGET = ROOT / "docs" / "threat-model.md"

_INTRODUCTION = """# Threat model

What the platform has that is worth taking, who could try, what holds them, and the tests that fail when it does not
hold any more. `make generate` writes this page from `tests/threats.yaml`.

- **Worth taking**: what people stored (repositories, images, messages), their logins, the secrets of the platform, the
  machines below, and that all of it goes on working.
- **Who**: the internet; a person with an account, also one who left; a pod that was taken over, by an application or a
  workflow; whoever reads a disk, a backup, a log or the repository; whoever publishes what is fetched.
- **Trusted**: the machine that deploys, with the passphrase; Proxmox and who rules it; who has `cluster-admin`; who
  publishes Talos, Kubernetes and the pinned charts.

```mermaid
flowchart LR
  world([internet]) -- "TLS, by SNI" --> edge[edge servers]
  edge -- PROXY protocol --> traefik
  lan([LAN]) --> traefik & dns[nameservers] & vaultapi[Vault]
  subgraph cluster
    traefik --> login[Authentik] & apps[services and applications]
    apps --> data[(Postgres, Valkey)]
    eso[External Secrets] --> vaultapi
    jobs[workflows' jobs] -- names, Traefik, internet --> traefik
  end
  deploy([machine that deploys]) -- "state, passphrase" --> proxmox[Proxmox] & api[Kubernetes API] & vaultapi & login
  cluster -- encrypted --> target[(backups)]
```

Each arrow crosses a boundary: what goes along it is a line of a table below, or of the
[matrix of connections](../tests/invariants/traffic.yaml).
"""


@dataclass(frozen=True, kw_only=True)
class Threat:
    """A threat: what holds it, the tests that hold that, and what is left; empty where nothing is known to be."""

    threat: str
    held: str
    tests: Sequence[str]
    left: str


@dataclass(frozen=True, kw_only=True)
class Model:
    """The file, as it is read.

    Attributes:
        threats: By where they come from.
        readers: Who may read what, by what, and a test.
        tokens: What a thief can do and what ends it, by a pattern of paths in the registry of secrets.
        stack: The same by the name of a secret of the stack file.
        others: The same of what is in neither.
    """

    threats: Mapping[str, Sequence[Threat]]
    readers: Sequence[Mapping[str, str]]
    tokens: Mapping[str, Sequence[str]]
    stack: Mapping[str, Sequence[str]]
    others: Sequence[Mapping[str, str]]

    @property
    def tests(self) -> Iterator[str]:
        """Every test that is named."""
        yield from (test for rows in self.threats.values() for one in rows for test in one.tests)
        yield from (one["test"] for one in self.readers)

    def rows_of(self, path: str) -> list[str]:
        """Patterns that a path of the registry falls under; one is as it must be."""
        return [pattern for pattern in self.tokens if fnmatchcase(path, pattern)]


def model() -> Model:
    """The model of this checkout."""
    read: Mapping[str, Any] = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    threats = {area: [Threat(**one) for one in rows] for area, rows in read["threats"].items()}
    return Model(**{**read, "threats": threats})


def is_there(test: str, root: Path = ROOT) -> bool:
    """Whether a file has a test of that name."""
    file, _, name = test.partition("::")
    if not (root / file).is_file():
        return False
    tree = ast.parse((root / file).read_text(encoding="utf-8"))
    return any(isinstance(one, ast.FunctionDef) and one.name == name for one in tree.body)


def text() -> str:
    """The page."""
    read = model()
    lines = [_INTRODUCTION]
    for area, rows in read.threats.items():
        lines += [f"## {area}", "", *_head("threat", "held by", "left", "tests")]
        lines += [_row(one.threat, one.held, one.left or "nothing known", _code(one.tests)) for one in rows]
        lines.append("")
    lines += ["## Who may read what", "", *_head("place", "who", "by", "test")]
    lines += [_row(one["place"], one["who"], one["by"], _code([one["test"]])) for one in read.readers]
    lines += ["", "## What a stolen token can do", "", "[Of the registry](secrets.md), one row for each kind:", ""]
    lines += [
        *_head("secret", "a thief can", "ends it"),
        *(_row(f"`{name}`", *row) for name, row in read.tokens.items()),
    ]
    lines += [
        "",
        "Secrets of the stack file, which lie in it encrypted:",
        "",
        *_head("secret", "a thief can", "ends it"),
    ]
    lines += [_row(f"`{name}`", *row) for name, row in read.stack.items()]
    lines += ["", "Others:", "", *_head("token", "a thief can", "ends it")]
    lines += [_row(one["token"], one["can"], one["ends"]) for one in read.others]
    return "\n".join(lines) + "\n"


def _head(*titles: str) -> tuple[str, str]:
    return _row(*titles), _row(*("---" for _ in titles))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _code(tests: Sequence[str]) -> str:
    return "<br>".join(f"`{test}`" for test in tests)


if __name__ == "__main__":
    sys.exit(write_or_check(TARGET, text(), sys.argv[1:]))

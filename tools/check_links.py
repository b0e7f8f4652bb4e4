"""`make check`: what the documents name must exist.

In every Markdown file of the project: the target of a relative link, the heading behind an anchor, a path in a code
span whose first part is a directory of the project, and the target of a `make` command.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GENERATED = {"build", ".venv", ".venvs", ".tools"}
"""Directories that are made by running something, so a fresh clone lacks them."""

LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
PATH = re.compile(r"[\w.*-]+(?:/[\w.*@-]+)+/?|[\w.-]+/")
MAKE = re.compile(r"\bmake ([a-z][a-z-]*)")
TARGET = re.compile(r"^([a-z][a-z -]*):(?!=)", re.MULTILINE)


def documents(root: Path) -> list[Path]:
    """The Markdown files below `root`, without those in generated and hidden directories."""
    found = []
    for path in sorted(root.rglob("*.md")):
        parents = path.relative_to(root).parts[:-1]
        if not any(part in GENERATED or (part.startswith(".") and part != ".github") for part in parents):
            found.append(path)
    return found


@cache
def anchors(document: Path) -> frozenset[str]:
    """The anchors of a document's headings, formed as GitHub and Gitea form them."""
    seen: dict[str, int] = {}
    result = set()
    for _, line in _prose(document):
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if heading:
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            result.add(f"{slug}-{seen[slug]}" if slug in seen else slug)
            seen[slug] = seen.get(slug, 0) + 1
    return frozenset(result)


def problems(root: Path) -> Iterator[str]:
    """One line for each thing that is named and does not exist: `file:line: what`."""
    targets = {name for match in TARGET.finditer((root / "Makefile").read_text()) for name in match[1].split()}
    for document in documents(root):
        for number, line in _prose(document):
            for complaint in [*_links(root, document, line), *_paths(root, line)]:
                yield f"{document.relative_to(root)}:{number}: {complaint}"
        for number, command in _code(document):
            for match in MAKE.finditer(command):
                if match[1] not in targets:
                    yield f"{document.relative_to(root)}:{number}: `make {match[1]}` is no target of the Makefile"


def _lines(document: Path) -> Iterator[tuple[int, str, bool]]:
    """Number (from 1) and text of each line, and whether it stands in a fenced code block."""
    fence = ""
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), 1):
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark and not fence:
            fence = mark[1]
        elif mark and line.strip().startswith(fence):
            fence = ""
        else:
            yield number, line, bool(fence)


def _prose(document: Path) -> Iterator[tuple[int, str]]:
    """The numbered lines outside code blocks."""
    return ((number, line) for number, line, fenced in _lines(document) if not fenced)


def _code(document: Path) -> Iterator[tuple[int, str]]:
    """The numbered lines of code blocks, without their comments, and the code spans of the others."""
    for number, line, fenced in _lines(document):
        if fenced:
            yield number, line.split("#", 1)[0]
        else:
            yield from ((number, span) for span in SPAN.findall(line))


def _links(root: Path, document: Path, line: str) -> Iterator[str]:
    """Complaints about the relative links of one line."""
    for target in LINK.findall(SPAN.sub("", line)):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        name, _, anchor = target.partition("#")
        base = root / name[1:] if name.startswith("/") else document.parent / name
        path = base.resolve() if name else document
        if not path.exists():
            yield f"link to {target}: no such file"
        elif anchor and path.suffix == ".md" and anchor not in anchors(path):
            yield f"link to {target}: no such heading"


def _paths(root: Path, line: str) -> Iterator[str]:
    """Complaints about the paths in the code spans of one line; `*` stands for any name."""
    for span in SPAN.findall(line):
        first = span.split("/", 1)[0]
        if not PATH.fullmatch(span) or first in GENERATED or not (root / first).is_dir():
            continue
        if not any(root.glob(span.rstrip("/"))):
            yield f"`{span}`: no such path"


def main(root: Path = ROOT) -> int:
    """Print what is wrong; 1 where anything is, else 0."""
    found = list(problems(root))
    print("\n".join(found) or f"links: {len(documents(root))} documents, everything they name exists")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

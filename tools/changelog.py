"""CHANGELOG.md: what people wrote below `Unreleased` becomes the section of a release (docs/adr/0065)."""

import re

_OPEN = "## Unreleased\n"
_LINK = re.compile(r"\]\((?!#|[a-z]+:)([^)]+)\)")


def section(text: str, version: str = "") -> str:
    """What stands below the heading of a version, or of what is not released; empty where nothing does."""
    heading = rf"## {re.escape(version)} - \S+" if version else _OPEN.rstrip()
    found = re.search(rf"^{heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def lines(text: str) -> list[str]:
    """Those of a section that say something: no headings."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def released(text: str, version: str, day: str) -> str:
    """The changelog with what was not released as the section of `version`; `day` is ISO 8601."""
    return text.replace(_OPEN, f"{_OPEN}\n## {version} - {day}\n", 1)


def notes(text: str, commits: str, files: str) -> str:
    """A section as the page of a release: it is read away from the repository, and there each line is a paragraph.

    Args:
        commits: A line for each; they stand in a fold.
        files: URL of the files at the tag, with a slash at its end.
    """
    joined = re.sub(r"(?<=\S)\n(?: {2,}|(?=[^\s#|-]))", " ", text)
    linked = _LINK.sub(lambda link: f"]({files}{link[1]})", joined)
    return f"{linked}\n\n<details><summary>Commits</summary>\n\n{commits}\n\n</details>\n"

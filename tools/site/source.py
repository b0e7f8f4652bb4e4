"""What the site is built from: the pages of `docs/`, those of the project around them, and what is generated.

On the forge every link leads to a file. On the site those that leave `docs/` lead to the forge, where one is known, and
else are words.
"""

import os
import re
import shutil
from pathlib import Path

from tools.site import components

# A link, after a block of code and before code in a line: in both a link is none.
_LINK = re.compile(
    r"^```.*?^```|\[(?P<words>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<where>[^)\s]+)\)|`[^`\n]+`", re.DOTALL | re.MULTILINE
)
_ELSEWHERE = re.compile(r"[a-z]+:|#")
_OWN = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
"""Pages at the root of the project, and what they are called on the site."""
_COMPONENTS = "reference/components.md"


def write(root: Path, target: Path, repository: str) -> None:
    """Write the source of the site to `target`, which is made anew.

    Args:
        repository: URL of the files of the project on the forge, such as `https://github.com/x/y/blob/main`; empty if
            there is none.
    """
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(root / "docs", target)
    for name, page in _OWN.items():
        (target / page).write_text((root / name).read_text(encoding="utf-8"), encoding="utf-8")
    (target / _COMPONENTS).parent.mkdir(parents=True, exist_ok=True)
    (target / _COMPONENTS).write_text(components.page(components.found(root)), encoding="utf-8")
    for file in sorted(target.rglob("*.md")):
        place = file.relative_to(target).as_posix()
        origin = next((name for name, own in _OWN.items() if own == place), f"docs/{place}")
        text = linked(file.read_text(encoding="utf-8"), Path(origin), repository)
        # Of a console without prompts Pygments takes every line for output, and shows it grey.
        file.write_text(re.sub(r"^( *)```console$", r"\1```sh", text, flags=re.MULTILINE), encoding="utf-8")


def linked(text: str, origin: Path, repository: str) -> str:
    """The text of a page with its links as the site has them; `origin` is its path in the project."""

    def link(match: re.Match[str]) -> str:
        words, where = match["words"], match["where"] or "#"
        path, _, anchor = where.partition("#")
        if _ELSEWHERE.match(where) or not path:
            return match[0]
        place = os.path.normpath(origin.parent / path)
        behind = f"#{anchor}" if anchor else ""
        page = _OWN.get(place) or (place.removeprefix("docs/") if place.startswith("docs/") else "")
        if page:
            here = _OWN.get(origin.as_posix(), origin.as_posix().removeprefix("docs/"))
            return f"[{words}]({os.path.relpath(page, Path(here).parent)}{behind})"
        return f"[{words}]({repository}/{place}{behind})" if repository else words

    return _LINK.sub(link, text)

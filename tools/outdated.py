"""`make outdated`: compare the pinned charts, images and releases with what upstream has.

It reads the comments that Renovate reads. A later release of the same major version is what an update would take; a
new major version is shown beside it. Python packages and Go modules are left to their own tools.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.upstream import GITHUB, Pin, Release, UnreachableError, releases

ROOT = Path(__file__).resolve().parent.parent
_COMMENT = re.compile(
    r"# renovate: datasource=(?P<source>\S+) depName=(?P<name>\S+)"
    r"(?: registryUrl=(?P<registry>\S+))?(?: extractVersion=(?P<extract>\S+))?\n(?P<line>.+)"
)
_VERSION = re.compile(r"v?\d+(?:\.\d+)+[\w.-]*")


def pins(root: Path) -> Iterator[Pin]:
    """Everything below such a comment, in the program and in the stack files."""
    for file in [*sorted((root / "lib").glob("*.py")), *sorted(root.glob("Pulumi.*.yaml"))]:
        for match in _COMMENT.finditer(file.read_text(encoding="utf-8")):
            groups = {key: value or "" for key, value in match.groupdict().items()}
            # The last of the line: what stands before it is the name of the chart or image.
            version = _VERSION.findall(groups.pop("line"))[-1]
            yield Pin(version=version, **groups)


def later(pin: Pin, offered: list[str]) -> tuple[str, str]:
    """The newest release of the pin's major version and the newest of all, each empty when the pin is it.

    Raises:
        UnreachableError: nothing of what is offered is of the pin's kind, so nothing can be said.
    """
    current = Release.parse(pin.version)
    found = [release for text in offered if (release := Release.parse(text)) is not None]
    if current is None or not any(one.flavour == current.flavour for one in found):
        raise UnreachableError(f"{pin.name}: no release like {pin.version} among the {len(offered)} offered")
    newer = [one for one in found if one.replaces(current)]
    same = [one for one in newer if one.numbers[0] == current.numbers[0]]
    return tuple(max(some).text if some else "" for some in (same, newer))  # type: ignore[return-value]


def main(root: Path = ROOT, github: str = GITHUB) -> int:
    """Exit code 0 when upstream answered about every pin, whatever it said."""
    unknown: list[str] = []
    found = list(pins(root))
    for pin in found:
        try:
            same, newest = later(pin, releases(pin, github))
        except UnreachableError as error:
            unknown.append(str(error))
            continue
        if newest:
            beside = f", and {newest} of another major version" if newest != same else ""
            print(f"{pin.name}: {pin.version}, upstream has {same or 'no later one of this major version'}{beside}")
    print(f"{len(found) - len(unknown)} of {len(found)} pins compared")
    for line in unknown:
        print(f"not compared: {line}", file=sys.stderr)
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())

"""What a workflow writes under a pull request: a head that is always whole, and as much of the output as has room."""

import re

ROOM = 65_536
"""Characters that GitHub takes for a comment or an issue; Gitea takes more."""
_SPARE = 200
_COUNTS = re.compile(r"^Resources:\n((?:[ \t]+\S.*\n?)+)", re.MULTILINE)
_SUMMARY = re.compile(r"^preview of \S+ would (.+)$", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def counts(output: str) -> str:
    """What a preview would do, as `make preview` says it at its end (`update 1, create 3`), or the engine, which shows
    itself before there is a state (`+ 3 to create, 640 unchanged`); empty where neither does.
    """
    told, found = _SUMMARY.findall(output), _COUNTS.findall(output)
    return str(told[-1]) if told else ", ".join(line.strip() for line in found[-1].splitlines()) if found else ""


def comment(title: str, verdict: str, output: str, run: str, *, end: bool) -> str:
    """Title, verdict and link, then the output in a fold; of one that is too long its beginning, or its `end`."""
    head = f"### {title}\n\n{verdict}\n\n[The run]({run}) has everything.\n"
    plain = _COLOUR.sub("", output).strip("\n")
    fence = "`" * (3 + max((len(one) for one in re.findall(r"`{3,}", plain)), default=0))
    frame = f"\n<details><summary>Output</summary>\n\n{fence}text\n\n{fence}\n\n</details>\n"
    return head + frame.replace(
        "text\n\n", f"text\n{shortened(plain, ROOM - len(head) - len(frame) - _SPARE, end=end)}\n"
    )


def shortened(text: str, room: int, *, end: bool) -> str:
    """As many whole lines of the beginning or `end` as fit, and how many are left out."""
    if len(text) <= room:
        return text
    lines = text.splitlines()
    kept: list[str] = []
    for line in reversed(lines) if end else lines:
        room -= len(line) + 1
        if room < _SPARE:
            break
        kept.append(line)
    left = f"… {len(lines) - len(kept)} lines more"
    return "\n".join([left, *reversed(kept)] if end else [*kept, left])

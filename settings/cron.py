"""Schedules in the five fields of cron: minute, hour, day of the month, month, day of the week, in numbers."""

import re

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_PART = re.compile(r"(?P<all>\*)|(?P<first>\d{1,2})(-(?P<last>\d{1,2}))?")


def is_cron(text: str) -> bool:
    """Whether Kubernetes and Harbor both take it (github.com/robfig/cron, to which Sunday is 0 and never 7)."""
    fields = text.split(" ")
    return len(fields) == len(_RANGES) and all(
        _fits(part, *limits) for field, limits in zip(fields, _RANGES, strict=True) for part in field.split(",")
    )


def _fits(part: str, low: int, high: int) -> bool:
    span, _, step = part.partition("/")
    found = _PART.fullmatch(span)
    if found is None or ("/" in part and not (step.isdecimal() and 0 < int(step) <= high)):
        return False
    if found["all"]:
        return True
    first, last = int(found["first"]), int(found["last"] or found["first"])
    return low <= first <= last <= high

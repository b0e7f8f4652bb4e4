"""Schedules in the five fields of cron: minute, hour, day of the month, month, day of the week, in numbers."""

import re
from datetime import date, datetime, timedelta
from itertools import pairwise

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_PART = re.compile(r"((?P<all>\*)|(?P<first>[0-9]{1,2})(-(?P<last>[0-9]{1,2}))?)(/(?P<step>[0-9]{1,2}))?")
_START, _YEARS = date(2024, 1, 1), 9
"""Long enough for two days of the 29th of February."""
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_cron(text: str) -> bool:
    """Whether Kubernetes and Harbor both take it (github.com/robfig/cron, to which Sunday is 0 and never 7), and it
    ever is that time.
    """
    fields = text.split(" ")
    if len(fields) != len(_RANGES):
        return False
    times = [_times(field, *limits) for field, limits in zip(fields, _RANGES, strict=True)]
    _, _, days, months, _ = times
    # Beside a day of the week, which is another on which it runs.
    return all(times) and (fields[4] != "*" or min(days) <= max(_LONGEST[month - 1] for month in months))


def longest_gap(text: str) -> int:
    """Hours, rounded up, between two times of a schedule that `is_cron` takes, where they are furthest apart."""
    fields = text.split(" ")
    minutes, hours, days, months, weekdays = (
        _times(field, *limits) for field, limits in zip(fields, _RANGES, strict=True)
    )
    first, last = min(hours) * 60 + min(minutes), max(hours) * 60 + max(minutes)
    within = max((b - a for a, b in pairwise(sorted(hours))), default=0) * 60
    # Beside a day of the month, one of the week is another on which it runs (robfig/cron, dayMatches).
    either = fields[2] != "*" and fields[4] != "*"
    runs = [
        number
        for number in range(_YEARS * 366)
        if (day := _START + timedelta(days=number)).month in months
        and (any if either else all)((day.day in days, day.isoweekday() % 7 in weekdays))
    ]
    between = max((b - a for a, b in pairwise(runs)), default=0) * 24 * 60 - (last - first)
    return -(-max(within, between) // 60)


def _times(field: str, low: int, high: int) -> set[int]:
    """What a field is about; nothing where it is wrong."""
    parts = [_part(part, low, high) for part in field.split(",")]
    return set().union(*parts) if all(parts) else set()


def _part(part: str, low: int, high: int) -> range:
    found = _PART.fullmatch(part)
    if found is None:
        return range(0)
    first, last = (low, high) if found["all"] else (int(found["first"]), int(found["last"] or found["first"]))
    step = int(found["step"] or 1)
    return range(first, last + 1, step) if low <= first <= last <= high and 0 < step <= high else range(0)


def previous(text: str, before: datetime) -> datetime:
    """The last time of a schedule that is not after `before`; both in UTC."""
    fields = text.split(" ")
    minutes, hours, days, months, weekdays = (
        _times(field, *limits) for field, limits in zip(fields, _RANGES, strict=True)
    )
    # A day is one that either of the two fields means, unless one of them means all (robfig/cron, spec.go, dayMatches).
    either = not any(fields[place].startswith("*") for place in (2, 4))
    day = before.replace(hour=0, minute=0, second=0, microsecond=0)
    while True:
        meant = (day.day in days, day.isoweekday() % 7 in weekdays)
        if day.month in months and (any(meant) if either else all(meant)):
            times = (day + timedelta(hours=hour, minutes=minute) for hour in hours for minute in minutes)
            if found := [time for time in times if time <= before]:
                return max(found)
        day -= timedelta(days=1)

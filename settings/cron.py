"""Schedules in the five fields of cron: minute, hour, day of the month, month, day of the week, in numbers."""

import re
from dataclasses import dataclass
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


@dataclass(frozen=True)
class _Times:
    """When a schedule is, by its fields."""

    minutes: set[int]
    hours: set[int]
    days: set[int]
    months: set[int]
    weekdays: set[int]
    either: bool

    @classmethod
    def of(cls, text: str) -> "_Times":
        fields = text.split(" ")
        minutes, hours, days, months, weekdays = (
            _times(field, *limits) for field, limits in zip(fields, _RANGES, strict=True)
        )
        # A day is one that either of the two fields means, unless one of them means all; a step leaves days out
        # (robfig/cron v3.0.1, spec.go, dayMatches; parser.go, getRange).
        either = not {"*", "*/1"} & {fields[2], fields[4]}
        return cls(minutes, hours, days, months, weekdays, either)

    def on(self, day: date) -> bool:
        """Whether it is on that day."""
        meant = (day.day in self.days, day.isoweekday() % 7 in self.weekdays)
        return day.month in self.months and (any(meant) if self.either else all(meant))


def longest_gap(text: str) -> int:
    """Hours, rounded up, between two times of a schedule that `is_cron` takes, where they are furthest apart."""
    times = _Times.of(text)
    first, last = min(times.hours) * 60 + min(times.minutes), max(times.hours) * 60 + max(times.minutes)
    within = max((b - a for a, b in pairwise(sorted(times.hours))), default=0) * 60
    runs = [number for number in range(_YEARS * 366) if times.on(_START + timedelta(days=number))]
    between = max((b - a for a, b in pairwise(runs)), default=0) * 24 * 60 - (last - first)
    return -(-max(within, between) // 60)


def previous(text: str, before: datetime) -> datetime:
    """The last time of a schedule that is not after `before`; both in UTC."""
    times = _Times.of(text)
    day = before.replace(hour=0, minute=0, second=0, microsecond=0)
    while True:
        if times.on(day):
            moments = (day + timedelta(hours=hour, minutes=minute) for hour in times.hours for minute in times.minutes)
            if found := [moment for moment in moments if moment <= before]:
                return max(found)
        day -= timedelta(days=1)


def _times(field: str, low: int, high: int) -> set[int]:
    """What a field is about; nothing where it is wrong."""
    parts = [_part(part, low, high) for part in field.split(",")]
    return set().union(*parts) if all(parts) else set()


def _part(part: str, low: int, high: int) -> range:
    found = _PART.fullmatch(part)
    if found is None:
        return range(0)
    # Behind a single number a step goes on to the end.
    end = found["last"] or (high if found["step"] else found["first"])
    first, last = (low, high) if found["all"] else (int(found["first"]), int(end))
    step = int(found["step"] or 1)
    return range(first, last + 1, step) if low <= first <= last <= high and 0 < step <= high else range(0)

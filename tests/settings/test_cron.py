"""A schedule is taken exactly when Kubernetes and Harbor take it."""

from datetime import UTC, datetime

import pytest

from settings.cron import is_cron, longest_gap, previous


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("15 1 * * *", 24),
        ("5 */6 * * *", 6),
        ("0 8,20 * * *", 12),
        ("0 8-18 * * *", 14),
        ("0 3 * * 6", 168),
        ("0 3 * * 1-5", 72),
        ("0 0 1 * *", 31 * 24),
        ("0 0 1 * 0", 168),
        ("0 0 29 2 *", (4 * 365 + 1) * 24),
        ("5 2/12 * * *", 12),
        ("0 0 */31 * */6", 144),
    ],
)
def test_how_far_apart_two_times_of_a_schedule_are(text: str, hours: int) -> None:
    assert longest_gap(text) == hours


@pytest.mark.parametrize(
    "text",
    [
        "* * * * *",
        "0 0 * * *",
        "59 23 31 12 6",
        "*/5 * * * *",
        "0-30/10,45 1,13 1-7 */2 0",
        "05 3 * * 1-5",
        "0 0 29 2 *",
        "0 0 31 2 0",
    ],
)
def test_a_schedule_of_five_fields_is_one(text: str) -> None:
    assert is_cron(text), "within its ranges"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("* * * *", "four fields"),
        ("0 * * * * *", "six: Harbor's seconds are put before it"),
        ("*  * * * *", "two blanks make an empty field"),
        ("60 * * * *", "no minute"),
        ("0 24 * * *", "no hour"),
        ("0 0 0 * *", "no day"),
        ("0 0 * 13 *", "no month"),
        ("0 0 * * 7", "Sunday is 0"),
        ("30-10 * * * *", "backwards"),
        ("*/0 * * * *", "never"),
        ("*/60 * * * *", "more than an hour has"),
        ("*/ * * * *", "half a step"),
        ("5,, * * * *", "an empty part"),
        ("@daily", "a word"),
        ("0 0 31 2 *", "never"),
        ("٣0 3 * * 6", "digits of another script"),
        ("0 0 * * MON", "a name, which Harbor takes and people misspell"),
    ],
)
def test_what_is_none_is_refused(text: str, why: str) -> None:
    assert not is_cron(text), why


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("35 */6 * * *", "2026-11-27T06:35"),
        ("0 12 * * *", "2026-11-27T12:00"),
        ("1 12 * * *", "2026-11-26T12:01"),
        ("0 3 * * 0", "2026-11-22T03:00"),
        ("0 3 1 * *", "2026-11-01T03:00"),
        ("0 3 1 * 5", "2026-11-27T03:00"),
        ("0 3 29 2 *", "2024-02-29T03:00"),
        ("0 3 */2 * */3", "2026-11-27T03:00"),
        ("0 2/4 * * *", "2026-11-27T10:00"),
    ],
)
def test_the_last_time_of_a_schedule_is_known(text: str, last: str) -> None:
    found = previous(text, datetime(2026, 11, 27, 12, 0, 30, tzinfo=UTC))  # a Friday
    assert found.strftime("%Y-%m-%dT%H:%M") == last

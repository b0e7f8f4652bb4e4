"""A schedule is taken exactly when Kubernetes and Harbor take it."""

import pytest

from settings.cron import is_cron


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

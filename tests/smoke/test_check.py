"""One check passes, fails, is skipped or takes too long; the others go on."""

import threading
import urllib.error
from collections.abc import Callable

import pytest

from doubles.loopback import Reply, serving
from doubles.platform import Identities
from smoke.check import Check, Failed, Result, Skipped, Status, run
from smoke.client import Browser, Network, Page, straight_to, trusting
from smoke.report import advice, passed


def outcome(ask: Callable[[], str], limit: float = 30) -> Result:
    return next(run([Check("metric", "check", "the log", ask)], limit))


def raising(error: Exception) -> Callable[[], str]:
    def ask() -> str:
        raise error

    return ask


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (Failed("it is blue"), Status.FAILED, "it is blue"),
        (Skipped("no account"), Status.SKIPPED, "no account"),
        (urllib.error.URLError("refused"), Status.FAILED, "not reached: <urlopen error refused>"),
        (KeyError("auth"), Status.FAILED, "an answer is not of the form it should have: KeyError: 'auth'"),
    ],
    ids=["failed", "skipped", "unreachable", "unexpected answer"],
)
def test_how_a_check_ends_is_told(error: Exception, status: Status, detail: str) -> None:
    found = outcome(raising(error))
    assert (found.status, found.detail) == (status, detail), "each kind of end in its own words"


def test_a_check_that_never_ends_has_failed_and_the_next_one_runs() -> None:
    forever = threading.Event()
    slow = Check("metric", "slow", "the log", lambda: str(forever.wait()))
    quick = Check("metric", "quick", "the log", lambda: "done")
    found = list(run([slow, quick], limit=0.05))
    forever.set()
    assert [one.status for one in found] == [Status.FAILED, Status.PASSED], "one that hangs holds nobody back"
    assert found[0].detail == "no answer after 0.05 s", "that it hung"


def test_a_suite_that_asked_nothing_has_not_passed() -> None:
    nothing = [outcome(raising(Skipped("no account")))]
    assert not passed(nothing), "all skipped is no proof"
    assert passed([*nothing, outcome(lambda: "fine")]), "what could be asked is right"
    assert not passed([outcome(lambda: "fine"), outcome(raising(Failed("no")))]), "one failure is enough"


def test_each_failure_says_where_to_look() -> None:
    found = [outcome(lambda: "fine"), outcome(raising(Failed("it is blue")))]
    assert advice(found) == ["check: it is blue\n  look at: the log"], "and only failures do"


def browser(certificates: Identities, url: str) -> Browser:
    return Browser(Network(trusting(certificates.ca), straight_to(url.removeprefix("https://"))))


def test_plain_http_is_never_asked(certificates: Identities) -> None:
    with pytest.raises(Failed, match="is no https address"):
        browser(certificates, "https://127.0.0.1:1").get("http://git.engine.example.com/")


def test_redirects_that_go_round_end(certificates: Identities) -> None:
    def round_about(_: object) -> Reply:
        return Reply(302, headers={"Location": "/again"})

    with (
        serving(round_about, certificates.own) as double,
        pytest.raises(Failed, match="not the end of 20 redirects"),
    ):
        browser(certificates, double.url).follow("https://git.engine.example.com/")


@pytest.mark.parametrize(
    ("reply", "message"),
    [(Reply(502, "bad gateway"), "answers 502: bad gateway"), (Reply(200, "<html>"), "answers no JSON but '<html>'")],
    ids=["error", "no JSON"],
)
def test_an_answer_that_is_no_document_is_quoted(certificates: Identities, reply: Reply, message: str) -> None:
    with serving(lambda _: reply, certificates.own) as double:
        page: Page = browser(certificates, double.url).get("https://git.engine.example.com/")
    with pytest.raises(Failed, match=message):
        page.json()

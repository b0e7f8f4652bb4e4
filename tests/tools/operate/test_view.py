"""What `make up` shows, asks and leaves; the CLI only says what the test gave it, in its log of events."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from stack_file.load import load_stack_file
from tests.support.program import STACK_FILE
from tests.tools.operate.operating import applied
from tests.tools.operate.viewing import (
    DONE,
    FAILED,
    PARTS,
    PHASE,
    REBOOT,
    RELEASE,
    calls,
    report,
    says,
    step,
    urn,
)
from tools.operating import closing, flags
from tools.operating.carrying import carried_out
from tools.operating.operation import Operation


def test_an_update_is_foretold_done_and_told(
    up: Callable[..., Operation], checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    says(checkout, "up", DONE)
    assert carried_out(up("--yes", "--expect-no-changes", "--target", "urn:x")) == 0, "it succeeded"
    out, err = capsys.readouterr()
    for part in (
        "change   Release authentik: values",
        "would make 1, change 1 (1 in phase2-identity, 1 in phase3-integration)",
        "gitea  https://git.example.com",
        "make smoke STACK=test-cluster",
        "build/test-cluster/report.html",
    ):
        assert part in out, f"{part}: {out}"
    warned = [line for line in out.splitlines() if REBOOT in line or "deprecated" in line]
    assert [REBOOT in line for line in warned] == [True, False], "what is to be done by hand comes first, once"
    assert "make access" not in out, "they have that already"
    assert "phase phase2-identity ready 1/1" in err, "progress is no data"
    document = report(checkout)
    assert (document["result"], document["simulated"], document["operation"]) == ("succeeded", False, "up"), document
    assert [(one["name"], one["status"]) for one in document["phases"]] == [(name, "ready") for name in PARTS], "phases"
    preview, update = ([*one[: one.index("--non-interactive")]] for one in calls(checkout))
    assert preview[:-1] == ["preview", "--stack", "test-cluster", "--target", "urn:x", "--save-plan"], "no answer in it"
    asked = ["--continue-on-error", "--expect-no-changes", "--target", "urn:x"]
    assert update == ["up", "--stack", "test-cluster", *asked, "--yes", "--skip-preview"], "nobody is asked twice"


def test_a_failure_is_told_with_what_it_blocks_and_what_helps(
    up: Callable[..., Operation], checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    says(checkout, "up", FAILED, 255)
    assert carried_out(up("--yes")) == 255, "the CLI's own"
    out = capsys.readouterr().out
    for part in (
        "phase2-identity: authentik: Helm: timed out",
        "phase3-integration: waits for authentik of phase2-identity",
        "  Release authentik: 1 error occurred:",
        "docs/runbooks/logins.md#authentik-does-not-come-up",
        "make status STACK=test-cluster",
        "build/test-cluster/up.log",
    ):
        assert part in out, f"{part}: {out}"
    assert "update failed" not in out, "the engine says it after it has said why"
    assert report(checkout)["result"] == "up failed", "for programs"
    assert (checkout / "build" / "test-cluster" / "report.html").is_file(), "and for people"


@pytest.mark.parametrize("answer", [True, False])
def test_it_is_asked_for_once_it_is_known_what_it_would_do(
    up: Callable[..., Operation], checkout: Path, capsys: pytest.CaptureFixture[str], answer: bool
) -> None:
    says(checkout, "up", DONE)
    asked: list[str] = []

    def agree(question: str) -> bool:
        asked.append(capsys.readouterr().out + question)
        return answer

    assert carried_out(up(agree=agree)) == (0 if answer else 1), "a no is no success"
    assert len(asked) == 1, "once"
    assert "would make 1, change 1" in asked[0], "a person knows what they agree to"
    assert asked[0].endswith("Apply this to test-cluster?"), "which stack"
    assert [one[0] for one in calls(checkout)] == ["preview", "up"][: 1 + answer], "nothing is done without a yes"
    assert (checkout / "build" / "test-cluster" / "report.json").exists() == answer, "nothing was done to report on"


def test_what_the_cli_says_before_the_engine_starts_is_told(
    up: Callable[..., Operation], checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    operation = up("--yes")
    (checkout / "installed" / "pulumi").write_text(
        "#!/bin/sh\necho 'warning: old'; echo 'error: no such flag' >&2; exit 9\n"
    )
    assert carried_out(operation) == 9, "its exit code"
    assert "  error: no such flag" in capsys.readouterr().out, "why"


def test_a_flag_that_asks_for_another_view_gets_it_and_the_report_is_left(
    up: Callable[..., Operation], checkout: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    says(checkout, "up", [step("resOutputsEvent", "phase2-identity", "other", planning=True), *FAILED], 255)
    assert carried_out(up("--yes", "--diff")) == 255, "the CLI's own"
    out, err = capfd.readouterr()
    assert json.loads(out)[0][:5] == ["up", "--stack", "test-cluster", "--continue-on-error", "--yes"], (
        "as it was given"
    )
    assert "because of --diff" in err, "why no phases are shown"
    document = report(checkout)
    assert document["result"] == "up failed", "as always"
    assert [one["resources"] for one in document["phases"]] == [1, 0], "what was only foretold is not among it"


@pytest.mark.parametrize(
    ("extra", "text", "expected"),
    [
        (("--yes", "--target", "urn:x", "-p", "4"), "", None),
        (("--json",), "", "--json"),
        (("--show-secrets=true",), "", "--show-secrets=true"),
        (("-yf",), "", "-yf"),
        (("--color=never", "--suppress-progress"), "", "--color=never"),
        ((), "encryptionsalt: v1:x\n", "asks for the passphrase"),
    ],
)
def test_the_cli_shows_itself_where_the_table_cannot_serve(
    up: Callable[..., Operation], extra: tuple[str, ...], text: str, expected: str | None
) -> None:
    why = up(*extra, agree=lambda _: True, text=text, environment={}).by_itself()
    assert (why is None) == (expected is None), why
    assert expected is None or expected in str(why), "and it is said"


@pytest.mark.parametrize(
    ("extra", "environment", "expected"),
    [
        (("-y",), {}, True),
        (("--skip-preview",), {}, True),
        (("--yes=false",), {}, False),
        (("--message", "yes"), {}, False),
        ((), {"PULUMI_SKIP_CONFIRMATIONS": "true"}, True),
    ],
)
def test_a_yes_is_what_the_cli_takes_for_one(
    extra: tuple[str, ...], environment: dict[str, str], expected: bool
) -> None:
    assert flags.agreed(extra, environment) == expected, "as the CLI"


def test_the_first_update_is_followed_by_how_people_get_in() -> None:
    said = closing.next_steps("up", "home", load_stack_file(STACK_FILE), first=True)
    assert [line.split("  #")[0].split(" USER")[0] for line in said] == [
        f"make {one} STACK=home" for one in ("access", "invite", "smoke")
    ], "kubeconfig, the first person, the proof"


def test_everything_that_goes_is_counted_where_children_go_first(
    up: Callable[..., Operation], checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = [
        step(kind, *one, op="delete")
        for one in (("phase2-identity", "authentik"), ("phase2-identity", ""))
        for kind in ("resourcePreEvent", "resOutputsEvent")
    ]
    says(checkout, "destroy", gone)
    applied(
        checkout,
        *(
            {
                "urn": urn("phase2-identity", name),
                "type": RELEASE if name else PHASE,
                "parent": urn("phase2-identity") if name else "",
            }
            for name in ("", "authentik")
        ),
    )
    operation = up("--yes", name="destroy", given=())
    (checkout / "state").unlink()
    assert carried_out(operation) == 0, "nothing is left"
    assert not (checkout / "build" / "test-cluster" / "graph.svg").exists(), "there is nothing to draw"
    assert "phase2-identity  gone" in capsys.readouterr().out, "as a phase"
    assert [one[:4] for one in calls(checkout)] == [
        ["destroy", "--stack", "test-cluster", last] for last in ("--preview-only", "--yes")
    ], "calls"

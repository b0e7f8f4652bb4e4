"""`make backup` and `make restore`: what is told before anything is done, the order, and how it goes on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.tools.backups.states import PLAIN, STACK, Kept, backed_up, based, checkout
from tools import recreate
from tools.backups import __main__ as backup
from tools.backups import order, restore, state, state_bench, store, summary
from tools.backups import site as of_stack
from tools.backups.part import Part, Site, Step, Wanted
from tools.backups.registry import PARTS
from tools.backups.store import BackupError, Copy

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
DONE: list[str] = []
EDIT = (
    "in the stack file, home-cluster:databases gets archive: 2 and recovery: {archive: 1} "
    "(docs/runbooks/databases.md#restore-all-databases)"
)


def part(name: str, *, of_services: bool = False, last: Copy | None = None, due: datetime | None = None) -> Part:
    """A part that writes down what it is asked to restore."""

    def plan(site: Site, wanted: Wanted) -> list[Step]:
        text = f"{name} {wanted.service or 'all'}{f' as of {wanted.at:%H:%M}' if wanted.at == NOW else ''}"
        return [Step(does=text, minutes=3, run=lambda: DONE.append(text))]

    return replace(PARTS[0], name=name, plan=plan, of_services=of_services, last=lambda *_: last, due=lambda *_: due)


def _recreated(arguments: list[str], _: Path) -> int:
    DONE.append(" ".join(arguments))
    return 0


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state, and two parts that only say what they do."""
    DONE.clear()
    monkeypatch.setattr(order, "PARTS", (PARTS[0], part("vault"), part("databases"), part("volumes", of_services=True)))
    monkeypatch.setattr(recreate, "main", _recreated)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A stack with its state, and an empty target."""
    there = store.directory(tmp_path / "target", PLAIN.cluster.name)
    based(tmp_path / "target" / PLAIN.cluster.name, 1, NOW - timedelta(hours=9))
    return Site(engine=checkout(tmp_path / "checkout"), settings=backed_up(), store=there)


def test_everything_comes_back_in_its_order(parts: None, site: Site, tmp_path: Path) -> None:
    steps = order.steps(site, "all", Wanted(), STACK, NOW)
    said = [step.does for step in steps]
    assert said == [
        EDIT,
        "machines and platform, known by the same keys",
        "vault all as of 12:00",
        "volumes all as of 12:00",
        "see that it does its work",
    ]
    for step in steps:
        if step.run:
            step.run()
    assert [f"--stack {STACK} --cluster-gone --confirm {STACK}", *said[2:4]] == DONE
    assert [step.command for step in steps if not step.run] == ["", f"make smoke STACK={STACK}"], "a person sees to it"
    root = tmp_path / "new"
    key, recipient = tmp_path / "key.txt", state_bench.new_key(tmp_path / "key.txt")
    state.write(site.engine, backed_up(recipient), site.store)
    root.mkdir()
    (root / "requirements.txt").write_text("pulumi==3.250.0\n")
    empty = replace(site, engine=Kept(root / "pulumi", STACK, root, held={}))
    lost = [
        step.does.partition(" ")[0] for step in order.steps(empty, "all", Wanted(key=key), STACK, datetime.now(UTC))
    ]
    assert lost == ["write", "take", "in", "machines", "vault", "volumes", "see"], "first what knows the keys"


@pytest.mark.usefixtures("parts")
def test_one_service_comes_back_alone(site: Site) -> None:
    assert [step.does for step in order.steps(site, "gitea", Wanted(), "", NOW)] == ["volumes gitea"]
    with pytest.raises(
        BackupError, match="WHAT=nextcloud is nothing that is backed up; say one of: state, vault, databases"
    ):
        order.steps(site, "nextcloud", Wanted(), "", NOW)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`make restore` in a checkout whose stack has a state, and its target in a directory."""
    engine = checkout(tmp_path / "checkout")
    based(tmp_path / "target" / PLAIN.cluster.name, 1, NOW - timedelta(hours=9))
    for module in (backup, restore):
        monkeypatch.setattr(module, "cli", lambda _: engine.binary)
        monkeypatch.setattr(module, "Engine", lambda *_: engine)

    def run(*arguments: str) -> int:
        to = str(tmp_path / "target")
        return restore.main(["--stack", STACK, "--to", to, *arguments], engine.root)

    return run


@pytest.mark.usefixtures("parts")
def test_a_restore_says_its_steps_and_begins_when_told(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("--what", "all") == 2
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "to restore all, about 53 minutes:",
        f"  1. by you: {EDIT} (about 2 min)",
        "  2. machines and platform, known by the same keys (about 40 min)",
        f"     make recreate STACK={STACK} ARGS=--cluster-gone",
        "  3. vault all (about 3 min)",
        "  4. volumes all (about 3 min)",
        "  5. by you: see that it does its work (about 5 min)",
        f"     make smoke STACK={STACK}",
    ]
    assert said.err.startswith(f"restore: nothing was done. Say YES={STACK}, or agree on a terminal\n")
    assert DONE == []
    assert command("--what", "all", "--confirm", "another") == 2
    assert command("--what", "all", "--check") == 0
    assert DONE == []
    assert command("--what", "all", "--confirm", STACK, "--left", "2") == 2
    assert "say --begun as that step did" in capsys.readouterr().err, "the new platform has backups by now"
    again = ("--left", "2", "--begun", "2026-11-27T12:00:00Z")
    assert command("--what", "all", "--confirm", STACK, *again) == 1, "nobody can say that the last is done"
    assert DONE == ["volumes all as of 12:00"]
    last = f"restore: step 5 is yours, and the last\n     make smoke STACK={STACK}\n"
    assert capsys.readouterr().err.endswith(last), "no refusal, and what is to be typed"


@pytest.mark.usefixtures("parts")
def test_a_step_that_fails_says_how_to_go_on(
    command: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recreate, "main", lambda *_: 3)
    assert command("--what", "all", "--confirm", STACK, "--left", "4", "--begun", "2026-11-27T12:00:00Z") == 1
    assert "step 2 failed: the platform is not up" in (said := capsys.readouterr().err)
    assert "go on with ARGS='--left=4 --begun=2026-11-27T12:00:00Z' once" in said
    assert DONE == []


def test_the_checkout_is_had_from_a_file_alone(
    command: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipient = state_bench.new_key(tmp_path / "key.txt")
    monkeypatch.setattr(backup, "load_stack_file", lambda _: backed_up(recipient))
    root = tmp_path / "checkout"
    assert backup.main(["--stack", STACK, "--to", str(tmp_path / "target")], root) == 0
    name = capsys.readouterr().out.partition(" ")[0]
    text = (root / f"Pulumi.{STACK}.yaml").read_text()
    (root / f"Pulumi.{STACK}.yaml").unlink()
    given = ("--what", "state", "--from", name, "--key", str(tmp_path / "key.txt"))
    assert command(*given) == 2, "there is a state"
    assert (root / f"Pulumi.{STACK}.yaml").read_text() == text
    assert "has a state of 1 resources" in capsys.readouterr().err
    assert command("--what", "state", "--key", str(tmp_path / "key.txt"), "--check") == 0, "also while the stack stands"
    assert "take the state of 20" in capsys.readouterr().out
    assert command("--what", "state", "--key", str(root / "Pulumi.yaml"), "--check") == 2, (
        "and with another key it fails"
    )
    assert command(*given, "--replace", "--confirm", STACK) == 0


@pytest.mark.parametrize(
    ("last", "due", "says"),
    [
        (None, None, "none yet"),
        (None, 0, "none yet, missed: one is due since 2026-11-27T12:00:00Z"),
        (3, None, "3 h old, 41 KiB, vault/a"),
        (72, 96, "3 days old, 41 KiB, vault/a"),
        (72, 48, "3 days old, 41 KiB, vault/a, missed: one is due since 2026-11-25T12:00:00Z"),
    ],
)
def test_status_says_what_lies_there_and_what_was_missed(
    last: int | None, due: int | None, says: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = None if last is None else Copy(name="vault/a", when=NOW - timedelta(hours=last), size=41_984)
    since = None if due is None else NOW - timedelta(hours=due)
    monkeypatch.setattr(summary, "PARTS", (part("vault", last=copy, due=since),))
    monkeypatch.setattr(of_stack, "of", lambda *_: site)
    lines = [f"backup of vault: {says}", "restore drill: never run here (`make restore-drill`)"]
    assert summary.look(site.engine, backed_up(), NOW) == (lines, "missed" in says)


def test_what_cannot_be_asked_is_no_miss(site: Site) -> None:
    found, missed = summary.look(site.engine, backed_up(), NOW)
    assert found[0].startswith("backups: nobody can tell (nas.example.com:/export is not mounted")
    assert not missed
    assert summary.look(site.engine, PLAIN, NOW) == (["backups: none declared"], False)


@pytest.mark.parametrize(("ended", "expected"), [(NOW - timedelta(minutes=11), True), (NOW, False), (None, False)])
def test_a_state_is_due_from_the_last_update(ended: datetime | None, expected: bool, site: Site) -> None:
    assert state.due(replace(site, updated=ended), NOW) == (ended if expected else None)


def test_a_recreation_says_what_comes_back_from_where(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    recreate.report({}, site.engine, site.settings)
    said = capsys.readouterr().err
    assert "recreate: no data was restored: databases and repositories are empty" in said
    assert f"recreate: to have it back: make restore STACK={STACK} WHAT=all KEY=<file>" in said

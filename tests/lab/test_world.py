"""The world survives operations and kills, lets one process in at a time, and holds no secret in plain text."""

import multiprocessing
from pathlib import Path

import pytest

from lab.clock import Clock
from lab.faults import Faults
from lab.world import World, WorldError

PASSPHRASE = "a passphrase"


def test_a_world_is_found_again_as_it_was_left(tmp_path: Path) -> None:
    with World(tmp_path, PASSPHRASE) as world:
        world.put("objects", "a", {"value": 1})
        world.put("objects", "b", {"value": 2})
        world.delete("objects", "a")
    with World(tmp_path, PASSPHRASE) as world:
        assert world.table("objects") == {"b": {"value": 2}}, "the next operation goes on from here"


def _die_while_writing(directory: Path) -> None:
    world = World(directory, PASSPHRASE)
    world.put("objects", "a", {"value": 1})
    world.put("secrets", "b", {"value": "hunter2"}, sealed=True)
    with (directory / "world.journal").open("a", encoding="utf-8") as journal:
        journal.write('{"table": "objects", "key": "c", "rec')
    multiprocessing.current_process().kill()


def test_a_killed_operation_loses_only_what_it_was_writing(tmp_path: Path) -> None:
    child = multiprocessing.get_context("spawn").Process(target=_die_while_writing, args=(tmp_path,))
    child.start()
    child.join()
    with World(tmp_path, PASSPHRASE) as world:
        assert world.table("objects") == {"a": {"value": 1}}, "every complete line of the journal counts"
        assert world.get("secrets", "b") == {"value": "hunter2"}, "sealed records too"


def test_a_sealed_record_is_unreadable_on_disk(tmp_path: Path) -> None:
    with World(tmp_path, PASSPHRASE) as world:
        world.put("secrets", "a", {"value": "hunter2"}, sealed=True)
        assert "hunter2" not in (tmp_path / "world.journal").read_text(encoding="utf-8"), "in the journal"
    assert "hunter2" not in (tmp_path / "world.json").read_text(encoding="utf-8"), "in the world's file"


def test_another_passphrase_is_told_apart(tmp_path: Path) -> None:
    with World(tmp_path, PASSPHRASE) as world:
        world.put("secrets", "a", {"value": "hunter2"}, sealed=True)
    with pytest.raises(WorldError, match="sealed with another passphrase"):
        World(tmp_path, "another")


def test_two_operations_cannot_have_one_world(tmp_path: Path) -> None:
    with World(tmp_path, PASSPHRASE), pytest.raises(WorldError, match="in use by another operation"):
        World(tmp_path, PASSPHRASE, patience=0)


def test_what_is_read_is_a_copy(tmp_path: Path) -> None:
    with World(tmp_path, PASSPHRASE) as world:
        world.put("objects", "a", {"list": []})
        record = world.get("objects", "a")
        assert record is not None, "just written"
        record["list"].append("x")
        assert world.get("objects", "a") == {"list": []}, "only `put` changes the world"


def test_a_wait_that_nobody_can_fulfil_ends_long_before_its_timeout(tmp_path: Path) -> None:
    with World(tmp_path, PASSPHRASE) as world:
        clock = Clock(world, grace=0.01)
        with clock.call():
            assert not clock.wait(lambda: False, timeout=36_000), "ten hours of simulated time are over at once"


def test_a_wait_ends_as_soon_as_its_condition_holds(tmp_path: Path) -> None:
    with World(tmp_path, PASSPHRASE) as world:
        clock = Clock(world, grace=0.01)
        with clock.call():
            world.put("objects", "a", {})
            assert clock.wait(lambda: world.get("objects", "a") is not None, timeout=1), "it holds already"


def test_a_fault_hits_its_kind_and_name_and_no_other(tmp_path: Path) -> None:
    with World(tmp_path, PASSPHRASE) as world:
        faults = Faults(world)
        faults.stage("Job", "web-*", "fail", "exit code 1")
        assert faults.find("fail", ("Job",), ("web-1",)) == "exit code 1", "a pattern names several"
        assert faults.find("fail", ("Job",), ("db",)) is None, "another name"
        assert faults.find("fail", ("Pod",), ("web-1",)) is None, "another kind"
        assert faults.find("never-ready", ("Job",), ("web-1",)) is None, "another effect"
        faults.clear("Job")
        assert faults.find("fail", ("Job",), ("web-1",)) is None, "taken back"


def test_a_refusal_can_be_limited_to_some_times(tmp_path: Path) -> None:
    with World(tmp_path, PASSPHRASE) as world:
        faults = Faults(world)
        faults.stage("Release", "vault", "refuse", "try again", times=2)
        found = [faults.refusal(("Release",), ("vault",)) for _ in range(3)]
        assert found == ["try again", "try again", None], "the third attempt is let through"


def test_the_longest_latency_of_a_kind_counts(tmp_path: Path) -> None:
    with World(tmp_path, PASSPHRASE) as world:
        faults = Faults(world)
        faults.delay("*", 1)
        faults.delay("Release", 30)
        assert faults.latency(("kubernetes:helm.sh/v3:Release", "Release")) == 30, "the more specific one is longer"
        assert faults.latency(("Job",)) == 1, "everything takes a second here"


def test_latency_is_spent_at_the_pace_of_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("lab.clock.time.sleep", slept.append)
    with World(tmp_path, PASSPHRASE) as world:
        assert Faults(world).latency(("Release",)) > 0, "installing a chart takes a while where nothing is staged"
        Clock(world, pace=0).spend(3600)
        Clock(world, pace=0.01).spend(3600)
    assert slept == [36.0], "no time at pace 0, a hundredth of an hour at pace 0.01"

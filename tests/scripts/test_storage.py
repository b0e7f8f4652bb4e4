"""The gate of storage, on a directory in the place of the volume."""

from pathlib import Path

import pytest

from scripts import storage


def test_a_volume_that_keeps_what_is_written_opens_the_gate(tmp_path: Path) -> None:
    assert storage.prove(tmp_path / "probe", 2) == 0, "two mebibytes were written and read"


def test_nothing_is_left_on_the_volume(tmp_path: Path) -> None:
    storage.prove(tmp_path / "probe", 1)
    assert not list(tmp_path.iterdir()), "the volume may be kept by its reclaim policy"


@pytest.mark.failure("class-that-binds-nothing")
def test_a_volume_that_returns_other_data_keeps_the_gate_shut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def corrupting(path: Path) -> str:
        path.write_bytes(b"\0" * storage.MEBIBYTE)
        return read(path)

    read = storage.read
    monkeypatch.setattr(storage, "read", corrupting)
    assert storage.prove(tmp_path / "probe", 1) == 1, "a disk that loses data must not carry a database"
    assert "wrote" in capsys.readouterr().err, "both checksums are shown"


@pytest.mark.parametrize("mebibytes", [1, 3])
def test_all_that_was_asked_for_reaches_the_volume(
    tmp_path: Path, mebibytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def measuring(path: Path) -> str:
        seen.append(path.stat().st_size)
        return read(path)

    read = storage.read
    monkeypatch.setattr(storage, "read", measuring)
    storage.prove(tmp_path / "probe", mebibytes)
    assert seen == [mebibytes * storage.MEBIBYTE], "less would fit into a cache and prove nothing"


def test_a_volume_that_cannot_be_written_is_reported_and_not_raised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert storage.prove(tmp_path / "absent" / "probe", 1) == 1, "there is no such directory"
    assert "cannot be used" in capsys.readouterr().err, "the log of the Job is all a person sees"


def test_a_plain_directory_is_not_taken_for_a_volume(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert storage.main({"VOLUME": str(tmp_path), "MEBIBYTES": "1"}) == 1, (
        "a mount that silently failed would leave the container's own file system to be tested"
    )
    assert "no mounted volume" in capsys.readouterr().err, "the reason is said"

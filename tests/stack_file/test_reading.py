"""A stack file is read as Pulumi reads it, and nothing in a file ends in a traceback."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.checkout import ROOT, command_line
from stack_file import check
from stack_file.reading import Unreadable, read
from tests.stack_file.cases import is_good

SCALARS = (
    *("yes", "No", "on", "off", "y", "true", "True", "TRUE", "tRue", "false", "~", "null", "NULL", "nULL", ""),
    *(
        "5",
        "-5",
        "+5",
        "0",
        "-0",
        "01500",
        "08",
        "0o17",
        "0O17",
        "017_0",
        "0x1F",
        "0X1f",
        "0b101",
        "-0b11",
        "1_500",
        "1__0",
    ),
    *("4.0", "2.10", "2.", ".5", "-.5", "1e3", "1E+3", "1.5e-7", "1e21", "1e400", "123456789012345678901234567890"),
    *(
        "18446744073709551615",
        "18446744073709551616",
        "0x",
        "0b2",
        "0o8",
        "_1",
        "1_",
        "1.2.3",
        "v1.2",
        "12:30:45",
        "1:30",
    ),
    *("2024-13-45", "2024-1", "10.2.0.0/16", "=", "<", "!!str 5", '"5"', "'yes'", "a: b", "- a"),
    *(
        "[1, two, 3.0]",
        "{a: 1, b: no}",
        "{<<: {a: 1}, a: 2}",
        "{a: 1, <<: [{b: 2}, {b: 3, c: 4}]}",
        "[&x {a: 1}, {<<: *x, b: 2}]",
    ),
)
"""Values as they are typed. Those that are not read as they stand there, or not at all, are left out at run time."""


def _document(scalars: tuple[str, ...]) -> str:
    lines = [
        f"  v{place}: {scalar}\n  in{place}: [{{ v: {scalar or 'null'} }}]" for place, scalar in enumerate(scalars)
    ]
    return "config:\n" + "\n".join(lines) + "\n"


@pytest.mark.engine
def test_values_are_those_of_the_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "Pulumi.read.yaml"
    scalars = tuple(one for one in SCALARS if ": b" not in one and "- a" not in one)
    file.write_text(_document(scalars), encoding="utf-8")
    ours = read(file).document["config"]
    (tmp_path / "Pulumi.yaml").write_text("name: home-cluster\nruntime: python\n", encoding="utf-8")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "passphrase")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    for arguments in (["stack", "init", "read"], ["config", "--json", "--stack", "read"]):
        command = [command_line(ROOT), *arguments, "--non-interactive"]
        printed = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
        if arguments[0] == "stack":
            file.write_text(_document(scalars), encoding="utf-8")  # `init` writes the values as it read them
    theirs = {key.removeprefix("home-cluster:"): one["value"] for key, one in json.loads(printed).items()}
    differing = {
        scalars[int(key.lstrip("vin"))]: (_handed_over(value), theirs[key])
        for key, value in ours.items()
        if _value(_handed_over(value)) != _value(theirs[key])
    }
    assert differing == {}, "what the check reads, and what the program gets"


def _handed_over(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _value(text: str) -> Any:
    """Numbers as JavaScript has them, too: beyond 2 to the 53rd the CLI prints other digits of the same one."""
    try:
        return json.loads(text, parse_int=float)
    except ValueError:
        return text


def _said(path: Path) -> list[str]:
    lines = list(check.defects(path))
    assert [line for line in lines if not line.isprintable()] == [], "a message is one line of text"
    return lines


@settings(max_examples=100)
@given(st.binary(max_size=60))
def test_a_file_of_any_bytes_is_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "Pulumi.bytes.yaml"
    path.write_bytes(content)
    assert _said(path), "it has no sections"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"config:\n  a: \xff\n", "line 2: is no UTF-8 text; save the file in this encoding"),
        (b"[" * 100_000, "line 1: is nested too deeply; write a stack file as Pulumi.test-cluster.yaml is"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" + b"d: [" + b"*c, " * 30_000 + b"]\n", "has an alias"),
        (b"", "config: has no sections; write them below it as Pulumi.test-cluster.yaml does"),
        (b"config: 5\n", "config: has no sections; write them below it as Pulumi.test-cluster.yaml does"),
        (b"- config\n", "config: has no sections; write them below it as Pulumi.test-cluster.yaml does"),
    ],
    ids=["latin-1", "deep", "laughs", "empty", "a-number", "a-list"],
)
def test_what_is_no_stack_file_is_told_in_one_line(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.none.yaml"
    path.write_bytes(content)
    (line,) = _said(path)
    assert said in line, "and why"
    assert is_good(line), "and what to do"


def test_a_list_for_a_key_of_the_file_itself_is_one_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.none.yaml"
    path.write_text("? [a, b]\n: c\nconfig: {cluster: {}}\n", encoding="utf-8")
    assert "the stack file: has a list or a section for a key, on line 1; put it in quotes" in _said(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (line,) = _said(tmp_path)
    assert line.startswith("file: cannot be read (Is a directory)"), "no traceback"


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    absent = tmp_path / "Pulumi.absent.yaml"
    assert check.main([str(absent)]) == 1, "a missing file is an error"
    assert f"{absent}: no such stack file" in capsys.readouterr().err, "which is named"


def test_what_was_typed_is_kept_beside_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.typed.yaml"
    path.write_text("config: { version: 2.10 }\n", encoding="utf-8")
    reading = read(path)
    assert reading.document == {"config": {"version": 2.1}}, "as Pulumi"
    assert reading.typed == {("config", "version"): "2.10"}, "as the person knows it"


def test_an_unreadable_file_says_why(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="cannot be read"):
        read(tmp_path)

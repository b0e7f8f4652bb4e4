"""`make setup`: the interpreter, the virtual environment, and the sentences where something is missing."""

import ast
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import environment
from tools.files import SetupError

ROOT = Path(__file__).resolve().parents[2]


def wheel(directory: Path) -> str:
    """Put a tiny wheel into `directory`; returns its SHA-256 (hex)."""
    directory.mkdir(exist_ok=True)
    path = directory / "tiny-1.0-py3-none-any.whl"
    info = "tiny-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny.py", "ANSWER = 42\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"tiny.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose lock files want one package, which lies in a directory: pip needs no network."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    digest = wheel(tmp_path / "wheels")
    (tmp_path / "requirements.txt").write_text(f"tiny==1.0 --hash=sha256:{digest}\n")
    (tmp_path / "requirements-dev.txt").write_text("# nothing more\n")
    return tmp_path


def test_an_environment_is_made_beside_the_one_in_use_and_takes_its_place_when_it_is_whole(
    locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One test for all that needs a real environment: it takes seconds to make, and the next ones are its copies."""
    old, lock, right = locked / ".venv", locked / "requirements.txt", (locked / "requirements.txt").read_text()
    (old / "bin").mkdir(parents=True)
    (old / "bin" / "tool").write_text("of an earlier setup")
    said = environment.ensure(locked)
    first = old.resolve()
    assert not (old / "bin" / "tool").exists(), "nothing is left over in it"
    assert ".venv made with Python" in said, f"the first run says what it did, not {said!r}"
    run = [str(old / "bin" / "python"), "-c", "import tiny; print(tiny.ANSWER)"]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip() == "42", "it is whole"
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a second run must not start a process"))
        assert "current" in environment.ensure(locked), "a second run has nothing to do, and says so"
    monkeypatch.setattr(environment, "_run", _copying(first, environment._run))
    shutil.rmtree(next(first.glob("lib/*/site-packages/tiny-1.0.dist-info")))
    for wrong in ("tiny==1.0\n", right.replace("sha256:", "sha256:0")[:-2] + "\n"):
        lock.write_text(wrong)
        with pytest.raises(SetupError, match="the packages could not be installed"):
            environment.ensure(locked)  # it has no hash, or not that of the package
    assert old.resolve() == first, "what worked before goes on working"
    lock.write_text(right)
    (locked / "requirements-dev.txt").write_text("# changed\n")
    environment.ensure(locked)
    left = [path for path in first.parent.iterdir() if (path / environment.STAMP).exists()]
    assert left == [old.resolve()] != [first], "the one before goes, and no failed one counts"


def _copying(venv: Path, run: Callable[[list[str], str], None]) -> Callable[[list[str], str], None]:
    """Runs commands, but copies `venv` where one would make another: it looks for packages where it lies."""

    def instead(command: list[str], failure: str) -> None:
        if command[1:3] == ["-m", "venv"]:
            shutil.copytree(venv, command[-1], symlinks=True, ignore=shutil.ignore_patterns(environment.STAMP))
        else:
            run(command, failure)

    return instead


def test_setup_says_nothing_where_a_program_reads(tmp_path: Path) -> None:
    code = "import pathlib, sys; from tools import bootstrap, environment, pulumi_cli\n"
    code += "environment.ensure = pulumi_cli.ensure = lambda _: 'current'\nbootstrap.prepare(pathlib.Path(sys.argv[1]))"
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (run.stdout, len(run.stderr.splitlines())) == ("", 2), "a command of make can be piped"


@pytest.mark.parametrize("name", environment.LOCKS)
def test_a_changed_lock_file_makes_the_environment_anew(locked: Path, name: str) -> None:
    before = environment.digest(locked)
    (locked / name).write_text((locked / name).read_text() + "# changed\n")
    assert environment.digest(locked) != before, f"a change of {name} must be noticed"


def test_another_interpreter_or_place_makes_the_environment_anew(
    locked: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = environment.digest(locked)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for name in environment.LOCKS:
        shutil.copy(locked / name, elsewhere / name)
    assert environment.digest(elsewhere) != before, "scripts of an environment name its place, so it cannot be moved"
    monkeypatch.setattr(sys, "version", "3.12.1 (another)")
    assert environment.digest(locked) != before, "packages are compiled for one version of Python"


def test_a_python_without_ensurepip_gives_one_sentence(locked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SetupError, match=r"has no ensurepip.*apt install python3-venv") as caught:
        environment.ensure(locked)
    assert "\n" not in str(caught.value), f"one sentence, not more: {caught.value}"


def test_an_old_python_gives_one_sentence() -> None:
    pretend = "import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_path('tools/setup.py', run_name='__main__')"
    run = subprocess.run([sys.executable, "-c", pretend], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1, "an old Python must stop setup"
    assert "needs Python 3.11 or newer" in run.stderr, f"the sentence must name what is needed: {run.stderr!r}"
    assert "is Python 3.9.2" in run.stderr, f"the sentence must name what is there: {run.stderr!r}"
    assert len(run.stderr.splitlines()) == 1, f"one sentence, no traceback: {run.stderr!r}"


def test_an_old_python_can_read_the_entry_script() -> None:
    source = (ROOT / "tools" / "setup.py").read_text()
    tree = ast.parse(source, feature_version=(3, 6))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"os", "runpy", "sys"}, "the entry must not import what an old Python cannot read"
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree)), "nor by `from ... import`"


def test_a_missing_python_gives_one_sentence() -> None:
    make = shutil.which("make") or "make"
    run = subprocess.run(
        [make, "--no-print-directory", "setup", "PYTHON=no-such-python"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0, "setup cannot go on without Python"
    assert "there is no no-such-python: install it" in run.stderr.splitlines()[0], f"the sentence: {run.stderr!r}"


def test_setup_needs_nothing_but_the_standard_library() -> None:
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", "import sys; sys.path.insert(0, '.'); import tools.bootstrap"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"setup runs before anything is installed: {run.stderr}"


@pytest.mark.failure("style-blocks-deployment")
@pytest.mark.parametrize("operation", ["preview", "up", "refresh", "destroy", "recreate", "status", "drift", "doctor"])
def test_an_operation_needs_the_set_up_and_no_check_of_the_source(operation: str) -> None:
    """A dry run of make prints every recipe that it would run, with those of all prerequisites."""
    command = ["make", "--dry-run", "--always-make", "--no-print-directory", operation, "STACK=home"]
    recipes = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"tools.{'operate' if operation in {'preview', 'up', 'refresh', 'destroy'} else operation}" in recipes
    for checker in ("ruff", "mypy", "pytest", "importlinter", "lint-imports", "--check"):
        assert checker not in recipes, "who must bring a cluster up at night is not kept from it by a comma"

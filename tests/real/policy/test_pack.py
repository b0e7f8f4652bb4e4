"""The policy pack under the real engine, in the environment that its lock file gives; the providers are the lab's."""

import os
from pathlib import Path

import pytest

from lab.checkout import Stack
from lab.driver import Driver, Result
from tests.support.program import ROOT, STACK_FILE, copy_program

PACK = ROOT / "policy"
PYTHON = PACK / ".venv" / "bin" / "python"
NAME = STACK_FILE.stem.removeprefix("Pulumi.")

_PLANTED = """
import pulumi
import pulumi_random
from components import script_job
script_job.PYTHON = "docker.io/library/python:latest"
provider = pulumi_random.Provider("stray")
pulumi_random.RandomPassword("stray", length=20, opts=pulumi.ResourceOptions(provider=provider))
"""

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="no environment of the policy pack: make policy")


@pytest.fixture
def launcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a CLI without a language host starts packs with."""
    file = tmp_path / "bin" / "pulumi-analyzer-policy-python"
    file.parent.mkdir()
    file.write_text(f"#!/bin/sh\nexec {PYTHON} -u .\n", encoding="utf-8")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{file.parent}{os.pathsep}{os.environ['PATH']}")


def _preview(root: Path, workdir: Path) -> Result:
    return Driver(Stack(root, NAME, workdir), checkpoints=False).preview(policy_packs=[str(PACK)])


@pytest.mark.usefixtures("launcher")
def test_the_pack_lets_the_program_pass(tmp_path: Path) -> None:
    result = _preview(ROOT, tmp_path / "work")
    assert result.ok, result.error
    log = (tmp_path / "work" / "preview.log").read_text(encoding="utf-8")
    assert "home-cluster@v0.1.0" in log.partition("Policies:")[2], "it was asked"


@pytest.mark.usefixtures("launcher")
def test_the_pack_refuses_an_image_without_a_release_and_values_outside_the_register(tmp_path: Path) -> None:
    root = tmp_path / "program"
    root.mkdir()
    copy_program(root)
    # The process of the program has all but this file from before.
    main = root / "__main__.py"
    main.write_text(_PLANTED + main.read_text(encoding="utf-8"), encoding="utf-8")
    result = _preview(root, tmp_path / "work")
    assert not result.ok, "a violation is no warning"
    log = (tmp_path / "work" / "preview.log").read_text(encoding="utf-8")
    assert "image docker.io/library/python:latest" in log, "of one resource"
    assert "secret-from-register" in log, "and of all together"

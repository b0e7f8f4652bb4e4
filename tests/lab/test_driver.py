"""The real engine, driven over a small platform: it converges, survives failures and kills, and leaks nothing."""

import base64
import inspect
import io
import json
from pathlib import Path
from typing import Any, cast

import pytest
from pulumi import automation as auto
from rich.console import Console

from lab import demo
from lab.checkout import LabError, Stack, prepare
from lab.driver import Driver
from lab.faults import Faults
from lab.operation import Order, _perform
from tests.engine.platform import world_of
from tests.lab.stacks import copy_of, driver_of, kill_after, stack_of
from tests.reporting.test_graph import drawn
from tools.operate import FLAGS

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The small platform, up."""
    stack = stack_of("slice", tmp_path_factory.mktemp("slice"))
    result = driver_of(stack).up()
    assert result.ok, result.error
    assert result.outputs == {"urls": {"vault": "https://192.0.2.101:8200"}}, "what is no secret is handed out"
    return stack


def test_no_secret_lies_in_any_file_in_plain_text(finished: Stack) -> None:
    with world_of(finished) as world:
        secret = world.get("kubernetes/objects", "/Secret/vault/vault-keys")
        document = world.get("vault/resources", "kv/data/app")
    assert secret is not None, "the initialisation wrote it"
    assert document is not None, "the program wrote it"
    root_token = base64.b64decode(secret["data"]["vault-root"]).decode()
    password = document["outputs"]["data"]["password"]
    forms = {form for value in (root_token, password) for form in (value, base64.b64encode(value.encode()).decode())}
    files = [path for path in finished.workdir.rglob("*") if path.is_file()]
    assert len(files) > 5, "state, world, logs and copies are looked through"
    leaks = [(path.name, form[:6]) for path in files for form in forms if form.encode() in path.read_bytes()]
    assert not leaks, f"secrets are encrypted wherever the lab leaves something: {leaks}"


def test_drift_is_found_and_repaired(finished: Stack, tmp_path: Path) -> None:
    stack = copy_of(finished, tmp_path / "copy")
    with world_of(stack) as world:
        world.delete("kubernetes/objects", "/Namespace//flux-system")
    result = driver_of(stack).up(refresh=True)
    assert result.ok, result.error
    with world_of(stack) as world:
        assert world.get("kubernetes/objects", "/Namespace//flux-system"), "the missing namespace is made again"


@pytest.mark.failure("half-configured-backend")
def test_a_failure_holds_back_what_depends_on_it_and_the_next_run_converges(tmp_path: Path) -> None:
    stack, console = stack_of("slice", tmp_path / "work"), Console(file=io.StringIO(), width=200)
    with world_of(stack) as world:
        Faults(world).stage("Job", "init", "fail", "exit code 1")
    assert demo.run(driver_of(stack), console) == 1, "the Job fails"
    report = json.loads((stack.workdir / "report.json").read_text(encoding="utf-8"))
    statuses = {phase["name"]: phase["status"] for phase in report["phases"]}
    assert statuses == {"cluster": "ready", "phase1-infrastructure": "failed", "gitops": "ready"}, (
        "nothing else is held"
    )
    assert report["result"] == "update failed", "as a whole"
    job = next(one for one in report["resources"] if one["name"] == "init-job")
    assert (job["status"], job["finished"] - job["started"]) == ("failed", 15), "a Job takes 15 seconds there"
    assert "exit code 1" in job["message"], "as its provider tells"
    assert "kv" in job["blocks"]["phase1-infrastructure"], "what waits for it, by phase"
    path = report["criticalPath"]
    spent = [one["finished"] - one["started"] for one in path]
    assert sum(spent) == path[-1]["finished"] == report["timeline"]["seconds"] > 60 + 30, "image, machine and more"
    assert "exit code 1" in (stack.workdir / "report.html").read_text(encoding="utf-8"), "people read it there"
    assert isinstance(console.file, io.StringIO), "the console writes into memory"
    assert "exit code 1" in console.file.getvalue(), "the cause is told"
    boxes = drawn((stack.workdir / "graph.svg").read_text(encoding="utf-8"))
    assert boxes["init-job"] == ("failed", ["failed: init-job"]), "what failed"
    assert boxes["kv"][0] == "blocked", "it is in no state, and it is in the picture"
    assert "init-job" in boxes["kv"][1][0], "by whom"
    assert boxes["flux"][0] == boxes["gitops"][0] == "done", "another branch"
    assert "failed: init-job" in boxes["phase1-infrastructure"][1][0], "the phase that holds it"
    assert not (stack.workdir / "plan.json").exists(), "inputs do not stay behind"
    with world_of(stack) as world:
        Faults(world).clear()
    again = driver_of(stack).up()
    assert again.ok, f"with the cause gone the same command finishes the work: {again.error}"


@pytest.mark.failure("operation-cut-off")
def test_a_killed_run_is_continued_by_the_next(tmp_path: Path) -> None:
    stack = stack_of("slice", tmp_path / "work")
    left = kill_after(stack, 22)
    assert left.get("resources"), "it was killed half-way, not before it began"
    result = driver_of(stack).up()
    assert result.ok, f"lock and pending steps of the killed run are dealt with: {result.error}"
    with world_of(stack) as world:
        assert world.get("vault/resources", "kv/data/app"), "the last resource is there"


@pytest.mark.failure("api-gone-first")
def test_everything_is_destroyed_in_an_order_the_world_accepts(finished: Stack, tmp_path: Path) -> None:
    stack = copy_of(finished, tmp_path / "copy")
    result = driver_of(stack).destroy()
    assert result.ok, f"what is needed to delete something is deleted after it: {result.error}"
    with world_of(stack) as world:
        left = [key for key in world.keys("kubernetes/objects") if "/vault/" in key]
        assert not left, "nothing of the platform stays in the world"


class _Recorded:
    """A stack that notes down how an operation was started."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}

    def __getattr__(self, operation: str) -> Any:
        def start(**options: Any) -> Any:
            self.options = options

        return start


@pytest.mark.parametrize("operation", FLAGS)
def test_the_lab_runs_the_flags_of_the_commands_and_no_others(operation: str) -> None:
    known = set(inspect.signature(getattr(auto.Stack, operation)).parameters)
    recorded = _Recorded()
    _perform(cast("auto.Stack", recorded), Order(operation, "", "", ""), print, {})
    assert set(recorded.options) <= known, "the Automation API knows them all"
    given = {f"--{name.replace('_', '-')}" for name, value in recorded.options.items() if value is True}
    assert given == set(FLAGS[operation]), "what the lab shows is what make does"


def test_a_stack_file_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    stack = Stack(stack_of("slice", tmp_path).root, "prod", tmp_path)
    with pytest.raises(LabError, match=r"Pulumi.prod.yaml: no such stack file; the stacks here are dev"):
        Driver(stack).preview()


def test_the_copy_of_a_stack_file_keeps_what_the_lab_added_and_drops_foreign_secrets(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "Pulumi.yaml").write_text("name: p\nruntime: python\n", encoding="utf-8")
    source = "encryptionsalt: theirs\nconfig:\n  p:a: '1'\n  p:b: off\n  p:token: {secure: theirs}\n"
    (root / "Pulumi.dev.yaml").write_text(source, encoding="utf-8")
    stack = Stack(root, "dev", tmp_path / "work")
    stack.project.mkdir(parents=True)
    earlier = "encryptionsalt: ours\nconfig:\n  p:a: '0'\n  p:token: {secure: ours}\n"
    (stack.project / "Pulumi.dev.yaml").write_text(earlier, encoding="utf-8")
    prepare(stack)
    copied = (stack.project / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    assert "theirs" not in copied, "nobody here can decrypt it"
    assert "ours" in copied, "salt and secrets of the lab stay, or every run would change them"
    assert "p:a: '1'" in copied, "the checkout's value wins"
    assert "p:b: 'off'" in copied, "a word to Pulumi, and false only to YAML 1.1"
    assert (root / "Pulumi.dev.yaml").read_text(encoding="utf-8") == source, "the checkout is not touched"

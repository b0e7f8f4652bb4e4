"""The whole program on the lab, from the stack file beside this module, and copies of what one run left behind."""

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from doubles.kubernetes_api import KubernetesApi
from doubles.loopback import Request
from lab.checkout import ROOT, Stack, passphrase
from lab.driver import Driver, Result
from lab.faults import Faults
from lab.providers.catalogue import open_site
from lab.providers.kubernetes.api_server import State
from lab.providers.kubernetes.cluster import Cluster
from lab.world import World
from reporting.phases import Phases
from tools.cluster import ClusterError
from tools.flux_sync import unsynced

NAME = "engine"
STACK_FILE = Path(__file__).with_name(f"Pulumi.{NAME}.yaml")


def new_stack(directory: Path, program: Path = ROOT / "__main__.py", stack_file: Path = STACK_FILE) -> Stack:
    """A stack whose program is that of the checkout, and whose stack file is that of these tests, unless told."""
    root = directory / "root"
    root.mkdir(parents=True)
    (root / "__main__.py").symlink_to(program)
    for name in ("Pulumi.yaml", ".tools"):
        if (ROOT / name).exists():
            (root / name).symlink_to(ROOT / name)
    shutil.copyfile(stack_file, root / stack_file.name)
    return Stack(root=root, name=stack_file.name.split(".")[1], workdir=directory / "work")


def copy_of(stack: Stack, directory: Path) -> Stack:
    """The same stack, state and world, to go on from without touching the original."""
    shutil.copytree(stack.root.parent, directory, symlinks=True)
    return Stack(root=directory / "root", name=stack.name, workdir=directory / "work")


def edit(stack: Stack, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes the settings of a stack file; `change` gets them by section."""
    document = yaml.safe_load(stack.file.read_text(encoding="utf-8"))
    prefix = "home-cluster:"
    sections = {key.removeprefix(prefix): value for key, value in document["config"].items()}
    change(sections)
    document["config"] = {prefix + key: value for key, value in sections.items()}
    stack.file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def without_what_needs_gitea(text: str) -> str:
    """That stack file without its organisation and the repository of Flux, so that Gitea can be switched off."""
    repository = "    sync:\n      gitea: { organisation: home, repository: cluster }\n      path: clusters/engine\n"
    for line in ("    organisations: { home: { owners: [admins] } }\n", repository):
        assert text.count(line) == 1, f"{line!r} stands once in {STACK_FILE.name}"
        text = text.replace(line, "")
    return text


@contextmanager
def world_of(stack: Stack) -> Iterator[World]:
    """The simulated world, to look into and to stage something between two operations."""
    with World(stack.world, passphrase(stack)) as world:
        yield world


def faults_of(world: World) -> Faults:
    """What goes wrong in that world."""
    return Faults(world)


def phases_of(result: Result) -> Phases:
    """What the phase table shows at the end of an operation."""
    phases = Phases()
    for event in result.events:
        phases.see(event)
    phases.end()
    return phases


def statuses(result: Result) -> dict[str, str]:
    """Status of each phase, in the order of the design."""
    return {phase.name: phase.status.value for phase in phases_of(result).ordered()}


class Api:
    """The API server of a world, as its administrator."""

    def __init__(self, server: KubernetesApi) -> None:
        self.server = server

    def get(self, path: str) -> dict[str, Any]:
        """The object or list at a path."""
        reply = self.server.respond(Request("GET", path, {}, b""), "admin")
        if reply.status != 200:
            raise ClusterError(f"https://api answers {reply.status} for {path}")
        body = reply.body
        return body if isinstance(body, dict) else dict(json.loads(body))


def unsynced_in(stack: Stack) -> str | None:
    """Why Flux does not apply what lies in its repository, as `make up` ends with it; None where it does."""
    with world_of(stack) as world:
        return unsynced(Api(KubernetesApi(State(Cluster(open_site(world, grace=0, pace=0))))))


@dataclass(frozen=True)
class Outcome:
    """An operation that several tests look at.

    Attributes:
        stack: What it left behind; a test that changes anything works on `copy_of` it.
    """

    stack: Stack
    result: Result


def once_in_a_run(
    directory: Path,
    bring_about: Callable[[Stack], Result],
    program: Path = ROOT / "__main__.py",
    after: Outcome | None = None,
) -> Outcome:
    """What `bring_about` leads to, in `directory`, which all workers of a test run share: the first one does it.

    It begins with nothing, or goes on from what is there `after` another.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    record = directory.with_suffix(".json")
    with directory.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            stack = copy_of(after.stack, directory) if after else new_stack(directory, program)
            record.write_text(json.dumps(asdict(bring_about(stack))), encoding="utf-8")
    stack = Stack(root=directory / "root", name=NAME, workdir=directory / "work")
    return Outcome(stack, _result(json.loads(record.read_text(encoding="utf-8"))))


def _result(record: dict[str, Any]) -> Result:
    return Result(**{**record, "events": tuple(record["events"])})


def driver(stack: Stack) -> Driver:
    """What runs operations of the stack; nobody kills them here, so the state need not be written at every step."""
    return Driver(stack, checkpoints=False)

"""Before an operation that changes something: is the stack free, does its cluster answer, was the last one cut off?

The same for `make up`, `refresh` and `destroy` and for the operations of the lab.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lib.secret_state import resources
from tools import identity
from tools.cluster import Cluster, ClusterError, lives_in_cluster
from tools.interrupted import RUNBOOK, Recovery, described, pending
from tools.lock import locks
from tools.state import Engine, State, StateError
from tools.state_edit import in_cluster, without

LOST = "docs/runbooks/lost-cluster.md"


class NotReadyError(Exception):
    """The operation must not start. The message says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """What an operation is prepared with.

    Attributes:
        connect: The cluster of a state; None where nobody can say where it is. Called where something lives in it.
        agree: Asks the person a question.
        say: Tells the person something.
        destroys: Whether a state, in a cluster or none, is to be destroyed: tells what goes and asks.
        keep_identity: What the cluster is known by stays in the state, ready for a destroy of everything else.
        identity: An exported state of this stack, whose own was lost: the cluster is to be known by the same.
        cluster_down: Go on although the cluster does not answer, and leave what was cut off for later.
        cluster_gone: The cluster exists no more: what lived in it is taken out of the state.
    """

    engine: Engine
    connect: Callable[[State], Cluster | None]
    agree: Callable[[str], bool]
    say: Callable[[str], object]
    destroys: Callable[[State, Cluster | None], bool] = lambda state, cluster: True
    keep_identity: bool = False
    identity: Path | None = None
    cluster_down: bool = False
    cluster_gone: bool = False

    def prepare(self, operation: str) -> State | None:
        """Put right what can be; the state as it was before, None where there is none or the engine has to say why.

        Raises:
            NotReadyError: when the operation must not start.
        """
        self._free()
        try:
            state = self.engine.state()
        except StateError:
            return None
        if self.identity is not None:
            self._adopt(self.identity, state)
        elif state is not None:
            self._prepare(operation, state)
        return state

    def _adopt(self, file: Path, state: State | None) -> None:
        """Begin with the identity of an exported state."""
        if any(one.get("custom") for one in resources(state or {})):
            raise NotReadyError(f"the state of {self.engine.stack} is not lost, so nothing is taken from {file}")
        try:
            self.engine.put(identity.read(file, self.engine.stack.rsplit("/", 1)[-1]))
        except StateError as error:
            raise NotReadyError(str(error)) from None

    def _prepare(self, operation: str, state: State) -> None:
        try:
            cluster = self._reached(state, operation)
            if operation == "destroy" and not self.destroys(state, None if self.cluster_gone else cluster):
                raise NotReadyError("nothing was destroyed")
            if self.cluster_gone:
                self._forget(state)
            elif pending(state) and not self.cluster_down:
                self._recover(state, cluster)
            if self.keep_identity:
                # Barriers before it would be kept with it, and so the whole cluster.
                self.engine.put(identity.detached(self.engine.state() or state))
        except (ClusterError, StateError) as error:
            raise NotReadyError(str(error)) from None

    def _free(self) -> None:
        """Remove the lock of an operation that is dead."""
        held = locks(self.engine)
        for lock in held:
            if not lock.dead:
                raise NotReadyError(
                    f"{lock.user} runs an operation of this stack on {lock.host} (process {lock.pid}, since "
                    f"{lock.since}). If that process is no more: pulumi cancel {self.engine.stack}"
                )
        if not held:
            return
        since = ", ".join(lock.since for lock in held)
        if not self.agree(f"The operation of {since} was cut off: its process is gone. Remove its lock?"):
            raise NotReadyError(f"the lock stays; see {RUNBOOK}")
        try:
            self.engine.cancel()
        except StateError as error:
            raise NotReadyError(str(error)) from None

    def _reached(self, state: State, operation: str) -> Cluster | None:
        """The cluster of the state, which answers; None where nothing of the state is in one, or it is not needed."""
        if not lives_in_cluster(state):
            return None
        cluster = self.connect(state)
        reason = cluster.silence() if cluster is not None else None
        if cluster is not None and reason is None and self.cluster_gone:
            raise NotReadyError("the cluster is not gone, its Kubernetes API answers; nothing was changed")
        if reason is None or self.cluster_gone:
            return cluster
        if self.cluster_down:
            self.say(f"{reason}; going on without it")
            return None
        raise NotReadyError(
            f"the Kubernetes API of this stack does not answer, so nothing was changed: {reason}. "
            f"If the cluster is only out of reach, bring it back first. To {operation} without it, for example "
            f"to repair its machines, add ARGS=--cluster-down; if it is gone for good, "
            f"ARGS=--cluster-gone. Read {LOST} before."
        )

    def _recover(self, state: State, cluster: Cluster | None) -> None:
        begun = [one for one in pending(state) if one["type"] != "reading"]
        for one in begun:
            self.say(f"cut off: {described(one)}")
        if not self.agree(
            f"The last operation was cut off at {len(begun)} steps. Find out how far they got, and go on?"
        ):
            raise NotReadyError(f"the last operation was cut off; see {RUNBOOK}")
        Recovery(self.engine, cluster, self.say).recover(state)

    def _forget(self, state: State) -> None:
        """Take what lived in the cluster out of the state."""
        gone = set(in_cluster(state))
        question = f"Is the cluster gone for good? {len(gone)} resources that lived in it are taken out of the state."
        if not self.agree(question):
            raise NotReadyError(f"the state stays as it is; see {LOST}")
        kept = self._file("state", "json")
        kept.write_text(json.dumps(state), encoding="utf-8")
        self.engine.put(without(state, gone))
        self.say(f"the state as it was, with its secrets encrypted, is kept in {kept}")

    def _file(self, folder: str, suffix: str) -> Path:
        """Where something about this stack is kept."""
        path = self.engine.root / "build" / folder / f"{self.engine.stack.rsplit('/', 1)[-1]}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def on_a_terminal(question: str) -> bool:
    """Ask the person at the terminal; anything but yes is no, the end of the input too."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False

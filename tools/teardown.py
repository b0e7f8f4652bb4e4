"""`make destroy`: the name of the stack is asked for, and volumes go while their driver is there to delete them."""

import json
import sys
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from lib.names import SystemNamespace
from lib.secret_state import resources
from settings.model import Settings
from tools import flux_sync, identity
from tools.backups import summary
from tools.cluster import Cluster, ClusterError
from tools.foreign import abandoned, strangers
from tools.losses import Standing
from tools.state import Engine, State, StateError

RUNBOOK = "docs/runbooks/leftover-volumes.md"
DESTROYED = "destroyed by make recreate, which makes it again"
"""What the history of the stack says of the destroy of a recreation."""
EVERY_SECONDS = 3.0

_ATTEMPTS = 40
_RELEASE = "kubernetes:helm.sh/v3:Release"


@dataclass(frozen=True, kw_only=True)
class Teardown:
    """A destroy.

    Attributes:
        given: What the person said beforehand as the name of the stack.
        say: Tells the person something.
        keeps_identity: Whether generated keys and secrets stay in the state (tools/identity.py).
        asks: Whether anything is destroyed at all, and not only shown.
    """

    engine: Engine
    settings: Settings
    given: str
    say: Callable[[str], object]
    keeps_identity: bool = False
    asks: bool = True

    def agreed(self, state: State, cluster: Cluster | None) -> bool:
        """Tell what is lost and what stays, and ask. Where the person agrees, the state as it is is kept in a file."""
        if not self._rest(state):
            return True
        found = look(state, self.settings, cluster, keeps_identity=self.keeps_identity)
        lost, stays = list(found.lost()), list(found.stays())
        stays += summary.look(self.engine, self.settings, datetime.now(UTC))[0]
        for title, lines in ("lost", lost), ("stays", stays):
            self.say("\n  ".join([f"{title}:", *lines]))
        if cluster is not None and (leftover := flux_sync.farewell(self.settings, self.engine)):
            self.say(leftover)
        if found.unknown:
            self.say(f"what else is in the cluster, and which volumes, cannot be told: {found.unknown}")
        if volumes := [one for one in (*lost, *stays) if one.startswith("volume ")]:
            text = "\n".join(one.removeprefix("volume ") for one in volumes)
            self.say(f"the volumes are listed in {self._keep('volumes', '.txt', text)}, too; see {RUNBOOK}")
        if not self.asks:
            return True
        if not named(self.engine.stack, self.given, self.say):
            return False
        now = datetime.now(UTC)
        kept = self._keep("state", f"-{now:%Y%m%dT%H%M%SZ}.json", json.dumps(state))
        self.say(f"the state as it is, with its secrets encrypted, is kept in {kept}")
        return True

    def carried_out(self, run: Callable[[Sequence[str]], int], connect: Callable[[], Cluster | None]) -> int:
        """Exit code of the CLI, which `run` starts with more flags: once, or twice where volumes are to be deleted.

        A claim is gone before its volume is, and Helm would uninstall the driver in between.
        """
        try:
            state = self.engine.state() or {}
        except StateError:
            return run(())  # the CLI says why
        stays = identity.kept(state) if self.keeps_identity else frozenset()
        more = ["--yes"] if self.asks and self._rest(state) else []  # the person has agreed
        more += ["--message", DESTROYED] if self.keeps_identity else []
        if self.asks and (driver := _driver(state)) and (cluster := connect()) is not None:
            waiting = look(state, self.settings, cluster, keeps_identity=False).deleted
            if waiting and (code := run(["--yes", *_without(stays | driver)])):
                return code
            if waiting:
                self._await_deletion(cluster, {one.handle for one in waiting})
        return run([*more, *_without(stays)]) if self._rest(state) or not self.keeps_identity else 0

    def _await_deletion(self, cluster: Cluster, handles: Collection[str]) -> None:
        """Let the driver delete volumes whose claims are gone."""
        left = set(handles)
        for _ in range(_ATTEMPTS):
            try:
                left &= {one.handle for one in cluster.volumes()}
            except ClusterError as error:
                self.say(f"whether its volumes were deleted cannot be told: {error}")
                return
            if not left:
                return
            time.sleep(EVERY_SECONDS)
        self.say(f"not deleted by their driver, so they stay: {', '.join(sorted(left))}; see {RUNBOOK}")

    def _rest(self, state: State) -> set[str]:
        """URNs of what is destroyed."""
        stays = identity.kept(state) if self.keeps_identity else frozenset()
        return {one["urn"] for one in resources(state)} - stays

    def _keep(self, folder: str, ending: str, text: str) -> Path:
        path = self.engine.root / "build" / folder / f"{self.engine.stack.rsplit('/', 1)[-1]}{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
        return path


def look(state: State, settings: Settings, cluster: Cluster | None, *, keeps_identity: bool) -> Standing:
    """What stands, from the state and the cluster where it answers."""
    found = Standing(state=state, settings=settings, keeps_identity=keeps_identity)
    if cluster is None:
        return found
    try:
        found = replace(found, volumes=cluster.volumes())
        others, left = list(strangers(cluster, state)), list(abandoned(cluster, state))
        return replace(found, strangers=others, abandoned=left)
    except ClusterError as error:
        return replace(found, unknown=str(error))


def named(stack: str, given: str, say: Callable[[str], object]) -> bool:
    """Whether the person typed the name of the stack, or said it before (`YES=<stack>`). A yes is not enough here."""
    name = stack.rsplit("/", 1)[-1]
    if not given and sys.stdin.isatty():
        given = input(f"Type the name of the stack, {name}, to destroy it: ").strip()
    if given != name:
        what = f"{given} is not the name of this stack" if given else "nobody can be asked here"
        say(f"{what}. Say YES={name} (ARGS=--yes is not enough), or type the name on a terminal.")
    return given == name


def _driver(state: State) -> frozenset[str]:
    """URN of the release of the CSI driver, where the program brought it."""
    namespace = SystemNamespace.CSI_PROXMOX
    found = (one for one in resources(state) if one["type"] == _RELEASE)
    return frozenset(one["urn"] for one in found if (one.get("outputs") or {}).get("namespace") == namespace)


def _without(urns: Collection[str]) -> list[str]:
    """Flags that leave resources, and what they depend on, as they are."""
    return [part for urn in sorted(urns) for part in ("--exclude", urn)]

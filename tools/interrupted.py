"""After an operation that was cut off: what it left begun is brought to an end before the next one starts.

A killed operation leaves its lock, and pending operations in the state. The engine (3.250.0) forgets those that changed
or removed something, and keeps creations until somebody says what became of them. The same name cannot be made twice:
Helm and Kubernetes refuse it, Vault refuses a path and Proxmox a VM id. So each thing whose name says its id is written
into the state and its provider asked, which drops what is not there. A Helm release is asked for in Helm's own record.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from lib.secret_state import resources
from tools.cluster import Cluster, ClusterError
from tools.helm_release import HelmRelease
from tools.state import Engine, State, StateError
from tools.state_edit import without

RUNBOOK = "docs/runbooks/interrupted.md"
CUT_OFF = "an operation was cut off while Helm was at it"
"""Initialisation error of a release that was begun: the next update goes on with it, whatever else has changed."""

_RELEASE = "kubernetes:helm.sh/v3:Release"
_VM = "proxmoxve:index/vmLegacy:VmLegacy"
_BY_PATH = (
    "vault:index/audit:Audit",
    "vault:index/authBackend:AuthBackend",
    "vault:index/mount:Mount",
    "vault:jwt/authBackend:AuthBackend",
)
_REPEATABLE = ("command:", "proxmoxve:download/", "random:", "talos:", "tls:", "vault:", "pulumi:")
"""Made again without harm: a local value, a call that says the same twice, a file that may be replaced."""

_BEING = {"creating": "made", "updating": "changed", "deleting": "removed", "reading": "read", "importing": "imported"}


def pending(state: State) -> list[Mapping[str, Any]]:
    """Operations that began and of which the engine does not know how they ended."""
    return list((state.get("deployment") or {}).get("pending_operations") or ())


def described(operation: Mapping[str, Any]) -> str:
    """What was being done to what, in words."""
    resource = operation["resource"]
    name, kind = resource["urn"].rpartition("::")[2], resource["type"].rpartition(":")[2]
    return f"{kind} {name} was being {_BEING.get(operation['type'], operation['type'])}"


@dataclass(frozen=True)
class Recovery:
    """Brings the stack of a cut-off operation into a state that the next one can start from.

    Attributes:
        cluster: The cluster of the state; None where there is none, or it cannot be asked.
        say: Takes a sentence for the person.
    """

    engine: Engine
    cluster: Cluster | None
    say: Callable[[str], object]

    def recover(self, state: State) -> None:
        """Resolve every pending operation.

        Raises:
            ClusterError: when Helm's record of a release cannot be read, and nothing has changed; or not be changed.
            StateError: when the engine refuses.
        """
        begun, waiting = pending(state), list[Callable[[], None]]()
        kept = {one["urn"]: one for one in resources(state) if not one.get("delete")}
        found = [one for one in (self._release(each, kept, waiting) for each in begun) if one is not None]
        asked = [one for one in (_to_ask(each, kept) for each in begun) if one is not None]
        for one in begun:
            if not _settled(one, kept):
                self.say(
                    f"{described(one)}; whether it was cannot be told. Should it be refused as existing: {RUNBOOK}"
                )
        # First what asks for the lock: on a backend that is no directory nobody else knows whether the operation lives.
        self.engine.put(_with(state, [*found, *asked]))
        for mark_failed in waiting:
            mark_failed()
        self._ask([one["urn"] for one in asked], [one["resource"]["urn"] for one in begun if _is_uncertain(one)])

    def _release(
        self, operation: Mapping[str, Any], kept: Mapping[str, Any], waiting: list[Callable[[], None]]
    ) -> dict[str, Any] | None:
        """The state of a release that Helm was at; None where there is none. Those Helm still waits for are noted."""
        resource, inputs = operation["resource"], operation["resource"].get("inputs") or {}
        if resource["type"] != _RELEASE or operation["type"] not in ("creating", "updating"):
            return None
        if self.cluster is None:
            raise ClusterError(f"{described(operation)}, and the cluster cannot be asked how far that got")
        recorded = self.cluster.newest(inputs["namespace"], inputs["name"])
        if recorded is None:
            return None
        if operation["type"] == "creating" and not _is_ours(recorded, inputs):
            self.say(
                f"{described(operation)}, but {inputs['namespace']}/{inputs['name']} is revision {recorded.revision} "
                f"of {recorded.chart} {recorded.version}, which this program did not install: it is left alone"
            )
            return None
        if recorded.pending:
            waiting.append(partial(self.cluster.mark_failed, recorded))
        known = kept.get(resource["urn"])
        if known is not None:
            return {**known, "initErrors": [CUT_OFF]} if operation["type"] == "updating" else None
        return {**resource, "id": f"{inputs['namespace']}/{inputs['name']}", "outputs": inputs, "initErrors": [CUT_OFF]}

    def _ask(self, made: list[str], others: list[str]) -> None:
        """Let the providers say what is there; take out of the state what turned out to be somebody else's."""
        if not made and not others:
            return
        try:
            self.engine.refresh([*made, *others])
        except StateError as error:
            # Forgotten rather than believed in: what is there after all is refused by name when it is made again.
            self._drop(set(made))
            names = ", ".join(urn.rpartition("::")[2] for urn in made)
            self.say(f"what became of {names or 'what was being changed'} cannot be told: {error}. See {RUNBOOK}")
            return
        state = self.engine.state() or {}
        foreign = {one["urn"] for one in resources(state) if one["urn"] in made and not _made_by_us(one)}
        for urn in foreign:
            self.say(f"{urn.rpartition('::')[2]} is there, but was not made by this program: it is left alone")
        self._drop(foreign)

    def _drop(self, urns: set[str]) -> None:
        state = self.engine.state()
        if urns and state is not None:
            self.engine.put(without(state, urns))


def _is_uncertain(operation: Mapping[str, Any]) -> bool:
    """Whether the state may say something else of a resource than its provider: it was being changed or removed."""
    release = operation["resource"]["type"] == _RELEASE
    return operation["type"] == "deleting" or (operation["type"] == "updating" and not release)


def _to_ask(operation: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any] | None:
    """The state of something that may have been created, for its provider to confirm."""
    resource = operation["resource"]
    identifier = _identifier(resource) if operation["type"] == "creating" and resource["urn"] not in kept else None
    if identifier is None:
        return None
    return {**resource, "id": identifier, "outputs": resource.get("inputs") or {}}


def _identifier(resource: Mapping[str, Any]) -> str | None:
    """The id that the provider gives this resource, where its inputs say it."""
    kind, inputs = resource["type"], resource.get("inputs") or {}
    if kind in _BY_PATH:
        return str(inputs.get("path") or inputs["type"]).strip("/")
    if kind == _VM:
        return str(int(inputs["vmId"])) if "vmId" in inputs else None
    metadata = inputs.get("metadata")
    if kind == _RELEASE or not kind.startswith("kubernetes:") or not isinstance(metadata, Mapping):
        return None
    return "/".join(part for part in (metadata.get("namespace"), metadata.get("name")) if part)


def _settled(operation: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
    """Whether what the operation left is known, or does not matter."""
    resource = operation["resource"]
    if operation["type"] != "creating" or resource["type"] == _RELEASE:
        return True
    return resource["type"].startswith(_REPEATABLE) or _to_ask(operation, kept) is not None


def _is_ours(recorded: HelmRelease, inputs: Mapping[str, Any]) -> bool:
    """Whether a release is the first revision of what was being installed."""
    same = str(inputs["chart"]).rpartition("/")[2].startswith(recorded.chart)
    return same and recorded.revision == 1 and inputs.get("version") in (None, recorded.version)


def _made_by_us(resource: Mapping[str, Any]) -> bool:
    """Whether what the provider found is what the program was making, as far as that leaves a trace."""
    outputs, inputs = resource.get("outputs") or {}, resource.get("inputs") or {}
    if resource["type"] == _VM:
        return bool(outputs.get("name") == inputs.get("name"))
    if not resource["type"].startswith("kubernetes:"):
        return True
    fields = (outputs.get("metadata") or {}).get("managedFields") or ()
    return any(str(one.get("manager", "")).startswith("pulumi-kubernetes") for one in fields)


def _with(state: State, found: list[dict[str, Any]]) -> State:
    """The state with what was found: what it knew already stays in its place."""
    new = {one["urn"]: one for one in found}
    known = [one if one.get("delete") else new.pop(one["urn"], one) for one in resources(state)]
    more = [*known, *new.values()]
    return {**state, "deployment": {**state["deployment"], "resources": more, "pending_operations": []}}

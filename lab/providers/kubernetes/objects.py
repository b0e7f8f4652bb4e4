"""Every resource type of the Kubernetes package but the Helm release: objects of the API server.

The behaviour follows pulumi-kubernetes 4.34 with server-side apply, its default.
"""

from __future__ import annotations

import copy
from typing import Final

from lab.providers.base import Call, CheckFailedError, Diff, Resource, Result
from lab.providers.errors import InitFailedError, RefusedError
from lab.providers.kubernetes import serving
from lab.providers.kubernetes.access import require_reachable, unreachable
from lab.providers.kubernetes.cluster import Cluster, fake_uid
from lab.providers.kubernetes.differences import changed_paths, fixed_data, merge, prune, replacing_paths, under
from lab.providers.kubernetes.forms import as_stored, from_sdk, without_server_fields
from lab.providers.kubernetes.kinds import Kind, is_built_in, malformed
from lab.providers.kubernetes.waiting import (
    REPLACE_UNREADY,
    BadWaitForError,
    annotations_of,
    expressions,
    failed,
    timeout_seconds,
    unready,
)
from lab.providers.schema import Problem
from lab.providers.wire import Properties, has_unknown, secret
from reporting.differences import parts, writers

_UNCOUNTED: Final = ("metadata", "status")  # changes of these raise no generation
_AUTONAMED: Final = "pulumi.com/autonamed"


class ObjectResource(Resource):
    """One kind of object."""

    def __init__(self, token: str) -> None:
        self.kind = Kind.from_token(token)

    def mark(self, outputs: Properties, inputs: Properties) -> Properties:
        """The values of a Secret are secret, whatever the program says (`annotateSecrets` of the provider)."""
        return self._hidden(super().mark(outputs, inputs))

    def mark_inputs(self, found: Properties, inputs: Properties) -> Properties:
        """Likewise; and they are read as `data`, where the program said `stringData`."""
        return self._hidden(super().mark_inputs(found, inputs))

    def _hidden(self, marked: Properties) -> Properties:
        if self.kind.kind != "Secret":
            return marked
        return {key: secret(item) if key in ("data", "stringData") else item for key, item in marked.items()}

    def check(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """Name the object where the program did not, and refuse what its schema does not allow."""
        inputs: Properties = from_sdk(copy.deepcopy(news))
        inputs.setdefault("apiVersion", self.kind.api_version)
        inputs.setdefault("kind", self.kind.kind)
        cluster = Cluster(call.site)
        metadata = inputs.setdefault("metadata", {})
        if isinstance(metadata, dict):
            self._complete(call, cluster, olds, metadata)
        problems = self._problems(call, cluster, inputs)
        if problems:
            raise CheckFailedError(problems)
        return inputs

    def _complete(self, call: Call, cluster: Cluster, olds: Properties, metadata: Properties) -> None:
        if not metadata.get("name") and not metadata.get("generateName"):
            old = olds.get("metadata") or {}
            adopted = old.get("name") if (old.get("annotations") or {}).get(_AUTONAMED) == "true" else None
            metadata["name"] = adopted or f"{call.name}-{(call.seed.hex() or call.digest('name'))[:8]}"
            named = metadata.setdefault("annotations", {})
            if isinstance(named, dict):
                named[_AUTONAMED] = "true"
        if "namespace" not in metadata and serving.is_namespaced(cluster, self.kind):
            metadata["namespace"] = call.config.get("namespace") or "default"

    def _problems(self, call: Call, cluster: Cluster, inputs: Properties) -> list[Problem]:
        try:
            expressions(inputs)
        except BadWaitForError as error:
            return [Problem("metadata.annotations", str(error))]
        # Like the provider: no schema is at hand while the cluster is away, none fits a value that is not known yet.
        if has_unknown(inputs) or unreachable(call.site.world, call.config):
            return []
        version = cluster.version()
        if not is_built_in(self.kind, version):
            return []
        reason = malformed(inputs, version)
        return [Problem("", reason)] if reason else []

    def diff(self, call: Call, olds: Properties, news: Properties) -> Diff:
        """Changes of what is kept of the live object, as far as the inputs say something of it; immutable fields
        replace, first deleting an object whose name is fixed.
        """
        olds, news = self._placed(call, olds), self._placed(call, news)
        if call.state:
            olds = prune(call.state, olds)
        changed = tuple(changed_paths(olds, news))
        replaces = replacing_paths(news, changed) + under(changed, fixed_data(news, call.config))
        metadata, old = news.get("metadata") or {}, olds.get("metadata") or {}
        if annotations_of(news).get(REPLACE_UNREADY) == "true" and self.kind.kind == "Job":
            live = Cluster(call.site).get("batch/Job", str(old.get("namespace")), str(old.get("name")))
            if live is not None and not (live.get("status") or {}).get("succeeded"):
                path = f'metadata.annotations["{REPLACE_UNREADY}"]'
                changed, replaces = (*changed, path), (*replaces, path)
        same_place = all(metadata.get(key) == old.get(key) for key in ("name", "namespace"))
        fixed_name = annotations_of(news).get(_AUTONAMED) != "true"
        return Diff(changed, replaces, bool(replaces) and same_place and fixed_name)

    def plan(self, call: Call, inputs: Properties) -> Properties:
        """A preview shows the inputs; a Secret's `data` includes its `stringData`, as the dry run answers."""
        return inputs if has_unknown(inputs) else as_stored(inputs)

    def create(self, call: Call, inputs: Properties) -> Result:
        """Create the object and wait until it is ready; raises RefusedError or InitFailedError."""
        require_reachable(call)
        cluster = Cluster(call.site)
        obj = as_stored(inputs)
        serving.admit(call, cluster, obj)
        with call.site.world.transaction():
            serving.refuse_existing(call, cluster, obj)
            obj["metadata"]["uid"] = fake_uid(self.kind, obj["metadata"])
            obj["metadata"]["generation"] = 1
            # Who made it: the provider creates with this name (provider/pkg/await/await.go).
            obj["metadata"]["managedFields"] = [{"manager": "pulumi-kubernetes", "operation": "Update"}]
            if self.kind.kind == "Service" and obj["spec"].get("type") != "ExternalName":
                obj["spec"].setdefault(
                    "clusterIP", f"10.96.{int(call.digest('ip')[:2], 16)}.{int(call.digest()[:2], 16)}"
                )
            cluster.store(obj)
        return self._await(call, cluster, obj, inputs, "created")

    def update(self, call: Call, identifier: str, olds: Properties, news: Properties) -> Result:
        """Apply the new inputs over the live object and wait until it is ready."""
        require_reachable(call)
        cluster = Cluster(call.site)
        with call.site.world.transaction():
            live = self._live(cluster, identifier)
            if live is None:
                raise RefusedError(f'{self.kind.qualified} "{identifier.rsplit("/", 1)[-1]}" not found')
            placed = self._placed(call, news)
            obj = merge(self._owned(call, live, placed), self._placed(call, olds), placed)
            raised = any(obj.get(key) != live.get(key) for key in obj.keys() | live.keys() if key not in _UNCOUNTED)
            obj["metadata"]["generation"] = int(live["metadata"].get("generation", 1)) + raised
            cluster.store(obj)
        result = self._await(call, cluster, obj, news, "updated")
        # An event from before the update meets the condition too, and only an older generation tells it from the last.
        stale = not raised and bool(expressions(news))
        return Result(result.identifier, self._outputs(live)) if stale else result

    def _owned(self, call: Call, live: Properties, news: Properties) -> Properties:
        """The live object with its fields taken over; raises RefusedError where others wrote them, and nobody may.

        kubectl's are taken over in any case (fixCSAFieldManagers in await.go), those of its subresources are not.
        """
        changed = [parts(path) for path in changed_paths(prune(live, news), news)]
        by = {name: path for path in changed for name in writers(live, path)}
        conflicts = {name: path for name, path in by.items() if not name.startswith("kubectl")}
        if conflicts and str(call.config.get("enablePatchForce", "false")).lower() != "true":
            told = ", ".join(f'"{name}": .{".".join(map(str, path))}' for name, path in conflicts.items())
            raise RefusedError(
                "server-side apply field conflict detected\n"
                f"Apply failed with {len(conflicts)} conflicts: conflicts with {told}"
            )
        entries = [one for one in live["metadata"].get("managedFields") or () if one["manager"] not in by]
        return {**live, "metadata": {**live["metadata"], "managedFields": entries}}

    def read(self, call: Call, identifier: str, state: Properties, inputs: Properties) -> Result | None:
        """The live object, and the inputs that would produce it; None when it is gone."""
        reason = unreachable(call.site.world, call.config)
        if reason:
            raise RefusedError(f"failed to read resource state due to unreachable cluster: {reason}")
        cluster = Cluster(call.site)
        live = self._live(cluster, identifier)
        if live is None:
            return None
        found = prune(live, self._placed(call, inputs)) if inputs else without_server_fields(live)
        reasons = unready(cluster, live) if inputs else []
        if reasons:
            first = f"Resource '{live['metadata']['name']}' was created but failed to initialize"
            raise InitFailedError(identifier, self._outputs(live), [first, *reasons], found)
        return Result(identifier, self._outputs(live), found)

    def delete(self, call: Call, identifier: str, state: Properties) -> None:
        """Delete the object; a namespace takes everything in it along."""
        require_reachable(call)
        cluster = Cluster(call.site)
        namespace, _, name = identifier.rpartition("/")
        within = name if self.kind.kind == "Namespace" else None
        own = self._live(cluster, identifier)
        goes = [*([own] if own else []), *(cluster.within(within) if within else ())]
        for one in goes:
            if finalizer := serving.held(cluster, one):
                where = f"{one['kind']} {one['metadata']['name']} with the finalizer {finalizer}"
                raise RefusedError(f"timed out waiting for {identifier} to be deleted: nobody is there for {where}")
        cluster.remove(self._path, namespace, name)
        if within:
            cluster.empty_namespace(within)

    @property
    def _path(self) -> str:
        return f"{self.kind.group}/{self.kind.kind}" if self.kind.group else self.kind.kind

    def _placed(self, call: Call, inputs: Properties) -> Properties:
        """Inputs as stored, without the namespace of a kind that has none."""
        stored = as_stored(inputs)
        if not serving.is_namespaced(Cluster(call.site), self.kind):
            (stored.get("metadata") or {}).pop("namespace", None)
        return stored

    def _live(self, cluster: Cluster, identifier: str) -> Properties | None:
        namespace, _, name = identifier.rpartition("/")
        return cluster.get(self._path, namespace, name)

    def _await(self, call: Call, cluster: Cluster, obj: Properties, inputs: Properties, done: str) -> Result:
        call.site.settle()
        metadata = obj["metadata"]
        identifier = f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else metadata["name"]

        def settled() -> bool:
            live = self._live(cluster, identifier)
            return live is None or failed(live) or not unready(cluster, live)

        call.site.clock.wait(settled, timeout_seconds(obj, call.timeout))
        live = self._live(cluster, identifier) or obj
        reasons = unready(cluster, live)
        if reasons:
            what = "failed to initialize" if failed(live) else "timed out waiting to be Ready"
            first = (
                f'resource "{call.urn}" was successfully {done}, but the Kubernetes API server reported that it failed '
                f"to fully initialize or become live: '{metadata['name']}' {what}"
            )
            raise InitFailedError(identifier, self._outputs(live), [first, *reasons])
        return Result(identifier, self._outputs(live))

    def _outputs(self, live: Properties) -> Properties:
        return {**live, "__initialApiVersion": self.kind.api_version, "__fieldManager": "pulumi-kubernetes"}

"""`helm.v3.Release`: Helm installs a chart of the table, and waits for what it brings.

Inputs, defaults and messages follow pulumi-kubernetes 4.34 (`provider/pkg/provider/helm_release.go`) and Helm 3
(`pkg/action`). Helm records a release before it makes anything and takes note of the end afterwards: what is killed in
between stays pending for good, and Helm refuses its name as well as an upgrade.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from lab.providers.base import Call, CheckFailedError, Diff, Resource, Result
from lab.providers.errors import InitFailedError, RefusedError
from lab.providers.kubernetes import chart_state, charted
from lab.providers.kubernetes.access import require_reachable, unreachable
from lab.providers.kubernetes.charts import CHARTS, facts_of
from lab.providers.kubernetes.cluster import RELEASES, Cluster
from lab.providers.schema import Problem, arguments, problems
from lab.providers.wire import Properties, has_unknown

_EXACT: Final = re.compile(r"v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
_DEFAULT_SECONDS: Final = 300
_PENDING: Final = frozenset({"pending-install", "pending-upgrade"})
_FILE: Final = re.compile(r"(?:.*/)?(?P<name>[a-z0-9-]+?)-v?\d[^/]*\.tgz")


def chart_of(inputs: Mapping[str, Any]) -> tuple[str, str]:
    """Name and repository of the chart an input names: plain with `repositoryOpts`, `oci://…/name`, or a `.tgz`."""
    chart = str(inputs["chart"])
    archive = _FILE.fullmatch(chart)
    if archive:
        return archive["name"], chart.rpartition("/")[0]
    if chart.startswith("oci://"):
        repository, _, name = chart.rpartition("/")
        return name, repository
    return chart, str((inputs.get("repositoryOpts") or {}).get("repo", ""))


class Release(Resource):
    """A Helm release."""

    token: ClassVar[str] = "kubernetes:helm.sh/v3:Release"
    module: ClassVar[str] = "pulumi_kubernetes"
    replace_on: ClassVar[frozenset[str]] = frozenset({"name", "namespace"})

    def check(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """Refuse unknown inputs, a chart nobody publishes there and a version that is not exact; set the defaults."""
        found = problems(arguments(self.module, self.token), {k: v for k, v in news.items() if k != "compat"})
        if not has_unknown(news.get("chart")) and not found:
            found = self._chart_problems(call, news)
        if found:
            raise CheckFailedError(found)
        inputs = copy.deepcopy(news)
        inputs.setdefault("name", olds.get("name") or f"{call.name}-{call.seed.hex()[:8]}")
        inputs.setdefault("namespace", "default")
        if not inputs.get("skipAwait"):
            inputs.setdefault("timeout", _DEFAULT_SECONDS)
        return inputs

    def _chart_problems(self, call: Call, news: Properties) -> list[Problem]:
        name, repository = chart_of(news)
        facts, site = facts_of(name), call.site.world.get("site", "site") or {}
        told = (site.get("charts") or {}).get(name, ())
        published = (*facts.repositories, *site.get("mirrors", ()), *told)
        version = news.get("version", "")
        if name not in CHARTS and not told:
            reason = (
                f'chart "{name}" version "{version}" not found in {repository or "the current directory"} repository'
            )
            return [Problem("chart", f"{reason}; check the chart name and repository configuration.")]
        if repository.rstrip("/") not in {one.rstrip("/") for one in published}:
            return [Problem("chart", f'looks like "{repository}" is not a chart repository that holds "{name}"')]
        if not isinstance(version, str) or not _EXACT.fullmatch(version):
            return [Problem("version", f"the lab wants an exact chart version for {name}, got {version!r}")]
        return []

    def diff(self, call: Call, olds: Properties, news: Properties) -> Diff:
        """A new name or namespace is a new release; the old one goes first when only the values' target moved."""
        plain = super().diff(call, olds, news)
        return Diff(plain.changes, plain.replaces, bool(plain.replaces) and olds.get("name") == news.get("name"))

    def create(self, call: Call, inputs: Properties) -> Result:
        """Install the chart and wait, unless told not to; raises RefusedError or InitFailedError."""
        require_reachable(call)
        cluster = Cluster(call.site)
        key = self._key(inputs)
        if call.site.world.get(RELEASES, key) is not None:
            raise RefusedError("cannot re-use a name that is still in use")
        if not cluster.has_namespace(inputs["namespace"]) and not inputs.get("createNamespace"):
            raise RefusedError(f'create: failed to create: namespaces "{inputs["namespace"]}" not found')
        if inputs.get("createNamespace"):
            cluster.apply_plain({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": inputs["namespace"]}})
        return self._install(call, key, inputs)

    def update(self, call: Call, identifier: str, olds: Properties, news: Properties) -> Result:
        """Upgrade the release and wait; raises RefusedError or InitFailedError."""
        require_reachable(call)
        record = call.site.world.get(RELEASES, self._key(news))
        if record is None:
            raise RefusedError(f'"{news["name"]}" has no deployed releases')
        if record["status"] in _PENDING:
            raise RefusedError("another operation (install/upgrade/rollback) is in progress")
        return self._install(call, self._key(news), news)

    def read(self, call: Call, identifier: str, state: Properties, inputs: Properties) -> Result | None:
        """The release as Helm's own records have it."""
        reason = unreachable(call.site.world, call.config)
        if reason:
            raise RefusedError(f"failed to read resource state due to unreachable cluster: {reason}")
        record = call.site.world.get(RELEASES, identifier)
        if record is None:
            return None
        return Result(identifier, self._outputs(record), record["inputs"])

    def delete(self, call: Call, identifier: str, state: Properties) -> None:
        """Uninstall the release and what it brought."""
        require_reachable(call)
        charted.uninstall(Cluster(call.site), identifier)

    @staticmethod
    def _key(inputs: Properties) -> str:
        return f"{inputs['namespace']}/{inputs['name']}"

    def _install(self, call: Call, key: str, inputs: Properties) -> Result:
        cluster = Cluster(call.site)
        charted.install(cluster, key, chart_of(inputs)[0], inputs)
        call.site.settle()

        def ready() -> bool:
            return bool((call.site.world.get(RELEASES, key) or {}).get("ready"))

        waits = not inputs.get("skipAwait")
        seconds = float(inputs.get("timeout") or _DEFAULT_SECONDS)
        if waits and not call.site.clock.wait(ready, min(seconds, call.timeout or seconds)):
            record = self._recorded(call, key, "failed")
            if inputs.get("atomic"):
                charted.uninstall(cluster, key)
                raise RefusedError(f"release {inputs['name']} failed, and has been uninstalled due to atomic being set")
            reasons = chart_state.reasons(cluster, record)
            first = (
                f'Helm release "{key}" was created, but failed to initialize completely. Use Helm CLI to investigate.'
            )
            raise InitFailedError(key, self._outputs(record), [first, "context deadline exceeded", *reasons])
        return Result(key, self._outputs(self._recorded(call, key, "deployed")))

    @staticmethod
    def _recorded(call: Call, key: str, status: str) -> Properties:
        """Helm's record of the release, with how it ended."""
        with call.site.world.transaction():
            record = {**(call.site.world.get(RELEASES, key) or {}), "status": status}
            call.site.world.put(RELEASES, key, record, sealed=True)
        return record

    @staticmethod
    def _outputs(record: Properties) -> Properties:
        inputs = record.get("inputs", {})
        status = {
            "name": record["name"],
            "namespace": record["namespace"],
            "chart": record["chart"],
            "version": inputs.get("version", ""),
            "status": record["status"],
            "revision": record["revision"],
        }
        return {**inputs, "status": status}

"""A simulated site without an engine: resources are created by asking the simulated providers directly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from components.script_job import ScriptJobArgs
from lab.providers.base import Call, CheckFailedError, Diff, Resource, Result
from lab.providers.catalogue import open_site, packages
from lab.providers.errors import InitFailedError, RefusedError
from lab.providers.kubernetes.access import fingerprint
from lab.providers.kubernetes.cluster import CLUSTERS, Cluster
from lab.providers.kubernetes.jobs import DONE, Container, Outcome
from lab.providers.talos import pki
from lab.providers.wire import Properties
from lab.world import World
from lib import pod_scripts

SERVER = "https://192.0.2.100:6443"

# A wait without anybody else in flight is over at once: nothing can fulfil it.
GRACE = 0.02


IMAGE = "registry.example/image:1"


def _harmless(cluster: Cluster, running: Container) -> Outcome | None:
    """A container of the tests that does nothing, once it runs."""
    del cluster
    return DONE if running.spec["image"] == IMAGE else None


class Bench:
    """A world with every controller, and the packages over it."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "salt").write_bytes(bytes(16))  # one for all, so that a process derives the key once
        self.world = World(directory, "a passphrase")
        self.site = open_site(self.world, grace=GRACE, pace=0, containers=(_harmless,))
        self.cluster = Cluster(self.site)
        self._packages = {package.name: package for package in packages()}
        self._configs: dict[str, Properties] = {}
        self.authority = pki.authority("bench", "ca").certificate

    def close(self) -> None:
        """Let others open the world."""
        self.world.close()

    def configure(self, package: str, **config: Any) -> None:
        """Set a provider's configuration."""
        self._configs[package] = config

    def with_kubernetes(self, *, network: bool = True) -> None:
        """A cluster whose API answers, as `cluster.existing` means it."""
        authority = pki.authority("bench", "kubernetes")
        admin = pki.client("bench admin", "admin", "system:masters", authority)
        parts = {
            "host": SERVER,
            "caCertificate": pki.b64(authority.certificate),
            "clientCertificate": pki.b64(admin.certificate),
            "clientKey": pki.b64(admin.key),
        }
        record = {
            "version": "1.36.0",
            "answers": True,
            "network": network,
            "authority": fingerprint(parts["caCertificate"]),
        }
        self.world.put(CLUSTERS, SERVER, record)
        self.configure("kubernetes", kubeconfig=pki.kubeconfig("bench", parts))

    def call(self, token: str, name: str = "thing", **more: Any) -> Call:
        """The context of a call for a resource of that type and logical name."""
        config = self._configs.get(token.split(":", maxsplit=1)[0], {})
        return Call(site=self.site, urn=f"urn:pulumi:dev::bench::{token}::{name}", token=token, config=config, **more)

    def resource(self, token: str) -> Resource:
        """The handler of a type."""
        package = token.split(":", maxsplit=1)[0]
        return self._packages["terraform-provider" if package == "authentik" else package].resource(token)

    def check(self, token: str, inputs: Properties, name: str = "thing", olds: Properties | None = None) -> Properties:
        """The inputs as the provider completes them; raises CheckFailedError."""
        return self.resource(token).check(self.call(token, name), olds or {}, inputs)

    def create(self, token: str, inputs: Properties, name: str = "thing") -> Result:
        """Create a resource as the engine does: check, then create."""
        call = self.call(token, name)
        with self.site.clock.call():
            result = self.resource(token).create(call, self.resource(token).check(call, {}, inputs))
            self.site.settle()
        return result

    def update(
        self, token: str, identifier: str, olds: Properties, news: Properties, name: str = "thing", **more: Any
    ) -> Result:
        """Update a resource in place; `more` is what the call says beside it."""
        with self.site.clock.call():
            result = self.resource(token).update(self.call(token, name, **more), identifier, olds, news)
            self.site.settle()
        return result

    def read(self, token: str, identifier: str, inputs: Properties | None = None) -> Result | None:
        """Read a resource."""
        with self.site.clock.call():
            return self.resource(token).read(self.call(token), identifier, inputs or {}, inputs or {})

    def delete(self, token: str, identifier: str, state: Properties | None = None) -> None:
        """Delete a resource."""
        with self.site.clock.call():
            self.resource(token).delete(self.call(token), identifier, state or {})
            self.site.settle()

    def diff(self, token: str, olds: Properties, news: Properties) -> Diff:
        """The difference of two versions of the inputs."""
        return self.resource(token).diff(self.call(token), olds, news)

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """Ask a data source."""
        function = self._packages[token.split(":", maxsplit=1)[0]].function(token)
        function.check(arguments)
        return function.invoke(self.call(token), arguments)

    def problems(self, package: str, config: Properties) -> list[str]:
        """What a provider refuses about its configuration."""
        return [f"{item.path}: {item.reason}" for item in self._packages[package].check_config(config)]

    def object(self, api_version: str, kind: str, name: str, namespace: str = "", **fields: Any) -> Result:
        """Create an object of the API server."""
        metadata: Properties = {"name": name} | ({"namespace": namespace} if namespace else {})
        metadata |= fields.pop("metadata", {})
        group = "core/v1" if api_version == "v1" else api_version
        inputs = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
        return self.create(f"kubernetes:{group}:{kind}", inputs, name)

    def namespace(self, name: str, level: str = "privileged") -> None:
        """Create a namespace that enforces a Pod Security level."""
        self.object("v1", "Namespace", name, metadata={"labels": {"pod-security.kubernetes.io/enforce": level}})

    def probe(self, script: str, name: str, namespace: str, env: Sequence[Any], **more: Any) -> Result:
        """Run a Job as components/script_job.py makes them: a script, its modules, its variables and a CA."""
        files = ScriptJobArgs(namespace=namespace, source=pod_scripts.script(script), runbook="dns.md").files
        self.object("v1", "ConfigMap", f"{name}-script", namespace, data=files)
        self.object("v1", "ConfigMap", f"{name}-ca", namespace, data={"ca.crt": self.authority})
        items = [{"key": key, "path": key if key == "main.py" else f"scripts/{key}"} for key in files]
        volumes = [
            {"name": "script", "configMap": {"name": f"{name}-script", "items": items}},
            {"name": "ca", "configMap": {"name": f"{name}-ca"}},
            *more.pop("volumes", []),
        ]
        places = [{"name": "script", "mountPath": "/script"}, {"name": "ca", "mountPath": "/ca"}]
        mounts = [*places, *more.pop("mounts", [])]
        env = [{"name": "SSL_CERT_FILE", "value": "/ca/ca.crt"}, *env]
        main = container("probe", image="python", command=["python3", "/script/main.py"], env=env, volumeMounts=mounts)
        return self.object("batch/v1", "Job", name, namespace, spec=job(pod(main, volumes=volumes, **more)))

    def release(self, chart: str, namespace: str, values: Properties | None = None, **more: Any) -> Result:
        """Install a chart in a version of its own, named after it."""
        repository = more.pop("repository", None) or REPOSITORIES[chart]
        source: Properties = {"chart": chart, "repositoryOpts": {"repo": repository}}
        if repository.startswith("oci://"):
            source = {"chart": f"{repository}/{chart}"}
        fixed = {"name": chart, "namespace": namespace, "version": "1.2.3", "values": values or {}}
        return self.create("kubernetes:helm.sh/v3:Release", {**source, **fixed, **more}, f"{chart}-release")


REPOSITORIES = {
    "cilium": "https://helm.cilium.io",
    "cert-manager": "oci://quay.io/jetstack/charts",
    "traefik": "https://traefik.github.io/charts",
    "proxmox-csi-plugin": "oci://ghcr.io/sergelogvinov/charts",
    "vault": "https://helm.releases.hashicorp.com",
    "external-secrets": "https://charts.external-secrets.io",
    "cloudnative-pg": "https://cloudnative-pg.github.io/charts",
    "plugin-barman-cloud": "https://cloudnative-pg.github.io/charts",
    "authentik": "https://charts.goauthentik.io",
    "gitea": "https://dl.gitea.com/charts",
    "harbor": "https://helm.goharbor.io",
    "flux-operator": "oci://ghcr.io/controlplaneio-fluxcd/charts",
}


def refusal(error: pytest.ExceptionInfo[Any]) -> str:
    """The whole text of a refusal, reasons included."""
    value = error.value
    return "; ".join(value.reasons) if isinstance(value, InitFailedError) else str(value)


def refuses(pattern: str, *kinds: type[Exception]) -> Any:
    """Expects a refusal whose text matches; `InitFailedError` joins its reasons into the text."""
    return pytest.raises(kinds or (RefusedError, CheckFailedError), match=re.compile(pattern, re.DOTALL))


def pod(*containers: Properties, **more: Any) -> Properties:
    """A pod template of these containers."""
    return {"spec": {"restartPolicy": "Never", "containers": list(containers), **more}}


def container(name: str = "main", **more: Any) -> Properties:
    """A container, of which the provider can tell why it ended."""
    told = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    return {"name": name, "image": IMAGE, **told, **more}


def job(template: Properties) -> Properties:
    """The spec of a Job."""
    return {"template": template}


def names(items: Iterable[Any]) -> list[str]:
    """Names of objects."""
    return [item["metadata"]["name"] for item in items]

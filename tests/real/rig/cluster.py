"""What runs in the cluster for real beside its control plane: Vault, operators; and who provides volumes."""

import base64
import contextlib
import http.client
import json
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib.names import SystemNamespace
from tests.real.kubernetes.server import Server
from tests.real.vault import server as vaults
from tests.support.recording import Recording

_SECONDS = 0.5
_VOLUMES = "/api/v1/persistentvolumes"
_SELECTED = "volume.kubernetes.io/selected-node"
_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
_CAPACITIES = "/apis/storage.k8s.io/v1/namespaces/kube-system/csistoragecapacities"
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@dataclass(frozen=True)
class Operator:
    """One that runs as soon as a definition of its release is there; it ends where another one is still missing.

    Attributes:
        binary: The program.
        arguments: Its arguments.
        definition: Name of that definition.
    """

    binary: Path
    arguments: Sequence[str]
    definition: str


def operators(external_secrets: Path, cert_manager: Path, config: Path) -> tuple[Operator, ...]:
    """Those that are real. `config` is the kubeconfig of who may do everything."""
    off = ("push-secret", "cluster-push-secret", "cluster-external-secret")
    flags = ("--metrics-addr=0", *(f"--enable-{one}-reconciler=false" for one in off))
    return (
        Operator(external_secrets, flags, "externalsecrets.external-secrets.io"),
        Operator(cert_manager, (str(config), SystemNamespace.CERT_MANAGER), "certificates.cert-manager.io"),
    )


@dataclass
class Cluster:
    """Does it as soon as the program has made what it needs.

    Attributes:
        server: The API server.
        program: The configuration of Vault is in its release.
        directory: For logs and data.
        binary: Vault.
        operators: The real ones.
        config: Kubeconfig of who may do everything.
        proxy: URL of the one that leads pods to Services.
        routes: Of that proxy.
        keys: File with the keys of Vault, once there are any.
    """

    server: Server
    program: Recording
    directory: Path
    binary: Path
    operators: tuple[Operator, ...]
    config: Path
    proxy: str
    routes: dict[str, int]
    keys: Path
    vault: vaults.Server | None = None
    _processes: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Until the end of the block."""
        ended = threading.Event()

        def run() -> None:
            while not ended.wait(_SECONDS):
                # A busy machine may keep an answer waiting; the next round does what this one did not.
                with contextlib.suppress(OSError, http.client.HTTPException):
                    self._provide_volumes()
                    self._run_vault()
                    for operator in self.operators:
                        self._run(operator)

        with futures.ThreadPoolExecutor(1) as pool:
            done = pool.submit(run)
            try:
                yield
            finally:
                ended.set()
                self._stop(done)

    def _stop(self, done: "futures.Future[None]") -> None:
        try:
            done.result()
        finally:
            if self.vault is not None:
                self.vault.stop()
            for process in self._processes.values():
                process.kill()
                process.wait()

    def _provide_volumes(self) -> None:
        api = self.server.api
        for one in api.ask("GET", _CLASSES).body.get("items", ()):
            # Where a driver tells its capacity, the scheduler wants to know that there is some.
            api.ask("POST", _CAPACITIES, _capacity(one["metadata"]["name"]))
        for claim in api.ask("GET", "/api/v1/persistentvolumeclaims").body.get("items", ()):
            metadata, spec = claim["metadata"], claim["spec"]
            if claim["status"].get("phase") == "Pending" and _SELECTED in (metadata.get("annotations") or {}):
                api.ask("POST", _VOLUMES, _volume(metadata, spec))
        for volume in api.ask("GET", _VOLUMES).body.get("items", ()):
            if volume["status"].get("phase") in ("Released", "Failed"):
                api.ask("DELETE", f"{_VOLUMES}/{volume['metadata']['name']}")

    def _run_vault(self) -> None:
        """Once its certificate and its account are there, as its pod would start then."""
        release = self.program.one("kubernetes:helm.sh/v3:Release", "vault-release")
        certificate = self.program.one("kubernetes:cert-manager.io/v1:Certificate", "vault-tls").get("spec")
        api, namespace = self.server.api, f"/api/v1/namespaces/{release.get('namespace')}"
        if self.vault is not None:
            return
        found = api.ask("GET", f"{namespace}/secrets/{certificate['secretName']}")
        # What the kubelet mounts for its account, with which it asks for reviews.
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 86400}}
        account = api.ask("POST", f"{namespace}/serviceaccounts/{release.get('name')}/token", asked)
        if max(found.status, account.status) >= http.HTTPStatus.BAD_REQUEST:
            return
        place = self.directory / "vault"
        for folder in (place, place / "data", place / vaults.AUDIT):
            folder.mkdir()
        for name in ("tls.crt", "tls.key", "ca.crt"):
            (place / name).write_bytes(base64.b64decode(found.body["data"][name]))
        trust = (place / "ca.crt").read_text(encoding="utf-8")
        text = vaults.configuration(self.program, place)
        variables = {"HTTPS_PROXY": self.proxy}
        self.vault = vaults.Server(self.binary, place, text, trust, variables)
        self.vault.start()
        kept = vaults.initialised(self.vault)
        self.routes.update({f"{host}:8200": self.vault.port for host in certificate["dnsNames"]})
        temporary = self.keys.with_suffix(".new")
        token = account.body["status"]["token"]
        told = {"keys": kept, "address": self.vault.api.address, "trust": trust, "reviewer": token}
        temporary.write_text(json.dumps(told), encoding="utf-8")
        temporary.replace(self.keys)

    def _run(self, operator: Operator) -> None:
        name = operator.binary.name
        running = self._processes.get(name)
        if running is not None and running.poll() is None:
            return
        if self.server.api.ask("GET", f"{_DEFINITIONS}/{operator.definition}").status != http.HTTPStatus.OK:
            return
        environment = {"KUBECONFIG": str(self.config), "HTTPS_PROXY": self.proxy, "HOME": str(self.directory)}
        with (self.directory / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [str(operator.binary), *operator.arguments],
                env=environment,
                cwd=self.directory,
                stdout=log,
                stderr=subprocess.STDOUT,
            )


def _capacity(name: str) -> dict[str, Any]:
    """Of a class, on each node."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSIStorageCapacity",
        "metadata": {"name": name},
        "storageClassName": name,
        "nodeTopology": {},
        "capacity": "1Ti",
    }


def _volume(claim: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    place = {"namespace": claim["namespace"], "name": claim["name"], "uid": claim["uid"]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"pvc-{claim['uid']}"},
        "spec": {
            "capacity": spec["resources"]["requests"],
            "accessModes": spec["accessModes"],
            "storageClassName": spec.get("storageClassName"),
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **place},
            "hostPath": {"path": f"/volumes/{claim['uid']}"},
        },
    }

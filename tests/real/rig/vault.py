"""The simulated provider of Vault, whose writes reach the real one as well.

What depends on Authentik, which is simulated, or on a directory of the pod stays the lab's alone. The key of its CA
is the lab's, so that both have the same certificates.
"""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lab.providers.base import Call, Resource, Result
from lab.providers.kubernetes.cluster import VAULTS, Cluster, encoded
from lab.providers.kubernetes.jobs import Outcome
from lab.providers.package import Package
from lab.providers.vault import pki, server
from lab.providers.wire import Properties
from lab.site import Site
from tests.real.vault.api import Api
from tests.real.vault.program import TRANSLATIONS, Installation, Surroundings

_POLICY, _SECRET = "vault:index/policy:Policy", "vault:kv/secretV2:SecretV2"
_MOUNT, _LOGIN = "vault:index/mount:Mount", "vault:index/authBackend:AuthBackend"
_CONFIG, _ROLE = (
    "vault:kubernetes/authBackendConfig:AuthBackendConfig",
    "vault:kubernetes/authBackendRole:AuthBackendRole",
)
_PKI = "vault:pkiSecret/"
_REQUEST = f"{_PKI}secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest"
_SIGNED = f"{_PKI}secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned"
_WRITTEN = (_MOUNT, _SECRET, _POLICY, _LOGIN, _CONFIG, _ROLE, *(one.token for one in pki.KINDS))
_STAYING = (_CONFIG, *(one.token for one in pki.KINDS if one.token != pki.Role.token))
"""What cannot be deleted: it goes with what it configures."""
_PLACES = {_POLICY: "sys/policies/acl/", _MOUNT: "sys/mounts/", _LOGIN: "sys/auth/"}
"""Where the ids of resources are names, and not paths."""


@dataclass(frozen=True)
class Vault:
    """The real one.

    Attributes:
        keys: File with its keys and address, once it is initialised.
        authority: CA of the Kubernetes API, PEM.
    """

    keys: Path
    authority: str

    def through(self, package: Package) -> None:
        """Have the package write through."""
        for token in _WRITTEN:
            _join(package.resources[token], self)

    def give_keys(self) -> None:
        """Have `bank-vaults init` of the lab find the real one initialised, with the keys that it has."""
        made = vars(server)["_write_keys"]

        def write(cluster: Cluster, key: str, namespace: str, name: str) -> Outcome:
            if not self.keys.exists():
                return Outcome(waiting="the real Vault is not there yet")
            real = self._told()["keys"]
            ended: Outcome = made(cluster, key, namespace, name)
            secret = cluster.get("Secret", namespace, name)
            if secret is not None:
                secret["data"] |= encoded(real)
                cluster.apply_plain(secret)
            record = cluster.world.get(VAULTS, key)
            if record is not None:
                cluster.world.put(VAULTS, key, {**record, "keys": real}, sealed=True)
            return ended

        vars(server)["_write_keys"] = write

    def announce(self, site: Site) -> bool:
        """Let who waits for it go on; whether it is there."""
        if not self.keys.exists():
            return False
        site.world.put("rig", "vault", {"there": True})
        site.settle()
        return True

    def write(self, token: str, inputs: Properties) -> None:
        """As the provider would."""
        authority: Any = SimpleNamespace(pem=self.authority.encode())
        own = Surroundings(authority=authority, reviewer=self._told()["reviewer"])
        TRANSLATIONS[token](Installation(self._api, own), deepcopy(dict(inputs)))

    def take_key(self, backend: str, key: str) -> None:
        """Have that of its CA (PEM), instead of making one."""
        self._api.expect("POST", f"{backend}/keys/import", {"pem_bundle": key})

    def take_issuer(self, backend: str, certificate: str, names: Sequence[str]) -> None:
        """Have an issuer, which is also called what the lab calls it."""
        made = self._api.expect("POST", f"{backend}/intermediate/set-signed", {"certificate": certificate}).data
        for issuer, name in zip(made["imported_issuers"] or (), names, strict=True):
            self._api.expect("POST", f"{backend}/issuer/{issuer}", {"issuer_name": name})

    def delete(self, token: str, identifier: str) -> None:
        """Likewise."""
        self._api.expect("DELETE", f"{_PLACES.get(token, '')}{identifier}")

    @property
    def _api(self) -> Api:
        told = self._told()
        return Api(told["address"], told["trust"], told["keys"][server.ROOT_KEY])

    def _told(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.keys.read_text(encoding="utf-8"))
        return found


def _join(resource: Resource, vault: Vault) -> None:
    token, create, update, delete = resource.token, resource.create, resource.update, resource.delete

    def created(call: Call, inputs: Properties) -> Result:
        result = create(call, inputs)
        if token == _REQUEST:
            vault.take_key(inputs["backend"], pki.key_of_request(call.site.world, result.identifier))
        elif token == _SIGNED:
            vault.take_issuer(inputs["backend"], inputs["certificate"], result.outputs["importedIssuers"])
        elif _concerns(token, inputs):
            vault.write(token, inputs)
        return result

    def updated(call: Call, identifier: str, olds: Properties, news: Properties) -> Result:
        result = update(call, identifier, olds, news)
        # What is enabled at a path cannot be written twice.
        if token not in (_MOUNT, _LOGIN):
            vault.write(token, news)
        return result

    def deleted(call: Call, identifier: str, state: Properties) -> None:
        delete(call, identifier, state)
        if _concerns(token, state) and token not in _STAYING:
            vault.delete(token, identifier)

    vars(resource).update(create=created, update=updated, delete=deleted)


def _concerns(token: str, inputs: Properties) -> bool:
    return token not in (_MOUNT, _LOGIN) or inputs["type"] in ("kv", "kv-v2", "pki", "kubernetes")

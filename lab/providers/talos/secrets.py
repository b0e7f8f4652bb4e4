"""The secrets of a Talos cluster, and whom a client configuration is of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from lab.providers.base import Call, Resource, Result
from lab.providers.errors import RefusedError
from lab.providers.talos import pki
from lab.providers.wire import Properties
from lab.world import World

SECRETS: Final = "talos/secrets"
RESOURCES: Final = "talos/resources"


class TalosResource(Resource):
    """The provider reads nothing back, and ids are constant words: records lie under the URN."""

    module: ClassVar[str] = "pulumiverse_talos"
    table: ClassVar[str] = RESOURCES
    constant: ClassVar[str] = ""

    def identify(self, call: Call, inputs: Properties) -> str:
        """The word that the provider gives every resource of the type."""
        return self.constant

    def create(self, call: Call, inputs: Properties) -> Result:
        """Do what the resource stands for; a repetition finds it done."""
        self.admit(call, inputs)
        return Result(self.identify(call, inputs), self._store(call, self.identify(call, inputs), inputs))

    def read(self, call: Call, identifier: str, state: Properties, inputs: Properties) -> Result | None:
        """The state is all that the provider looks at."""
        return Result(identifier, state, inputs)

    def delete(self, call: Call, identifier: str, state: Properties) -> None:
        """Forget the record."""
        call.site.world.delete(self.table, call.urn)

    def _store(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        outputs = self.outputs(call, identifier, inputs)
        record = {"id": identifier, "token": self.token, "urn": call.urn, "inputs": inputs, "outputs": outputs}
        call.site.world.put(self.table, call.urn, record, sealed=self.sealed)
        return outputs


def authorities(world: World, urn: str) -> dict[str, pki.Pair]:
    """The CAs of the cluster whose secrets that resource is."""
    names = {"etcd": "etcd", "k8s": "kubernetes", "k8sAggregator": "front-proxy", "os": "talos"}
    return {key: pki.authority(f"{_seed(world, urn)} {key}", name) for key, name in names.items()}


def _seed(world: World, urn: str) -> str:
    return f"{urn} {world.secret_seed().hex()}"


class Secrets(TalosResource):
    """The secrets of a cluster."""

    token = "talos:machine/secrets:Secrets"
    constant: ClassVar[str] = "machine_secrets"
    table: ClassVar[str] = SECRETS
    secret_fields = frozenset(
        {"key", "secret", "token", "bootstrapToken", "secretboxEncryptionSecret", "aescbcEncryptionSecret", "clientKey"}
    )

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """CAs, keys and tokens of the cluster, and the administrator's client certificate."""
        seed = _seed(call.site.world, call.urn)
        own = authorities(call.site.world, call.urn)
        admin = pki.client(f"{seed} admin", "admin", "os:admin", own["os"])
        machine_secrets = {
            "certs": {
                **{key: pair.encoded() for key, pair in own.items()},
                "k8sServiceaccount": {"key": pki.b64(pki.pem(pki.private_key(f"{seed} sa")))},
            },
            "cluster": {"id": pki.b64(call.digest("id")[:32]), "secret": pki.b64(call.digest("secret")[:32])},
            "secrets": {
                "bootstrapToken": f"{call.digest('token')[:6]}.{call.digest('token')[6:22]}",
                "secretboxEncryptionSecret": pki.b64(call.digest("box")[:32]),
            },
            "trustdinfo": {"token": f"{call.digest('trust')[:6]}.{call.digest('trust')[6:22]}"},
        }
        client = {
            "caCertificate": pki.b64(own["os"].certificate),
            "clientCertificate": pki.b64(admin.certificate),
            "clientKey": pki.b64(admin.key),
        }
        version = inputs.get("talosVersion", "v1.13")
        return {**inputs, "talosVersion": version, "machineSecrets": machine_secrets, "clientConfiguration": client}


def trust(config: Mapping[str, Any], client: Mapping[str, Any] | None) -> None:
    """Raises RefusedError where a node of that configuration is none of the cluster that a client configuration is of.

    A node knows whom to trust by its configuration, and the provider by nothing but what it is given.
    """
    if not client or config["machine"]["ca"]["crt"] != client["caCertificate"]:
        raise RefusedError(
            "rpc error: code = Unavailable desc = tls: failed to verify certificate: x509: certificate signed by "
            "unknown authority"
        )

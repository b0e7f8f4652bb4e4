"""Talos nodes: secrets, rendered configuration, apply, bootstrap, kubeconfig.

Arguments and outputs are those of pulumiverse-talos 0.8 (siderolabs/talos 0.11); errors are worded after the node's
and the provider's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import yaml

from lab.providers.base import Call, Diff, Result
from lab.providers.errors import RefusedError
from lab.providers.kubernetes.access import fingerprint
from lab.providers.kubernetes.cluster import CLUSTERS
from lab.providers.proxmox.files import FILES
from lab.providers.proxmox.machines import VMS, addresses
from lab.providers.talos import accounts, nodes, pki
from lab.providers.talos.configuration import hostname, merged_configuration
from lab.providers.talos.nodes import NODES
from lab.providers.talos.secrets import TalosResource, trust
from lab.providers.wire import UNKNOWN, Properties
from lab.world import Record, World

RENEWALS: Final = "talos/renewals"
"""Certificates that end soon, by what they are of; `term` makes the new one another."""


_FACTORY_IMAGE: Final = re.compile(r"/image/(?P<schematic>[0-9a-f]{64})/(?P<release>v[\d.]+)/")


def _machine_at(world: World, address: str) -> Record:
    """The running VM of an address; raises RefusedError."""
    for record in world.table(VMS).values():
        if address in addresses(record["inputs"]) and record["inputs"].get("started", True):
            return record
    raise _no_route(address)


def _born_of(world: World, machine: Record) -> Record:
    """Release and schematic of the image that a disk was made from; empty where it is none of the factory."""
    disk = (machine["inputs"].get("disks") or [{}])[0]
    file = world.get(FILES, f"{machine['inputs'].get('nodeName')}|{disk.get('importFrom')}")
    found = _FACTORY_IMAGE.search(file["inputs"]["url"]) if file else None
    return found.groupdict() if found else {"schematic": "", "release": ""}


def _no_route(address: str) -> RefusedError:
    return RefusedError(
        f"rpc error: code = Unavailable desc = connection error: dial tcp {address}:50000: connect: no route to host"
    )


def _kubernetes_version(config: Mapping[str, Any]) -> str:
    image = str(config["machine"].get("kubelet", {}).get("image", "kubelet:v1.36.0"))
    return image.rpartition(":")[2].removeprefix("v")


class ConfigurationApply(TalosResource):
    """A machine configuration, applied to a node."""

    token = "talos:machine/configurationApply:ConfigurationApply"
    constant: ClassVar[str] = "machine_configuration_apply"

    def plan(self, call: Call, inputs: Properties) -> Properties:
        """The provider renders the configuration in a preview already."""
        return self.outputs(call, self.constant, inputs) if UNKNOWN not in inputs.values() else inputs

    def admit(self, call: Call, inputs: Properties) -> None:
        """The configuration is valid, the client is known, a machine answers at the address."""
        document, *others = merged_configuration(inputs)
        world = call.site.world
        trust(document, inputs.get("clientConfiguration"))
        _machine_at(world, inputs.get("endpoint") or inputs["node"])
        machine = _machine_at(world, inputs["node"])
        if not document["machine"].get("type"):
            raise RefusedError("rpc error: code = InvalidArgument desc = configuration validation failed: machine type")
        accounts.validate(document["machine"])
        server = document["cluster"]["controlPlane"]["endpoint"]
        _not_the_vip(inputs, server)
        running = world.get(NODES, inputs["node"])
        running = running if running and running["vm"] == machine["outputs"]["vmId"] else None
        if running:
            trust(running["config"], inputs["clientConfiguration"])
        if running and not nodes.bring_up(call.site, inputs["node"]):
            raise _no_route(inputs["node"])
        name = hostname(others) or machine["inputs"].get("name", machine["urn"].rpartition("::")[2])
        record = {"config": document, "vm": machine["outputs"]["vmId"], "vmUrn": machine["urn"], "name": name}
        # An installer in the configuration installs nothing: what runs is what the disk was made from, or upgraded to.
        kept = running or {"image": _born_of(world, machine)}
        world.put(NODES, inputs["node"], {**kept, **record, "down": False}, sealed=True)
        api = world.get(CLUSTERS, server)
        if running and api and (why := nodes.effect(running["config"], document)):
            nodes.take_down(world, inputs["node"], why)
            version = _kubernetes_version(document)
            world.put(CLUSTERS, server, {**(world.get(CLUSTERS, server) or api), "version": version})

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """Adds the rendered configuration."""
        text = yaml.safe_dump_all(merged_configuration(inputs), sort_keys=False)
        return {
            "applyMode": "auto",
            "endpoint": inputs["node"],
            **inputs,
            "machineConfiguration": text,
            "machineConfigurationHash": fingerprint(text),
            "resolvedApplyMode": inputs.get("applyMode", "auto"),
        }

    def delete(self, call: Call, identifier: str, state: Properties) -> None:
        """Nothing happens to the node, unless it is to be reset: then it is in maintenance mode again."""
        if (state.get("onDestroy") or {}).get("reset"):
            _machine_at(call.site.world, state["node"])
            call.site.world.delete(NODES, state["node"])
        super().delete(call, identifier, state)


def _not_the_vip(inputs: Mapping[str, Any], endpoint: str) -> None:
    """Talos' own API never goes to the virtual address: etcd gives it away, and only after bootstrap."""
    vip = endpoint.split("//", 1)[-1].rsplit(":", 1)[0]
    for field in ("node", "endpoint"):
        if inputs.get(field) == vip:
            raise RefusedError(
                f"{field} {vip} is the cluster's virtual address: rpc error: code = Unavailable desc = connection "
                f"error: dial tcp {vip}:50000: connect: no route to host"
            )


def _control_plane(call: Call, inputs: Mapping[str, Any]) -> Properties:
    """The configuration of a node that was applied as control plane; raises RefusedError."""
    known = call.site.world.table(NODES)
    for record in known.values():
        _not_the_vip(inputs, record["config"]["cluster"]["controlPlane"]["endpoint"])
    _machine_at(call.site.world, inputs["node"])
    found = known.get(inputs["node"])
    if found is None:
        raise RefusedError(
            f"rpc error: code = FailedPrecondition desc = node {inputs['node']} is in maintenance mode: it was given "
            "no configuration yet"
        )
    config: Properties = found["config"]
    trust(config, inputs.get("clientConfiguration"))
    if config["machine"]["type"] != "controlplane":
        raise RefusedError(
            "rpc error: code = FailedPrecondition desc = bootstrap is only available on control plane nodes"
        )
    return config


class Bootstrap(TalosResource):
    """The start of etcd on the first control plane."""

    token = "talos:machine/bootstrap:Bootstrap"
    constant: ClassVar[str] = "machine_bootstrap"

    def create(self, call: Call, inputs: Properties) -> Result:
        """Bring the Kubernetes API into being; it does not answer at once. The provider tries a refusal again until its
        time is over."""
        config = _control_plane(call, inputs)
        server = config["cluster"]["controlPlane"]["endpoint"]
        if call.site.world.get(CLUSTERS, server) is not None:
            raise RefusedError("rpc error: code = AlreadyExists desc = etcd data directory is not empty")
        record = {
            "version": _kubernetes_version(config),
            "answers": False,
            "network": config["cluster"].get("network", {}).get("cni", {}).get("name") != "none",
            "authority": None,
        }
        call.site.world.put(CLUSTERS, server, record)
        return super().create(call, inputs)

    def update(self, call: Call, identifier: str, olds: Properties, news: Properties) -> Result:
        """Nothing: bootstrap happens once."""
        return Result(identifier, self._store(call, identifier, news))


class Kubeconfig(TalosResource):
    """The administrator's kubeconfig; its id is the name of the cluster.

    With the record `kubeconfig` in the table RENEWALS its certificate ends soon: the provider finds that out by itself,
    plans a new one, and knows nothing of it in a preview.
    """

    token = "talos:cluster/kubeconfig:Kubeconfig"
    secret_fields = frozenset({"clientKey"})

    def diff(self, call: Call, olds: Properties, news: Properties) -> Diff:
        """A certificate that ends soon is a difference too."""
        plain = super().diff(call, olds, news)
        return Diff((*plain.changes, "kubeconfigRaw"), plain.replaces) if _renewed(call) else plain

    def plan(self, call: Call, inputs: Properties) -> Properties:
        """What was given out stays, unless it ends soon."""
        unknown = {"kubeconfigRaw": UNKNOWN, "kubernetesClientConfiguration": UNKNOWN}
        return {**inputs, **(unknown if _renewed(call) else {})}

    def update(self, call: Call, identifier: str, olds: Properties, news: Properties) -> Result:
        """Give out a new certificate where the old one ends soon."""
        result = super().update(call, identifier, olds, news)
        call.site.world.delete(RENEWALS, "kubeconfig")
        return result

    def identify(self, call: Call, inputs: Properties) -> str:
        """The name of the cluster, from the configuration of the node."""
        return str(call.site.world.table(NODES)[inputs["node"]]["config"]["cluster"]["clusterName"])

    def admit(self, call: Call, inputs: Properties) -> None:
        """The node is a bootstrapped control plane."""
        server = _control_plane(call, inputs)["cluster"]["controlPlane"]["endpoint"]
        if call.site.world.get(CLUSTERS, server) is None:
            raise RefusedError(
                "rpc error: code = Unavailable desc = the cluster was not bootstrapped: no Kubernetes CA yet"
            )

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """A kubeconfig for the cluster's endpoint, with a certificate of its own."""
        return {**inputs, **issued(call, inputs)}


def _renewed(call: Call) -> bool:
    return call.site.world.get(RENEWALS, "kubeconfig") is not None


def issued(call: Call, inputs: Mapping[str, Any]) -> Properties:
    """The administrator's kubeconfig, and its parts."""
    world = call.site.world
    config = world.table(NODES)[inputs["node"]]["config"]
    server, name = config["cluster"]["controlPlane"]["endpoint"], config["cluster"]["clusterName"]
    encoded = config["cluster"]["ca"]
    issuer = pki.Pair(pki.unb64(encoded["crt"]), pki.unb64(encoded["key"]))
    term = (world.get(RENEWALS, "kubeconfig") or {}).get("term", "")
    admin = pki.client(f"{encoded['key']} admin {term}", "admin", "system:masters", issuer)
    world.put(CLUSTERS, server, {**(world.get(CLUSTERS, server) or {}), "authority": fingerprint(encoded["crt"])})
    parts = {
        "caCertificate": encoded["crt"],
        "clientCertificate": pki.b64(admin.certificate),
        "clientKey": pki.b64(admin.key),
        "host": server,
    }
    return {"kubeconfigRaw": pki.kubeconfig(name, parts), "kubernetesClientConfiguration": parts}

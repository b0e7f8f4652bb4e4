"""What exists before the program runs: the site of the stack file, and the secrets a person would have set."""

from __future__ import annotations

import json

import yaml
from pulumi import automation as auto

from lab import checkout
from lab.providers.kubernetes.access import fingerprint
from lab.providers.kubernetes.cluster import CLUSTERS, OBJECTS, object_key
from lab.providers.talos import pki
from lab.world import World
from settings.model import Settings
from stack_file.load import PROJECT, load_stack_file
from stack_file.secrets import GIVEN, required_secrets

_EXISTING = "https://existing-cluster.invalid:6443"


def settings_of(stack: checkout.Stack) -> Settings | None:
    """The settings of this project's stack file; None for another project, such as some of the tests."""
    return load_stack_file(stack.file) if stack.project_name == PROJECT else None


def prepare(world: World, stack: checkout.Stack) -> None:
    """Put the site's own facts into the world: the domain it serves, chart mirrors and the
    charts of chains, a cluster that is there already.
    """
    settings = settings_of(stack)
    if settings is None:
        return
    mirror = settings.charts.mirror
    namespaces = [name for chain in settings.chains.values() for name in chain.namespaces]
    site = {"domain": settings.cluster.domain, "mirrors": [mirror.rstrip("/")] if mirror else []}
    charts: dict[str, list[str]] = {}
    for release in (one for chain in settings.chains.values() for stage in chain.stages for one in stage.releases):
        charts.setdefault(release.chart, []).extend([release.repository] if release.repository else [])
    # What the DNS of the LAN knows besides the domain, whose names lead to whatever address the ingress has.
    elsewhere = {host: str(settings.addresses[host]) for host, _ in settings.balanced_hosts.values()}
    world.put("site", "site", {**site, "names": elsewhere, "charts": charts, "chains": namespaces})
    if settings.cluster.existing is not None and world.get(CLUSTERS, _EXISTING) is None:
        authority = pki.b64(_authority(world).certificate)
        balancers = settings.network.load_balancers
        held = {balancers.ingress, balancers.vault, balancers.git_ssh}
        record = {
            "version": "1.36.0",
            "answers": True,
            "network": True,
            "authority": fingerprint(authority),
            "balancer": {
                "annotation": settings.cluster.existing.address_annotation or "",
                "addresses": sorted(map(str, held)),
            },
        }
        world.put(CLUSTERS, _EXISTING, record)
        name = settings.storage.class_name
        storage = {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": name, "uid": name},
            "provisioner": "existing.invalid/csi",
        }
        world.put(OBJECTS, object_key("storage.k8s.io", "StorageClass", "", name), storage)


def _authority(world: World) -> pki.Pair:
    return pki.authority(f"existing {world.secret_seed().hex()}", "kubernetes")


def kubeconfig(world: World, context: str) -> str:
    """An administrator's kubeconfig of the existing cluster."""
    authority = _authority(world)
    admin = pki.client(f"existing admin {world.secret_seed().hex()}", "admin", "system:masters", authority)
    parts = {
        "host": _EXISTING,
        "caCertificate": pki.b64(authority.certificate),
        "clientCertificate": pki.b64(admin.certificate),
        "clientKey": pki.b64(admin.key),
    }
    document = yaml.safe_load(pki.kubeconfig("existing", parts))
    document["contexts"][0]["name"] = document["current-context"] = context
    return yaml.safe_dump(document, sort_keys=False)


def set_secrets(selected: auto.Stack, stack: checkout.Stack, world: World) -> None:
    """Make up the secret configuration that the program requires and the copied stack file lacks."""
    settings = settings_of(stack)
    if settings is None:
        return
    existing, made = settings.cluster.existing, {}
    for name in checkout.missing_secrets(stack, [key.name for key in required_secrets(settings)]):
        value = checkout.made_up_secret(name)
        if name == "kubeconfig" and existing:
            value = kubeconfig(world, existing.context)
        elif name == GIVEN:
            given = settings.secrets.given.items()
            value = json.dumps(
                {path: {field: checkout.made_up_secret(field) for field in fields} for path, fields in given}
            )
        made[f"{stack.project_name}:{name}"] = auto.ConfigValue(value, secret=True)
    if made:
        selected.set_all_config(made)

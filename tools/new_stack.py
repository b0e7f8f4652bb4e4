"""The text of a new stack file: a profile, and the few facts in which sites differ.

It is in the style of the CLI itself (block mappings, no empty lines, `{a: b}` without spaces inside), which writes the
whole file anew when it adds a secret and would reformat every other.
"""

from collections.abc import Iterator
from textwrap import indent
from typing import Final

import yaml

from register.services import SERVICES
from settings.model import Settings
from tools.profiles import PROFILES, Facts, Pool, Profile

SPARE_ADDRESSES: Final = 5
"""Load balancer addresses for applications of one's own."""


def text(facts: Facts, shipped: Settings) -> str:
    """The stack file; `shipped` is that of test-cluster, whose releases are kept current."""
    profile = PROFILES[facts.profile]
    sections = [
        _head(facts, profile),
        *([_proxmox(facts), _talos(facts, profile, shipped)] if profile.machines else []),
        _services(facts, profile, shipped),
    ]
    return "".join(sections)


def _head(facts: Facts, profile: Profile) -> str:
    network = _network(facts) if profile.machines else _described(facts)
    return f"""\
# yaml-language-server: $schema=docs/stack.schema.json
# The stack {facts.stack}: {profile.what}. docs/configuration.md describes every key.
config:
  home-cluster:cluster:
    name: {facts.stack}
    domain: {facts.domain}
{network}"""


def _described(facts: Facts) -> str:
    """The network of an existing cluster; one address may carry every Service, where balancers give that of a node."""
    addresses = [facts.first] * 3 if PROFILES[facts.profile].one_address else [facts.first + n for n in range(3)]
    ingress, vault, ssh = addresses
    asked = f"      addressAnnotation: {facts.address_annotation}\n" if facts.address_annotation else ""
    return f"""\
    existing:
      context: {_scalar(facts.context)}
{asked}\
  home-cluster:network:
    pods: {facts.pods}
    services: {facts.services}
    loadBalancers:
      ingress: {ingress} # in your DNS: {facts.domain} and *.{facts.domain}
      vault: {vault}
      gitSsh: {ssh} # in your DNS: git-ssh.{facts.domain}
"""


def _network(facts: Facts) -> str:
    first = facts.first
    return f"""\
  home-cluster:network:
    nodes: {facts.nodes}
    gateway: {facts.gateway}
    resolvers: [{facts.gateway}]
    bridge: {facts.bridge}
    pods: {facts.pods}
    services: {facts.services}
    vip: {first} # the Kubernetes API
    loadBalancers:
      first: {first + 1}
      last: {first + 3 + SPARE_ADDRESSES}
      ingress: {first + 1} # in your DNS: {facts.domain} and *.{facts.domain}
      vault: {first + 2}
      gitSsh: {first + 3} # in your DNS: git-ssh.{facts.domain}
"""


def _proxmox(facts: Facts) -> str:
    insecure = "    insecure: true # its certificate is signed by nobody that this machine knows\n"
    return f"""\
  home-cluster:proxmox:
    endpoint: {facts.endpoint}
{insecure if facts.insecure else ""}\
    region: proxmox # in the labels of the nodes; can never change
    imageDatastore: {facts.image_datastore} # must allow the content type Import
    vmDatastore: {facts.vm_datastore}
    csi:
      datastore: {facts.csi_datastore} # must allow the content type Disk image
      tokenId: kubernetes-csi@pve!csi
"""


def _talos(facts: Facts, profile: Profile, shipped: Settings) -> str:
    if shipped.talos is None or profile.control_plane is None:
        raise ValueError("the shipped stack file names no release of Talos, or the profile no machines")
    talos = shipped.talos
    pools = _pool(facts, "controlPlane", profile.control_plane, 0)
    pools += "    workers:\n" if profile.workers else ""
    number = profile.control_plane.nodes
    for name, pool in profile.workers.items():
        pools += indent(_pool(facts, name, pool, number), "  ")
        number += pool.nodes
    return f"""\
  home-cluster:talos:
    version: {talos.version}
    versionContract: {talos.version_contract} # the release the cluster was born with; does not follow version
    kubernetesVersion: {talos.kubernetes_version}
{pools}"""


def _pool(facts: Facts, key: str, pool: Pool, first: int) -> str:
    """A pool whose nodes follow `first` others in addresses, ids and hosts."""
    nodes = "".join(_nodes(facts, key, range(first, first + pool.nodes)))
    return f"""\
    {key}:
      cores: {pool.cores}
      memory: {pool.memory}
      disk: {pool.disk}
      nodes:
{nodes}"""


def _nodes(facts: Facts, key: str, numbers: range) -> Iterator[str]:
    role = {"controlPlane": "control", "default": "worker"}.get(key, key)
    for index, number in enumerate(numbers):
        address, host = facts.first + 4 + SPARE_ADDRESSES + number, facts.hosts[number % len(facts.hosts)]
        vm = f"vmId: {facts.first_vm_id + number}, address: {address}, host: {host}"
        yield f"        - {{name: {facts.stack}-{role}{index}, {vm}}}\n"


def _services(facts: Facts, profile: Profile, shipped: Settings) -> str:
    domain = facts.domain
    groups = "    userGroup: users\n    adminGroup: admins\n"
    services = "".join(f"  home-cluster:{one.slug}:\n{one.starter.format(domain=domain)}" for one in SERVICES)
    sync = f"    sync:\n      url: {_scalar(facts.git)}\n      path: clusters/{facts.stack}\n"
    return f"""\
  home-cluster:storage:
    className: {facts.storage_class}
  home-cluster:vault:
    mode: {profile.vault}
    host: vault.{domain}
{groups}\
  home-cluster:databases:
    instances: {profile.databases}
  home-cluster:identity:
    host: auth.{domain}
    replicas: {profile.authentik}
    adminEmail: akadmin@{domain} # of the break-glass account, which belongs to nobody
    groups: [users, admins]
    users:
      {_scalar(facts.username)}:
        name: {_scalar(facts.name)}
        email: {facts.email}
        groups: [users, admins]
{services}\
  home-cluster:gitops:
    fluxVersion: {shipped.gitops.flux_version}
{sync if facts.git else ""}"""


def _scalar(value: str) -> str:
    """What a person typed, in quotes where YAML would read something else."""
    return yaml.safe_dump(value, width=1000).splitlines()[0]

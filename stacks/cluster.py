"""The cluster itself: machines, Talos, network, storage and certificates, or a Kubernetes that is already there."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_command as command
import pulumi_kubernetes as k8s
import pulumiverse_talos as talos

from components.barrier import behind
from components.certificate_authority import CertificateAuthority, CertificateAuthorityArgs
from components.kubernetes.cert_manager import CertManager, CertManagerArgs
from components.kubernetes.cilium import Announcing, Cilium, CiliumArgs
from components.kubernetes.conditions import Conditions, ConditionsArgs, balanced
from components.kubernetes.coredns import CoreDns, CoreDnsArgs
from components.kubernetes.group_roles import GroupRoles, GroupRolesArgs
from components.kubernetes.proxmox_csi import ProxmoxCsi, ProxmoxCsiArgs
from components.kubernetes.reflector import Reflector, ReflectorArgs
from components.kubernetes.reloader import Reloader, ReloaderArgs
from components.kubernetes.storage_gate import StorageGate, StorageGateArgs
from components.kubernetes.traefik import Traefik, TraefikArgs
from components.phase import Phase, PhaseArgs
from components.proxmox.image import TalosImage, TalosImageArgs
from components.proxmox.provider import proxmox_provider
from components.proxmox.virtual_machine import VirtualMachine, VirtualMachineArgs
from components.talos.api_server import ApiServer, ApiServerArgs
from components.talos.cluster import TalosCluster, TalosClusterArgs
from components.talos.config import NodeRole
from components.talos.secrets import TalosSecrets, TalosSecretsArgs
from lib import acme, last_update, trust
from lib.names import SystemNamespace
from settings.infrastructure import TalosSettings
from settings.proxmox import ProxmoxSettings
from stacks import patches
from stacks.contracts import Cluster, Gates, Site
from stacks.edge import entry


@dataclass(frozen=True, kw_only=True)
class _Machines:
    """Talos on its machines, and the Kubernetes API that came out of it. `identity` is that of the cluster, secret."""

    identity: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    talosconfig: pulumi.Output[str]
    expire: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class _Foundation:
    """What every workload needs. `pods`: a network and names for pods, addresses for load balancers."""

    storage_class: pulumi.Input[str]
    pods: Gates
    storage: Gates


def build(site: Site, after: Gates = ()) -> Cluster:
    """Brings the cluster up, or takes the existing one. Nothing is touched before `after`."""
    settings = site.settings
    phase = Phase("cluster", PhaseArgs(after=after), pulumi.ResourceOptions(providers=list(site.generators)))
    authority = CertificateAuthority(
        "certificate-authority",
        CertificateAuthorityArgs(cluster_name=settings.cluster.name),
        pulumi.ResourceOptions(parent=phase),
    )
    trusted = pulumi.Output.concat(authority.certificate_pem, acme.roots(settings.certificates.issuer))
    machines = _machines(site, phase, trusted)
    kubeconfig = machines.kubeconfig if machines is not None else _given_kubeconfig(site)
    provider = k8s.Provider(
        "kubernetes",
        kubeconfig=last_update.kept(kubeconfig, "kubeconfig"),
        context=settings.cluster.existing.context if settings.cluster.existing is not None else None,
        # Without an identity, a kubeconfig that is unknown in a preview (a renewed certificate suffices) counts as
        # another cluster, and everything in it would be replaced (DiffConfig in provider/pkg/provider/provider.go).
        cluster_identifier=machines.identity if machines is not None else settings.cluster.name,
        # Otherwise a change of data deletes the object and makes a new one, while pods have it mounted.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        # What the program declares it owns: otherwise one field that anybody wrote by hand fails every later update of
        # the object, in its preview already (docs/adr/0047-what-is-declared-is-taken-back.md).
        enable_patch_force=True,
        opts=pulumi.ResourceOptions(parent=phase),
    )
    in_cluster = pulumi.ResourceOptions(parent=phase, providers=[provider])
    foundation = _foundation(site, in_cluster)
    certificates = CertManager(
        "cert-manager",
        CertManagerArgs(
            chart=site.charts["cert-manager"],
            authority=authority,
            replicas=settings.system_replicas,
            resolvers=settings.certificates.resolvers if settings.certificates.acme else (),
            after=foundation.pods,
        ),
        in_cluster,
    )
    traefik, helpers = _workload_helpers(site, foundation.pods, in_cluster)
    if settings.talos is not None and settings.talos.cluster_roles:
        GroupRoles("group-roles", GroupRolesArgs(cluster_roles=settings.talos.cluster_roles), in_cluster)
    return Cluster(
        kubernetes=provider,
        authority=authority,
        ca_certificate=authority.certificate_pem,
        trusted=trusted,
        ca_file=trust.written(trusted, pulumi.get_stack()),
        issuer=certificates.issuer,
        cert_manager=certificates.namespace,
        ingress=traefik.digest,
        storage_class=foundation.storage_class,
        kubeconfig=kubeconfig,
        talosconfig=machines.talosconfig if machines is not None else None,
        credentials_expire=machines.expire if machines is not None else None,
        ready=(
            *foundation.storage,
            *certificates.ready,
            *traefik.ready,
            *_addressed(site, traefik, in_cluster),
            *helpers,
        ),
    )


def _given_kubeconfig(site: Site) -> pulumi.Output[str]:
    if site.secrets.kubeconfig is None:
        raise ValueError("kubeconfig: is missing; set it with: pulumi config set --secret kubeconfig")
    return site.secrets.kubeconfig


def _machines(site: Site, phase: Phase, trusted: pulumi.Output[str]) -> _Machines | None:
    settings, token = site.settings, site.secrets.proxmox_api_token
    if settings.talos is None or settings.proxmox is None or token is None:
        return None
    child = pulumi.ResourceOptions(parent=phase)
    providers = (
        proxmox_provider("proxmox", settings.proxmox, token, child),
        # Otherwise schematics go to the factory of Sidero Labs, and the site's own does not know them.
        talos.Provider("talos", image_factory_url=f"https://{settings.talos.factory}", opts=child),
        command.Provider("command", opts=child),
    )
    in_machines = pulumi.ResourceOptions(parent=phase, providers=list(providers))
    image = TalosImage(
        "talos-image",
        TalosImageArgs(talos=settings.talos, datastore=settings.proxmox.image_datastore),
        in_machines,
    )
    talos_secrets = TalosSecrets(
        "talos-secrets", TalosSecretsArgs(version_contract=settings.talos.version_contract), in_machines
    )
    cluster = TalosCluster(
        "talos",
        TalosClusterArgs(
            cluster=settings.cluster,
            network=settings.network.of_nodes,
            talos=settings.talos,
            region=settings.proxmox.region,
            secrets=talos_secrets,
            installers=image.installers,
            machines=_virtual_machines(site, settings.talos, settings.proxmox, image, in_machines),
            node_patches=patches.of_nodes(settings, settings.talos, trusted),
            control_plane_patches=patches.of_control_planes(settings, settings.talos, trusted),
        ),
        in_machines,
    )
    serving = ApiServer("kubernetes-api", ApiServerArgs(cluster=cluster), in_machines)
    return _Machines(
        identity=behind(serving.answers, talos_secrets.cluster_id),
        kubeconfig=serving.kubeconfig,
        talosconfig=cluster.talosconfig,
        expire=_expire(talos_secrets, cluster),
    )


def _expire(talos_secrets: TalosSecrets, cluster: TalosCluster) -> pulumi.Output[str]:
    """When the first of the administrator's certificates ends: no secret, and what tools compare with the clock."""
    certificates = (
        talos_secrets.secrets.client_configuration.apply(lambda one: one.client_certificate),
        cluster.client_configuration.apply(lambda one: one.client_certificate),
    )
    return pulumi.Output.unsecret(
        pulumi.Output.all(*certificates).apply(lambda found: min(map(last_update.not_after, found)))
    )


def _virtual_machines(
    site: Site, talos_settings: TalosSettings, proxmox: ProxmoxSettings, image: TalosImage, opts: pulumi.ResourceOptions
) -> dict[str, pulumi.Resource]:
    return {
        node.name: VirtualMachine(
            node.name,
            VirtualMachineArgs(
                node=node,
                pool=pool,
                role=NodeRole.CONTROL_PLANE if pool is talos_settings.control_plane else NodeRole.WORKER,
                network=site.settings.network.of_nodes,
                datastore=proxmox.vm_datastore,
                image=image.files[key, node.host],
            ),
            opts,
        ).vm
        for key, pool in talos_settings.pools.items()
        for node in pool.nodes
    }


def _foundation(site: Site, opts: pulumi.ResourceOptions) -> _Foundation:
    settings, token = site.settings, site.secrets.proxmox_csi_token_secret
    if settings.talos is None or settings.proxmox is None or token is None:
        gate = StorageGate(
            "storage-gate",
            StorageGateArgs(storage_class=settings.storage.class_name, size=settings.storage.probe_size),
            opts,
        )
        return _Foundation(storage_class=settings.storage.class_name, pods=(), storage=tuple(gate.ready))
    cilium = Cilium(
        "cilium",
        CiliumArgs(
            chart=site.charts["cilium"],
            network=settings.network.of_nodes,
            nodes=[node.name for node in settings.talos.nodes],
            announcing=_announcing(settings.talos),
            monitored=settings.monitoring.enabled,
        ),
        opts,
    )
    dns = CoreDns(
        "coredns",
        CoreDnsArgs(
            network=settings.network.of_nodes,
            hosts=settings.addresses,
            zones=settings.zones,
            replicas=settings.system_replicas,
            after=cilium.ready,
        ),
        opts,
    )
    csi = ProxmoxCsi(
        "proxmox-csi",
        ProxmoxCsiArgs(
            chart=site.charts["proxmox-csi-plugin"],
            proxmox=settings.proxmox,
            token_secret=token,
            storage=settings.storage,
            monitored=settings.monitoring.enabled,
            tolerated=settings.talos.worker_taints,
            after=dns.ready,
        ),
        opts,
    )
    gate = StorageGate(
        "storage-gate",
        StorageGateArgs(storage_class=csi.scratch_class, size=settings.storage.probe_size, proves=[csi.digest]),
        opts,
    )
    return _Foundation(storage_class=csi.storage_class, pods=tuple(dns.ready), storage=tuple(gate.ready))


def _announcing(talos_settings: TalosSettings) -> Announcing:
    if talos_settings.worker_nodes:
        return "every-node" if talos_settings.schedulable else "workers"
    return "control-planes"


def _addressed(site: Site, traefik: Traefik, opts: pulumi.ResourceOptions) -> Gates:
    """Load balancers of an existing cluster give what they like, unless they can be asked."""
    if site.settings.cluster.existing is None:
        return ()
    service = balanced(SystemNamespace.TRAEFIK, "traefik", site.settings.network.load_balancers.ingress)
    args = ConditionsArgs(
        objects=[service],
        after=traefik.ready,
        proves=[traefik.digest],
        runbook="network.md#a-load-balancer-has-no-address",
    )
    return (Conditions("ingress-address", args, opts).gate,)


def _workload_helpers(
    site: Site, pods: Sequence[pulumi.Resource], opts: pulumi.ResourceOptions
) -> tuple[Traefik, Gates]:
    """Ingress, and what keeps Secrets and workloads in step."""
    settings, edge = site.settings, site.settings.edge
    traefik = Traefik(
        "traefik",
        TraefikArgs(
            chart=site.charts["traefik"],
            annotations=settings.asking_for(settings.network.load_balancers.ingress),
            # A pod on each node by which edge servers come in; on the others they find nobody.
            replicas=max(settings.system_replicas, len(settings.edge_workers) if edge.servers else 0),
            edge=entry(settings),
            after=pods,
        ),
        opts,
    )
    reflector = Reflector("reflector", ReflectorArgs(chart=site.charts["reflector"], after=pods), opts)
    reloader = Reloader("reloader", ReloaderArgs(chart=site.charts["reloader"], after=pods), opts)
    return traefik, (*reflector.ready, *reloader.ready)

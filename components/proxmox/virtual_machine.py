"""A virtual machine that boots Talos with a static address."""

from dataclasses import dataclass

import pulumi
import pulumi_proxmoxve as pve

from components.talos.config import NodeRole
from lib.addresses import mac_address, with_prefix
from settings.infrastructure import NodeNetwork
from settings.pools import Node, NodePool


@dataclass(frozen=True, kw_only=True)
class VirtualMachineArgs:
    """A node as a VM.

    Attributes:
        image: Id of the image file on the storage of the node's host.
        datastore: Storage for the disks.
    """

    node: Node
    pool: NodePool
    role: NodeRole
    network: NodeNetwork
    datastore: str
    image: pulumi.Input[str]


class VirtualMachine(pulumi.ComponentResource):
    """Creates `<name>`: the VM. It boots into Talos' maintenance mode and waits there for its configuration.

    Attributes:
        vm: The VM; what configures the node depends on it and is replaced with it.
    """

    vm: pve.VmLegacy

    def __init__(self, name: str, args: VirtualMachineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:proxmox/virtual_machine:VirtualMachine", name, None, opts)
        # VmLegacy is the mature class; upstream calls `Vm` experimental.
        self.vm = pve.VmLegacy(
            name,
            node_name=args.node.host,
            vm_id=args.node.vm_id,
            # The CSI plugin finds the VM of a Kubernetes node by this name where the provider id is missing.
            name=args.node.name,
            description="Talos node; managed by Pulumi.",
            # Proxmox sorts tags, so an unsorted list is a difference at every preview.
            tags=sorted(["kubernetes", "talos", args.role.value]),
            machine="q35",
            bios="ovmf",
            efi_disk=pve.VmLegacyEfiDiskArgs(datastore_id=args.datastore, type="4m", pre_enrolled_keys=False),
            operating_system=pve.VmLegacyOperatingSystemArgs(type="l26"),
            # Newer than the default qemu64, which Talos no longer runs on, and migratable, which `host` is not.
            cpu=pve.VmLegacyCpuArgs(cores=args.pool.cores, type="x86-64-v2-AES"),
            # Talos advises against ballooning: dedicated is the maximum, floating 0 removes the balloon device.
            memory=pve.VmLegacyMemoryArgs(dedicated=args.pool.memory, floating=0),
            # Not virtio-scsi-single: siderolabs/talos issue 11173.
            scsi_hardware="virtio-scsi-pci",
            disks=[_disk(args), *_data_disks(args)],
            boot_orders=["scsi0"],
            # Otherwise the provider gives the VM the drive of the host, for which Proxmox demands Sys.Console on /
            # (qemu-server, src/PVE/API2/Qemu.pm), on ide3, which q35 does not have: only ide0 and ide2.
            cdrom=pve.VmLegacyCdromArgs(file_id="none", interface="ide0"),
            network_devices=[_network_device(args)],
            initialization=_initialization(args),
            agent=_agent(),
            tpm_state=pve.VmLegacyTpmStateArgs(datastore_id=args.datastore, version="v2.0")
            if args.pool.encryption == "tpm"
            else None,
            # By mapping: a device by its id takes the password of root (qemu-server, src/PVE/API2/Qemu.pm).
            hostpcis=[
                pve.VmLegacyHostpciArgs(device=f"hostpci{number}", mapping=mapping, pcie=True)
                for number, mapping in enumerate(args.pool.pci_devices)
            ]
            or None,
            serial_devices=[pve.VmLegacySerialDeviceArgs(device="socket")],
            on_boot=True,
            started=True,
            startup=_startup(args.role),
            stop_on_destroy=True,  # a destroyed VM needs no orderly shutdown, and waiting for one can hang
            reboot_after_update=False,  # the default reboots every node of a pool at once
            opts=_options(self, args.node),
        )
        self.register_outputs({"vm_id": self.vm.vm_id})


def _disk(args: VirtualMachineArgs) -> pve.VmLegacyDiskArgs:
    return pve.VmLegacyDiskArgs(
        interface="scsi0",
        datastore_id=args.datastore,
        import_from=args.image,
        file_format="raw",
        size=args.pool.disk,
        ssd=True,
        discard="on",
    )


def _data_disks(args: VirtualMachineArgs) -> list[pve.VmLegacyDiskArgs]:
    """On another bus than the disks that the CSI plugin attaches; Talos finds them by their serial numbers."""
    return [
        pve.VmLegacyDiskArgs(
            interface=f"virtio{number}",
            datastore_id=disk.datastore or args.datastore,
            file_format="raw",
            size=disk.size,
            serial=name,
            discard="on",
        )
        for number, (name, disk) in enumerate(args.pool.data_disks.items())
    ]


def _network_device(args: VirtualMachineArgs) -> pve.VmLegacyNetworkDeviceArgs:
    return pve.VmLegacyNetworkDeviceArgs(
        bridge=args.network.bridge,
        vlan_id=args.network.vlan,
        model="virtio",
        # Talos matches the address below, and its own configuration, by MAC.
        mac_address=mac_address(args.node.vm_id),
    )


def _initialization(args: VirtualMachineArgs) -> pve.VmLegacyInitializationArgs:
    """The cloud-init drive: carries the address to the node before its first configuration, and nothing secret."""
    return pve.VmLegacyInitializationArgs(
        datastore_id=args.datastore,
        interface="ide2",  # q35 has only ide0 and ide2
        dns=pve.VmLegacyInitializationDnsArgs(servers=[str(resolver) for resolver in args.network.resolvers]),
        ip_configs=[
            pve.VmLegacyInitializationIpConfigArgs(
                ipv4=pve.VmLegacyInitializationIpConfigIpv4Args(
                    address=with_prefix(args.node.address, args.network.nodes), gateway=str(args.network.gateway)
                )
            )
        ],
    )


def _agent() -> pve.VmLegacyAgentArgs:
    # Addresses are static, so nothing waits for the agent: it answers only once Talos is configured, and on
    # Proxmox VE 9 only to a token with VM.GuestAgent.Audit (bpg/terraform-provider-proxmox issue 2091).
    return pve.VmLegacyAgentArgs(
        enabled=True, trim=True, timeout="2m", wait_for_ip=pve.VmLegacyAgentWaitForIpArgs(disabled=True)
    )


def _startup(role: NodeRole) -> pve.VmLegacyStartupArgs:
    """After a power cut the control planes come up first; they go down last."""
    order = 1 if role is NodeRole.CONTROL_PLANE else 2
    return pve.VmLegacyStartupArgs(order=order, up_delay=15, down_delay=60)


def _waits_for_a_start(node: Node) -> pulumi.ResourceHook:
    """Says what a machine with another size waits for: Proxmox uses it only from the next start of the machine."""

    def say(args: pulumi.ResourceHookArgs) -> None:
        old, new = args.old_inputs or {}, args.new_inputs or {}
        names = {"cpu": "cpu", "memory": "memory", "hostpcis": "devices"}
        changed = [said for name, said in names.items() if old.get(name) != new.get(name)]
        if changed:
            pulumi.log.warn(
                f"{node.name} waits for a start with its new {' and '.join(changed)}: on {node.host}, qm reboot "
                f"{node.vm_id}, one node at a time (docs/runbooks/nodes.md, More memory or processors)"
            )

    return pulumi.ResourceHook(f"{node.name}-waits-for-a-start", say)


def _options(parent: pulumi.Resource, node: Node) -> pulumi.ResourceOptions:
    """No `custom_timeouts`: the resource knows only its own (`timeout_create` and others, half an hour each)."""
    return pulumi.ResourceOptions(
        parent=parent,
        # The provider reads `speed` back as a block of zeros (https://github.com/muhlba91/pulumi-proxmoxve/issues/664),
        # and on any difference of disks deletes each that the plan does not know: the volumes of the CSI plugin
        # (bpg/terraform-provider-proxmox, proxmoxtf/resource/vm/vm.go, "Handle disk deletion"). Ignored as a whole,
        # because the bridge compares paths literally and knows no wildcard (pulumi-terraform-bridge, diff.go,
        # computeIgnoreChanges). What this hides: a new image, which never changes a running disk, and another size,
        # which `stack_file.machines` refuses with the way round.
        ignore_changes=["disks"],
        hooks=pulumi.ResourceHookBinding(after_update=[_waits_for_a_start(node)]),
        # The new VM has the id and the address of the old one.
        delete_before_replace=True,
    )

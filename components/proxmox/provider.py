"""Provider of the Proxmox VE API."""

import pulumi
import pulumi_proxmoxve as pve

from settings.proxmox import ProxmoxSettings


def proxmox_provider(
    name: str, proxmox: ProxmoxSettings, token: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
) -> pve.Provider:
    """The provider, by API token (`user@realm!name=uuid`).

    No SSH: importing a qcow2 image and cloud-init without snippets need the API only (bpg/terraform-provider-proxmox,
    docs/index.md). The endpoint is the bare URL, to which the provider adds /api2/json itself.
    """
    return pve.Provider(
        name,
        endpoint=str(proxmox.endpoint),
        insecure=proxmox.insecure,
        api_token=pulumi.Output.secret(token),
        opts=opts,
    )

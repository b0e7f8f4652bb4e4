"""How this program talks to Vault: with the root token that the initialisation left in the cluster."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pulumi_vault as vault

from components.vault.server import VaultServer
from components.vault.values import KEYS_SECRET, ROOT_KEY

TOKEN_SECONDS = 12 * 3600
"""How long the token lasts that the provider makes of the root token at its first request, and never renews
(terraform-provider-vault, internal/provider/meta.go). Its default of twenty minutes ends in 403 in a slow bring-up.
This is longer than all that comes between the first and the last use of Vault if each takes all its time, which
tests/invariants/test_order.py adds up, and below the 768 hours that Vault allows.
"""


@dataclass(frozen=True, kw_only=True)
class VaultAccessArgs:
    """The server and the trust in it.

    Attributes:
        ca_file: Path of the CA certificate; the provider takes no text.
        root_token: The token, once it was taken out of the cluster; None to read it from there.
    """

    server: VaultServer
    namespace: str
    ca_file: pulumi.Input[str]
    root_token: pulumi.Output[str] | None


class VaultAccess(pulumi.ComponentResource):
    """Creates:

    - `<name>-keys`: a read of the Secret `vault-keys` (never owned, so never deleted), unless a token is configured.
    - `<name>-provider`: the Vault provider.

    Attributes:
        provider: Configured once the gate of Vault is open.
    """

    provider: vault.Provider

    def __init__(self, name: str, args: VaultAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:vault/access:VaultAccess", name, None, opts)
        token = args.root_token if args.root_token is not None else self._stored_token(name, args)
        self.provider = vault.Provider(
            f"{name}-provider",
            address=args.server.address,
            ca_cert_file=args.ca_file,
            token=token,
            max_lease_ttl_seconds=TOKEN_SECONDS,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

    def _stored_token(self, name: str, args: VaultAccessArgs) -> pulumi.Output[str]:
        # The id comes out of the gate: a preview before the Secret exists shows an unknown instead of failing.
        secret_id = args.server.gate.id.apply(lambda _: f"{args.namespace}/{KEYS_SECRET}")
        keys = k8s.core.v1.Secret.get(f"{name}-keys", secret_id, pulumi.ResourceOptions(parent=self))
        return pulumi.Output.secret(keys.data.apply(lambda data: _root_token(data, keys)))


def _root_token(data: Mapping[str, str] | None, keys: pulumi.Resource | None) -> Any:
    """The token in the data of the Secret, or Pulumi's unknown.

    Without the token the update fails, but goes on with what needs no Vault: an exception would end all of it.
    """
    if data and ROOT_KEY in data:
        return base64.b64decode(data[ROOT_KEY]).decode()
    pulumi.log.error(
        f"the Secret {KEYS_SECRET} has no {ROOT_KEY}; if the root token was taken offline, supply it with: "
        "pulumi config set --secret vaultRootToken",
        resource=keys,
    )
    return pulumi.output.UNKNOWN

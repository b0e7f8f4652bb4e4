"""Valkey: the Redis protocol for those services that need it, each as its own user."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.helm import ReleaseArgs, release
from components.namespace import Namespace
from components.platform_secrets import PlatformSecrets
from lib.charts import Chart
from lib.values.valkey import ValkeyValues, values

_ADMINISTRATION = "~* &* +@all"
_APPLICATION = "~* &* +@all -@admin"
"""Everything on keys and channels, but no configuration, shutdown or access control."""


@dataclass(frozen=True, kw_only=True)
class ValkeyArgs:
    """Who connects. The password of each user is the secret `valkey/<user>`; `default` is always there."""

    chart: Chart
    namespace: Namespace
    users: tuple[str, ...]
    secrets: PlatformSecrets
    store: pulumi.Resource
    storage_class: pulumi.Input[str]
    size: str


class Valkey(pulumi.ComponentResource):
    """Creates `<name>-users` (ExternalSecret with the password of every user) and `<name>-release`.

    Attributes:
        release: The ready release; whoever connects depends on it.
    """

    release: k8s.helm.v3.Release

    def __init__(self, name: str, args: ValkeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:databases/valkey:Valkey", name, None, opts)
        users: Mapping[str, str] = {"default": _ADMINISTRATION, **{user: _APPLICATION for user in args.users}}
        passwords = ExternalSecret(
            f"{name}-users",
            ExternalSecretArgs(
                namespace=args.namespace,
                secret_name="valkey-users",
                keys=[SecretKey(user, args.secrets[f"valkey/{user}"], "password") for user in users],
                ready=[args.store],
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.release = release(
            f"{name}-release",
            ReleaseArgs(
                chart=args.chart,
                release="valkey",
                namespace=args.namespace.namespace,
                values=values(
                    ValkeyValues(
                        users=users,
                        users_secret=passwords.secret_name,
                        storage_class=args.storage_class,
                        size=args.size,
                    )
                ),
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

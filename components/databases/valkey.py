"""Valkey: the Redis protocol for those services that need it, each as its own user."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.databases.valkey_values import LABELS, METRICS_PORT, ValkeyValues, values
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.helm import ReleaseArgs, release
from components.namespace import Namespace
from components.platform_secrets import PlatformSecrets
from declarations.databases import namespaces
from lib.charts import Chart
from lib.names import MONITORING, VALKEY_PORT
from lib.network import Ingress, Policy
from register.databases import VALKEY_USERS
from settings.platform import DatabasesSettings

_ADMINISTRATION = "~* &* +@all"


def permissions(user: str) -> str:
    """Everything on the keys of its own databases and on channels, but no configuration, shutdown or access control.

    The rule `db=` is of Valkey 9.1 (its docs, topics/acl). FLUSHALL is not allowed under it, FLUSHDB is.
    """
    databases = ",".join(str(number) for number in VALKEY_USERS[user].databases.values())
    return f"~* &* +@all -@admin db={databases}"


@dataclass(frozen=True, kw_only=True)
class ValkeyArgs:
    """Who connects.

    Attributes:
        settings: Section `databases` of the stack file.
        monitored: Whether there is a Prometheus operator, to find PodMonitors.
        users: Names out of `declarations.databases.VALKEY_USERS`; the password of each is the secret `valkey/<user>`.
            The administrator `default` is always there.
        store: The ready ClusterSecretStore.
    """

    chart: Chart
    namespace: Namespace
    settings: DatabasesSettings
    monitored: bool
    users: tuple[str, ...]
    secrets: PlatformSecrets
    store: pulumi.Resource
    storage_class: pulumi.Input[str]


class Valkey(pulumi.ComponentResource):
    """Creates:

    - `<name>-ingress`: NetworkPolicy: who may connect; Valkey itself connects to nobody.
    - `<name>-users`: ExternalSecret with the password of every user.
    - `<name>-release`: Release of the chart.

    Attributes:
        release: The ready release; whoever connects depends on it.
    """

    release: k8s.helm.v3.Release

    def __init__(self, name: str, args: ValkeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:databases/valkey:Valkey", name, None, opts)
        users = {"default": _ADMINISTRATION, **{user: permissions(user) for user in args.users}}
        k8s.networking.v1.NetworkPolicy(
            f"{name}-ingress",
            metadata={"name": "valkey", "namespace": args.namespace.namespace},
            spec=_policy(args.users),
            opts=pulumi.ResourceOptions(parent=self),
        )
        passwords = ExternalSecret(
            f"{name}-users",
            ExternalSecretArgs(
                namespace=args.namespace,
                secret_name="valkey-users",
                keys=[SecretKey(user, args.secrets[f"valkey/{user}"], "password") for user in users],
                store_ready=[args.store],
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
                        size=args.settings.valkey_size,
                        monitored=args.monitored,
                    )
                ),
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def _policy(users: tuple[str, ...]) -> Any:
    clients = namespaces(VALKEY_USERS[user] for user in users)
    ingress = [Ingress(ports=(METRICS_PORT,), namespaces=(MONITORING,))]
    if clients:
        ingress.append(Ingress(ports=(VALKEY_PORT,), namespaces=clients))
    return Policy(pods=LABELS, ingress=ingress, silent=True).spec()

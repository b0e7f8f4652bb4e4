"""Authentik: server, worker, their secrets, certificate and the gate in front of the API."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi

from components.authentik.api import AuthentikApi
from components.namespace import Namespace
from components.platform_secrets import PlatformSecrets
from lib.charts import Chart
from lib.oidc import OidcApplication
from settings.platform import Identity


@dataclass(frozen=True, kw_only=True)
class AuthentikServerArgs:
    """Where and how Authentik runs.

    Attributes:
        namespace: Namespace `authentik`, with the CA bundle; it lets Traefik in.
        identity: Section `identity` of the stack file.
        pods: Network of the pods, from which Traefik's forwarded headers are trusted.
        secrets: The written secrets, among them `authentik/server` and `postgres/authentik`.
        store_ready: Readiness of the ClusterSecretStore.
        issuer_ready: The ClusterIssuer.
        applications: Every application that may ever have a blueprint, also one that joins in a later phase: the
            worker mounts the files of all, each optional.
    """

    chart: Chart
    namespace: Namespace
    identity: Identity
    pods: IPv4Network
    secrets: PlatformSecrets
    store_ready: Sequence[pulumi.Resource]
    issuer_ready: pulumi.Resource
    applications: Sequence[OidcApplication]


class AuthentikServer(pulumi.ComponentResource):
    """Attributes:
    url: Where people find it.
    api: How to configure it.
    """

    url: str
    api: AuthentikApi

"""The databases of phase 1: whose they are follows from the services that are switched on."""

from dataclasses import dataclass

import pulumi

from components.databases.cloudnative_pg_values import METRICS_PORT, WEBHOOK_PORT
from components.databases.postgres import Postgres, PostgresArgs
from components.databases.valkey import Valkey, ValkeyArgs
from components.dns.names import NAMESPACES as DNS
from components.namespace import Namespace, NamespaceArgs
from components.platform_secrets import PlatformSecrets
from lib import names
from lib.kubernetes import PodSecurity
from register.databases import DATABASES, VALKEY_USERS
from register.services import SERVICES
from settings.model import Settings
from stacks.contracts import Cluster, Site


@dataclass(frozen=True, kw_only=True)
class Databases:
    """The two servers."""

    postgres: Postgres
    valkey: Valkey


def build(
    site: Site,
    cluster: Cluster,
    secrets: PlatformSecrets,
    needs: tuple[pulumi.Resource, pulumi.Resource | None],
    opts: pulumi.ResourceOptions,
) -> Databases:
    """Brings both up. They need the ready ClusterSecretStore and, with backups, the gateway; `opts` are the phase's."""
    store, gateway = needs
    settings = site.settings
    operator_namespace = Namespace(
        "cloudnative-pg-namespace",
        NamespaceArgs(
            name=names.SystemNamespace.CLOUDNATIVE_PG,
            pod_security=PodSecurity.RESTRICTED,
            open_ports=(WEBHOOK_PORT,),
            metrics_ports=(METRICS_PORT,),
            # The operator calls the plugin that archives.
            among_themselves=settings.backup is not None,
        ),
        opts,
    )
    # Shut for everyone; each server lets in whom it serves.
    namespace = Namespace(
        "databases-namespace",
        NamespaceArgs(
            name=names.SystemNamespace.DATABASES, pod_security=PodSecurity.RESTRICTED, among_themselves=False
        ),
        opts,
    )
    used = used_namespaces(settings)
    postgres = Postgres(
        "postgres",
        PostgresArgs(
            chart=site.charts["cloudnative-pg"],
            operator_namespace=operator_namespace.namespace,
            namespace=namespace,
            settings=settings.databases,
            backup=settings.backup,
            barman=site.charts["plugin-barman-cloud"],
            gateway=gateway,
            databases=tuple(name for name, database in DATABASES.items() if database.namespace in used),
            authentik_servers=settings.identity.replicas,
            # The settings were refused if there were more instances than nodes for them. Of a cluster that this program
            # did not make it knows no nodes.
            spread=settings.talos is not None,
            secrets=secrets,
            store=store,
            issuer_ready=cluster.issuer,
            storage_class=cluster.storage_class,
        ),
        opts,
    )
    valkey = Valkey(
        "valkey",
        ValkeyArgs(
            chart=site.charts["valkey"],
            namespace=namespace,
            settings=settings.databases,
            monitored=settings.monitoring.enabled,
            users=tuple(name for name, user in VALKEY_USERS.items() if user.namespace in used),
            secrets=secrets,
            store=store,
            storage_class=cluster.storage_class,
        ),
        opts,
    )
    return Databases(postgres=postgres, valkey=valkey)


def used_namespaces(settings: Settings) -> frozenset[str]:
    """Namespaces of Authentik, of DNS and of the services that are switched on."""
    enabled = {service.namespace for service in SERVICES if service.enabled(settings)}
    dns = {str(DNS[side]) for side in settings.dns.sides}
    return frozenset({str(names.SystemNamespace.AUTHENTIK), *dns, *enabled})

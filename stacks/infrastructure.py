"""Phase 1: Vault, External Secrets and databases. From here on every secret has one writer and one path."""

from dataclasses import dataclass

import pulumi

from components.databases.postgres import Postgres, PostgresArgs
from components.databases.valkey import Valkey, ValkeyArgs
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.external_secrets.operator import ExternalSecrets, ExternalSecretsArgs
from components.namespace import Namespace, NamespaceArgs
from components.phase import Phase, PhaseArgs
from components.platform_secrets import PlatformSecrets
from components.vault.configuration import VaultConfiguration
from lib import extra_secrets, names
from lib.kubernetes import PodSecurity
from settings import Settings
from stacks import vault
from stacks.contracts import Cluster, Infrastructure, Site


@dataclass(frozen=True)
class _Context:
    """What every part of this phase is built with."""

    site: Site
    cluster: Cluster
    opts: pulumi.ResourceOptions


_WEBHOOK_EXTERNAL_SECRETS, _WEBHOOK_CLOUDNATIVE_PG = 10250, 9443


def build(site: Site, cluster: Cluster) -> Infrastructure:
    """Brings phase 1 up on a ready cluster."""
    phase = Phase(
        "phase1-infrastructure",
        PhaseArgs(after=cluster.ready),
        pulumi.ResourceOptions(providers=[cluster.kubernetes, *site.generators]),
    )
    context = _Context(site, cluster, pulumi.ResourceOptions(parent=phase))
    the_vault = vault.build(site, cluster, phase)
    store, round_trip = _external_secrets(context, the_vault.configuration, the_vault.secrets)
    postgres, valkey = _databases(context, the_vault.secrets, store)
    return Infrastructure(
        vault=the_vault.access.provider,
        vault_namespace=the_vault.namespace,
        secrets=the_vault.secrets,
        store=store,
        postgres=postgres,
        valkey=valkey,
        urls={"vault": the_vault.url},
        ready=(round_trip, the_vault.signs, *postgres.databases.values(), valkey.release),
    )


def _external_secrets(
    context: _Context, configuration: VaultConfiguration, secrets: PlatformSecrets
) -> tuple[pulumi.Resource, pulumi.Resource]:
    """The ready store, and the secret that was read back through it."""
    namespace = Namespace(
        "external-secrets-namespace",
        NamespaceArgs(
            name=names.Namespace.EXTERNAL_SECRETS,
            pod_security=PodSecurity.RESTRICTED,
            ca_certificate=context.cluster.ca_certificate,
            open_ports=(_WEBHOOK_EXTERNAL_SECRETS,),
        ),
        context.opts,
    )
    operator = ExternalSecrets(
        "external-secrets",
        ExternalSecretsArgs(
            chart=context.site.charts["external-secrets"],
            namespace=namespace,
            ca_config_map=_ca(namespace),
            kv_mount=configuration.kv_mount,
            kubernetes_path=configuration.kubernetes_path,
            reader_role=configuration.reader_role,
            consumers=sorted(
                {consumer for declaration in context.site.declarations for consumer in declaration.consumers}
            ),
        ),
        context.opts,
    )
    round_trip = ExternalSecret(
        "external-secrets-probe",
        ExternalSecretArgs(
            namespace=namespace,
            secret_name="probe",
            keys=[SecretKey("value", secrets["external-secrets/probe"], "value")],
            ready=[operator.store],
        ),
        context.opts,
    )
    for path in context.site.settings.secrets.extra:
        written = secrets[path]
        ExternalSecret(
            extra_secrets.secret_name(path),
            ExternalSecretArgs(
                namespace=namespace,
                secret_name=extra_secrets.secret_name(path),
                keys=[SecretKey(field, written, field) for field in written.values],
                ready=[operator.store],
            ),
            context.opts,
        )
    return operator.store, round_trip.resource


def _databases(context: _Context, secrets: PlatformSecrets, store: pulumi.Resource) -> tuple[Postgres, Valkey]:
    site, cluster, settings = context.site, context.cluster, context.site.settings
    operator_namespace = Namespace(
        "cloudnative-pg-namespace",
        NamespaceArgs(
            name=names.Namespace.CLOUDNATIVE_PG,
            pod_security=PodSecurity.RESTRICTED,
            open_ports=(_WEBHOOK_CLOUDNATIVE_PG,),
        ),
        context.opts,
    )
    namespace = Namespace(
        "databases-namespace",
        NamespaceArgs(
            name=names.Namespace.DATABASES,
            pod_security=PodSecurity.RESTRICTED,
            from_namespaces=(names.Namespace.CLOUDNATIVE_PG, names.Namespace.AUTHENTIK, *_services(settings)),
        ),
        context.opts,
    )
    postgres = Postgres(
        "postgres",
        PostgresArgs(
            chart=site.charts["cloudnative-pg"],
            operator_namespace=operator_namespace.namespace,
            namespace=namespace,
            databases=_database_names(settings),
            secrets=secrets,
            store=store,
            instances=settings.databases.instances,
            storage_class=cluster.storage_class,
            size=settings.databases.size,
        ),
        context.opts,
    )
    valkey = Valkey(
        "valkey",
        ValkeyArgs(
            chart=site.charts["valkey"],
            namespace=namespace,
            users=tuple(
                user for user, service in (("gitea", settings.gitea), ("harbor", settings.harbor)) if service.enabled
            ),
            secrets=secrets,
            store=store,
            storage_class=cluster.storage_class,
            size=settings.databases.valkey_size,
        ),
        context.opts,
    )
    return postgres, valkey


def _services(settings: Settings) -> tuple[str, ...]:
    """Namespaces of the enabled services."""
    enabled = (
        (names.Namespace.GITEA, settings.gitea),
        (names.Namespace.HARBOR, settings.harbor),
        (names.Namespace.MATRIX, settings.matrix),
    )
    return tuple(namespace for namespace, service in enabled if service.enabled)


def _database_names(settings: Settings) -> tuple[str, ...]:
    owned = (
        ("gitea", settings.gitea),
        ("harbor", settings.harbor),
        ("synapse", settings.matrix),
        ("mas", settings.matrix),
    )
    return ("authentik", *(database for database, service in owned if service.enabled))


def _ca(namespace: Namespace) -> pulumi.Output[str]:
    if namespace.ca_config_map is None:
        raise ValueError(f"namespace {namespace.literal} was created without the CA bundle that its members trust")
    return namespace.ca_config_map

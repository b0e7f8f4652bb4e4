"""Phase 1: Vault, External Secrets and databases. From here on every secret has one writer and one path."""

from dataclasses import dataclass

import pulumi

from components.databases.postgres import Postgres, PostgresArgs
from components.databases.valkey import Valkey, ValkeyArgs
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.external_secrets.operator import ExternalSecrets, ExternalSecretsArgs
from components.namespace import Namespace, NamespaceArgs
from components.phase import Phase, PhaseArgs
from components.platform_secrets import PlatformSecrets, PlatformSecretsArgs
from components.vault.access import VaultAccess, VaultAccessArgs
from components.vault.configuration import VaultConfiguration, VaultConfigurationArgs
from components.vault.server import VaultServer, VaultServerArgs
from components.vault.user_interface import VaultUserInterface, VaultUserInterfaceArgs
from lib import extra_secrets, names
from lib.kubernetes import PodSecurity
from lib.values.external_secrets import SERVICE_ACCOUNT
from lib.values.vault import ROOT_KEY, UNSEAL_KEY
from settings import Settings
from stacks.contracts import Cluster, Infrastructure, Site


@dataclass(frozen=True)
class _Context:
    """What every part of this phase is built with."""

    site: Site
    cluster: Cluster
    opts: pulumi.ResourceOptions


_WEBHOOK_EXTERNAL_SECRETS, _WEBHOOK_CLOUDNATIVE_PG, _VAULT_API = 10250, 9443, 8200


def build(site: Site, cluster: Cluster) -> Infrastructure:
    """Brings phase 1 up on a ready cluster."""
    phase = Phase(
        "phase1-infrastructure",
        PhaseArgs(after=cluster.ready),
        pulumi.ResourceOptions(providers=[cluster.kubernetes, *site.generators]),
    )
    in_phase = pulumi.ResourceOptions(parent=phase)

    vault_namespace = Namespace(
        "vault-namespace",
        NamespaceArgs(
            name=names.Namespace.VAULT,
            pod_security=PodSecurity.BASELINE,  # the binary's IPC_LOCK capability forbids dropping all of them
            ca_certificate=cluster.ca_certificate,
            open_ports=(_VAULT_API,),
        ),
        in_phase,
    )
    context = _Context(site, cluster, in_phase)
    server = _vault(context, vault_namespace)
    access = VaultAccess(
        "vault-access",
        VaultAccessArgs(
            server=server,
            namespace=vault_namespace.literal,
            ca_file=cluster.ca_file,
            root_token=site.secrets.vault_root_token,
        ),
        in_phase,
    )
    in_vault = pulumi.ResourceOptions(parent=phase, providers=[access.provider])
    configuration = VaultConfiguration(
        "vault-configuration",
        VaultConfigurationArgs(
            gate=server.gate,
            reader_account=SERVICE_ACCOUNT,
            reader_namespace=names.Namespace.EXTERNAL_SECRETS,
        ),
        in_vault,
    )
    secrets = PlatformSecrets(
        "secrets", PlatformSecretsArgs(declarations=site.declarations, mount=configuration.kv_mount), in_vault
    )
    interface = VaultUserInterface(
        "vault-ui",
        VaultUserInterfaceArgs(
            namespace=vault_namespace.namespace,
            host=site.settings.vault.host,
            service=server.service.metadata.name,
            ca_config_map=_ca(vault_namespace),
            issuer_ready=cluster.issuer,
        ),
        in_phase,
    )

    store, round_trip = _external_secrets(context, configuration, secrets)
    postgres, valkey = _databases(context, secrets, store)
    return Infrastructure(
        vault=access.provider,
        vault_namespace=vault_namespace,
        secrets=secrets,
        store=store,
        postgres=postgres,
        valkey=valkey,
        urls={"vault": interface.url},
        ready=(round_trip, *postgres.databases.values(), valkey.release),
    )


def _vault(context: _Context, namespace: Namespace) -> VaultServer:
    site, cluster = context.site, context.cluster
    return VaultServer(
        "vault",
        VaultServerArgs(
            chart=site.charts["vault"],
            namespace=namespace,
            load_balancer_ip=str(site.settings.network.load_balancers.vault),
            address=site.settings.vault.address,
            ca_config_map=_ca(namespace),
            issuer_ready=cluster.issuer,
            storage_class=cluster.storage_class,
            data_size=site.settings.vault.data_size,
            # Once the token is configured it may have been taken out of the cluster.
            stored_keys=(UNSEAL_KEY,) if site.secrets.vault_root_token is not None else (ROOT_KEY, UNSEAL_KEY),
        ),
        context.opts,
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

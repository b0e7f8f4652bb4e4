"""Phase 1: Vault, External Secrets and databases. From here on every secret has one writer and one path."""

from dataclasses import dataclass

import pulumi

from components.barrier import barrier
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.external_secrets.operator import ExternalSecrets, ExternalSecretsArgs
from components.external_secrets.values import METRICS_PORT, WEBHOOK_PORT
from components.namespace import Namespace, NamespaceArgs
from components.phase import Phase, PhaseArgs
from components.platform_secrets import PlatformSecrets
from components.vault.configuration import VaultConfiguration
from declarations import extra_secrets
from lib import names
from lib.kubernetes import PodSecurity
from stacks import backup, databases, vault
from stacks.contracts import Cluster, Infrastructure, Site


@dataclass(frozen=True)
class _Context:
    """What every part of this phase is built with."""

    site: Site
    cluster: Cluster
    opts: pulumi.ResourceOptions


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
    backups = backup.base(site, cluster, the_vault.secrets, store, context.opts)
    gateway = backups.gateway if backups is not None else None
    servers = databases.build(site, cluster, the_vault.secrets, (store, gateway), context.opts)
    gates = (round_trip, the_vault.signs, *servers.postgres.databases.values(), servers.valkey.release)
    return Infrastructure(
        vault=the_vault.access.provider,
        vault_digest=the_vault.digest,
        vault_namespace=the_vault.namespace,
        vault_backup=the_vault.backup,
        secrets=the_vault.secrets,
        certificate_issuer=the_vault.signs,
        store=store,
        postgres=servers.postgres,
        valkey=servers.valkey,
        backups=backups,
        urls={"vault": the_vault.url},
        # Several phases wait for all of these, and each would be walked through again for every phase.
        ready=(barrier("phase1-infrastructure-ready", gates, phase),),
    )


def _external_secrets(
    context: _Context, configuration: VaultConfiguration, secrets: PlatformSecrets
) -> tuple[pulumi.Resource, pulumi.Resource]:
    """The ready store, and the secret that was read back through it."""
    namespace = Namespace(
        "external-secrets-namespace",
        NamespaceArgs(
            name=names.SystemNamespace.EXTERNAL_SECRETS,
            pod_security=PodSecurity.RESTRICTED,
            ca_certificate=context.cluster.ca_certificate,
            open_ports=(WEBHOOK_PORT,),
            metrics_ports=(METRICS_PORT,),
            among_themselves=False,
        ),
        context.opts,
    )
    operator = ExternalSecrets(
        "external-secrets",
        ExternalSecretsArgs(
            chart=context.site.charts["external-secrets"],
            namespace=namespace,
            ca_config_map=namespace.ca_bundle,
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
            store_ready=[operator.store],
        ),
        context.opts,
    )
    for path in context.site.settings.secrets.extra:
        written = secrets[path]
        if written.declaration.reader(namespace.literal, extra_secrets.secret_name(path)) is None:
            continue  # only chains use it
        ExternalSecret(
            extra_secrets.secret_name(path),
            ExternalSecretArgs(
                namespace=namespace,
                secret_name=extra_secrets.secret_name(path),
                keys=[SecretKey(field, written, field) for field in written.values],
                store_ready=[operator.store],
            ),
            context.opts,
        )
    return operator.store, round_trip.resource

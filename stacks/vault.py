"""Vault, as part of phase 1: the server, what it serves, and who reaches it."""

import json
from dataclasses import dataclass
from functools import partial

import pulumi

from components.backup import secrets as backup
from components.external_secrets.values import SERVICE_ACCOUNT
from components.matrix import secrets as matrix
from components.matrix import signing_key
from components.matrix.settings import MatrixSettings
from components.namespace import Namespace, NamespaceArgs
from components.phase import Phase
from components.platform_secrets import PlatformSecrets, PlatformSecretsArgs
from components.vault.access import VaultAccess, VaultAccessArgs
from components.vault.backup_access import VaultBackupAccess, VaultBackupAccessArgs
from components.vault.certificate_issuer import VaultCertificateIssuer, VaultCertificateIssuerArgs
from components.vault.configuration import VaultConfiguration, VaultConfigurationArgs
from components.vault.network_policy import VaultNetworkPolicy, VaultNetworkPolicyArgs
from components.vault.pki import VaultPki, VaultPkiArgs
from components.vault.server import VaultServer, VaultServerArgs
from components.vault.user_interface import VaultUserInterface, VaultUserInterfaceArgs
from components.vault.values import ROOT_KEY, UNSEAL_KEY
from lib import names
from lib.kubernetes import PodSecurity
from register.certificates import secret_names
from stacks.contracts import Cluster, Site

# Besides its own namespace: who syncs secrets, who has certificates signed, and the ingress for people.
_CALLERS = (names.SystemNamespace.EXTERNAL_SECRETS, names.SystemNamespace.CERT_MANAGER, names.SystemNamespace.TRAEFIK)


@dataclass(frozen=True, kw_only=True)
class Vault:
    """A Vault that serves.

    Attributes:
        digest: Fingerprint of its release.
        signs: Gate: Vault has signed a certificate for cert-manager.
    """

    namespace: Namespace
    access: VaultAccess
    digest: pulumi.Output[str]
    configuration: VaultConfiguration
    secrets: PlatformSecrets
    backup: VaultBackupAccess
    url: pulumi.Output[str]
    signs: pulumi.Resource


def build(site: Site, cluster: Cluster, phase: Phase) -> Vault:
    """Brings Vault up inside `phase`."""
    in_phase = pulumi.ResourceOptions(parent=phase)
    namespace = _namespace(site, cluster, in_phase)
    server = VaultServer("vault", _server(site, cluster, namespace), in_phase)
    access = VaultAccess(
        "vault-access",
        VaultAccessArgs(
            server=server,
            namespace=namespace.literal,
            ca_file=cluster.ca_file,
            root_token=site.secrets.vault_root_token,
        ),
        in_phase,
    )
    in_vault = pulumi.ResourceOptions(parent=phase, providers=[access.provider])
    configuration = VaultConfiguration(
        "vault-configuration",
        VaultConfigurationArgs(
            reader_account=SERVICE_ACCOUNT,
            reader_namespace=names.SystemNamespace.EXTERNAL_SECRETS,
        ),
        in_vault,
    )
    snapshots = VaultBackupAccess(
        "vault-backup-access",
        VaultBackupAccessArgs(namespace=namespace.namespace, kubernetes_path=configuration.kubernetes_path),
        in_vault,
    )
    interface = VaultUserInterface(
        "vault-ui",
        VaultUserInterfaceArgs(
            namespace=namespace.namespace,
            host=site.settings.vault.host,
            service=server.service.metadata.name,
            ca_config_map=namespace.ca_bundle,
            issuer_ready=cluster.issuer,
            # By name: they are ordered later, and Traefik takes each as soon as it is there.
            public=secret_names(site.settings),
        ),
        in_phase,
    )
    return Vault(
        namespace=namespace,
        access=access,
        digest=server.digest,
        configuration=configuration,
        secrets=PlatformSecrets("secrets", _secrets(site, configuration), in_vault),
        backup=snapshots,
        url=interface.url,
        signs=_certificates(site, cluster, server, configuration, in_vault).proven,
    )


def _secrets(site: Site, configuration: VaultConfiguration) -> PlatformSecretsArgs:
    imported = site.secrets.matrix_signing_key if site.settings.section(MatrixSettings).kept else None
    given = {matrix.SIGNING_KEY_FIELD: imported.apply(signing_key.normal)} if imported is not None else {}
    return PlatformSecretsArgs(
        declarations=site.declarations,
        mount=configuration.kv_mount,
        given={**({matrix.SIGNING_KEY: given} if given else {}), **_of_the_target(site), **_brought(site)},
    )


def _of_the_target(site: Site) -> dict[str, dict[str, pulumi.Output[str]]]:
    """How backups get to their target, and what opens their repositories: a person keeps both."""
    pair, phrase = site.secrets.backup_access_key, site.secrets.backup_password
    if site.settings.backup is None or pair is None or phrase is None:
        return {}
    return {
        backup.ACCESS_KEY: {field: pair.apply(partial(_member, key)) for field, key in backup.PAIR.items()},
        backup.PASSWORD: {backup.PASSWORD_FIELD: phrase},
    }


def _member(key: str, text: str) -> str:
    return str(json.loads(text)[key])


def _brought(site: Site) -> dict[str, dict[str, pulumi.Output[str]]]:
    """Values of added secrets that are not made here."""
    text = site.secrets.given
    if text is None:
        return {}
    return {
        path: {field: text.apply(partial(_value, path, field)) for field in fields}
        for path, fields in site.settings.secrets.given.items()
    }


def _value(path: str, field: str, text: str) -> str:
    return str(json.loads(text)[path][field])


def _namespace(site: Site, cluster: Cluster, opts: pulumi.ResourceOptions) -> Namespace:
    namespace = Namespace(
        "vault-namespace",
        NamespaceArgs(
            name=names.SystemNamespace.VAULT,
            pod_security=PodSecurity.RESTRICTED,
            ca_certificate=cluster.trusted,
        ),
        opts,
    )
    VaultNetworkPolicy(
        "vault-network-policy",
        VaultNetworkPolicyArgs(
            namespace=namespace.namespace,
            namespaces=_CALLERS,
            cilium=site.settings.cluster.existing is None,
        ),
        opts,
    )
    return namespace


def _server(site: Site, cluster: Cluster, namespace: Namespace) -> VaultServerArgs:
    settings = site.settings.vault
    return VaultServerArgs(
        chart=site.charts["vault"],
        namespace=namespace,
        load_balancer_ip=str(site.settings.network.load_balancers.vault),
        annotations=site.settings.asking_for(site.settings.network.load_balancers.vault),
        given=site.settings.cluster.existing is not None,
        address=settings.address,
        ca_config_map=namespace.ca_bundle,
        issuer_ready=cluster.issuer,
        storage_class=cluster.storage_class,
        replicas=settings.replicas,
        data_size=settings.data_size,
        audit_size=settings.audit_size,
        # Once the token is configured it may have been taken out of the cluster.
        stored_keys=(UNSEAL_KEY,) if site.secrets.vault_root_token is not None else (ROOT_KEY, UNSEAL_KEY),
    )


def _certificates(
    site: Site,
    cluster: Cluster,
    server: VaultServer,
    configuration: VaultConfiguration,
    opts: pulumi.ResourceOptions,
) -> VaultCertificateIssuer:
    """Vault signs certificates below the platform's root, and cert-manager may ask it to."""
    pki = VaultPki(
        "vault-pki",
        VaultPkiArgs(
            authority=cluster.authority,
            cluster_name=site.settings.cluster.name,
            domain=site.settings.cluster.domain,
            host=site.settings.vault.host,
            # The domain of user ids, whose host serves the delegation.
            names=[site.settings.section(MatrixSettings).server_name]
            if site.settings.section(MatrixSettings).enabled
            else [],
        ),
        opts,
    )
    return VaultCertificateIssuer(
        "vault-issuer",
        VaultCertificateIssuerArgs(
            sign_path=pki.sign_path,
            kubernetes_path=configuration.kubernetes_path,
            ca_certificate=cluster.ca_certificate,
            service=server.service,
            probe_namespace=server.service.metadata.namespace,
        ),
        opts,
    )

"""What each phase hands to those that build on it. Phases know these types and never each other."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
import pulumi_vault as vault

from components.authentik.api import AuthentikApi
from components.certificate_authority import CertificateAuthority
from components.databases.postgres import Postgres
from components.databases.valkey import Valkey
from components.namespace import Namespace
from components.platform_secrets import PlatformSecrets
from components.vault.backup_access import VaultBackupAccess
from lib.charts import Catalogue
from lib.secrets import SecretDeclaration
from settings.model import Settings
from stack_file.secrets import StackSecrets

Gates = tuple[pulumi.Resource, ...]
"""Resources that exist only once a phase is ready."""
PublicHosts = Mapping[str, pulumi.Output[str]]
"""Secret with the certificate of a host that Let's Encrypt signed, by the host; empty where the platform's CA does."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """What the stack file gives to every phase.

    Attributes:
        declarations: Every secret that Vault is to hold.
        generators: Providers of random values and keys; they need no configuration.
    """

    settings: Settings
    secrets: StackSecrets
    declarations: tuple[SecretDeclaration, ...]
    charts: Catalogue
    generators: tuple[pulumi.ProviderResource, ...]


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A Kubernetes cluster that can run the platform.

    Attributes:
        kubernetes: Provider of its API, on the VIP.
        authority: The platform's CA.
        ca_certificate: PEM of its root.
        trusted: PEM of all roots that certificates of the platform lead to: that one, and those of Let's Encrypt where
            that signs for the hosts.
        ca_file: Path of `trusted` on the machine that deploys, for providers that take only files.
        issuer: The ready ClusterIssuer of that CA.
        cert_manager: Namespace of cert-manager.
        ingress: Digest of the ingress controller, for gates that ask by a public host.
        kubeconfig: Administrator's kubeconfig, secret.
        talosconfig: Administrator's talosconfig, secret; None on an existing cluster.
        credentials_expire: When the first certificate of the two ends; None on an existing cluster.
    """

    kubernetes: k8s.Provider
    authority: CertificateAuthority
    ca_certificate: pulumi.Output[str]
    trusted: pulumi.Output[str]
    ca_file: pulumi.Output[str]
    issuer: pulumi.Resource
    cert_manager: Namespace
    ingress: pulumi.Output[str]
    storage_class: pulumi.Input[str]
    kubeconfig: pulumi.Output[str]
    talosconfig: pulumi.Output[str] | None
    credentials_expire: pulumi.Output[str] | None
    ready: Gates


@dataclass(frozen=True, kw_only=True)
class Backups:
    """The way to the target of backups.

    Attributes:
        namespace: Where Jobs that back up run.
        access: Name of the Secret there that has the key pair of the target.
        gateway: What encrypts databases on their way serves.
    """

    namespace: Namespace
    access: pulumi.Output[str]
    gateway: pulumi.Resource


@dataclass(frozen=True, kw_only=True)
class Infrastructure:
    """Secrets that flow from Vault to pods, and databases.

    Attributes:
        backups: None without the section `backup`.
        vault_digest: Fingerprint of Vault's release.
        vault_backup: Who may take snapshots of Vault.
        certificate_issuer: A certificate that the ClusterIssuer `vault-pki` signed: what depends on it finds one that
            works.
    """

    vault: vault.Provider
    vault_digest: pulumi.Output[str]
    vault_namespace: Namespace
    vault_backup: VaultBackupAccess
    secrets: PlatformSecrets
    certificate_issuer: pulumi.Resource
    store: pulumi.Resource
    postgres: Postgres
    valkey: Valkey
    backups: Backups | None
    urls: Mapping[str, pulumi.Input[str]]
    ready: Gates


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Authentik with its people, groups and the applications of the services.

    Attributes:
        groups: The applied blueprint of people and groups.
        logins: Gate of the login of each application, by its slug.
    """

    api: AuthentikApi
    groups: pulumi.Resource
    logins: Mapping[str, pulumi.Resource]
    urls: Mapping[str, pulumi.Input[str]]
    ready: Gates


@dataclass(frozen=True, kw_only=True)
class Integration:
    """Vault and Authentik joined."""

    ready: Gates


@dataclass(frozen=True, kw_only=True)
class Services:
    """The services that people use.

    Attributes:
        gates: That of each service, by its slug.
    """

    urls: Mapping[str, pulumi.Input[str]]
    gates: Mapping[str, pulumi.Resource]
    ready: Gates

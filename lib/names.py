"""Names that more than one component must agree on."""

from collections.abc import Mapping, Sequence
from enum import StrEnum


class SystemNamespace(StrEnum):
    """Namespaces of the platform; those of services are in their folders."""

    KUBE_SYSTEM = "kube-system"
    CERT_MANAGER = "cert-manager"
    TRAEFIK = "traefik"
    CSI_PROXMOX = "csi-proxmox"
    REFLECTOR = "reflector"
    RELOADER = "reloader"
    VAULT = "vault"
    EXTERNAL_SECRETS = "external-secrets"
    CLOUDNATIVE_PG = "cnpg-system"
    DATABASES = "databases"
    AUTHENTIK = "authentik"
    FLUX = "flux-system"
    DNS = "dns"
    DNS_INTERNET = "dns-internet"
    MONITORING = "monitoring"
    BACKUP = "backup"


PHASES: Mapping[str, Sequence[str]] = {
    "cluster": (),
    "phase1-infrastructure": ("cluster",),
    "certificates": ("phase1-infrastructure",),
    "phase2-identity": ("phase1-infrastructure", "certificates"),
    "phase3-integration": ("phase2-identity",),
    "phase4-services": ("phase3-integration",),
    "dns": ("phase1-infrastructure",),
    "gitops": ("cluster",),
    "monitoring": ("cluster",),
    "backup": ("phase1-infrastructure",),
    "edge": ("cluster",),
}
"""Phases in the order in which they are shown, and what each builds on (stacks/). Who asks for that takes the table of
register/phases.py, as it depends on the stack file.
"""

INGRESS_CLASS = "traefik"
SECRET_STORE = "vault"
"""Name of the ClusterSecretStore."""
CLUSTER_ISSUER = "internal-ca"
"""Name of the ClusterIssuer; it says what it is, not what it is used for."""
CA_CONFIG_MAP = "cluster-ca"
"""ConfigMap with the CA certificate under `ca.crt`, in every namespace of the platform."""
CA_DIRECTORY = "/etc/cluster-ca"
"""Where pods of the platform mount it."""
POSTGRES_CLUSTER = "postgres"
SERVICES_DOMAIN = "svc.cluster.local"
"""What the names of Services end in, behind their namespace: the domain that Talos and kubeadm give a cluster."""
POSTGRES_HOST = f"{POSTGRES_CLUSTER}-rw.{SystemNamespace.DATABASES}.{SERVICES_DOMAIN}"
POSTGRES_PORT, VALKEY_PORT, VAULT_PORT = 5432, 6379, 8200
VALKEY_ADDRESS = f"valkey.{SystemNamespace.DATABASES}.{SERVICES_DOMAIN}:{VALKEY_PORT}"
VAULT_IN_CLUSTER = f"https://vault-api.{SystemNamespace.VAULT}.{SERVICES_DOMAIN}:{VAULT_PORT}"
"""The Service that leads to the unsealed, active server of Vault."""
AUTHENTIK_IN_CLUSTER = f"http://authentik-server.{SystemNamespace.AUTHENTIK}.svc"
"""Authentik from inside its namespace, past the ingress: its release is `authentik`, the Service listens on 80."""
VAULT_ISSUER = "vault-pki"
"""ClusterIssuer of certificates that Vault signs."""
MONITORING = SystemNamespace.MONITORING.value
"""Namespace from which metrics are read, where the stack file asks for that."""

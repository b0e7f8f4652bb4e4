"""Vault as a certificate authority: an intermediate below the platform's root, with its key made in Vault."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

from components.certificate_authority import CertificateAuthority
from lib.names import SERVICES_DOMAIN

MOUNT = "pki"
ROLE = "platform"
_HOUR = 3600
MAX_SECONDS = 90 * 24 * _HOUR
"""Ninety days, as the certificates of cert-manager last."""
_SERVICES = ("svc", SERVICES_DOMAIN)


@dataclass(frozen=True, kw_only=True)
class VaultPkiArgs:
    """In whose name Vault signs, and for which hosts.

    Attributes:
        authority: The platform's CA, which signs the intermediate.
        host: Public host of Vault, where certificates say that the CA and its revocation list are found.
        names: Names besides those below the domain and of Services, such as the domain itself.
    """

    authority: CertificateAuthority
    cluster_name: str
    domain: str
    host: str
    names: Sequence[str] = ()


class VaultPki(pulumi.ComponentResource):
    """Creates:

    - `<name>-engine`: the PKI engine at `pki`.
    - `<name>-urls`, `<name>-crl`, `<name>-tidy`: where CA and revocation list are found; the list is rebuilt before it
      expires; what expired is removed.
    - `<name>-request`: key and request of the intermediate. The key never leaves Vault.
    - `<name>-certificate`: the intermediate's certificate, signed by the platform's root.
    - `<name>-root`, `<name>-intermediate`: the two certificates in Vault, so that it answers with the whole chain.
    - `<name>-issuers`: the intermediate as the default issuer, and after a renewal the new one.
    - `<name>-role`: the role `platform`: server certificates for hosts below the domain, for Services and for the
      names that are given.

    Attributes:
        mount: Path of the engine.
        sign_path: Path that signs a request by the role, once everything above is there.
    """

    mount: pulumi.Output[str]
    sign_path: pulumi.Output[str]

    def __init__(self, name: str, args: VaultPkiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:vault/pki:VaultPki", name, None, opts)
        self._name, self._args, self._child = name, args, pulumi.ResourceOptions(parent=self)
        engine = vault.Mount(
            f"{name}-engine",
            path=MOUNT,
            type="pki",
            description="Certificates of the platform",
            # The engine caps every role; its own default is 32 days.
            default_lease_ttl_seconds=MAX_SECONDS,
            max_lease_ttl_seconds=MAX_SECONDS,
            opts=self._child,
        )
        self.mount = engine.path
        upkeep = self._upkeep()
        role = self._role([self._issuers(upkeep), *upkeep])
        self.sign_path = pulumi.Output.concat(self.mount, "/sign/", role.name)
        self.register_outputs({"sign_path": self.sign_path})

    def _issuers(self, after: Sequence[pulumi.Resource]) -> vault.pkisecret.SecretBackendConfigIssuers:
        name, args = self._name, self._args
        request = vault.pkisecret.SecretBackendIntermediateCertRequest(
            f"{name}-request",
            backend=self.mount,
            type="internal",
            common_name=f"{args.cluster_name} Vault CA",
            key_type="ec",
            key_bits=256,
            opts=self._child,
        )
        signed = args.authority.intermediate(f"{name}-certificate", request.csr, self._child)
        # An issuer takes over the URLs that are configured by then.
        root = self._imported("root", args.authority.certificate_pem, after)
        # After the root, so that its chain is whole at once.
        intermediate = self._imported("intermediate", signed.cert_pem, [root])
        return vault.pkisecret.SecretBackendConfigIssuers(
            f"{name}-issuers",
            backend=self.mount,
            default=intermediate.imported_issuers.apply(_only),
            default_follows_latest_issuer=True,
            opts=self._child,
        )

    def _imported(
        self, suffix: str, certificate: pulumi.Input[str], after: Sequence[pulumi.Resource]
    ) -> vault.pkisecret.SecretBackendIntermediateSetSigned:
        return vault.pkisecret.SecretBackendIntermediateSetSigned(
            f"{self._name}-{suffix}",
            backend=self.mount,
            certificate=certificate,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )

    def _upkeep(self) -> list[pulumi.Resource]:
        base = f"https://{self._args.host}/v1/{MOUNT}"
        return [
            vault.pkisecret.SecretBackendConfigUrls(
                f"{self._name}-urls",
                backend=self.mount,
                issuing_certificates=[f"{base}/ca"],
                crl_distribution_points=[f"{base}/crl"],
                opts=self._child,
            ),
            vault.pkisecret.SecretBackendCrlConfig(
                f"{self._name}-crl",
                backend=self.mount,
                expiry="72h",
                auto_rebuild=True,
                auto_rebuild_grace_period="12h",
                opts=self._child,
            ),
            vault.pkisecret.BackendConfigAutoTidy(
                f"{self._name}-tidy",
                backend=self.mount,
                enabled=True,
                interval_duration="12h",
                safety_buffer="72h",
                tidy_cert_store=True,
                tidy_revoked_certs=True,
                opts=self._child,
            ),
        ]

    def _role(self, after: Sequence[pulumi.Resource]) -> vault.pkisecret.SecretBackendRole:
        return vault.pkisecret.SecretBackendRole(
            f"{self._name}-role",
            backend=self.mount,
            name=ROLE,
            allowed_domains=[*(f"*.{domain}" for domain in (self._args.domain, *_SERVICES)), *self._args.names],
            # Below a pattern, or to the letter: `allow_subdomains` would open everything below the names as well, and
            # without patterns `allow_bare_domains` the names of the domains themselves.
            allow_subdomains=False,
            allow_bare_domains=True,
            allow_glob_domains=True,
            allow_any_name=False,
            allow_localhost=False,
            allow_ip_sans=False,
            allow_wildcard_certificates=False,
            enforce_hostnames=True,
            require_cn=False,  # cert-manager asks for names without a common one, as clients ignore it
            key_type="ec",
            key_bits=256,
            key_usages=["DigitalSignature"],
            server_flag=True,
            client_flag=False,
            code_signing_flag=False,
            email_protection_flag=False,
            # In seconds, as the provider reads them back; any other form would be a change at every run.
            ttl=str(MAX_SECONDS),
            max_ttl=str(MAX_SECONDS),
            # Whoever may sign by the role signs with the right issuer, URLs and list.
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )


def _only(issuers: Sequence[str] | None) -> str:
    """The one issuer that an import made.

    Raises:
        ValueError: when the certificate was in Vault already, which happens only after its resource left the state.
    """
    if not issuers or len(issuers) != 1:
        raise ValueError(
            f"importing the intermediate into Vault's {MOUNT} engine made {len(issuers or ())} issuers instead of 1: "
            "Vault has this certificate and the state does not; delete that issuer in Vault, then run `up` again"
        )
    return issuers[0]

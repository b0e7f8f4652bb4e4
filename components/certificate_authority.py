"""The certificate authority of the platform, made and kept by this program."""

from dataclasses import dataclass

import pulumi
import pulumi_tls as tls

_DAY = 24
ROOT_HOURS = 20 * 365 * _DAY
ISSUING_HOURS = 10 * 365 * _DAY
INTERMEDIATE_HOURS = 5 * 365 * _DAY
_ROOT_RENEWAL_HOURS = 2 * 365 * _DAY
_ISSUING_RENEWAL_HOURS = 3 * 365 * _DAY
_INTERMEDIATE_RENEWAL_HOURS = 365 * _DAY
_CA_USES = ["cert_signing", "crl_signing", "digital_signature"]


@dataclass(frozen=True, kw_only=True)
class CertificateAuthorityArgs:
    """Whose CA it is."""

    cluster_name: str


class CertificateAuthority(pulumi.ComponentResource):
    """Creates:

    - `<name>-root-key`, `<name>-root`: key and certificate of the root. The key stays in the encrypted state.
    - `<name>-issuing-key`, `<name>-issuing-request`, `<name>-issuing`: the CA that signs, below the root, so that what
      the cluster holds can be replaced without touching what everyone trusts.

    ECDSA P-256. The root lasts 20 years, the issuing CA 10; the first `pulumi up` in the last years of either makes a
    new one (the attribute `ready_for_renewal` of the provider).

    Attributes:
        certificate_pem: Certificate of the root, public: what clients trust.
        issuing_chain_pem: Certificate of the issuing CA, then that of the root.
        issuing_key_pem: Key of the issuing CA, secret.
    """

    certificate_pem: pulumi.Output[str]
    issuing_chain_pem: pulumi.Output[str]
    issuing_key_pem: pulumi.Output[str]

    def __init__(self, name: str, args: CertificateAuthorityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:certificate_authority:CertificateAuthority", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        root_key = _private_key(f"{name}-root-key", child)
        root = _root(f"{name}-root", args.cluster_name, root_key, child)
        issuing_key = _private_key(f"{name}-issuing-key", child)
        request = tls.CertRequest(
            f"{name}-issuing-request",
            private_key_pem=_key_pem(issuing_key),
            subject=tls.CertRequestSubjectArgs(common_name=f"{args.cluster_name} issuing CA"),
            opts=child,
        )
        self._root, self._root_key_pem = root, _key_pem(root_key)
        issuing = self._signed(
            f"{name}-issuing", request.cert_request_pem, (ISSUING_HOURS, _ISSUING_RENEWAL_HOURS), child
        )
        self.certificate_pem = root.cert_pem
        self.issuing_chain_pem = pulumi.Output.concat(issuing.cert_pem, self.certificate_pem)
        self.issuing_key_pem = _key_pem(issuing_key)
        self.register_outputs({"certificate_pem": self.certificate_pem})

    def intermediate(
        self, name: str, request_pem: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> tls.LocallySignedCert:
        """Certificate of a CA below the root whose key is kept elsewhere, made from its request (PEM).

        It lasts five years and signs no further CA; the first `pulumi up` in the last year makes a new one.
        """
        return self._signed(name, request_pem, (INTERMEDIATE_HOURS, _INTERMEDIATE_RENEWAL_HOURS), opts)

    def _signed(
        self, name: str, request_pem: pulumi.Input[str], hours: tuple[int, int], opts: pulumi.ResourceOptions
    ) -> tls.LocallySignedCert:
        """A CA below the root; `hours`: how long it lasts, and how long before its end it is renewed."""
        lasts, renewed_before = hours
        return tls.LocallySignedCert(
            name,
            cert_request_pem=request_pem,
            ca_private_key_pem=self._root_key_pem,
            ca_cert_pem=self._root.cert_pem,
            is_ca_certificate=True,
            max_path_length=0,
            set_subject_key_id=True,
            allowed_uses=_CA_USES,
            validity_period_hours=lasts,
            early_renewal_hours=renewed_before,
            opts=opts,
        )


def _root(name: str, cluster_name: str, key: tls.PrivateKey, opts: pulumi.ResourceOptions) -> tls.SelfSignedCert:
    return tls.SelfSignedCert(
        name,
        private_key_pem=_key_pem(key),
        subject=tls.SelfSignedCertSubjectArgs(common_name=f"{cluster_name} root CA"),
        is_ca_certificate=True,
        max_path_length=1,
        set_subject_key_id=True,
        set_authority_key_id=True,
        allowed_uses=_CA_USES,
        validity_period_hours=ROOT_HOURS,
        early_renewal_hours=_ROOT_RENEWAL_HOURS,
        opts=opts,
    )


def _private_key(name: str, opts: pulumi.ResourceOptions) -> tls.PrivateKey:
    """An ECDSA key on the curve P-256."""
    return tls.PrivateKey(name, algorithm="ECDSA", ecdsa_curve="P256", opts=opts)


def _key_pem(key: tls.PrivateKey) -> pulumi.Output[str]:
    """PEM of `key`, secret."""
    return pulumi.Output.secret(key.private_key_pem)

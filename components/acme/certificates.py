"""Certificates of the hosts that everybody trusts, ordered from Let's Encrypt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.acme.issuer import TOKEN_KEY, TSIG_KEY, AcmeIssuerArgs, acme_issuer, with_token, with_updates
from components.acme.kept import KeptCertificates, KeptCertificatesArgs
from components.acme.names import DNS_TOKEN, REHEARSAL, TSIG_SECRET
from components.certificate import Certificate, CertificateArgs
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.namespace import Namespace
from components.platform_secrets import WrittenSecret
from lib.acme import PRODUCTION, STAGING
from lib.reflection import reflected
from register.certificates import PublicCertificate
from settings.platform import CertificatesSettings

_SECONDS = 1200
"""A challenge waits until its record is seen, an order for each of its challenges."""


@dataclass(frozen=True, kw_only=True)
class PublicCertificatesArgs:
    """What is ordered.

    Attributes:
        namespace: That of cert-manager, where it looks for the Secrets of a ClusterIssuer; the certificates are there
            too, in one place for all.
        certificates: Each certificate; there is at least one.
        nameservers: Where each zone of the section `dns` takes updates, `host:port` by zone; for the solver `rfc2136`.
        update_key: What signs those updates: the written secret of the registry.
        store_ready: Readiness of the ClusterSecretStore.
        dns_token: Token of a DNS provider, secret; for the other solvers.
        kept: What was kept of an earlier cluster, secret.
    """

    namespace: Namespace
    settings: CertificatesSettings
    certificates: Sequence[PublicCertificate]
    nameservers: Mapping[str, str]
    update_key: WrittenSecret | None
    store_ready: Sequence[pulumi.Resource]
    dns_token: pulumi.Output[str] | None
    kept: pulumi.Output[str] | None


class PublicCertificates(pulumi.ComponentResource):
    """Creates:

    - `acme-tsig`: ExternalSecret of the key that signs updates of zones, or `acme-dns-token`: Secret with the token of
      a DNS provider.
    - `kept-certificates`: KeptCertificates, where there are any.
    - `acme-staging`: ClusterIssuer, and for production `rehearsal`: a Certificate of it for all hosts at once. Nothing
      is ordered from production before the same names were proven in the same way there, where failures cost nothing.
    - `acme-production`: ClusterIssuer.
    - `<certificate>`: a Certificate each, whose Secret Reflector copies to where an Ingress shows it.

    Attributes:
        secret_names: Name of the Secret with a certificate, by the name of that; known once it is signed.
    """

    secret_names: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: PublicCertificatesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:acme/certificates:PublicCertificates", name, None, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        self._after: list[pulumi.Resource] = []
        if args.kept is not None:
            kept = KeptCertificatesArgs(namespace=args.namespace, kept=args.kept)
            self._after.append(KeptCertificates("kept-certificates", kept, self._child).ready)
        self._solvers = self._solved()
        issuer = self._issuer(STAGING)
        ordered_after: list[pulumi.Resource] = []
        if args.settings.issuer == PRODUCTION:
            everything = tuple(dict.fromkeys(name for one in args.certificates for name in one.names))
            rehearsal = PublicCertificate(name=REHEARSAL, names=everything, namespaces=())
            ordered_after = [self._certificate(rehearsal, STAGING, issuer).resource]
            issuer = self._issuer(PRODUCTION)
        self.secret_names = {
            one.name: self._certificate(one, args.settings.issuer, issuer, ordered_after).secret_name
            for one in args.certificates
        }
        self.register_outputs({"secret_names": self.secret_names})

    def _solved(self) -> Sequence[Mapping[str, Any]]:
        args = self._args
        if args.update_key is not None:
            key = ExternalSecret(
                TSIG_SECRET,
                ExternalSecretArgs(
                    namespace=args.namespace,
                    secret_name=TSIG_SECRET,
                    keys=[SecretKey(TSIG_KEY, args.update_key, "key")],
                    store_ready=args.store_ready,
                ),
                self._child,
            ).secret_name
            return [with_updates(zone, nameserver, key) for zone, nameserver in args.nameservers.items()]
        if args.dns_token is None or args.settings.solver is None:
            raise ValueError(f"certificates.solver: {args.settings.solver} has no key, and there is no {DNS_TOKEN}")
        secret = k8s.core.v1.Secret(
            "acme-dns-token",
            metadata={"name": "acme-dns-token", "namespace": args.namespace.namespace},
            string_data={TOKEN_KEY: args.dns_token},
            opts=self._child,
        )
        return [with_token(args.settings.solver, secret.metadata.name)]

    def _issuer(self, issuer: str) -> pulumi.Resource:
        return acme_issuer(
            issuer,
            AcmeIssuerArgs(
                issuer=issuer, email=self._args.settings.email or "", solvers=self._solvers, after=self._after
            ),
            self._child,
        )

    def _certificate(
        self, ordered: PublicCertificate, issuer: str, ready: pulumi.Resource, after: Sequence[pulumi.Resource] = ()
    ) -> Certificate:
        return Certificate(
            ordered.name,
            CertificateArgs(
                namespace=self._args.namespace.namespace,
                secret_name=ordered.name,
                hosts=ordered.names,
                issuer_ready=ready,
                issuer=issuer,
                # How long it lasts, Let's Encrypt says.
                duration=None,
                secret_annotations=reflected(ordered.namespaces),
                after=after,
                seconds=_SECONDS,
            ),
            self._child,
        )

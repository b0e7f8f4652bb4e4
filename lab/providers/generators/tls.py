"""The `tls` package: real keys and certificates."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, ClassVar, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.providers.base import Call, Resource
from lab.providers.errors import RefusedError
from lab.providers.generators.base import StateOnly
from lab.providers.generators.keys import PrivateKey, PrivateKeyResource, load_key, public
from lab.providers.package import Package
from lab.providers.wire import Properties

_SUBJECT: Final = {
    "commonName": NameOID.COMMON_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "country": NameOID.COUNTRY_NAME,
    "locality": NameOID.LOCALITY_NAME,
    "province": NameOID.STATE_OR_PROVINCE_NAME,
}
_KEY_USES: Final = {
    "digital_signature": "digital_signature",
    "content_commitment": "content_commitment",
    "key_encipherment": "key_encipherment",
    "data_encipherment": "data_encipherment",
    "key_agreement": "key_agreement",
    "cert_signing": "key_cert_sign",
    "crl_signing": "crl_sign",
}
_EXTENDED_USES: Final = {
    "any_extended": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server_auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client_auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code_signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email_protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
}


def _name(subject: Mapping[str, Any]) -> x509.Name:
    return x509.Name([x509.NameAttribute(_SUBJECT[key], value) for key, value in subject.items() if key in _SUBJECT])


def _alternatives(inputs: Mapping[str, Any]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in inputs.get("dnsNames") or []]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in inputs.get("ipAddresses") or []]
    return names + [x509.UniformResourceIdentifier(uri) for uri in inputs.get("uris") or []]


def _digest(key: PrivateKey) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


class CertRequest(StateOnly):
    """A certificate signing request."""

    token = "tls:index/certRequest:CertRequest"
    module: ClassVar[str] = "pulumi_tls"

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """The request, PEM."""
        key = load_key(inputs["privateKeyPem"])
        builder = x509.CertificateSigningRequestBuilder().subject_name(_name(inputs.get("subject") or {}))
        names = _alternatives(inputs)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        request = builder.sign(key, _digest(key))
        return {**inputs, "certRequestPem": request.public_bytes(serialization.Encoding.PEM).decode()}


class _Certificate(StateOnly):
    module: ClassVar[str] = "pulumi_tls"
    mutable = frozenset({"earlyRenewalHours"})

    def _sign(
        self, builder: x509.CertificateBuilder, key: CertificatePublicKeyTypes, inputs: Properties, signer: PrivateKey
    ) -> Properties:
        start = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        end = start + datetime.timedelta(hours=int(inputs["validityPeriodHours"]))
        unknown = [use for use in inputs["allowedUses"] if use not in _KEY_USES and use not in _EXTENDED_USES]
        if unknown:
            raise RefusedError(f"Attribute allowed_uses value is not supported: {unknown[0]!r}")
        wanted = {_KEY_USES[use] for use in inputs["allowedUses"] if use in _KEY_USES}
        usage = {name: name in wanted for name in (*_KEY_USES.values(), "encipher_only", "decipher_only")}
        builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
        extended = [_EXTENDED_USES[use] for use in inputs["allowedUses"] if use in _EXTENDED_USES]
        if extended:
            builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
        is_authority = bool(inputs.get("isCaCertificate"))
        if is_authority:
            # As the provider does (terraform-provider-tls, internal/provider/common_cert.go).
            builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        certificate = (
            builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .sign(signer, _digest(signer))
        )
        return {
            **inputs,
            "certPem": certificate.public_bytes(serialization.Encoding.PEM).decode(),
            "readyForRenewal": False,
            "validityStartTime": start.isoformat().replace("+00:00", "Z"),
            "validityEndTime": end.isoformat().replace("+00:00", "Z"),
        }


class SelfSignedCert(_Certificate):
    """A certificate signed by its own key."""

    token = "tls:index/selfSignedCert:SelfSignedCert"

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """The certificate and its validity."""
        key, name = load_key(inputs["privateKeyPem"]), _name(inputs.get("subject") or {})
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        names = _alternatives(inputs)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return self._sign(builder, key.public_key(), inputs, key)


class LocallySignedCert(_Certificate):
    """A request's certificate, signed by a CA."""

    token = "tls:index/locallySignedCert:LocallySignedCert"

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """The certificate and its validity."""
        request = x509.load_pem_x509_csr(inputs["certRequestPem"].encode())
        authority = x509.load_pem_x509_certificate(inputs["caCertPem"].encode())
        signer = load_key(inputs["caPrivateKeyPem"])
        if public(signer).encode() != authority.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ):
            raise RefusedError("the CA's private key does not belong to its certificate")
        builder = x509.CertificateBuilder().subject_name(request.subject).issuer_name(authority.subject)
        builder = builder.public_key(request.public_key())
        for extension in request.extensions:
            builder = builder.add_extension(extension.value, critical=extension.critical)
        with contextlib.suppress(x509.ExtensionNotFound):
            above = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
            named = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above.value)
            builder = builder.add_extension(named, critical=False)
        return self._sign(builder, request.public_key(), inputs, signer)


def package() -> Package:
    """The package with its resource types."""
    kinds: tuple[Resource, ...] = (PrivateKeyResource(), CertRequest(), SelfSignedCert(), LocallySignedCert())
    return Package("tls", "pulumi_tls", version("pulumi_tls"), {kind.token: kind for kind in kinds})

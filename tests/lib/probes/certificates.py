"""A certificate authority of a test and a certificate of it for the loopback."""

import ipaddress
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_FROM, _TO = datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)


class Authority:
    """Writes both into a directory.

    Attributes:
        certificate: PEM of the authority, for SSL_CERT_FILE.
        leaf: PEM of a certificate for 127.0.0.1 and its key.
    """

    certificate: Path
    leaf: Path

    def __init__(self, directory: Path) -> None:
        key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        name, leaf_name = _name("authority"), _name("loopback")
        authority = (
            _builder(name, name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        leaf = (
            _builder(leaf_name, name, leaf_key.public_key())
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .sign(key, hashes.SHA256())
        )
        private = leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.certificate, self.leaf = directory / "authority.pem", directory / "leaf.pem"
        self.certificate.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        self.leaf.write_bytes(leaf.public_bytes(serialization.Encoding.PEM) + private)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_TO)
    )

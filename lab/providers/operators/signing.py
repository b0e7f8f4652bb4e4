"""What cert-manager makes: a key, and its certificate of the issuer's CA."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lab.providers.generators.keys import load_key

_BEGIN, _END = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC), datetime.datetime(2125, 1, 1, tzinfo=datetime.UTC)


def issue(seed: str, spec: Mapping[str, Any], authority: Mapping[str, str]) -> dict[str, str]:
    """`tls.crt` (leaf, then issuing CA), `tls.key` and `ca.crt` (the root) for a Certificate; `authority` is the data
    of a Secret with the CA. The key is made from `seed`.
    """
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:31], "big")
    key = ec.derive_private_key(number, ec.SECP256R1())
    chain = x509.load_pem_x509_certificates(authority["tls.crt"].encode())
    signer = load_key(authority["tls.key"])
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in spec.get("dnsNames") or ()]
    names += [x509.IPAddress(ipaddress.ip_address(one)) for one in spec.get("ipAddresses") or ()]
    common = [x509.NameAttribute(NameOID.COMMON_NAME, str(spec["commonName"]))] if spec.get("commonName") else []
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(common))
        .issuer_name(chain[0].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGIN)
        .not_valid_after(_END)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(chain[0].public_key()), critical=False)  # type: ignore[arg-type]
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not common)
    leaf = builder.sign(signer, hashes.SHA256() if isinstance(signer, ec.EllipticCurvePrivateKey) else None)
    pem = serialization.Encoding.PEM
    # Of `privateKey.encoding`, PKCS1 is the default (pkg/apis/certmanager/v1/types_certificate.go).
    wanted = (spec.get("privateKey") or {}).get("encoding")
    form = serialization.PrivateFormat.PKCS8 if wanted == "PKCS8" else serialization.PrivateFormat.TraditionalOpenSSL
    shape = (pem, form, serialization.NoEncryption())
    root = chain[-1].public_bytes(pem).decode()
    parts = [leaf, *(one for one in chain if one.subject != one.issuer)]
    return {
        "tls.crt": "".join(one.public_bytes(pem).decode() for one in parts),
        "tls.key": key.private_bytes(*shape).decode(),
        "ca.crt": root,
    }

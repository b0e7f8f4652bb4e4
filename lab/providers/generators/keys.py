"""Private keys of the `tls` package."""

from __future__ import annotations

from typing import ClassVar, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from lab.providers.base import Call
from lab.providers.errors import RefusedError
from lab.providers.generators.base import StateOnly
from lab.providers.wire import Properties

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_CURVES: Final = {"P224": ec.SECP224R1(), "P256": ec.SECP256R1(), "P384": ec.SECP384R1(), "P521": ec.SECP521R1()}


def load_key(pem: str) -> PrivateKey:
    """A private key of PEM; raises RefusedError."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), None)
    except ValueError as error:
        raise RefusedError(f"failed to decode PEM block as a private key: {error}") from None
    if not isinstance(key, PrivateKey):
        raise RefusedError(f"unsupported private key {type(key).__name__}")
    return key


def public(key: PrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def _pem(key: PrivateKey, form: serialization.PrivateFormat) -> str:
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


class PrivateKeyResource(StateOnly):
    """A private key."""

    token = "tls:index/privateKey:PrivateKey"
    module: ClassVar[str] = "pulumi_tls"

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """PEM in the traditional form of the algorithm, in PKCS#8, and the public half."""
        key = self._generate(inputs)
        old = serialization.PrivateFormat.TraditionalOpenSSL
        new = serialization.PrivateFormat.PKCS8
        ssh = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
        return {
            **inputs,
            "privateKeyPem": _pem(key, new if isinstance(key, ed25519.Ed25519PrivateKey) else old),
            "privateKeyPemPkcs8": _pem(key, new),
            "privateKeyOpenssh": _pem(key, serialization.PrivateFormat.OpenSSH),
            "publicKeyPem": public(key),
            "publicKeyOpenssh": f"{ssh}\n",
        }

    @staticmethod
    def _generate(inputs: Properties) -> PrivateKey:
        algorithm = inputs["algorithm"]
        if algorithm == "RSA":
            return rsa.generate_private_key(65537, int(inputs.get("rsaBits", 2048)))
        if algorithm == "ECDSA" and inputs.get("ecdsaCurve", "P224") in _CURVES:
            return ec.generate_private_key(_CURVES[inputs.get("ecdsaCurve", "P224")])
        if algorithm == "ED25519":
            return ed25519.Ed25519PrivateKey.generate()
        raise RefusedError(f'Attribute algorithm value must be one of: ["RSA" "ECDSA" "ED25519"], got: {algorithm}')

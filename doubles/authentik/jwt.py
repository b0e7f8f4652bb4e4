"""Signed tokens (RFC 7519) as an issuer makes them, RS256 only."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


class Signer:
    """A key and what it signs."""

    def __init__(self, key_id: str) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = key_id

    def sign(self, claims: Mapping[str, Any], algorithm: str = "RS256") -> str:
        """The token. Another `algorithm` only stands in the header: the signature is RS256 all the same."""
        header = {"alg": algorithm, "typ": "JWT", "kid": self._key_id}
        signed = f"{_encode(json.dumps(header).encode())}.{_encode(json.dumps(claims).encode())}"
        return f"{signed}.{_encode(self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def verified(self, token: str) -> dict[str, Any] | None:
        """The claims of a token of this key, None for any other, or by another algorithm."""
        signed, _, signature = token.rpartition(".")
        try:
            algorithm = json.loads(_decode(token.split(".", maxsplit=1)[0]))["alg"]
            self._key.public_key().verify(_decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return None
        if algorithm != "RS256":
            return None
        return claims_of(token)

    @property
    def public_pem(self) -> str:
        """The public key in PEM."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()

    @property
    def public(self) -> dict[str, str]:
        """The public key as a JWK (RFC 7517)."""
        numbers = self._key.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self._key_id,
            "n": _encode(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8)),
            "e": _encode(numbers.e.to_bytes(3)),
        }


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decode(value: str) -> bytes:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, whoever signed it."""
    claims: dict[str, Any] = json.loads(_decode(token.split(".")[1]))
    return claims

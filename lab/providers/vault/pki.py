"""The PKI engine: an intermediate whose key stays in Vault, and the roles that it signs by."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lab.providers.base import Call, Diff
from lab.providers.errors import RefusedError
from lab.providers.vault import api
from lab.providers.vault.engines import Mount
from lab.providers.vault.resource import VaultResource
from lab.providers.wire import Properties
from lab.world import Record, World

_ISSUERS: Final = "vault:pkiSecret/secretBackendConfigIssuers:SecretBackendConfigIssuers"
_REQUEST: Final = "vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest"
_SIGNED: Final = "vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned"


class _EnginePart(VaultResource):
    """Something below a PKI engine."""

    path: ClassVar[str]
    replace_on = frozenset({"backend"})

    def requirements(self, call: Call, inputs: Properties) -> None:
        """The engine is mounted."""
        mount = self.find(call, inputs["backend"], Mount.token)
        if mount is None or mount["inputs"]["type"] != "pki":
            raise RefusedError(
                "error writing to Vault: Code: 404. Errors:\n\n"
                f'* no handler for route "{inputs["backend"]}/{self.path}". route entry not found.'
            )

    def identify(self, call: Call, inputs: Properties) -> str:
        """Its path."""
        return f"{inputs['backend']}/{self.path}"


class IntermediateRequest(_EnginePart):
    """A key made in Vault, and the request for its certificate."""

    token = _REQUEST
    path = "intermediate/generate/internal"

    def diff(self, call: Call, olds: Properties, news: Properties) -> Diff:
        """Nothing of it changes in place (vault/resource_pki_secret_backend_intermediate_cert_request.go: ForceNew)."""
        changes = super().diff(call, olds, news).changes
        return Diff(changes, changes)

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """The request; of the key only its id leaves Vault."""
        key = _key(call.site.world, identifier)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, inputs["commonName"])])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
        pem = request.public_bytes(serialization.Encoding.PEM).decode()
        return {**inputs, "csr": pem, "keyId": call.digest("key")[:32]}


class SetSigned(_EnginePart):
    """An imported certificate, an issuer from then on; it can sign when its key is in Vault."""

    token = _SIGNED
    path = "intermediate/set-signed"
    replace_on = frozenset({"backend", "certificate"})

    def requirements(self, call: Call, inputs: Properties) -> None:
        """The certificate is one."""
        super().requirements(call, inputs)
        try:
            x509.load_pem_x509_certificate(inputs["certificate"].encode())
        except ValueError as error:
            raise RefusedError(
                f"error writing to Vault: Code: 400. Errors:\n\n* Error parsing issuer: {error}"
            ) from None

    def identify(self, call: Call, inputs: Properties) -> str:
        """Its path; with the fingerprint, since an engine holds several issuers."""
        return f"{super().identify(call, inputs)}#{hashlib.sha256(inputs['certificate'].encode()).hexdigest()[:8]}"

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """The id of the new issuer."""
        return {**inputs, "importedIssuers": [call.digest(identifier)[:32]], "importedKeys": []}


class ConfigIssuers(_EnginePart):
    """Which issuer signs."""

    token = _ISSUERS
    path = "config/issuers"

    def requirements(self, call: Call, inputs: Properties) -> None:
        """The default is an issuer whose key is in Vault."""
        super().requirements(call, inputs)
        world, wanted = call.site.world, inputs.get("default")
        issuer = next((item for item in _issuers(world) if wanted in item["outputs"]["importedIssuers"]), None)
        if issuer is None:
            raise RefusedError(f"error writing to Vault: Code: 400. Errors:\n\n* unable to find PKI issuer: {wanted}")
        if _key_of(world, issuer) is None:
            raise RefusedError("the default issuer has no key in Vault: nothing could be signed")


class ConfigUrls(_EnginePart):
    """Where issued certificates say that the CA is found."""

    token = "vault:pkiSecret/secretBackendConfigUrls:SecretBackendConfigUrls"
    path = "config/urls"


class CrlConfig(_EnginePart):
    """The revocation list."""

    token = "vault:pkiSecret/secretBackendCrlConfig:SecretBackendCrlConfig"
    path = "config/crl"


class AutoTidy(_EnginePart):
    """Removal of what expired."""

    token = "vault:pkiSecret/backendConfigAutoTidy:BackendConfigAutoTidy"
    path = "config/auto-tidy"


class Role(_EnginePart):
    """What may be signed."""

    token = "vault:pkiSecret/secretBackendRole:SecretBackendRole"
    path = "roles"
    autonamed = True
    replace_on = frozenset({"backend", "name"})

    def identify(self, call: Call, inputs: Properties) -> str:
        """Its path."""
        return f"{super().identify(call, inputs)}/{inputs['name']}"


KINDS: Final = (*(IntermediateRequest(), SetSigned(), ConfigIssuers(), ConfigUrls(), CrlConfig(), AutoTidy(), Role()),)


def _issuers(world: World) -> list[Record]:
    return [item for item in world.view(api.TABLE).values() if item["token"] == _SIGNED]


def _key(world: World, request: str) -> ec.EllipticCurvePrivateKey:
    """The key that was made for a request; it never leaves Vault."""
    number = int.from_bytes(hashlib.sha256(world.secret_seed() + request.encode()).digest()[:31], "big")
    return ec.derive_private_key(number, ec.SECP256R1())


def key_of_request(world: World, request: str) -> str:
    """The same in PEM, for the real Vault that stands beside this one."""
    return _pem(_key(world, request))


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(serialization.Encoding.PEM, *form).decode()


def _key_of(world: World, issuer: Record) -> ec.EllipticCurvePrivateKey | None:
    """The key of an imported certificate, where it was made in Vault."""
    certificate = x509.load_pem_x509_certificate(issuer["inputs"]["certificate"].encode())
    requests = [key for key, item in world.view(api.TABLE).items() if item["token"] == _REQUEST]
    keys = (_key(world, request) for request in requests)
    return next((key for key in keys if key.public_key() == certificate.public_key()), None)


def signer(world: World, path: str) -> dict[str, str] | None:
    """The default issuer of an engine by the path of `<engine>/sign/<role>`: its chain and key as a Secret has them."""
    chosen = world.get(api.TABLE, f"{path.partition('/sign/')[0]}/config/issuers")
    default = chosen["inputs"].get("default") if chosen else None
    issuer = next((item for item in _issuers(world) if default in item["outputs"]["importedIssuers"]), None)
    key = _key_of(world, issuer) if issuer else None
    if issuer is None or key is None:
        return None
    others = [one["inputs"]["certificate"] for one in _issuers(world) if one is not issuer]
    own = x509.load_pem_x509_certificate(issuer["inputs"]["certificate"].encode())
    above = [one for one in others if x509.load_pem_x509_certificate(one.encode()).subject == own.issuer]
    return {"tls.crt": "".join((issuer["inputs"]["certificate"], *above)), "tls.key": _pem(key)}


def _matches(pattern: str, host: str) -> bool:
    """As Vault's globs: a star is any text, dots too, and without one nothing matches (issuing/issue_common.go)."""
    return "*" in pattern and re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), host) is not None


def sign_problem(world: World, path: str, hosts: Iterable[str], addresses: Iterable[str]) -> str:
    """Why `<engine>/sign/<role>` would not sign for these hosts; empty when it would."""
    engine, _, name = path.partition("/sign/")
    role = world.get(api.TABLE, f"{engine}/roles/{name}")
    if role is None:
        return f"unknown role: {name}"
    if world.get(api.TABLE, f"{engine}/config/issuers") is None:
        return "error fetching CA certificate: no default issuer currently configured"
    inputs: Mapping[str, Any] = role["inputs"]
    if list(addresses) and not inputs.get("allowIpSans", True):
        return "IP Subject Alternative Names are not allowed in this role"
    domains = inputs.get("allowedDomains") or []
    for host in hosts:
        below = inputs.get("allowSubdomains") and any(host.endswith(f".{domain}") for domain in domains)
        bare = inputs.get("allowBareDomains") and host in domains
        matched = inputs.get("allowGlobDomains") and any(_matches(domain, host) for domain in domains)
        if not (below or bare or matched or inputs.get("allowAnyName")):
            return f"subject alternate name {host} not allowed by this role"
    return ""

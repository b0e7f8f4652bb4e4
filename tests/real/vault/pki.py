"""The certificate authority in Vault as the provider writes it, and the root above it.

Calls of the provider: vault/resource_pki_secret_backend_*.go of github.com/hashicorp/terraform-provider-vault.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.real.vault.translations import Inputs, Outputs, Translation, configured, snake

if TYPE_CHECKING:
    from tests.real.vault.program import Installation


_NO_URLS_YET = "authority information access (AIA)"
"""A warning until the URLs are set; no certificate is signed before that."""


def _root(at: "Installation", inputs: Inputs) -> Outputs:
    """The platform's root, whose place the authority of the test takes; other certificates mean nothing to Vault."""
    root = inputs.get("isCaCertificate")
    inputs.clear()
    return {"certPem": at.surroundings.authority.pem.decode()} if root else {}


def _signed(at: "Installation", inputs: Inputs) -> Outputs:
    """A CA below the root. Only Vault's request is a real one; nothing here uses the other's certificate."""
    request = inputs["certRequestPem"]
    inputs.clear()
    return {"certPem": at.surroundings.authority.certify(request.encode()).decode()} if request == at.requested else {}


def _request(at: "Installation", inputs: Inputs) -> Outputs:
    path = f"{inputs.pop('backend')}/issuers/generate/intermediate/{inputs.pop('type')}"
    # The provider writes these two also where they are not set.
    unset = {"exclude_cn_from_sans": False, "add_basic_constraints": False}
    made = at.write(path, unset | snake(inputs), told=_NO_URLS_YET).data
    at.requested = made["csr"]
    at.keeps(f"{path.partition('/')[0]}/key/{made['key_id']}", {"key_type": "ec"})
    return {"csr": made["csr"]}


def _imported(at: "Installation", inputs: Inputs) -> Outputs:
    backend = inputs.pop("backend")
    made = at.write(f"{backend}/intermediate/set-signed", snake(inputs), told=_NO_URLS_YET).data
    for issuer in made["imported_issuers"]:
        at.keeps(f"{backend}/issuer/{issuer}", {"issuer_id": issuer})
    return {"importedIssuers": made["imported_issuers"]}


def _setting(name: str) -> Translation:
    def translate(at: "Installation", inputs: Inputs) -> Outputs:
        return configured(at, f"{inputs.pop('backend')}/config/{name}", inputs)

    return translate


def _role(at: "Installation", inputs: Inputs) -> Outputs:
    if "keyUsages" in inputs:
        inputs["keyUsage"] = inputs.pop("keyUsages")
    return configured(at, f"{inputs.pop('backend')}/roles/{inputs.pop('name')}", inputs)


_PACKAGE = "vault:pkiSecret"
TYPES: Mapping[str, Translation] = {
    f"{_PACKAGE}/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest": _request,
    f"{_PACKAGE}/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned": _imported,
    f"{_PACKAGE}/secretBackendConfigIssuers:SecretBackendConfigIssuers": _setting("issuers"),
    f"{_PACKAGE}/secretBackendConfigUrls:SecretBackendConfigUrls": _setting("urls"),
    f"{_PACKAGE}/secretBackendCrlConfig:SecretBackendCrlConfig": _setting("crl"),
    f"{_PACKAGE}/backendConfigAutoTidy:BackendConfigAutoTidy": _setting("auto-tidy"),
    f"{_PACKAGE}/secretBackendRole:SecretBackendRole": _role,
}

CERTIFICATES: Mapping[str, Translation] = {
    "tls:index/selfSignedCert:SelfSignedCert": _root,
    "tls:index/locallySignedCert:LocallySignedCert": _signed,
}

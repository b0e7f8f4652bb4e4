"""What the providers compute: the outputs a resource has beyond the inputs that were given.

Property names are those of the provider packages (pulumi-random 4.21, pulumi-tls 5.6, pulumiverse-talos 0.8,
pulumi-vault 7.14, pulumi-kubernetes 4.34, pulumi-proxmoxve 8.6). A type that is not listed only echoes its inputs.
"""

import base64
import hashlib
import uuid
from collections.abc import Callable, Mapping
from typing import Any

Inputs = Mapping[str, Any]

_OWN_NAMESPACE = uuid.UUID("6f1d2f4e-6a57-5b0e-9c1f-3f0a7b1d9c11")


class Issuer:
    """Makes the secret values of one recording, each unique and remembered, so that a leak can be traced home.

    Attributes:
        issued: Every value made, with the resource and property it belongs to.
        cluster_endpoint: URL of the Kubernetes API in the machine configurations made so far.
    """

    def __init__(self) -> None:
        self.issued: dict[str, str] = {}
        self.cluster_endpoint = "https://endpoint.invalid:6443"

    def _keep(self, value: str, owner: str) -> str:
        self.issued[value] = owner
        return value

    def text(self, owner: str, length: int = 32) -> str:
        """Letters and digits, as `RandomPassword` without special characters makes them."""
        stream = "".join(hashlib.sha256(f"{owner}/{part}".encode()).hexdigest() for part in range(length // 64 + 1))
        return self._keep(stream[:length], owner)

    def seed(self, owner: str, length: int) -> bytes:
        """Random bytes; remembered in the two encodings they are handed out in."""
        value = hashlib.shake_256(owner.encode()).digest(length)
        self._keep(value.hex(), owner)
        self._keep(base64.b64encode(value).decode(), owner)
        return value

    def pem(self, owner: str, kind: str = "PRIVATE KEY") -> str:
        """A PEM block; what is remembered is its body, which is what a leak would show."""
        body = base64.b64encode(hashlib.shake_256(owner.encode()).digest(45)).decode()
        self._keep(body, owner)
        return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n"

    def encoded_pem(self, owner: str, kind: str = "PRIVATE KEY") -> str:
        """A PEM block in base64, as Talos and kubeconfigs carry it."""
        return self._keep(base64.b64encode(self.pem(owner, kind).encode()).decode(), owner)


def _der(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content


def certificate(owner: str) -> str:
    """A public PEM block, of which the time can be read: not remembered as a secret."""
    validity = _der(0x17, b"250101000000Z") + _der(0x17, b"350101000000Z")
    serial = _der(0x02, hashlib.shake_256(f"certificate of {owner}".encode()).digest(16))
    signed = _der(0x30, serial + _der(0x30, b"") + _der(0x30, b"") + _der(0x30, validity))
    body = base64.b64encode(_der(0x30, signed)).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"


def encoded_certificate(owner: str) -> str:
    return base64.b64encode(certificate(owner).encode()).decode()


def identifier(owner: str) -> str:
    """A stable UUID."""
    return str(uuid.uuid5(_OWN_NAMESPACE, owner))


def _random_password(inputs: Inputs, owner: str, issuer: Issuer) -> Inputs:
    return {
        "result": issuer.text(f"{owner}#result", int(inputs["length"])),
        "bcryptHash": "$2a$10$" + issuer.text(f"{owner}#bcryptHash", 53),
    }


def _random_bytes(inputs: Inputs, owner: str, issuer: Issuer) -> Inputs:
    value = issuer.seed(f"{owner}#bytes", int(inputs["length"]))
    return {"base64": base64.b64encode(value).decode(), "hex": value.hex()}


def _private_key(inputs: Inputs, owner: str, issuer: Issuer) -> Inputs:
    del inputs
    return {
        "privateKeyPem": issuer.pem(f"{owner}#privateKeyPem"),
        "privateKeyPemPkcs8": issuer.pem(f"{owner}#privateKeyPemPkcs8"),
        "privateKeyOpenssh": issuer.pem(f"{owner}#privateKeyOpenssh", "OPENSSH PRIVATE KEY"),
        "publicKeyPem": certificate(f"{owner}#publicKeyPem").replace("CERTIFICATE", "PUBLIC KEY"),
        "publicKeyOpenssh": f"ssh-ed25519 {identifier(owner)}",
    }


def _certificate(inputs: Inputs, owner: str, issuer: Issuer) -> Inputs:
    del inputs, issuer
    return {"certPem": certificate(owner), "readyForRenewal": False}


def _cert_request(inputs: Inputs, owner: str, issuer: Issuer) -> Inputs:
    del inputs, issuer
    return {"certRequestPem": certificate(owner).replace("CERTIFICATE", "CERTIFICATE REQUEST")}


def client_configuration(owner: str, issuer: Issuer) -> Inputs:
    """Credentials of an API client: two public certificates and a private key, in base64."""
    return {
        "caCertificate": encoded_certificate(f"{owner}#ca"),
        "clientCertificate": encoded_certificate(f"{owner}#client"),
        "clientKey": issuer.encoded_pem(f"{owner}#clientKey"),
    }


def _talos_secrets(inputs: Inputs, owner: str, issuer: Issuer) -> Inputs:
    del inputs

    def pair(name: str) -> Inputs:
        return {"cert": encoded_certificate(f"{owner}#{name}"), "key": issuer.encoded_pem(f"{owner}#{name}.key")}

    return {
        "clientConfiguration": client_configuration(owner, issuer),
        "machineSecrets": {
            "certs": {name: pair(name) for name in ("etcd", "k8s", "k8sAggregator", "os")}
            | {"k8sServiceaccount": {"key": issuer.encoded_pem(f"{owner}#k8sServiceaccount.key")}},
            "cluster": {"id": identifier(owner), "secret": issuer.text(f"{owner}#cluster.secret", 44)},
            "secrets": {
                "bootstrapToken": f"{issuer.text(f'{owner}#bootstrapToken', 22)}",
                "secretboxEncryptionSecret": issuer.text(f"{owner}#secretbox", 44),
            },
            "trustdinfo": {"token": issuer.text(f"{owner}#trustdinfo", 22)},
        },
    }


def _applied(inputs: Inputs, owner: str, issuer: Issuer) -> Inputs:
    del owner, issuer
    text = str(inputs["machineConfigurationInput"])
    return {"machineConfiguration": text, "machineConfigurationHash": hashlib.sha256(text.encode()).hexdigest()}


def _kubeconfig(inputs: Inputs, owner: str, issuer: Issuer) -> Inputs:
    credentials = client_configuration(owner, issuer)
    del inputs
    host = issuer.cluster_endpoint  # whichever node answers, the kubeconfig names the endpoint of the cluster
    raw = (
        "apiVersion: v1\nkind: Config\ncurrent-context: admin@cluster\n"
        f"clusters: [{{name: cluster, cluster: {{server: '{host}', "
        f"certificate-authority-data: {credentials['caCertificate']}}}}}]\n"
        "contexts: [{name: admin@cluster, context: {cluster: cluster, user: admin@cluster}}]\n"
        f"users: [{{name: admin@cluster, user: {{client-certificate-data: {credentials['clientCertificate']}, "
        f"client-key-data: {credentials['clientKey']}}}}}]\n"
    )
    return {"kubeconfigRaw": raw, "kubernetesClientConfiguration": {"host": host, **credentials}}


def _accessor(prefix: str) -> Callable[[Inputs, str, Issuer], Inputs]:
    def computed(inputs: Inputs, owner: str, issuer: Issuer) -> Inputs:
        del inputs, issuer
        return {"accessor": f"{prefix}_{hashlib.sha256(owner.encode()).hexdigest()[:8]}"}

    return computed


def _schematic(inputs: Inputs, owner: str, issuer: Issuer) -> Inputs:
    del issuer, owner
    return {"id": hashlib.sha256(str(inputs.get("schematic", "")).encode()).hexdigest()}


def _file(inputs: Inputs, owner: str, issuer: Issuer) -> Inputs:
    del owner, issuer
    # The volume id of the downloaded file, as Proxmox names it.
    return {"id": f"{inputs['datastoreId']}:{inputs['contentType']}/{inputs['fileName']}"}


def _vault_request(inputs: Inputs, owner: str, issuer: Issuer) -> Inputs:
    del inputs, issuer
    return {
        "csr": certificate(owner).replace("CERTIFICATE", "CERTIFICATE REQUEST"),
        "keyId": identifier(f"{owner}#key"),
    }


def _vault_import(inputs: Inputs, owner: str, issuer: Issuer) -> Inputs:
    del inputs, issuer
    return {"importedIssuers": [identifier(owner)], "importedKeys": []}


def _command(inputs: Inputs, owner: str, issuer: Issuer) -> Inputs:
    del inputs, owner, issuer
    return {"stdout": "", "stderr": ""}


COMPUTED: Mapping[str, Callable[[Inputs, str, Issuer], Inputs]] = {
    "random:index/randomPassword:RandomPassword": _random_password,
    "random:index/randomBytes:RandomBytes": _random_bytes,
    "tls:index/privateKey:PrivateKey": _private_key,
    "tls:index/selfSignedCert:SelfSignedCert": _certificate,
    "tls:index/locallySignedCert:LocallySignedCert": _certificate,
    "tls:index/certRequest:CertRequest": _cert_request,
    "talos:machine/secrets:Secrets": _talos_secrets,
    "talos:cluster/kubeconfig:Kubeconfig": _kubeconfig,
    "talos:machine/configurationApply:ConfigurationApply": _applied,
    "talos:imageFactory/schematic:Schematic": _schematic,
    "vault:index/mount:Mount": _accessor("kv"),
    "vault:index/authBackend:AuthBackend": _accessor("auth_kubernetes"),
    "vault:jwt/authBackend:AuthBackend": _accessor("auth_oidc"),
    "vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest": _vault_request,
    "vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned": _vault_import,
    "proxmoxve:download/fileLegacy:FileLegacy": _file,
    "command:local:Command": _command,
    "command:remote:Command": _command,
}

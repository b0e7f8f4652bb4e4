"""A whole control plane on the loopback, with the certificates of the simulated Talos, and kubelets that kwok plays."""

import contextlib
import datetime
import ipaddress
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from lab.providers.talos import pki
from tests.real.kubernetes.server import Binaries, Server, serving

NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "127.0.0.1")
_CONTROLLERS = {
    "controllers": "*,-cloud-node-lifecycle-controller,-service-lb-controller,-node-route-controller",
    "allocate-node-cidrs": "false",
    "use-service-account-credentials": "true",
    # A busy machine may keep the kubelets from saying that they live.
    "node-monitor-grace-period": "1h",
}

_KUBELETS = {
    "config": str(Path(__file__).with_name("kubelets.yaml")),
    "manage-all-nodes": "true",
    "node-ip": "127.0.0.1",
    "node-lease-duration-seconds": "40",
}


@dataclass(frozen=True)
class Programs:
    """The programs."""

    etcd: Path
    api_server: Path
    controller_manager: Path
    scheduler: Path
    kwok: Path


@contextlib.contextmanager
def running(programs: Programs, directory: Path, services: str, vip: str, authority: pki.Pair) -> Iterator[Server]:
    """The control plane of a cluster whose CA is known, at the address that its kubeconfig names."""
    directory.mkdir()
    certificate, key = _certificate(authority, (*NAMES, vip, str(ipaddress.ip_network(services)[1])))
    files = {"server.crt": certificate, "server.key": key, "ca.crt": authority.certificate.encode()}
    for name, content in files.items():
        (directory / name).write_bytes(content)
    flags = {
        "tls-cert-file": str(directory / "server.crt"),
        "tls-private-key-file": str(directory / "server.key"),
        "client-ca-file": str(directory / "ca.crt"),
    }
    binaries = Binaries(etcd=programs.etcd, api_server=programs.api_server)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(binaries, directory / "server", services, flags))
        config = directory / "kubeconfig"
        config.write_text(kubeconfig(server), encoding="utf-8")
        accounts = {
            "service-account-private-key-file": str(server.directory / "accounts.key"),
            "root-ca-file": flags["client-ca-file"],
        }
        quiet = {"kubeconfig": str(config), "leader-elect": "false", "secure-port": "0"}
        for binary, more in (
            (programs.controller_manager, {**quiet, **_CONTROLLERS, **accounts}),
            (programs.scheduler, quiet),
            (programs.kwok, {"kubeconfig": str(config), **_KUBELETS}),
        ):
            stack.enter_context(process(binary, directory, more))
        yield server


def kubeconfig(server: Server) -> str:
    """For whoever may do everything, on the loopback."""
    cluster = {
        "server": f"https://127.0.0.1:{server.api.port}",
        "certificate-authority-data": pki.b64(server.trust.decode()),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "rig", "cluster": cluster}],
        "users": [{"name": "rig", "user": {"token": server.api.token}}],
        "contexts": [{"name": "rig", "context": {"cluster": "rig", "user": "rig"}}],
        "current-context": "rig",
    }
    return yaml.safe_dump(document)


@contextlib.contextmanager
def process(
    binary: Path, directory: Path, flags: Mapping[str, str], variables: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A program that runs until the end, with its log in `directory`."""
    command = [str(binary), *(f"--{flag}={value}" for flag, value in flags.items())]
    environment = {"PATH": os.defpath, "HOME": str(directory), **(variables or {})}
    with (directory / f"{binary.name}.log").open("ab") as log:
        started = subprocess.Popen(command, env=environment, cwd=directory, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            started.kill()
            started.wait()


def _certificate(authority: pki.Pair, hosts: tuple[str, ...]) -> tuple[bytes, bytes]:
    """Certificate and key (PEM) of a server on these names and addresses."""
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode())
    signer = serialization.load_pem_private_key(authority.key.encode(), None)
    assert isinstance(signer, ed25519.Ed25519PrivateKey), "the lab's authorities have such keys"
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([_name(host) for host in hosts]), critical=False)
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return builder.sign(signer, None).public_bytes(serialization.Encoding.PEM), key.private_bytes(*form)


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)

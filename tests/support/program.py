"""The whole program under a stack file, recorded once for each combination and process."""

import base64
import functools
import hashlib
import json
import runpy
import shutil
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from lib import trust
from settings.model import Settings
from stack_file import places
from stack_file.load import load_stack_file
from stack_file.reading import read
from stack_file.secrets import SECRET_NAMES, required_secrets
from tests.support.engine import PROJECT, Recording, Run, record
from tests.support.outputs import identifier

ROOT = Path(__file__).resolve().parents[2]
STACK_FILE = ROOT / "Pulumi.test-cluster.yaml"


def copy_program(root: Path, service: Path | None = None) -> None:
    """The program in `root`, whose files a test may change; the folder of one more service goes where they are."""
    (root / "docs").mkdir()
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for room in tomllib.loads(text)["tool"]["importlinter"]["root_packages"]:
        shutil.copytree(ROOT / room, root / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "__main__.py", "Pulumi.yaml", STACK_FILE.name):
        shutil.copy(ROOT / name, root)
    if (ROOT / ".tools").exists():
        (root / ".tools").symlink_to(ROOT / ".tools")
    if service is not None:
        shutil.copytree(service, root / "components" / service.name, ignore=shutil.ignore_patterns("__pycache__"))


def secret_values(settings: Settings | None = None) -> Mapping[str, str]:
    """A value of the right shape for every secret configuration key, which fits the settings where they are given."""
    existing = settings.cluster.existing if settings else None
    given = settings.secrets.given if settings else {"shop/bank": ("key", "account")}
    values = {
        "proxmoxApiToken": f"home-cluster@pve!deploy={identifier('proxmoxApiToken')}",
        "proxmoxCsiTokenSecret": identifier("proxmoxCsiTokenSecret"),
        "kubeconfig": _kubeconfig(existing.context if existing else "k3d-home-cluster"),
        "vaultRootToken": f"hvs.{identifier('vaultRootToken').replace('-', '')}",
        "gitToken": f"glpat-{identifier('gitToken')}",
        "gitUsername": f"robot-{identifier('gitUsername')}",
        "gitKey": ssh_key("none"),
        "matrixSigningKey": f"ed25519 a_old {_seed()}",
        "acmeDnsToken": identifier("acmeDnsToken"),
        "edgeSshKey": ssh_key("none"),
        "backupAccessKey": json.dumps({"accessKeyId": "GK31c2f218a2e44f48", "secretAccessKey": identifier("backup")}),
        "backupPassword": identifier("backupPassword"),
        "givenSecrets": json.dumps({path: {one: identifier(f"{path} {one}") for one in given[path]} for path in given}),
        "keptCertificates": json.dumps([kept_certificate("tls-gitea")]),
    }
    unknown = SECRET_NAMES - set(values)
    if unknown:
        raise AssertionError(f"tests/support/program.py has no value for the secrets {sorted(unknown)}")
    return values


def ssh_key(cipher: str) -> str:
    """How a private key of OpenSSH begins and ends."""
    body = base64.b64encode(b"openssh-key-v1\0" + len(cipher).to_bytes(4) + f"{cipher}{identifier('gitKey')}".encode())
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{body.decode()}\n-----END OPENSSH PRIVATE KEY-----\n"


def kept_certificate(name: str) -> dict[str, Any]:
    """A Secret as `make up` keeps it."""
    pair = {"tls.crt": "-----BEGIN CERTIFICATE-----\n", "tls.key": identifier(f"key of {name}")}
    metadata = {"name": name, "annotations": {"cert-manager.io/issuer-name": "acme-production"}}
    return {"kind": "Secret", "metadata": metadata, "type": "kubernetes.io/tls", "stringData": pair}


def _seed() -> str:
    """32 bytes in base64 without padding."""
    return base64.b64encode(hashlib.sha256(identifier("matrixSigningKey").encode()).digest()).decode().rstrip("=")


def _kubeconfig(context: str) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "admin@home",
            "clusters": [{"name": "existing", "cluster": {"server": "https://10.9.0.1:6443"}}],
            "contexts": [
                {"name": name, "context": {"cluster": "existing", "user": "admin"}} for name in ("admin@home", context)
            ],
            "users": [{"name": "admin", "user": {"token": identifier("kubeconfig token")}}],
        }
    )


def configuration(stack_file: Path, secrets: Mapping[str, str]) -> dict[str, str]:
    """The configuration as the engine hands it to a program: objects as JSON, everything a string."""
    written = read(stack_file).document["config"]
    plain = {key: text(value) for key, value in written.items() if not places.is_encrypted(value)}
    return plain | {f"{PROJECT}:{name}": value for name, value in secrets.items()}


def text(value: Any) -> str:
    """A value of the stack file as the engine hands it over."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


@functools.cache
def record_program(
    *,
    preview: bool,
    skipping: bool = False,
    stack_file: Path = STACK_FILE,
    optional_secrets: tuple[str, ...] = (),
) -> Recording:
    """`__main__.py` under a stack file, with the secrets that it requires and those asked for."""
    secrets = made_up(stack_file, optional_secrets)
    return record_with(secrets, stack_file, preview=preview, skipping=skipping)


def made_up(stack_file: Path, optional_secrets: tuple[str, ...] = ()) -> dict[str, str]:
    """The secrets that a stack file requires, has encrypted or is asked for."""
    settings = load_stack_file(stack_file)
    written = read(stack_file).document["config"].items()
    encrypted = {places.name_of(key) for key, value in written if places.is_encrypted(value)}
    names = {key.name for key in required_secrets(settings)} | encrypted | set(optional_secrets)
    return {name: value for name, value in secret_values(settings).items() if name in names}


def record_with(
    secrets: Mapping[str, str], stack_file: Path, *, preview: bool = False, skipping: bool = False
) -> Recording:
    """`__main__.py` under a stack file, with exactly these secrets."""
    run = Run(
        preview=preview,
        skipping=skipping,
        stack=stack_file.stem.removeprefix("Pulumi."),
        config=configuration(stack_file, secrets),
        secret_config=tuple(f"{PROJECT}:{name}" for name in secrets),
    )

    def program() -> None:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    # The one file that the program writes goes where it changes nothing.
    with tempfile.TemporaryDirectory() as elsewhere, pytest.MonkeyPatch.context() as patch:
        patch.setattr(trust, "CHECKOUT", Path(elsewhere))
        # As in the engine, which runs the program where the stack file lies.
        patch.chdir(stack_file.parent)
        return record(program, run)

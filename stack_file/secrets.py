"""Secret stack configuration: read apart from the sections, wrapped at once, never part of the model.

`Config.require_object` hands out nested `secure:` values as plain strings (pulumi #6531, #7127), so every secret
is a top-level key of its own.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pulumi

from components.acme.names import DNS_TOKEN, KEPT_CERTIFICATES
from components.matrix import signing_key
from lib import secret_shapes
from settings.model import Settings
from settings.platform import OWN_DNS
from settings.problem import SettingsError


@dataclass(frozen=True)
class StackSecret:
    """One `pulumi config set --secret` key: when it is needed, said for the program and for people, and what it is.

    Attributes:
        problem: Why a value cannot be, and what to write instead, without a word of the value; empty when it can.
    """

    name: str
    needed: Callable[[Settings], bool]
    when: str
    purpose: str
    problem: Callable[[str], str]


def _on_proxmox(settings: Settings) -> bool:
    return settings.proxmox is not None


def _on_existing_cluster(settings: Settings) -> bool:
    return settings.cluster.existing is not None


def _by_provider(settings: Settings) -> bool:
    return settings.certificates.acme and settings.certificates.solver not in (None, OWN_DNS)


def _over_ssh(settings: Settings) -> bool:
    sync = settings.gitops.sync
    return settings.gitops.enabled and sync is not None and (sync.url or "").startswith("ssh://")


def _with_edge(settings: Settings) -> bool:
    return bool(settings.edge.servers)


def _with_given(settings: Settings) -> bool:
    return bool(settings.secrets.given)


def _with_backup(settings: Settings) -> bool:
    return settings.backup is not None


def _never(_: Settings) -> bool:
    return False


GIVEN = "givenSecrets"
SECRET_KEYS = (
    StackSecret(
        "proxmoxApiToken",
        _on_proxmox,
        "with `proxmox`",
        "API token of this program, user@realm!name=uuid",
        secret_shapes.api_token,
    ),
    StackSecret(
        "proxmoxCsiTokenSecret",
        _on_proxmox,
        "with `proxmox`",
        "secret (uuid) of the API token proxmox.csi.tokenId",
        secret_shapes.token_secret,
    ),
    StackSecret(
        "kubeconfig",
        _on_existing_cluster,
        "with `cluster.existing`",
        "kubeconfig of the existing cluster",
        secret_shapes.kubeconfig,
    ),
    StackSecret(
        "vaultRootToken",
        _never,
        "optional",
        "root token of Vault once it was taken out of the cluster",
        secret_shapes.word,
    ),
    StackSecret(
        "gitToken",
        _never,
        "optional",
        "password or token of Flux for a private Git repository",
        secret_shapes.word,
    ),
    StackSecret("gitUsername", _never, "optional", "user name that goes with gitToken", secret_shapes.word),
    StackSecret(
        "gitKey",
        _over_ssh,
        "with an ssh:// URL in `gitops.sync.url`",
        "private key of Flux for that repository, which needs to read only",
        secret_shapes.ssh_key,
    ),
    StackSecret(
        "matrixSigningKey",
        _never,
        "optional",
        "line of the signing key file of an earlier Matrix server of this name; set it before the first start",
        signing_key.problem,
    ),
    StackSecret(
        DNS_TOKEN,
        _by_provider,
        "with a provider in `certificates.solver`",
        "API token of that provider, which may edit the zone",
        secret_shapes.word,
    ),
    StackSecret(
        "edgeSshKey",
        _with_edge,
        "with `edge.servers`",
        "private key, in the format of OpenSSH and without a passphrase, that lets this program in to edge servers",
        secret_shapes.ssh_key,
    ),
    StackSecret(
        "backupAccessKey",
        _with_backup,
        "with `backup`",
        'key pair of the target, as JSON: {"accessKeyId": "…", "secretAccessKey": "…"}; of an NFS server, which has '
        "none, one that you make up",
        secret_shapes.access_key,
    ),
    StackSecret(
        "backupPassword",
        _with_backup,
        "with `backup`",
        "password that repositories of volumes are encrypted with; keep a copy outside the cluster",
        secret_shapes.repository_password,
    ),
    StackSecret(
        GIVEN,
        _with_given,
        "with fields of the kind `given` in `secrets.extra`",
        'their values, as JSON by path and field: {"shop/api": {"token": "…"}}',
        secret_shapes.given,
    ),
    StackSecret(
        KEPT_CERTIFICATES,
        _never,
        "written by `make`",
        "certificates of the hosts, kept by `make up` and `make destroy` so that a new cluster orders none",
        secret_shapes.kept_certificates,
    ),
)
SECRET_NAMES = frozenset(key.name for key in SECRET_KEYS)


def required_secrets(settings: Settings) -> tuple[StackSecret, ...]:
    """Secret keys without which this stack file cannot be brought up."""
    return tuple(key for key in SECRET_KEYS if key.needed(settings))


@dataclass(frozen=True, kw_only=True)
class StackSecrets:
    """The secret values of a stack, each a secret Output; optional ones are None when not configured."""

    proxmox_api_token: pulumi.Output[str] | None
    proxmox_csi_token_secret: pulumi.Output[str] | None
    kubeconfig: pulumi.Output[str] | None
    vault_root_token: pulumi.Output[str] | None
    git_token: pulumi.Output[str] | None
    git_username: pulumi.Output[str] | None
    git_key: pulumi.Output[str] | None
    matrix_signing_key: pulumi.Output[str] | None
    acme_dns_token: pulumi.Output[str] | None
    edge_ssh_key: pulumi.Output[str] | None
    backup_access_key: pulumi.Output[str] | None
    backup_password: pulumi.Output[str] | None
    given: pulumi.Output[str] | None
    kept_certificates: pulumi.Output[str] | None


def problems(value_of: Callable[[str], str | None], settings: Settings) -> list[str]:
    """One line for every required key that is missing, with the command that sets it, and every value that cannot be.

    Args:
        value_of: Value of a key of SECRET_KEYS; None where it is not set.
    """
    found = [
        f"{key.name}: is missing ({key.purpose}); set it with: pulumi config set --secret {key.name}"
        for key in required_secrets(settings)
        if value_of(key.name) is None
    ]
    found += [
        f"{key.name}: {problem}"
        for key in SECRET_KEYS
        if (value := value_of(key.name)) is not None and (problem := key.problem(value))
    ]
    existing, given = settings.cluster.existing, value_of("kubeconfig")
    if existing is not None and given is not None and not secret_shapes.kubeconfig(given):
        unknown = secret_shapes.kubeconfig(given, existing.context)
        found += [f"kubeconfig: {unknown}"] if unknown else []
    if value_of("gitUsername") is not None and value_of("gitToken") is None:
        fix = "set that, too, or remove this one with: pulumi config rm gitUsername"
        found.append(f"gitUsername: is of no use without gitToken; {fix}")
    return [*found, *_not_given(value_of(GIVEN), settings)]


def _not_given(text: str | None, settings: Settings) -> Iterator[str]:
    """Fields that have no value."""
    if text is None or secret_shapes.given(text):
        return
    asked = {(path, field) for path, fields in settings.secrets.given.items() for field in fields}
    brought = {(path, field) for path, fields in json.loads(text).items() for field in fields}
    for path, field in sorted(asked - brought):
        yield f"{GIVEN}: has no value of secrets.extra.{path}.fields.{field}; set all of it again with that one in it"


def read_secrets(config: pulumi.Config, settings: Settings) -> StackSecrets:
    """The secrets of the stack.

    Raises:
        SettingsError: with all `problems`.
    """
    found = problems(config.get, settings)
    if found:
        raise SettingsError("\n".join(found))
    return StackSecrets(
        proxmox_api_token=config.get_secret("proxmoxApiToken"),
        proxmox_csi_token_secret=config.get_secret("proxmoxCsiTokenSecret"),
        kubeconfig=config.get_secret("kubeconfig"),
        vault_root_token=config.get_secret("vaultRootToken"),
        git_token=config.get_secret("gitToken"),
        git_username=config.get_secret("gitUsername"),
        git_key=config.get_secret("gitKey"),
        matrix_signing_key=config.get_secret("matrixSigningKey"),
        acme_dns_token=config.get_secret(DNS_TOKEN),
        edge_ssh_key=config.get_secret("edgeSshKey"),
        backup_access_key=config.get_secret("backupAccessKey"),
        backup_password=config.get_secret("backupPassword"),
        given=config.get_secret(GIVEN),
        kept_certificates=config.get_secret(KEPT_CERTIFICATES),
    )

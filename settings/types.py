"""Domain types of the stack file: what a value must look like, said in the words of the field."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from settings.cron import is_cron

CSI_CONTROLLER_VM_ID = 9999
"""VM id that proxmox-csi puts into the names of its volumes; a VM of that id would lose them on destroy."""

_QUANTITY = re.compile(r"[1-9]\d*(Ki|Mi|Gi|Ti)")
_EXACT_VERSION = re.compile(r"v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOSTNAME = re.compile(rf"{_LABEL}(\.{_LABEL})+")
_NAME = re.compile(_LABEL)
_EMAIL = re.compile(rf"[^@\s]+@{_HOSTNAME.pattern}")
_MINOR_VERSION = re.compile(r"v\d+\.\d+")
_HTTPS_URL = re.compile(r"https://[^\s/]+(/\S*)?")
_GIT_URL = re.compile(r"(https|ssh)://\S+")
_GIT_REF = re.compile(r"refs/\S+")
_INTERVAL = re.compile(r"\d+[smh]")
_TOKEN_ID = re.compile(r"[^@!\s]+@[^@!\s]+![^@!\s]+")
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_SECRET_PATH = re.compile(rf"{_LABEL}(/{_LABEL})+")
_PROJECT_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
_PROJECT_SCOPE = re.compile(rf"\*|{_PROJECT_NAME.pattern}")
_ROBOT_NAME = re.compile(r"(?=.{1,40}$)[a-z0-9]+(-[a-z0-9]+)*")
_LIFETIME = re.compile(r"[1-9]\d*[dwy]")
_UPLOAD_SIZE = re.compile(r"[1-9]\d*[KM]")
_FORGE_NAME = re.compile(r"(?=.{1,40}$)[a-z0-9]+([-._][a-z0-9]+)*")
_IMAGE = re.compile(r"[a-z0-9][a-z0-9.-]*(:\d+)?(/[a-z0-9._-]+)+(:v?\d+(\.\d+)+[\w.-]*)(@sha256:[0-9a-f]{64})?")
_JOB_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Strict(BaseModel):
    """Base of every section: frozen, camelCase keys, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


def _network(value: Any) -> Any:
    try:
        return IPv4Network(str(value))
    except ValueError as error:
        try:
            fix = f"; did you mean {IPv4Network(str(value), strict=False)}?"
        except ValueError:
            fix = "; write a network such as 10.2.0.0/16"
        raise ValueError(f"{value} is not a network ({error}){fix}") from error


def _matching(pattern: re.Pattern[str], what: str) -> BeforeValidator:
    """Says what is wanted also of a value that YAML reads as a number, such as 10 for a size or 1.13 for a version."""

    def check(value: Any) -> Any:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            raise ValueError(f"{value!r} is not {what}")
        return value

    return BeforeValidator(check)


def _shown(title: str, *, example: str | None = None, pattern: re.Pattern[str] | None = None) -> WithJsonSchema:
    """How the JSON Schema and the configuration reference show the type."""
    schema: dict[str, Any] = {"type": "string", "title": title}
    if example is not None:
        schema["examples"] = [example]
    if pattern is not None:
        schema["pattern"] = f"^({pattern.pattern})$"
    return WithJsonSchema(schema)


def _cron(value: Any) -> Any:
    if not isinstance(value, str) or not is_cron(value):
        raise ValueError(f"{value!r} is not a schedule; write minute, hour, day, month and weekday, as in '30 3 * * 6'")
    return value


def _vm_id(value: int) -> int:
    if value == CSI_CONTROLLER_VM_ID:
        raise ValueError(f"{value} names the volumes of proxmox-csi; give the VM another id")
    return value


Cidr = Annotated[IPv4Network, BeforeValidator(_network), _shown("network", example="10.2.0.0/16")]
Hostname = Annotated[
    str,
    _matching(_HOSTNAME, "a host name; write lower-case labels with dots, such as git.example.com"),
    _shown("host name", example="git.example.com", pattern=_HOSTNAME),
]
Name = Annotated[
    str,
    _matching(_NAME, "a name; use lower-case letters, digits and dashes, at most 63 characters"),
    _shown("name", pattern=_NAME),
]
Username = Annotated[
    str,
    _matching(_USERNAME, "a user name; use lower-case letters, digits, dots, dashes and underscores"),
    _shown("user name", pattern=_USERNAME),
]
Email = Annotated[
    str,
    _matching(_EMAIL, "an e-mail address; write one such as jane@example.com"),
    _shown("e-mail address", pattern=_EMAIL),
]
Quantity = Annotated[
    str,
    _matching(_QUANTITY, "a Kubernetes quantity of bytes; write it as 10Gi"),
    _shown("quantity of bytes", example="10Gi", pattern=_QUANTITY),
]
ExactVersion = Annotated[
    str,
    _matching(_EXACT_VERSION, "an exact version; pin one release such as 1.2.3 (no range, no 'latest')"),
    _shown("exact version", example="1.2.3", pattern=_EXACT_VERSION),
]
MinorVersion = Annotated[
    str,
    _matching(_MINOR_VERSION, "a release line; write it as v1.13"),
    _shown("release line", example="v1.13", pattern=_MINOR_VERSION),
]
HttpsUrl = Annotated[
    str,
    _matching(_HTTPS_URL, "an https:// URL; write one such as https://127.0.0.1:8200"),
    _shown("https:// URL", pattern=_HTTPS_URL),
]
GitUrl = Annotated[
    str,
    _matching(_GIT_URL, "the URL of a Git repository; write one that begins with https:// or ssh://"),
    _shown("URL of a Git repository, https:// or ssh://", pattern=_GIT_URL),
]
GitRef = Annotated[
    str,
    _matching(_GIT_REF, "a full Git reference; write a branch as refs/heads/main"),
    _shown("Git reference", example="refs/heads/main", pattern=_GIT_REF),
]
Interval = Annotated[
    str,
    _matching(_INTERVAL, "an interval; write a number with s, m or h, such as 5m"),
    _shown("interval", example="5m", pattern=_INTERVAL),
]
TokenId = Annotated[
    str,
    _matching(_TOKEN_ID, "the id of an API token; write it as user@realm!name"),
    _shown("token id", example="user@realm!name", pattern=_TOKEN_ID),
]
SecretPath = Annotated[
    str,
    _matching(_SECRET_PATH, "the path of a secret; write it as folder/name, in lower-case letters, digits and dashes"),
    _shown("path of a secret", example="shop/api", pattern=_SECRET_PATH),
]
ForgeName = Annotated[
    str,
    _matching(
        _FORGE_NAME,
        "a name in Gitea; use lower-case letters and digits with single dots, dashes and underscores between them, "
        "at most 40 characters",
    ),
    _shown("name in Gitea", pattern=_FORGE_NAME),
]
ImageReference = Annotated[
    str,
    _matching(_IMAGE, "a pinned image; write registry, path and release, such as docker.io/library/node:24.11.1"),
    _shown("pinned image", example="docker.io/library/node:24.11.1-bookworm", pattern=_IMAGE),
]
JobLabel = Annotated[
    str,
    _matching(_JOB_LABEL, "a label of jobs; write what `runs-on` says, such as ubuntu-latest"),
    _shown("label of jobs", example="ubuntu-latest", pattern=_JOB_LABEL),
]
Lifetime = Annotated[
    str,
    _matching(_LIFETIME, "a lifetime; write a number with d, w or y (365 days), such as 90d"),
    _shown("lifetime in d, w or y", example="90d", pattern=_LIFETIME),
]
UploadSize = Annotated[
    str,
    _matching(_UPLOAD_SIZE, "the size of a file; write it with K or M, such as 100M"),
    _shown("size of a file in K or M", example="100M", pattern=_UPLOAD_SIZE),
]
ProjectName = Annotated[
    str,
    _matching(_PROJECT_NAME, "a project of a registry; use lower-case letters and digits, with single . _ - between"),
    _shown("project name", pattern=_PROJECT_NAME),
]
ProjectScope = Annotated[
    str,
    _matching(_PROJECT_SCOPE, "a project of a registry; use lower-case letters and digits, or '*' for every project"),
    _shown("project name, or *", pattern=_PROJECT_SCOPE),
]
RobotName = Annotated[
    str,
    _matching(
        _ROBOT_NAME,
        "a name of a robot; use lower-case letters and digits with single dashes between them, at most 40 characters",
    ),
    _shown("robot name", pattern=_ROBOT_NAME),
]
Cron = Annotated[
    str,
    BeforeValidator(_cron),
    _shown("schedule, in five fields of cron", example="30 3 * * 6"),
]
VmId = Annotated[int, Field(ge=100, le=999_999_999), AfterValidator(_vm_id)]


@dataclass(frozen=True)
class BootstrapEndpoint:
    """Address of one control plane itself: the only thing to talk to before etcd elects a holder of the VIP."""

    address: IPv4Address

    def __str__(self) -> str:
        return str(self.address)


@dataclass(frozen=True)
class ClusterEndpoint:
    """The Kubernetes API on the VIP: what kubeconfigs and nodes use, alive only after bootstrap."""

    address: IPv4Address
    port: int = 6443

    @property
    def url(self) -> str:
        return f"https://{self.address}:{self.port}"

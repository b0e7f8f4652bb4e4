"""Domain types of the stack file: what a value must look like, said in the words of the field."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    PlainValidator,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from settings import shapes
from settings.cron import is_cron
from settings.shapes import Shape

CSI_CONTROLLER_VM_ID = 9999
"""VM id that proxmox-csi puts into the names of its volumes; a VM of that id would lose them on destroy."""


class Strict(BaseModel):
    """Base of every section: frozen, camelCase keys in the file, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


def _network(value: Any) -> IPv4Network:
    if not isinstance(value, str) or re.search(shapes.NETWORK, value) is None:
        raise ValueError("is not a network; write its first address and the length of its prefix, as in 10.2.0.0/16")
    network = IPv4Network(value, strict=False)
    if str(network) != value:
        raise ValueError(f"is the address of a host in a network; did you mean {network}?")
    return network


def _address(value: Any) -> IPv4Address:
    try:
        return IPv4Address(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("is no IPv4 address; write one such as 10.2.3.1") from None


def _cron(value: Any) -> Any:
    if not isinstance(value, str) or not is_cron(value):
        raise ValueError("is not a schedule; write minute, hour, day, month and weekday, as in '30 3 * * 6'")
    return value


def _vm_id(value: int) -> int:
    if value == CSI_CONTROLLER_VM_ID:
        raise ValueError("names the volumes of proxmox-csi; give the VM another id")
    return value


Cidr = Annotated[
    IPv4Network,
    PlainValidator(_network),
    WithJsonSchema({"type": "string", "title": "network", "examples": ["10.2.0.0/16"], "pattern": shapes.NETWORK}),
]
Address = Annotated[IPv4Address, PlainValidator(_address), WithJsonSchema({"type": "string", "format": "ipv4"})]
Cron = Annotated[
    str,
    PlainValidator(_cron),
    WithJsonSchema({"type": "string", "title": "schedule, in five fields of cron", "examples": ["30 3 * * 6"]}),
]
VmId = Annotated[
    int,
    Field(ge=100, le=999_999_999, json_schema_extra={"not": {"const": CSI_CONTROLLER_VM_ID}}),
    AfterValidator(_vm_id),
]
WebUrl = Annotated[
    HttpUrl,
    Shape(shapes.WEB_URL, "a web address; write one such as https://pve.example.com/, without a password", "URL"),
]
Text = Annotated[
    str, Shape(shapes.TEXT, "a text for a name; write 1 to 253 characters on one line, without blanks around", "text")
]
Certificates = Annotated[
    str,
    Shape(
        shapes.CERTIFICATES,
        "a certificate in PEM; write a block from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----",
        "certificates in PEM",
    ),
]
Hostname = Annotated[
    str,
    Shape(
        shapes.HOSTNAME,
        "a host name; write lower-case labels with dots, such as git.example.com, at most 253 characters",
        "host name",
        "git.example.com",
    ),
]
Name = Annotated[
    str, Shape(shapes.NAME, "a name; use lower-case letters, digits and dashes, at most 63 characters", "name")
]
ObjectName = Annotated[
    str,
    Shape(
        shapes.OBJECT_NAME,
        "a name; use lower-case letters, digits and dashes, with single dots between, at most 253 characters",
        "name",
    ),
]
AnnotationKey = Annotated[
    str,
    Shape(shapes.ANNOTATION, "the key of an annotation; write one such as metallb.io/loadBalancerIPs", "annotation"),
]
ProxmoxNode = Annotated[
    str,
    Shape(
        shapes.PROXMOX_NODE,
        "a node of Proxmox; write its name as Proxmox shows it, such as pve1",
        "Proxmox node",
        "pve1",
    ),
]
Server = Annotated[
    str,
    Shape(
        shapes.HOST_OR_ADDRESS, "a host name or an IPv4 address; write one such as time.example.com", "host or address"
    ),
]
Username = Annotated[
    str,
    Shape(
        shapes.USERNAME,
        "a user name; use lower-case letters, digits, dots, dashes and underscores, at most 63 characters",
        "user name",
    ),
]
Email = Annotated[
    str,
    Shape(
        shapes.EMAIL, "an e-mail address; write one such as jane@example.com, at most 254 characters", "e-mail address"
    ),
]
Quantity = Annotated[
    str, Shape(shapes.QUANTITY, "a Kubernetes quantity of bytes; write it as 10Gi", "quantity of bytes", "10Gi")
]
ExactVersion = Annotated[
    str,
    Shape(
        shapes.EXACT_VERSION,
        "an exact version; pin one release such as 1.2.3 (no range, no 'latest')",
        "exact version",
        "1.2.3",
    ),
]
MinorVersion = Annotated[str, Shape(shapes.MINOR_VERSION, "a release line; write it as v1.13", "release line", "v1.13")]
HttpsUrl = Annotated[
    str,
    Shape(
        shapes.HTTPS_URL,
        "an https:// URL; write one such as https://127.0.0.1:8200, without user and password",
        "https:// URL",
    ),
]
GitUrl = Annotated[
    str,
    Shape(
        shapes.GIT_URL,
        "the URL of a Git repository; write one that begins with https:// or ssh://, without a password (gitToken)",
        "URL of a Git repository, https:// or ssh://",
    ),
]
GitRef = Annotated[
    str,
    Shape(
        shapes.GIT_REF, "a full Git reference; write a branch as refs/heads/main", "Git reference", "refs/heads/main"
    ),
]
Folder = Annotated[
    str,
    Shape(
        shapes.FOLDER,
        "a directory of the repository; write it from its root, such as clusters/home",
        "directory",
        "clusters/home",
    ),
]
Interval = Annotated[
    str, Shape(shapes.INTERVAL, "an interval; write a number with s, m or h, such as 5m", "interval", "5m")
]
TokenId = Annotated[
    str,
    Shape(
        shapes.TOKEN_ID,
        "the id of an API token; write it as user@realm!name, without its secret",
        "token id",
        "user@realm!name",
    ),
]
Bridge = Annotated[
    str, Shape(shapes.BRIDGE, "the name of a bridge; write it as Proxmox shows it, such as vmbr0", "bridge", "vmbr0")
]
Datastore = Annotated[
    str,
    Shape(
        shapes.DATASTORE,
        "the id of a Proxmox storage; write it as Proxmox shows it, such as local-lvm",
        "storage id",
        "local-lvm",
    ),
]
Extension = Annotated[
    str,
    Shape(
        shapes.EXTENSION,
        "a system extension; write its vendor, too, as in siderolabs/qemu-guest-agent",
        "system extension",
        "siderolabs/qemu-guest-agent",
    ),
]
LabelKey = Annotated[
    str,
    Shape(
        shapes.LABEL_KEY,
        "the key of a label; write a name, maybe behind a domain and a slash, as in example.com/disk",
        "key of a label",
        "example.com/disk",
    ),
]
LabelValue = Annotated[
    str,
    Shape(
        shapes.LABEL_VALUE,
        "the value of a label; use at most 63 letters, digits, dots, dashes and underscores",
        "value of a label",
        "fast",
    ),
]
Taint = Annotated[
    str,
    Shape(
        shapes.TAINT,
        "a taint; write it as kubectl takes it, key=value:effect or key:effect, where the effect is NoSchedule, "
        "PreferNoSchedule or NoExecute",
        "taint",
        "example.com/gpu=present:NoSchedule",
    ),
]
PciMapping = Annotated[
    str,
    Shape(
        shapes.PCI_MAPPING,
        "the name of a PCI mapping; write it as Proxmox shows it under Datacenter, Resource Mappings",
        "PCI mapping",
        "gpu",
    ),
]
DataDiskName = Annotated[
    str,
    Shape(
        shapes.DATA_DISK,
        "the name of a disk; use lower-case letters, digits and dashes, at most 20 characters",
        "name of a disk",
        "scratch",
    ),
]
ChartMirror = Annotated[
    str,
    Shape(
        shapes.CHART_MIRROR,
        "a mirror; write a directory or a URL that begins with https:// or oci://, without a password",
        "directory or URL",
    ),
]


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

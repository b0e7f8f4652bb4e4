"""How a setting may change once it was applied: what stands beside its type in the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lib.compatibility import release
from lib.kubernetes import quantity_bytes

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

KEYWORD = "changes"
"""Keyword of the JSON Schema under which a field says its rule."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How a setting may change; one without a rule is free.

    Attributes:
        because: What another value would do, or why nothing would follow it.
        instead: What to do for the same end.
        initial: What the setting is as long as nobody sets it; need not be written down.
        word: The rule in the configuration reference.
    """

    because: str
    instead: str
    initial: str = ""

    word: ClassVar[str]

    def refusal(self, first: str, value: str) -> tuple[str, str] | None:
        """Clash and fix when the setting cannot become `value` after `first`; None when it can."""
        raise NotImplementedError

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema) | {KEYWORD: {"how": self.word, "because": self.because, "instead": self.instead}}


@dataclass(frozen=True, kw_only=True)
class Fixed(Rule):
    """Fixed at birth."""

    word = "fixed"

    def refusal(self, first: str, value: str) -> tuple[str, str] | None:
        if first == value:
            return None
        return f"is not {first}, with which it was applied: {self.because}", f"write {first} again, or {self.instead}"


@dataclass(frozen=True, kw_only=True)
class Growing(Rule):
    """Only grows: a number, a quantity of bytes, or one of `order`, from the least to the greatest."""

    order: tuple[str, ...] = ()

    word = "grows"

    def refusal(self, first: str, value: str) -> tuple[str, str] | None:
        if self._size(value) >= self._size(first):
            return None
        clash = f"is less than {first}, which was applied already: {self.because}"
        return clash, f"write {first} or more, or {self.instead}"

    def _size(self, value: str) -> int:
        if self.order:
            return self.order.index(value)
        return int(value) if value.isdigit() else quantity_bytes(value)


@dataclass(frozen=True, kw_only=True)
class Upgrading(Rule):
    """A release that only rises, by one minor release at a time; its patch may go back too, if `patches_go_back`."""

    patches_go_back: bool = False

    word = "rises"

    def refusal(self, first: str, value: str) -> tuple[str, str] | None:
        before, after = release(first), release(value)
        following = f"{before[0]}.{before[1] + 1}"
        lowest = before[:2] if self.patches_go_back else before
        if lowest <= after and after[:2] <= (before[0], before[1] + 1):
            return None
        way = "is older than" if after < before else "skips a minor release after"
        clash = f"{way} {first}, which was applied already: {self.because}"
        return clash, f"write {first} or a release of {following}, or {self.instead}"


_ANOTHER = "bring up another stack and move there"
_COPY = "restore a copy into a volume of that size (docs/runbooks/fixed-settings.md)"
_RECREATED = "recreate it by hand (docs/runbooks/fixed-settings.md)"
_NODE = "add a node under another name and remove this one (docs/runbooks/nodes.md)"

CLUSTER_NAME = Fixed(
    because="it is the name in both certificate authorities and, on an existing cluster, the identity by which "
    "everything in it is known, so all of it would be replaced",
    instead=_ANOTHER,
)
EXISTING = Fixed(because="everything would be brought up anew on the other cluster", instead=_ANOTHER)
NODE_NETWORK = Fixed(because="etcd, kubelets and certificates know the nodes by these addresses", instead=_ANOTHER)
POD_NETWORK = Fixed(because="each node has its share of it for good, which nothing hands out anew", instead=_ANOTHER)
SERVICE_NETWORK = Fixed(
    because="addresses of Services cannot change, that of the API and of DNS among them", instead=_ANOTHER
)
ENDPOINT = Fixed(
    because="the API is the issuer of every ServiceAccount token by this address, and every kubelet and kubeconfig "
    "looks for it there",
    instead=_ANOTHER,
)
REGION = Fixed(because="volumes can be mounted in their own region only, whose name they bear", instead=_ANOTHER)
STORAGE_CLASS = Fixed(because="claims cannot change their StorageClass, nor a StorageClass itself", instead=_RECREATED)
MACHINE_DISKS = Fixed(
    because="disks of machines stay where they were made",
    instead="move the disks in Proxmox and then the record (docs/runbooks/fixed-settings.md)",
)
NODE = Fixed(
    because="etcd, the volumes and the certificates of the node know this machine, which would be made anew",
    instead=_NODE,
)
SYSTEM_DISK = Growing(because="the file system of Talos cannot shrink", instead=_NODE)
DATA_DISK = Growing(because="the file system of a data disk cannot shrink", instead=_NODE)
ENCRYPTION = Fixed(
    because="a volume is encrypted when it is made, and neither later nor back",
    instead="add a pool and move the nodes there under other names (docs/runbooks/nodes.md)",
)
WORKER_TAINTS = Fixed(
    because="a kubelet registers its node with its taints once, and may not change them afterwards",
    instead="taint the nodes of the pool by hand, too (docs/runbooks/fixed-settings.md)",
)
CONTRACT = Fixed(
    because="it says with which defaults the secrets and configurations of this cluster were born",
    instead="change talos.version, which this does not follow",
)
KUBERNETES = Upgrading(
    because="Kubernetes goes neither back nor past a minor release (version skew policy)", instead=_ANOTHER
)
TALOS = Upgrading(
    because="Talos tests its migrations between adjacent minor releases, and none back",
    instead="write down the old one where no node has come to the new one (docs/runbooks/fixed-settings.md)",
    patches_go_back=True,
)
ARCHIVE = Growing(
    because="the databases write to that one, and an archive that is not empty takes nothing of another cluster",
    instead="go back to any moment of an earlier one (docs/runbooks/databases.md)",
    initial="1",
)
VOLUME = Growing(because="volumes cannot shrink", instead=_COPY)
TEMPLATE = Fixed(because="volumes of a StatefulSet do not follow its template, which cannot change", instead=_RECREATED)
SERVERS = Growing(
    because="a server that leaves takes its vote along, and the last one would never have a majority",
    instead="remove the other servers from Raft first (docs/runbooks/fixed-settings.md)",
    order=("standalone", "ha"),
)
SERVER_NAME = Fixed(because="it is in the id of every user and room", instead="begin anew (docs/runbooks/matrix.md)")
SIGNING_KEY = Fixed(
    because="other servers know this one by its key", instead="replace the key (docs/runbooks/matrix.md)"
)
PROXY_CACHE = Fixed(
    because="Harbor never changes what a project caches",
    instead="make a project of another name and delete this one with harbor.removed",
)
CHAIN_RELEASE = Fixed(
    because="Helm would remove the release with what it stored and install another one",
    instead="add a release under another name, move there, and remove this one",
)
GENERATION = Growing(
    because="its values were made, and a lower number would make new ones instead of bringing the old ones back",
    instead="the next number for new values",
    initial="1",
)
"""Of each `rotation.generations.<path>`, also of those that the stack file leaves at 1."""

"""What Helm recorded of a release: a Secret for each revision, in the namespace of the release.

The form is that of Helm 3 (pkg/storage/driver/secrets.go and util.go): the labels `owner`, `name`, `status` and
`version`, and the release as base64 of gzip of JSON.
"""

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PENDING = frozenset({"pending-install", "pending-upgrade", "pending-rollback"})
"""While the newest revision is in one of these, Helm refuses any other upgrade (`errPending` in pkg/action)."""

FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class HelmRelease:
    """The newest revision of a release."""

    namespace: str
    name: str
    revision: int
    status: str
    chart: str
    version: str

    @property
    def pending(self) -> bool:
        """Whether Helm was at it, or still is."""
        return self.status in PENDING


def release_of(secret: Mapping[str, Any]) -> HelmRelease:
    """What a Secret of Helm's says."""
    record = _record(secret)
    chart = record["chart"]["metadata"]
    return HelmRelease(
        namespace=record["namespace"],
        name=record["name"],
        revision=int(record["version"]),
        status=record["info"]["status"],
        chart=chart["name"],
        version=chart["version"],
    )


def as_failed(secret: Mapping[str, Any]) -> dict[str, Any]:
    """The patch that makes of a revision what Helm makes of it when it is interrupted and can still say so.

    The next upgrade then goes on from the revision that was deployed last, or from this one where there is none. The
    patch names the version of the object that it was made from, so that it is refused if Helm wrote again since.
    """
    record = _record(secret)
    record["info"] |= {"status": FAILED, "description": "the operation was cut off"}
    packed = gzip.compress(json.dumps(record).encode())
    return {
        "metadata": {
            "resourceVersion": secret["metadata"]["resourceVersion"],
            "labels": {"status": FAILED},
        },
        "data": {"release": base64.b64encode(base64.b64encode(packed)).decode()},
    }


def _record(secret: Mapping[str, Any]) -> dict[str, Any]:
    packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    found: dict[str, Any] = json.loads(gzip.decompress(packed))
    return found

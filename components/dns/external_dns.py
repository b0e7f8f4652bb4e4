"""Values of the chart external-dns 1.21.1 (0.21.0): names of the Ingresses, in the zones of one side.

What it owns it marks with TXT records, and touches nothing else (registry `txt`). It makes no zone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.dns import names
from lib.kubernetes import RELOADER_AUTO, from_secret, resources
from lib.names import INGRESS_CLASS
from settings.dns import Side


@dataclass(frozen=True, kw_only=True)
class ExternalDnsValues:
    """Inputs of the values.

    Attributes:
        owner: What it calls itself in its marks; another cluster may write into the same zones.
        zones: Zones of the side.
        targets: Where every name leads in place of the address of its Ingress; none keeps that.
        secret: Secret whose key `api-key` is that of the API.
    """

    side: Side
    owner: str
    zones: Sequence[str]
    targets: Sequence[str]
    secret: pulumi.Input[str]


def values(args: ExternalDnsValues) -> dict[str, Any]:
    """Values of the release."""
    arguments: dict[str, Any] = {
        "pdns-server": names.api_url(args.side),
        "pdns-server-id": "localhost",
        "ingress-class": INGRESS_CLASS,
        "txt-wildcard-replacement": "any",
    }
    if args.targets:
        # Otherwise the address of the Ingress wins (source/wrappers/multisource.go).
        arguments |= {"default-targets": list(args.targets), "force-default-targets": True}
    return {
        "provider": {"name": "pdns"},
        "sources": ["ingress"],
        "policy": "sync",
        "registry": "txt",
        "txtOwnerId": args.owner,
        # A label of its own, so that the mark of a zone itself lies inside the zone (registry/mapper/mapper.go).
        "txtPrefix": "%{record_type}-owner.",
        "domainFilters": list(args.zones),
        "managedRecordTypes": ["A", "AAAA"],
        "triggerLoopOnEvent": True,
        "extraArgs": arguments,
        "env": [from_secret("EXTERNAL_DNS_PDNS_API_KEY", args.secret, "api-key")],
        "deploymentAnnotations": dict(RELOADER_AUTO),
        "resources": resources("10m", f"{MEMORY}Mi"),
    }


METRICS_PORT = 7979
"""Of its pod; fixed by the chart."""
MEMORY = 64
"""Of its pod, in MiB."""

"""Objects of Kubernetes as the stack file has them."""

from collections.abc import Mapping
from typing import Any

import pulumi


def manifest(name: str, obj: Mapping[str, Any], opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
    """An object of whatever kind, awaited as the provider does it for that kind.

    It awaits workloads, Jobs, claims, Services and Ingresses by itself, and any other by the annotation
    `pulumi.com/waitFor`. The type is that of the SDK's own class for the kind, where there is one (`core/v1` stands for
    `v1` in it: gvkFromURN of pulumi-kubernetes 4.34, provider/pkg/provider/provider.go).
    """
    version = str(obj["apiVersion"])
    group_version = version if "/" in version else f"core/{version}"
    return pulumi.CustomResource(f"kubernetes:{group_version}:{obj['kind']}", name, dict(obj), opts)

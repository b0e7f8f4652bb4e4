"""One way to create a custom resource and to wait for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s


@dataclass(frozen=True, kw_only=True)
class CustomResourceArgs:
    """An object of a CustomResourceDefinition.

    Attributes:
        namespace: None for a cluster-scoped kind.
        condition: Condition of its status that must be True before anything that depends on it goes on; None where
            the kind has no status to wait for.
        seconds: How long to wait for that condition.
    """

    api_version: str
    kind: str
    name: str
    spec: Mapping[str, Any]
    namespace: pulumi.Input[str] | None = None
    condition: str | None = "Ready"
    annotations: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    seconds: int = 600


def custom_resource(
    name: str, args: CustomResourceArgs, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """The object, awaited by `pulumi.com/waitFor` where it has a condition."""
    annotations = dict(args.annotations)
    if args.condition is not None:
        annotations["pulumi.com/waitFor"] = f"condition={args.condition}"
    metadata: dict[str, Any] = {"name": args.name, "annotations": annotations, "labels": dict(args.labels)}
    if args.namespace is not None:
        metadata["namespace"] = args.namespace
    timeout = f"{args.seconds}s"
    timeouts = pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout))
    return k8s.apiextensions.CustomResource(
        name,
        api_version=args.api_version,
        kind=args.kind,
        metadata={key: value for key, value in metadata.items() if value},
        spec=args.spec,
        opts=pulumi.ResourceOptions.merge(opts, timeouts),
    )


def name_of(resource: pulumi.Resource, name: str) -> pulumi.Output[str]:
    """`name`, known already in a preview, as an Output that makes its user depend on `resource`.

    A CustomResource has no typed metadata to take it from, and its id is unknown until it exists.
    """
    return resource.urn.apply(lambda _: name)

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
        wait_for: What its status must show before anything that depends on it goes on, in the syntax of
            `pulumi.com/waitFor` (`condition=Type` or `jsonpath={.path}=value`); None where the kind has no status.
        seconds: How long to wait for that.
    """

    api_version: str
    kind: str
    name: str
    spec: Mapping[str, Any]
    namespace: pulumi.Input[str] | None = None
    wait_for: str | None = "condition=Ready"
    annotations: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    seconds: int = 600


def custom_resource(
    name: str, args: CustomResourceArgs, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """The object, awaited where `wait_for` says for what."""
    annotations = dict(args.annotations)
    if args.wait_for is not None:
        annotations["pulumi.com/waitFor"] = args.wait_for
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


def value_after(resource: pulumi.Resource, value: str) -> pulumi.Output[str]:
    """`value`, known already in a preview, as an Output that makes its user depend on `resource`.

    For a value that the program chose but that holds only once the resource exists: a CustomResource has no typed
    metadata to take its name from, and its id is unknown until it exists.
    """
    return resource.urn.apply(lambda _: value)

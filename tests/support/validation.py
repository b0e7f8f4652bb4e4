"""What the API server of the shipped release would say of built-in objects, going by its OpenAPI schema."""

from collections.abc import Iterable, Iterator

import kubernetes_validate  # type: ignore[import-untyped]

from stack_file.load import load_stack_file
from tests.stack_file.stacks import SHIPPED
from tests.support.objects import key_of
from tests.support.recording import Recorded


def built_in(resources: Iterable[Recorded]) -> list[Recorded]:
    """Those of the API groups that Kubernetes itself serves."""
    return [one for one in resources if "." not in key_of(one).group or key_of(one).group.endswith(".k8s.io")]


def refusals(resources: Iterable[Recorded]) -> Iterator[str]:
    """What strict validation has against each of them."""
    talos = load_stack_file(SHIPPED).talos
    assert talos is not None, "the shipped stack file brings up machines"
    version = ".".join(talos.kubernetes_version.split(".")[:2])
    for one in resources:
        try:
            kubernetes_validate.validate(one.inputs, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{one}: {error.message}"

"""What many wait for is stood for by one resource without dependencies of its own."""

from collections.abc import Awaitable, Sequence
from typing import TypeVar, cast

import pulumi

T = TypeVar("T")


def passed(name: str, gate: pulumi.Resource) -> pulumi.Stash:
    """A resource that exists once `gate` does, and is skipped when it is: what many depend on in place of the gate.

    Creates `<name>` below the gate: a stash, an entry in the state that the engine itself keeps (pulumi 3.250
    pkg/resource/deploy/builtins.go); a gate that is replaced does not replace it.

    After a failure the engine walks what the failed resource depends on, without remembering where it has been; only
    upwards, to a parent, it goes once (markAsDependency in pkg/resource/graph/dependency_graph.go). So dependencies on
    a gate multiply by all paths behind it, and dependencies on its child do not.
    """
    return pulumi.Stash(name, input="passed", opts=pulumi.ResourceOptions(parent=gate))


def barrier(name: str, gates: Sequence[pulumi.Resource], parent: pulumi.Resource) -> pulumi.Stash:
    """As `passed`, for several gates. Creates `<name>`, a stash that depends on all of them, and `<name>-passed`."""
    opts = pulumi.ResourceOptions(parent=parent, depends_on=list(gates))
    return passed(f"{name}-passed", pulumi.Stash(name, input="reached", opts=opts))


def behind(gate: pulumi.Resource, value: pulumi.Output[T]) -> pulumi.Output[T]:
    """`value` as an Output that depends on `gate` alone, which must wait for whatever the value comes from."""
    future = cast(Awaitable[T], value.future(with_unknowns=True))
    return pulumi.Output({gate}, future, value.is_known(), value.is_secret())

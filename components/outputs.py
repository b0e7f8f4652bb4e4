"""Outputs of resources that may not come into being."""

from typing import TypeVar

import pulumi

T = TypeVar("T")


def made(resource: pulumi.CustomResource, output: pulumi.Output[T]) -> pulumi.Output[T]:
    """`output`, an output of `resource`, which stays unknown as long as the resource was not made.

    An update goes on after a failure and skips what depends on the failed resource (`--continue-on-error`). Of a
    skipped resource the SDK leaves only the id unknown; other outputs become None (pulumi 3.250, `keep_unknowns` in
    runtime/resource.py). A function that cannot take None would then end the program, and everything that comes after
    it with it: so whatever is applied to a computed output is applied to this.
    """
    # Not Output.all, which turns typed outputs into plain mappings.
    return resource.id.apply(lambda _: output)

"""A phase of the bring-up: everything in it waits for the gates of what it builds on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi


@dataclass(frozen=True, kw_only=True)
class PhaseArgs:
    """What a phase waits for.

    Attributes:
        after: Gates (resources that exist only once something is ready) of the phases before.
    """

    after: Sequence[pulumi.Resource] = field(default_factory=tuple)


class Phase(pulumi.ComponentResource):
    """Groups a phase; its name shows in the URN of every resource below it, so the plan itself reads in phases.

    Creates no resource of its own. Every custom resource below it depends on the gates in `after`: an order that no
    data carries, stated once here instead of in every component. (An option on a component does not reach its
    children, so the phase hands it down as a transformation.)
    """

    def __init__(self, name: str, args: PhaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        gates = list(args.after)

        def wait_for_gates(member: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
            if not gates or not isinstance(member.resource, pulumi.CustomResource):
                return None
            merged = pulumi.ResourceOptions.merge(member.opts, pulumi.ResourceOptions(depends_on=gates))
            return pulumi.ResourceTransformationResult(props=member.props, opts=merged)

        handed_down = pulumi.ResourceOptions(transformations=[wait_for_gates])
        super().__init__("home-cluster:phase:Phase", name, None, pulumi.ResourceOptions.merge(opts, handed_down))
        self.register_outputs({})

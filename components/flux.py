"""GitOps: Flux, whose whole bootstrap is one resource."""

from dataclasses import dataclass

import pulumi

from lib.charts import Chart
from settings.platform import GitOps


@dataclass(frozen=True, kw_only=True)
class FluxArgs:
    """Section `gitops` of the stack file.

    Attributes:
        git_username: User name for a private Git repository; "git" when only a token is given.
        git_token: Password or token for it; None for a public repository.
    """

    chart: Chart
    settings: GitOps
    git_username: pulumi.Output[str] | None = None
    git_token: pulumi.Output[str] | None = None


class Flux(pulumi.ComponentResource):
    """Flux with its namespace and operator.

    Attributes:
        ready: Gate: the FluxInstance is Ready.
    """

    ready: pulumi.Resource

"""What each phase of a stack builds on."""

from collections.abc import Mapping, Sequence

from lib.names import PHASES
from settings.model import Settings
from settings.platform import OWN_DNS


def built_on(settings: Settings) -> Mapping[str, Sequence[str]]:
    """lib.names.PHASES, and that certificates wait for the cluster's own zones where challenges are answered there."""
    if settings.certificates.solver != OWN_DNS:
        return PHASES
    return {**PHASES, "certificates": (*PHASES["certificates"], "dns")}

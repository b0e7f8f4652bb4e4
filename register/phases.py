"""What each phase of a stack builds on, and each stage of its chains."""

from collections.abc import Mapping, Sequence

from declarations.chains import depended_on, stages
from lib.names import PHASES
from settings.chains import phase_name, stage_name
from settings.model import Settings
from settings.platform import OWN_DNS


def built_on(settings: Settings) -> Mapping[str, Sequence[str]]:
    """lib.names.PHASES, and that certificates wait for the cluster's own zones where challenges are answered there;
    behind them the phase of each chain, and each stage by the name of its component.
    """
    found: dict[str, Sequence[str]] = dict(PHASES)
    if settings.certificates.solver == OWN_DNS:
        found["certificates"] = (*PHASES["certificates"], "dns")
    found |= {phase_name(chain): ("cluster",) for chain in settings.chains}
    return found | {stage_name(*key): _stage(settings, key) for key, _ in stages(settings)}


def _stage(settings: Settings, key: tuple[str, str]) -> Sequence[str]:
    needs, stage = depended_on(settings, key), dict(stages(settings))[key]
    found = [phase_name(key[0]), *(stage_name(*one) for one in needs.stages)]
    found += [one.partition("/")[0] for one in needs.phases]
    found += ["phase1-infrastructure"] if stage.secrets else []
    found += ["phase2-identity"] if stage.logins else []
    return tuple(dict.fromkeys(found))

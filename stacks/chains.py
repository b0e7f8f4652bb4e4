"""Chains of the stack file: each is a phase of its own, and waits for nothing but what its stages depend on."""

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

import pulumi

from components.chain.namespace import ChainNamespace, ChainNamespaceArgs
from components.chain.stage import Stage, StageArgs
from components.phase import Phase, PhaseArgs
from declarations import oidc
from declarations.chains import StageKey, depended_on, stages, volumes
from settings.chains import Chain, phase_name, stage_name
from stacks import backup
from stacks.contracts import Cluster, Gates, Infrastructure, Site


@dataclass(frozen=True, kw_only=True)
class Reached:
    """What stages can depend on.

    Attributes:
        gates: Those of each phase by its name, and of each service as `phase4-services/<slug>`.
        logins: That of each application's login, by its slug.
    """

    gates: Mapping[str, Gates]
    logins: Mapping[str, pulumi.Resource]


@dataclass(frozen=True, kw_only=True)
class _Begun:
    """The phase of a chain and its namespaces."""

    phase: Phase
    namespaces: Mapping[str, ChainNamespace]


def build(site: Site, cluster: Cluster, infrastructure: Infrastructure, reached: Reached) -> None:
    """Brings up every chain. Stages that do not depend on each other come up at once, also those of two chains."""
    settings = site.settings
    begun = {name: _begin(name, chain, cluster) for name, chain in settings.chains.items()}
    for name, one in begun.items():
        spaces = {space: made.namespace for space, made in one.namespaces.items()}
        in_phase = pulumi.ResourceOptions(parent=one.phase)
        backup.of_volumes(site, infrastructure, volumes(settings, name), spaces, in_phase)
    declared, ready = dict(stages(settings)), dict[StageKey, pulumi.Resource]()
    # A stage may depend on one of a chain further down.
    for key in TopologicalSorter({key: depended_on(settings, key).stages for key in declared}).static_order():
        chain, stage = key[0], declared[key]
        needs, namespaces = depended_on(settings, key), begun[chain].namespaces
        after = [ready[one] for one in needs.stages]
        after += [gate for name in needs.phases for gate in reached.gates[name]]
        after += [reached.logins[slug] for slug in stage.logins]
        # Of all of them, so that also a stage without a namespace waits for the cluster.
        after += [gate for one in namespaces.values() for gate in one.ready]
        ready[key] = Stage(
            stage_name(*key),
            StageArgs(
                prefix=phase_name(chain),
                stage=stage,
                charts=site.charts,
                namespaces={name: one.namespace for name, one in namespaces.items()},
                secrets=infrastructure.secrets,
                store_ready=[infrastructure.store],
                logins=[one for one in oidc.declared_applications(settings) if one.slug in stage.logins],
                after=after,
            ),
            pulumi.ResourceOptions(parent=begun[chain].phase),
        ).ready


def _begin(name: str, chain: Chain, cluster: Cluster) -> _Begun:
    phase = Phase(
        phase_name(name), PhaseArgs(after=cluster.ready), pulumi.ResourceOptions(providers=[cluster.kubernetes])
    )
    namespaces = {
        namespace: ChainNamespace(
            f"{phase_name(name)}-{namespace}",
            ChainNamespaceArgs(name=namespace, declared=declared, ca_certificate=cluster.trusted),
            pulumi.ResourceOptions(parent=phase),
        )
        for namespace, declared in chain.namespaces.items()
    }
    return _Begun(phase=phase, namespaces=namespaces)

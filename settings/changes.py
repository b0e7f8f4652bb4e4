"""What was applied of the settings that cannot change freely, and what of a stack file clashes with it.

It is written down as the input of a `pulumi.Stash` (components/applied_settings.py), by key of the stack file.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lib.compatibility import KUBERNETES, is_within, line_of
from lib.secret_state import State, resources
from lib.secrets import SecretDeclaration
from settings.model import Settings
from settings.problem import Problem
from settings.rules import GENERATION, Rule
from settings.service import ServiceSection

_RECORD, _COMPONENT = "pulumi:index:Stash", "home-cluster:applied_settings:AppliedSettings"
"""The barriers of phases are such values too, of other components."""
_TALOS, _KUBERNETES = "talos.version", "talos.kubernetesVersion"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A setting with a rule: its key, and its value in the words of the stack file."""

    key: str
    rule: Rule
    value: str


def declared(settings: Settings) -> Iterator[Setting]:
    """Every setting of the stack file that has a rule.

    One of a service that keeps nothing is free again, and the networks of an existing cluster are only described.
    """
    ours = settings.cluster.existing is None
    yield from (one for one in _below(settings, "") if ours or not one.key.startswith("network."))


def generations(declarations: Iterable[SecretDeclaration]) -> Iterator[Setting]:
    """The generation of each secret that is declared."""
    for one in declarations:
        yield Setting(key=f"rotation.generations.{one.path}", rule=GENERATION, value=str(one.generation))


def applied(state: State) -> dict[str, str]:
    """The record in an exported state (`pulumi stack export`); empty before the first update."""
    values = (one for one in resources(state) if one["type"] == _RECORD)
    return next((dict(one["inputs"]["input"]) for one in values if f"{_COMPONENT}::" in one["parent"]), {})


def refused(before: Mapping[str, Any], settings: Iterable[Setting]) -> list[str]:
    """Why the settings cannot follow those that were applied, one line each; empty when they can.

    Args:
        before: The record by key, empty before the first update. What it does not name may be anything.
    """
    changed = [one for one in settings if one.key in before]
    found = ((one, one.rule.refusal(str(before[one.key]), one.value)) for one in changed)
    lines = [str(Problem(one.key, one.value, *refusal)) for one, refusal in found if refusal is not None]
    return lines or [str(one) for one in _out_of_order(before, {one.key: one.value for one in changed})]


def _out_of_order(before: Mapping[str, Any], after: Mapping[str, str]) -> Iterator[Problem]:
    """Releases that cannot move in one update: each node comes to its Talos while it runs the old Kubernetes."""
    talos, kubernetes = after.get(_TALOS), str(before.get(_KUBERNETES))
    line = line_of(KUBERNETES, talos) if talos and _KUBERNETES in after else None
    if talos and line and before[_TALOS] != talos and not is_within(kubernetes, KUBERNETES[line]):
        clash = (
            f"does not run Kubernetes {kubernetes}, which was applied and which each node still has when it comes to it"
        )
        fix = (
            f"make {_KUBERNETES} {after[_KUBERNETES]} one update, with {_TALOS} {before[_TALOS]}, and {talos} the next"
        )
        yield Problem(_TALOS, talos, clash, fix)


def _below(section: BaseModel, prefix: str) -> Iterator[Setting]:
    if isinstance(section, ServiceSection) and not section.kept:
        return
    for name, info in type(section).model_fields.items():
        key, value = f"{prefix}{info.alias or name}", getattr(section, name)
        rule = _rule(info)
        if rule is not None:
            yield Setting(key=key, rule=rule, value=_said(value))
        for inner, path in _sections(key, value):
            yield from _below(inner, f"{path}.")


def _sections(key: str, value: Any) -> Iterator[tuple[BaseModel, str]]:
    """Sections in a value, with their keys: nodes are told apart by name, as their order means nothing."""
    if isinstance(value, BaseModel):
        yield value, key
    elif isinstance(value, dict):
        yield from ((one, f"{key}.{name}") for name, one in value.items() if isinstance(one, BaseModel))
    elif isinstance(value, tuple):
        yield from ((one, f"{key}[{getattr(one, 'name', '')}]") for one in value if isinstance(one, BaseModel))


def _said(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, tuple):
        return ", ".join(sorted(map(str, value))) or "nothing"
    return "a section" if isinstance(value, BaseModel) else str(value)


def _rule(info: FieldInfo) -> Rule | None:
    return next((one for one in info.metadata if isinstance(one, Rule)), None)

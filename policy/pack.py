"""The invariants as policies: those of one resource each as a policy of resources, those of a whole by area.

The engine sends the inputs of a resource when it registers it, and at the end outputs, parents and dependencies of all
(AnalyzeStack): the view is put together from both. Marks of secrets do not arrive (pulumi_policy/deserialize.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pulumi_policy import (
    Policy,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from invariants import catalogue
from invariants.invariant import Invariant
from invariants.view import UNKNOWN, Program, Resource, walk

NOT_SEEN = frozenset({"secret-marked"})
"""Invariants about what does not arrive."""
_GENERATORS = ("random:", "tls:index/privateKey:")
_COMPONENT = "home-cluster:"
_LEAST = 16
"""Characters of a generated value; what is shorter stands elsewhere by chance."""
Inputs = dict[str, dict[str, Any]]


def policies() -> list[Policy]:
    """All of the pack, which knows one run."""
    seen: Inputs = {}
    alone = [one for one in catalogue.ALL if one.of_one is not None]
    found: list[Policy] = [
        ResourceValidationPolicy(one.id, one.statement, partial(_validate, one, seen)) for one in alone
    ]
    for area, several in catalogue.AREAS.items():
        whole = [one for one in several if one.of_one is None and one.id not in NOT_SEEN]
        said = f"{area}: {', '.join(one.id for one in whole)} (docs/invariants.md)."
        found.append(StackValidationPolicy(f"stack-{area.lower()}", said, partial(_validate_stack, whole, seen)))
    return found


def _validate(one: Invariant, seen: Inputs, args: ResourceValidationArgs, report: ReportViolation) -> None:
    inputs = seen[args.urn] = plain(args.props)
    if one.of_one is None or not is_custom(args.resource_type):
        return
    patience = args.opts.custom_timeouts.create_seconds
    timeouts = {"create": f"{patience}s"} if patience else {}
    resource = Resource(urn=args.urn, type=args.resource_type, name=args.name, inputs=inputs, timeouts=timeouts)
    for violation in one.of_one(resource):
        report(f"{violation.what}; {violation.fix}", args.urn)


def _validate_stack(
    several: Sequence[Invariant], seen: Inputs, args: StackValidationArgs, report: ReportViolation
) -> None:
    whole = program(args.resources, seen)
    for one in several:
        for violation in one.check(whole):
            report(f"{one.id}: {one.statement} {violation.what}; {violation.fix}", violation.urn)


def program(resources: Sequence[PolicyResource], seen: Mapping[str, dict[str, Any]]) -> Program[Resource]:
    """The view of all resources. What was not seen when it was registered is only read."""
    return Program(resources=[*_view(resources, seen)], issued=dict(_issued(resources, seen)))


def _view(resources: Sequence[PolicyResource], seen: Mapping[str, dict[str, Any]]) -> Iterator[Resource]:
    for one in resources:
        yield Resource(
            urn=one.urn,
            type=one.resource_type,
            name=one.name,
            custom=is_custom(one.resource_type),
            parent=one.parent.urn if one.parent is not None else "",
            provider=one.provider.urn if one.provider is not None else "",
            inputs=seen.get(one.urn, {}) or plain(one.props),
            dependencies=frozenset(other.urn for other in one.dependencies),
            read=None if one.urn in seen else one.urn,
        )


def _issued(resources: Sequence[PolicyResource], seen: Mapping[str, dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Generated values: what generators say beyond their inputs."""
    for one in resources:
        if one.resource_type.startswith(_GENERATORS):
            given = {value for _, value in walk(seen.get(one.urn, {}))}
            for path, value in walk(plain(one.props)):
                if isinstance(value, str) and len(value) >= _LEAST and value not in given and "public" not in str(path):
                    yield value, f"{one.name} ({one.resource_type}).{path[0]}"


def is_custom(token: str) -> bool:
    """Whether a provider has it, by its type."""
    return not token.startswith((_COMPONENT, "pulumi:pulumi:"))


def plain(value: Any) -> Any:
    """Mappings and lists of values, UNKNOWN where only an update knows."""
    if isinstance(value, Mapping):
        return {key: _entry(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_entry(value, place) for place in range(len(value))]
    return value


def _entry(holder: Any, key: Any) -> Any:
    try:
        return plain(holder[key])
    except UnknownValueError:
        return UNKNOWN

"""Finds secret values where anybody could read them: in inputs, and in outputs of components and of the stack."""

from collections.abc import Iterator

from invariants.leaks import Leak, Scanner
from tests.support.recording import Recording, RegisteredOutputs
from tests.support.wire import is_below, walk

__all__ = ["Leak", "Scanner", "leaks"]


def _outputs(scanner: Scanner, owner: str, outputs: RegisteredOutputs) -> Iterator[Leak]:
    """Secrets in plain outputs of a component or of the stack."""
    for path, value in walk(outputs.values):
        if isinstance(value, str) and not is_below(path, outputs.secrets):
            for origin in scanner.origins(value):
                yield Leak(f"output {'.'.join(map(str, path))} of {owner}", origin)


def leaks(recording: Recording) -> list[Leak]:
    """Every secret that the state, a preview or a log would show in plain text."""
    scanner = Scanner(recording.issued)
    found = [leak for resource in recording.resources for leak in scanner.inputs(resource)]
    found += _outputs(scanner, "the stack", recording.stack_outputs)
    for urn, outputs in recording.component_outputs.items():
        found += _outputs(scanner, recording.by_urn[urn].name, outputs)
    return found

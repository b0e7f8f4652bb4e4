"""Everything the program creates in Vault, written to a real one as the provider would write it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from doubles.certificates import Authority
from tests.real.vault import pki, translations
from tests.real.vault.api import Answer, Api
from tests.real.vault.translations import Inputs, Outputs, Translation
from tests.support.outputs import COMPUTED, Issuer, identifier
from tests.support.recording import Recorded, Recording

TRANSLATIONS: Mapping[str, Translation] = {**translations.TYPES, **pki.TYPES}


@dataclass(frozen=True)
class Surroundings:
    """What the cluster has and this machine has not.

    Attributes:
        authority: Takes the place of the platform's root CA, whose certificate is a made-up text in a recording.
        reviewer: Token of Vault's own ServiceAccount, with which it asks for reviews.
        places: Directories of this machine for those of the pod.
    """

    authority: Authority
    reviewer: str
    places: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """What a resource wrote: where it can be read back, and what must stand there."""

    resource: str
    path: str
    key: str | None
    body: Mapping[str, Any]


@dataclass
class Installation:
    """A Vault that receives the program.

    Attributes:
        written: Everything that can be read back.
        requested: The request (PEM) that Vault made for its own CA, once it did.
    """

    vault: Api
    surroundings: Surroundings
    requested: str = ""
    written: list[Written] = field(default_factory=list)
    _real: dict[str, str] = field(default_factory=dict)
    _current: str = ""

    def __post_init__(self) -> None:
        self._real.update(self.surroundings.places)

    def install(self, program: Recording) -> None:
        """Create every resource in the order in which the program registered them.

        Raises:
            AssertionError: for a resource type that has no translation, or a setting that Vault ignores.
            RefusedError: for what Vault refuses.
        """
        for resource in sorted(program.resources, key=lambda one: one.order):
            if resource.type.startswith("vault:") or resource.type in pki.CERTIFICATES:
                self._create(resource)

    def write(self, path: str, body: Mapping[str, Any], *, told: str = "") -> Answer:
        """Write, and refuse a warning, such as that of a setting that is ignored. `told` is part of one that is meant.

        Not every ignored setting brings a warning: reading back what was written finds the others.
        """
        answer = self.vault.expect("POST", path, body)
        unexpected = [warning for warning in answer.warnings if not told or told not in warning]
        assert not unexpected, f"{self._current}: Vault warns at {path}: {unexpected}"
        return answer

    def keeps(self, path: str, body: Mapping[str, Any], key: str | None = None) -> None:
        """Note what must be found at a path (below a key of what is read there)."""
        self.written.append(Written(self._current, path, key, body))

    def _create(self, resource: Recorded) -> None:
        self._current = str(resource)
        translation = TRANSLATIONS.get(resource.type) or pki.CERTIFICATES.get(resource.type)
        assert translation, f"{resource} has no translation in tests/real/vault, so nothing proves that Vault takes it"
        inputs: Inputs = self._resolved(resource.inputs)
        outputs = translation(self, inputs)
        assert not inputs, f"{resource} has inputs that tests/real/vault does not write: {inputs}"
        self._real |= dict(_paired(_simulated(resource), outputs))

    def _resolved(self, value: Any) -> Any:
        """Inputs with what this Vault computed in place of what the recording made up."""
        match value:
            case dict():
                return {key: self._resolved(item) for key, item in value.items()}
            case list():
                return [self._resolved(item) for item in value]
            case str():
                for simulated, real in self._real.items():
                    value = value.replace(simulated, real)
        return value


def _simulated(resource: Recorded) -> Mapping[str, Any]:
    """Outputs that the recording engine made up for a resource."""
    compute = COMPUTED.get(resource.type)
    computed = {} if compute is None else compute(resource.inputs, str(resource), Issuer())
    return {"id": identifier(f"{resource.type}::{resource.name}"), **computed}


def _paired(simulated: Mapping[str, Any], real: Outputs) -> Iterator[tuple[str, str]]:
    """Each made-up text with the real one."""
    for name, value in real.items():
        made_up: Sequence[str] = [simulated[name]] if isinstance(value, str) else simulated[name]
        yield from zip(made_up, [value] if isinstance(value, str) else value, strict=True)

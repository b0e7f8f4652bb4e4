"""Finds secret values where anybody could read them."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from tests.support.recording import Recorded, Recording, RegisteredOutputs
from tests.support.wire import is_below, walk

_BASE64 = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")


@dataclass(frozen=True)
class Leak:
    """A secret value in a place that is not secret."""

    place: str
    origin: str

    def __str__(self) -> str:
        return f"{self.place} shows {self.origin}"


@dataclass(frozen=True)
class Scanner:
    """Looks for the issued values of a recording, also inside other text and inside base64."""

    issued: Mapping[str, str]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, sorted(self.issued, key=len, reverse=True))) or r"(?!)")

    def origins(self, text: str) -> list[str]:
        """Where the secrets in a text come from."""
        texts = [text, *_decoded(text)]
        return [self.issued[found] for one in texts for found in self._pattern.findall(one)]

    def inputs(self, resource: Recorded, *, also_secret: bool = False) -> Iterator[Leak]:
        """Secrets in plain inputs of a resource; with `also_secret` in all of them."""
        for path, text, secret in resource.strings():
            if also_secret or not secret:
                for origin in self.origins(text):
                    yield Leak(f"{resource} at {'.'.join(map(str, path))}", origin)

    def outputs(self, owner: str, outputs: RegisteredOutputs) -> Iterator[Leak]:
        """Secrets in plain outputs of a component or of the stack."""
        for path, value in walk(outputs.values):
            if isinstance(value, str) and not is_below(path, outputs.secrets):
                for origin in self.origins(value):
                    yield Leak(f"output {'.'.join(map(str, path))} of {owner}", origin)


def _decoded(text: str) -> Iterator[str]:
    for chunk in _BASE64.findall(text):
        try:
            yield base64.b64decode(chunk + "=" * (-len(chunk) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue


def leaks(recording: Recording) -> list[Leak]:
    """Every secret that the state, a preview or a log would show in plain text."""
    scanner = Scanner(recording.issued)
    found = [leak for resource in recording.resources for leak in scanner.inputs(resource)]
    found += scanner.outputs("the stack", recording.stack_outputs)
    for urn, outputs in recording.component_outputs.items():
        found += scanner.outputs(recording.by_urn[urn].name, outputs)
    return found

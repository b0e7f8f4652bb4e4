"""Finds secret values where anybody could read them."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from invariants.view import Resource

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

    def inputs(self, resource: Resource, *, also_secret: bool = False) -> Iterator[Leak]:
        """Secrets in plain inputs of a resource; with `also_secret` in all of them."""
        for path, text, secret in resource.strings():
            if also_secret or not secret:
                for origin in self.origins(text):
                    yield Leak(f"{resource} at {'.'.join(map(str, path))}", origin)


def _decoded(text: str) -> Iterator[str]:
    for chunk in _BASE64.findall(text):
        try:
            yield base64.b64decode(chunk + "=" * (-len(chunk) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue

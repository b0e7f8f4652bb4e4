"""The `random` package: real random values, with the provider's defaults."""

from __future__ import annotations

import base64
import secrets
import string
import uuid
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, ClassVar, Final

from lab.providers import schema
from lab.providers.base import Call, CheckFailedError, Resource
from lab.providers.generators.base import StateOnly
from lab.providers.package import Package
from lab.providers.wire import UNKNOWN, Properties

_SPECIAL: Final = "!@#$%&*()-_=+[]{}<>:?"
_BCRYPT_ALPHABET: Final = "./" + string.ascii_letters + string.digits
_CLASSES: Final = {
    "lower": ("minLower", string.ascii_lowercase),
    "upper": ("minUpper", string.ascii_uppercase),
    "numeric": ("minNumeric", string.digits),
    "special": ("minSpecial", _SPECIAL),
}


class _Random(StateOnly):
    module: ClassVar[str] = "pulumi_random"

    def defaults(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """Refuse lengths nobody can have."""
        length: Any = news.get("length", news.get("byteLength", 1))
        if length is not UNKNOWN and length < 1:
            raise CheckFailedError(
                [schema.Problem("length", f"Attribute length value must be at least 1, got: {length}")]
            )
        return news


def _alphabet(inputs: Properties) -> Iterator[tuple[str, int]]:
    """Character classes in use, and how many of each are asked for at least."""
    for flag, (minimum, characters) in _CLASSES.items():
        if inputs.get(flag, True):
            own = inputs.get("overrideSpecial") if flag == "special" else None
            yield own or characters, int(inputs.get(minimum, 0))


def _draw(inputs: Properties) -> str:
    classes = list(_alphabet(inputs))
    everything = "".join(characters for characters, _ in classes)
    drawn = [secrets.choice(characters) for characters, least in classes for _ in range(least)]
    drawn += [secrets.choice(everything) for _ in range(inputs["length"] - len(drawn))]
    secrets.SystemRandom().shuffle(drawn)
    return "".join(drawn)


class RandomString(_Random):
    """A string that is no secret."""

    token = "random:index/randomString:RandomString"

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """The string is the id, too."""
        text = _draw(inputs)
        return {**inputs, "result": text, "id": text}


class RandomPassword(_Random):
    """A secret string, with a bcrypt hash."""

    token = "random:index/randomPassword:RandomPassword"

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """The hash has bcrypt's form and length; the lab has no bcrypt, and nothing in it verifies one."""
        tail = "".join(secrets.choice(_BCRYPT_ALPHABET) for _ in range(53))
        return {**inputs, "result": _draw(inputs), "bcryptHash": f"$2a$10${tail}", "id": "none"}


class RandomBytes(_Random):
    """Secret bytes."""

    token = "random:index/randomBytes:RandomBytes"

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """Base64 and hex of the bytes."""
        drawn = secrets.token_bytes(inputs["length"])
        return {**inputs, "base64": base64.b64encode(drawn).decode(), "hex": drawn.hex()}


class RandomId(_Random):
    """An identifier that is no secret."""

    token = "random:index/randomId:RandomId"

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """The forms the provider gives, with the prefix before each."""
        drawn, prefix = secrets.token_bytes(inputs["byteLength"]), inputs.get("prefix", "")
        url = base64.urlsafe_b64encode(drawn).decode().rstrip("=")
        forms = {
            "b64Std": prefix + base64.b64encode(drawn).decode(),
            "b64Url": prefix + url,
            "dec": prefix + str(int.from_bytes(drawn, "big")),
            "hex": prefix + drawn.hex(),
        }
        return {**inputs, **forms, "id": url}


class RandomUuid(_Random):
    """A UUID."""

    token = "random:index/randomUuid:RandomUuid"

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """The UUID is the id, too."""
        text = str(uuid.uuid4())
        return {**inputs, "result": text, "id": text}


def package() -> Package:
    """The package with its resource types."""
    kinds: tuple[Resource, ...] = (RandomString(), RandomPassword(), RandomBytes(), RandomId(), RandomUuid())
    return Package("random", "pulumi_random", version("pulumi_random"), {kind.token: kind for kind in kinds})

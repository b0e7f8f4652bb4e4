"""What the last update left in the stack's outputs, for previews that do not know the new value yet."""

import asyncio
import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pulumi

EXPIRY = "credentialsExpire"
"""Stack output: when the first of the administrator's certificates in the state ends (ISO 8601, UTC)."""


def kept(output: pulumi.Output[str], name: str) -> pulumi.Output[str]:
    """`output`; in a preview that does not know it, what the stack output `name` has been since the last update.

    For the kubeconfig of a provider: a renewed certificate makes it unknown, the provider is then not configured, and
    every resource of it counts as changed (`The provider for this resource has inputs that are not known during
    preview`). Until the update the old one is as good; one that has ended is not used.
    """
    if not pulumi.runtime.is_dry_run():
        return output

    async def resolve() -> tuple[str | None, bool]:
        if await output.is_known():
            return await output.future(), True
        outputs = await _outputs()
        ended = str(outputs.get(EXPIRY, "")) <= datetime.now(UTC).isoformat()
        value = None if ended else outputs.get(name)
        return value, value is not None

    resolved = asyncio.ensure_future(resolve())

    async def part(index: int) -> Any:
        return (await resolved)[index]

    value, known = asyncio.ensure_future(part(0)), asyncio.ensure_future(part(1))
    return pulumi.Output(output.resources(), value, known, output.is_secret())


async def _outputs() -> Mapping[str, Any]:
    """Outputs of this stack; none where there was no update yet, or where they cannot be read."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    try:
        # What a StackReference reads, without being a resource of the stack (pulumi, pkg/resource/deploy/builtins.go).
        answer = await pulumi.runtime.invoke_async("pulumi:pulumi:readStackOutputs", {"name": name})
    except Exception as error:  # the SDK raises nothing narrower, and a preview can do without
        pulumi.log.debug(f"the outputs of the last update cannot be read: {error}")
        return {}
    return answer["outputs"] or {}


def not_after(certificate: str) -> str:
    """When a certificate (PEM in base64, as in a kubeconfig) ends: ISO 8601 in UTC.

    Reads the two times of RFC 5280, 4.1.2.5, in the fifth part of the signed certificate (the sixth with a version).
    """
    pem = base64.b64decode(certificate).decode().split("-----")[2]
    signed = _parts(_parts(base64.b64decode(pem))[0][1])[0][1]
    fields = [one for one in _parts(signed) if one[0] != _VERSION]
    tag, value = _parts(fields[3][1])[1]
    form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.strptime(value.decode(), form).replace(tzinfo=UTC).isoformat()


_VERSION = 0xA0
_UTC_TIME = 0x17


def _parts(data: bytes) -> list[tuple[int, bytes]]:
    """Tags and contents of the DER elements in `data`."""
    found, position = [], 0
    while position < len(data):
        tag, length, position = data[position], data[position + 1], position + 2
        if length & 0x80:
            size = length & 0x7F
            length, position = int.from_bytes(data[position : position + size], "big"), position + size
        found.append((tag, data[position : position + length]))
        position += length
    return found

"""The key by which other servers know a homeserver, as somebody may bring it along from an earlier one.

The text is one line of Synapse's `signing_key_path`: `ed25519 <version> <base64 of the 32 bytes of the seed>`, the
base64 without padding (signedjson/key.py, read_signing_keys). No message here ever contains a part of the seed.
"""

import base64
import binascii
import hashlib
import re

_PARTS = 3
_SEED_BYTES = 32
_VERSION = re.compile(r"[A-Za-z0-9_]+")
_FORM = "write the line of the old server's signing key file: ed25519 <version> <base64 of 32 bytes>"


def problem(text: str) -> str:
    """Why the text is no signing key, and what to write instead; empty when it is one."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) != 1:
        return f"has {len(lines)} lines instead of one; {_FORM}, and no other key"
    parts = lines[0].split()
    if len(parts) != _PARTS:
        return f"has {len(parts)} words instead of {_PARTS}; {_FORM}"
    algorithm, version, seed = parts
    if algorithm != "ed25519":
        return f"does not begin with ed25519, the one algorithm that Synapse signs with; {_FORM}"
    if _VERSION.fullmatch(version) is None:
        return f"has a version of other characters than letters, digits and underscores; {_FORM}"
    if _decoded(seed) is None:
        return f"ends in no base64 of {_SEED_BYTES} bytes; {_FORM}"
    return ""


def normal(text: str) -> str:
    """The key as Synapse writes it: without padding, and with single spaces. The text must be a signing key."""
    algorithm, version, seed = text.split()
    return f"{algorithm} {version} {seed.rstrip('=')}"


def fingerprint(text: str) -> str:
    """Name of the key: its id, which other servers see too, and a digest. The text must be a signing key.

    The seed has 256 random bits, so its digest gives nothing away.
    """
    algorithm, version, seed = text.split()
    digest = hashlib.sha256(b"home-cluster signing key\0" + (_decoded(seed) or b"")).hexdigest()
    return f"{algorithm}:{version} {digest[:16]}"


def _decoded(seed: str) -> bytes | None:
    """The 32 bytes; None when it is anything else."""
    unpadded = seed.rstrip("=")
    try:
        found = base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if len(found) == _SEED_BYTES else None

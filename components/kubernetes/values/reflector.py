"""Values of the Reflector chart 10.0.63."""

from typing import Any

from lib.kubernetes import resources


def values() -> dict[str, Any]:
    """Values of the release, with what its defaults lack for the restricted Pod Security Standard."""
    return {
        "podSecurityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "securityContext": {"allowPrivilegeEscalation": False},
        "resources": resources("20m", "256Mi"),
    }

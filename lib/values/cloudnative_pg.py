"""Values of the CloudNativePG operator chart 0.29.0."""

from typing import Any

from lib.kubernetes import resources


def values() -> dict[str, Any]:
    """Values of the release."""
    return {"crds": {"create": True}, "resources": resources("50m", "256Mi")}

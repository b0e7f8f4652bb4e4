"""Copies of a Secret in other namespaces, which Reflector makes."""

from collections.abc import Iterable

_PREFIX = "reflector.v1.k8s.emberstack.com/reflection"


def reflected(namespaces: Iterable[str]) -> dict[str, str]:
    """Annotations of a Secret, for Reflector 10: both that copies may be, and that they are made (its README)."""
    targets = ",".join(sorted(namespaces))
    if not targets:
        return {}
    return {
        f"{_PREFIX}-allowed": "true",
        f"{_PREFIX}-allowed-namespaces": targets,
        f"{_PREFIX}-auto-enabled": "true",
        f"{_PREFIX}-auto-namespaces": targets,
    }

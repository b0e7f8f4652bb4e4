"""Which releases fit each other: what a chart or an operator takes, and what Talos runs. One table for every pin.

Ends are included, and so is everything below the digits that are given: (1, 36) takes 1.36.3.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lib import images

Release = tuple[int, ...]
"""Leading digits of a version."""

Span = tuple[Release, Release]


@dataclass(frozen=True, kw_only=True)
class Takes:
    """What each release line of a chart takes of something else.

    Attributes:
        what: The other thing, in words.
        image: Its pin in lib/images.py; empty where the stack file names the release.
        lines: Span by release line of the chart. A line that is not here was not looked at.
    """

    what: str
    image: str = ""
    lines: Mapping[Release, Span]


CHARTS: Mapping[str, Takes] = {
    # The server is of the release of its chart (Chart.yaml, appVersion).
    "authentik": Takes(
        what="Authentik",
        image=images.AUTHENTIK,
        lines={(2026, 8): ((2026, 8), (2026, 8)), (2026, 10): ((2026, 10), (2026, 10))},
    ),
    # The chart's own release, and the next one, which reads the same app.ini.
    "gitea": Takes(what="Gitea", image=images.GITEA, lines={(12, 6): ((1, 26), (1, 27))}),
    # Patches of the release that the chart brings, and for Vault the release after it.
    "traefik": Takes(what="Traefik", image=images.TRAEFIK, lines={(41, 3): ((3, 7), (3, 7))}),
    "vault": Takes(what="Vault", image=images.VAULT, lines={(0, 34): ((2, 0), (2, 1))}),
    "harbor": Takes(what="Harbor", image=images.HARBOR_TRIVY, lines={(1, 19): ((2, 15), (2, 15))}),
    # Majors that the community supported when the operator came out (its docs/src/supported_releases.md).
    "cloudnative-pg": Takes(
        what="Postgres", image=images.POSTGRES, lines={(0, 28): ((14,), (18,)), (0, 29): ((14,), (18,))}
    ),
    # What the operator carries along (config/data/flux at its tag).
    "flux-operator": Takes(
        what="Flux",
        lines={
            (0, 49): ((2, 2, 3), (2, 8, 7)),
            (0, 50): ((2, 2, 3), (2, 8, 8)),
            (0, 51): ((2, 2, 3), (2, 8, 8)),
            (0, 52): ((2, 2, 3), (2, 8, 8)),
            (0, 53): ((2, 2, 3), (2, 9, 0)),
            (0, 54): ((2, 2, 3), (2, 9, 1)),
            (0, 55): ((2, 2, 3), (2, 9, 2)),
            (0, 56): ((2, 2, 3), (2, 9, 3)),
            (0, 57): ((2, 2, 3), (2, 9, 3)),
            (0, 58): ((2, 2, 3), (2, 9, 4)),
            (0, 59): ((2, 2, 3), (2, 9, 4)),  # at least what its predecessor has
        },
    ),
}

KUBERNETES: Mapping[Release, Span] = {
    (1, 12): ((1, 30), (1, 35)),
    (1, 13): ((1, 31), (1, 36)),
    (1, 14): ((1, 32), (1, 37)),
}
"""Of each release line of Talos (pkg/machinery/compatibility). Older ones do not know the documents of
components/talos/config.py, the youngest of which came with 1.12."""

NEWEST_CONTRACT: Release = (1, 13)
"""From 1.14 on, Kubernetes has documents of its own, which clash with `cluster` in components/talos/config.py."""


def release(version: str) -> Release:
    """Digits of a version or of the tag of an image: `v1.13.7`, `17.6-standard-bookworm`."""
    digits = version.removeprefix("v").partition("-")[0].split(".")
    return tuple(int(one) for one in digits)


def line_of(lines: Mapping[Release, Span], version: str) -> Release | None:
    """The release line of the version, if it is known."""
    found = release(version)
    return next((line for line in lines if found[: len(line)] == line), None)


def is_within(version: str, span: Span) -> bool:
    """Whether the version is not before the first and not after the last."""
    found, (first, last) = release(version), span
    return found[: len(first)] >= first and found[: len(last)] <= last


def said(one: Release) -> str:
    """`(1, 36)` as 1.36."""
    return ".".join(map(str, one))

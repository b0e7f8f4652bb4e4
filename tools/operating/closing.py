"""What is said when an operation is over: what failed, what is to be done by hand, and what comes next."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from reporting.phase import name_of
from settings.model import Settings

_LINES: Final = 12
"""As many of a message are shown; the log has all."""
_WARNINGS: Final = 10
_STACK: Final = "pulumi:pulumi:Stack"
_IT_FAILED: Final = re.compile(r"(update|preview|refresh|destroy) (failed|canceled)")
"""What the engine says of the stack after it has said why."""
_BY_HAND: Final = "qm reboot"
"""Of the warning that a machine waits for its next start (components/proxmox/virtual_machine.py)."""

RUNBOOKS: Final = {
    "acme": "certificates.md",
    "authentik": "authentik-worker.md",
    "databases": "databases.md",
    "dns": "dns.md",
    "gitea": "gitea.md",
    "harbor": "harbor.md",
    "matrix": "matrix.md",
    "proxmox": "proxmox-access.md",
    "talos": "nodes.md",
    "vault": "vault-recovery.md",
}
"""Folder below components/ -> the runbook that knows its failures."""


def failures(events: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What went wrong, in the words of who said so, once each; also what belongs to no phase, as the program itself."""
    found = dict.fromkeys(_said(event["urn"] or "", event["text"]) for event in events if _severity(event, "error"))
    yield from (text for text in found if text)


def _said(urn: str, text: str) -> str:
    kind = urn.split("::")[2].rpartition("$")[2] if urn else _STACK
    resource = "" if kind == _STACK else f"{kind.rpartition(':')[2]} {name_of(urn)}: "
    return "" if _IT_FAILED.fullmatch(text) else f"{resource}{shortened(text)}"


def _severity(event: Mapping[str, Any], severity: str) -> bool:
    return bool(event["event"] == "message" and event["severity"] == severity)


def shortened(text: str) -> str:
    """The last lines of a message, where the reason stands."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(["…", *lines[-_LINES:]] if len(lines) > _LINES else lines)


def warnings(events: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Each warning once; what a person has to do by hand comes first."""
    texts = dict.fromkeys(event["text"] for event in events if _severity(event, "warning"))
    ordered = sorted(texts, key=lambda text: _BY_HAND not in text)
    yield from (shortened(text) for text in ordered[:_WARNINGS])
    if len(ordered) > _WARNINGS:
        yield f"{len(ordered) - _WARNINGS} more warnings are in the log"


def next_steps(operation: str, stack: str, settings: Settings, *, first: bool) -> Sequence[str]:
    """Commands that make sense once an operation succeeded; after the `first` update, how people get in."""
    if operation != "up":
        return ()
    people = list(settings.identity.users)
    invited = [f"make invite STACK={stack} USER={people[0]}  # a link to set the first password"] if people else []
    entered = [f"make access STACK={stack}  # kubeconfig, talosconfig and the CA", *invited] if first else []
    return (*entered, f"make smoke STACK={stack}  # whether it does its work")


def helps(operation: str, stack: str, failed: Iterable[str]) -> Sequence[str]:
    """What helps after a failure: the runbooks of what failed, where it stands, and how to go on."""
    folders = dict.fromkeys(folder for urn in failed for folder in _folders(urn))
    pages = dict.fromkeys(f"docs/runbooks/{RUNBOOKS[one]}" for one in folders if one in RUNBOOKS)
    again = f"make {operation} STACK={stack}  # goes on from there, once the cause is mended"
    return (*pages, f"make status STACK={stack}  # where each phase and service stands", again)


def _folders(urn: str) -> Iterator[str]:
    """Folders of the components around a resource, the innermost first."""
    for token in reversed(urn.split("::")[2].split("$")):
        project, _, rest = token.partition(":")
        if project == "home-cluster" and "/" in rest:
            yield rest.partition("/")[0]

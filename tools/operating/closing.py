"""What is said when an operation is over: what failed, what is to be done by hand, and what comes next."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from lib import runbooks
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
    "acme": "certificates.md#look",
    "authentik": "logins.md#authentik-does-not-come-up",
    "backup": "backups.md#no-backup-was-made",
    "chain": "chains.md#a-stage-does-not-become-ready",
    "databases": "databases.md#look",
    "dns": "dns.md#diagnose",
    "edge": "edge.md#a-server-does-not-take-its-configuration",
    "external_secrets": "alerts.md#a-secret-does-not-follow-vault",
    "flux": "flux.md#flux-does-not-come-up",
    "gitea": "gitea.md#gitea-does-not-come-up",
    "harbor": "harbor.md#harbor-does-not-come-up",
    "kubernetes": "network.md#look",
    "matrix": "matrix.md#chat-does-not-come-up",
    "monitoring": "alerts.md#monitoring-does-not-come-up",
    "proxmox": "proxmox-access.md#proxmox-refuses-something",
    "talos": "nodes.md#symptoms",
    "vault": "vault-recovery.md#vault-does-not-come-up",
}
"""Folder below components/ -> the runbook that knows what fails in it and names none itself, as gates do."""
OF_ANY: Final = "releases.md#a-release-does-not-become-ready"


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


def helps(operation: str, stack: str, failed: Iterable[str], events: Iterable[Mapping[str, Any]]) -> Sequence[str]:
    """What helps after a failure: the runbooks of what failed, where it stands, and how to go on.

    Args:
        failed: URNs.
        events: What was said of them.
    """
    told = [(event["urn"], event["text"]) for event in events if _severity(event, "error")]
    texts = {urn: "\n".join(text for of, text in told if of == urn) for urn in sorted(failed)}
    pages = dict.fromkeys(page for urn, text in texts.items() for page in runbooks.named(text) or _of_folder(urn))
    again = f"make {operation} STACK={stack}  # goes on from there, once the cause is mended"
    return (*pages, f"make status STACK={stack}  # where each phase and service stands", again)


def _of_folder(urn: str) -> list[str]:
    known = [RUNBOOKS[folder] for folder in _folders(urn) if folder in RUNBOOKS]
    return [runbooks.path((known or [OF_ANY])[0])]


def _folders(urn: str) -> Iterator[str]:
    """Folders of the components around a resource, the innermost first."""
    for token in reversed(urn.split("::")[2].split("$")):
        project, _, rest = token.partition(":")
        if project == "home-cluster" and "/" in rest:
            yield rest.partition("/")[0]

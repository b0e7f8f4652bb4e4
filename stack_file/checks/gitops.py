"""Checks of what Flux applies. What its own Gitea must have for that, Gitea's checks say."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from settings.model import Settings
from settings.platform import Sync
from settings.problem import Problem


def flux_applies_one_repository(settings: Settings) -> Iterator[Problem]:
    sync = settings.gitops.sync
    if sync is None:
        return
    if sync.url is None and sync.gitea is None:
        fix = "name one with url, or with gitea; or leave sync out"
        yield Problem("gitops.sync", sync.path, "is a path of no repository", fix)
    if sync.url is not None and sync.gitea is not None:
        yield Problem("gitops.sync.url", sync.url, "stands beside gitops.sync.gitea", "leave one of the two out")


def hosts_of_ssh_are_known(settings: Settings) -> Iterator[Problem]:
    """Flux refuses a repository over SSH without a key of its host (AuthOptions.Validate in fluxcd/pkg, git)."""
    sync = settings.gitops.sync
    if sync is None:
        return
    host, named = _known_as(sync), {line.split()[0] for line in sync.known_hosts}
    if host is None and named:
        clash, fix = "are asked for over ssh:// alone", "write gitops.sync.url as ssh://, or leave them out"
        yield Problem("gitops.sync.knownHosts", ", ".join(sorted(named)), clash, fix)
    elif host is not None and host not in named:
        clash = f"is of {host}, for which gitops.sync.knownHosts has no key"
        yield Problem("gitops.sync.url", sync.url or "", clash, f"add {_scan(sync)}")


def _known_as(sync: Sync) -> str | None:
    """Name of the host of an ssh:// URL, as lines of known_hosts begin; None for other URLs."""
    parts = urlsplit(sync.url or "")
    if parts.scheme != "ssh":
        return None
    return f"[{parts.hostname}]:{parts.port}" if parts.port not in (None, 22) else parts.hostname


def _scan(sync: Sync) -> str:
    parts = urlsplit(sync.url or "")
    port = f"-p {parts.port} " if parts.port not in (None, 22) else ""
    return f"what `ssh-keyscan {port}-t ed25519 {parts.hostname}` prints, once compared with what its owner publishes"

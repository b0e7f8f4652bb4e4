"""The Git repository of Flux, as this machine sees it."""

import base64
import os
import posixpath
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from settings.platform import Sync
from tools.doctor.findings import Finding, UnaskedError, failed, ok, skipped
from tools.doctor.site import Site

_SECONDS = 30
_NO_REF = 2
"""Exit code of `git ls-remote --exit-code` where nothing matches."""


def repository(site: Site) -> Iterator[Finding]:
    """Whether the repository answers, has the reference, and has the path there."""
    gitops, program = site.settings.gitops, shutil.which("git")
    if not gitops.enabled or gitops.sync is None:
        raise UnaskedError("Flux has none")
    sync, url = gitops.sync, gitops.sync.url
    if url is None:
        raise UnaskedError("it is a repository of this Gitea, which `make up` makes")
    host = (urlsplit(url).hostname or "").lower()
    if host in site.settings.own_hosts.values() and not site.brought_up:
        raise UnaskedError(f"{host} is not up yet")
    if program is None:
        raise UnaskedError("git is not installed here")
    if urlsplit(url).scheme == "ssh":
        raise UnaskedError("its URL is ssh://, where this machine is somebody else than Flux")
    try:
        yield _looked(program, url, sync, os.environ | _credentials(site.secrets))
    except subprocess.TimeoutExpired:
        yield failed(f"{url} gives no answer within {_SECONDS} s", "correct gitops.sync.url, or let it be reached")


def _looked(git: str, url: str, sync: Sync, environment: Mapping[str, str]) -> Finding:
    listed = _run([git, "ls-remote", "--exit-code", url, sync.ref], environment)
    if listed.returncode == _NO_REF:
        return failed(f"{url} has no {sync.ref}", "correct gitops.sync.ref, or push it")
    if listed.returncode:
        fix = "correct gitops.sync.url; for a private one: pulumi config set --secret gitToken"
        return failed(f"{url}: {_last(listed.stderr)}", fix)
    with tempfile.TemporaryDirectory() as place:
        # One commit and its trees, no file.
        fetch = [git, "-C", place, "fetch", "--quiet", "--depth=1", "--filter=blob:none", url, sync.ref]
        for command in ([git, "init", "--quiet", place], fetch):
            done = _run(command, environment)
            if done.returncode:
                return skipped(f"{url} has {sync.ref}; whether that has {sync.path}: {_last(done.stderr)}")
        path = posixpath.normpath(sync.path).removeprefix(".")
        tree = _run([git, "-C", place, "cat-file", "-t", f"FETCH_HEAD:{path}"], environment)
    if tree.stdout.strip() != "tree":
        fix = "correct gitops.sync.path, or push a commit that has it"
        return failed(f"{url} has no directory {sync.path} at {sync.ref}", fix)
    return ok(f"{url} has {sync.path} at {sync.ref}")


def _credentials(secrets: Mapping[str, str]) -> Mapping[str, str]:
    """For git alone, in its environment, since others can read arguments."""
    quiet = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    token = secrets.get("gitToken")
    if token is None:
        return quiet
    pair = base64.b64encode(f"{secrets.get('gitUsername', 'git')}:{token}".encode()).decode()
    header = {"GIT_CONFIG_KEY_0": "http.extraHeader", "GIT_CONFIG_VALUE_0": f"Authorization: Basic {pair}"}
    return quiet | {"GIT_CONFIG_COUNT": "1", **header}


def _run(command: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=dict(environment), capture_output=True, text=True, timeout=_SECONDS, check=False)


def _last(text: str) -> str:
    return next(iter(text.strip().splitlines()[-1:]), "git says nothing")

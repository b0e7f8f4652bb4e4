"""What the gates of the services find: the answer to scripts/login_offered.py.

A page is looked for by its path, which is upstream's; what it says is not simulated, so a `body` is not looked at. A
login is followed: it starts at a name that the release is configured with, and leads to a client that Authentik has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from lab.providers.authentik import identity
from lab.providers.kubernetes.chart_values import hosts
from lab.providers.kubernetes.cluster import RELEASES, Cluster
from lab.providers.kubernetes.endpoints import UnreachableError, locate
from lab.providers.kubernetes.jobs import Container, Outcome

_PAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "gitea": ("/user/login",),
    "harbor": ("/api/v2.0/systeminfo",),
    "matrix-stack": (
        "/.well-known/openid-configuration",
        "/_matrix/client/v1/auth_metadata",
        "/.well-known/matrix/client",
        "/config.json",
    ),
}
_LOGINS: Final[Mapping[str, str]] = {
    "gitea": "/user/oauth2/<name>",
    "harbor": "/c/oidc/login",
    "matrix-stack": "/upstream/authorize/<name>",
}


def offered(cluster: Cluster, container: Container) -> Outcome:
    """CHECKS: each is a question that the script understands, and its page or login is there."""
    checks = json.loads(container.env["CHECKS"])
    lacking = [check for check in checks if not _is_understood(check)]
    if lacking:
        return Outcome(failed=f"a check has url and one of body and location, and not {', '.join(lacking[0])}")
    problems = (_problem(cluster, check, container.namespace) for check in checks)
    return Outcome(waiting="\n".join(filter(None, problems)))


def _is_understood(check: Mapping[str, str]) -> bool:
    asked = check.keys() - {"url"}
    return not asked if check["url"].startswith("ssh:") else asked in ({"body"}, {"location"})


def _problem(cluster: Cluster, check: Mapping[str, str], namespace: str) -> str:
    url = check["url"]
    try:
        backend = locate(cluster, url, namespace)
    except UnreachableError as error:
        return f"{url}: not reached ({error})"
    scheme, host, path, *_ = urlsplit(url)
    if scheme == "ssh":
        return ""
    if "body" in check:
        return "" if path in _PAGES.get(backend.chart, ()) else f"{url}: answered 404 without {check['body']}"
    values = cluster.world.view(RELEASES)[f"{backend.namespace}/{backend.name}"]["values"]
    login = re.escape(_LOGINS.get(backend.chart, "")).replace("<name>", "([^/]+)")
    started = re.fullmatch(login, path)
    if started is None or any(name not in json.dumps(values) for name in started.groups()):
        return f"{url}: answered 404 and leads to nowhere, not to {check['location']}"
    led = any(re.search(check["location"], one) for one in _authorizations(cluster, host))
    return "" if led else f"{url}: leads to no login of {check['location']} that Authentik knows"


def _authorizations(cluster: Cluster, host: str) -> Iterator[str]:
    """Where Authentik's clients on that host send people to log in."""
    for release in cluster.world.view(RELEASES).values():
        for auth in hosts("authentik", release["values"]) if release["chart"] == "authentik" else ():
            for client, uri in identity.clients(cluster):
                if urlsplit(uri).netloc == host:
                    query = f"client_id={client}&redirect_uri={quote(uri, safe='')}"
                    yield f"https://{auth}/application/o/authorize/?{query}"

"""What the gates of Authentik find: the answers to scripts/{authentik_*,blueprint_*,discovery,forward_auth}.py."""

from __future__ import annotations

import hashlib
import json

from lab.providers.authentik import identity
from lab.providers.kubernetes.cluster import Cluster
from lab.providers.kubernetes.endpoints import UnreachableError
from lab.providers.kubernetes.jobs import DONE, Container, Outcome
from lab.world import Record


def api(cluster: Cluster, container: Container) -> Outcome:
    """AUTHENTIK_URL, TOKEN_FILE and its TOKEN_GENERATION: the API takes the token of the wanted generation, and the
    worker has applied the blueprints that come with the release.
    """
    env, files = container.env, container.files(cluster)
    held = files.get(env["TOKEN_GENERATION_FILE"])
    if held != env["TOKEN_GENERATION"]:
        return Outcome(waiting=f"the Secret as mounted here is still generation {held}")
    answering = _answering(cluster, container, files.get(env["TOKEN_FILE"], ""))
    if isinstance(answering, Outcome):
        return answering
    if waiting := identity.packaged_runs(cluster, answering):
        identity.work(cluster, answering)
        return Outcome(
            waiting=f"the worker has still to apply {waiting} blueprints of those that come with the release"
        )
    return DONE


def settings(cluster: Cluster, container: Container) -> Outcome:
    """SETTINGS: fields of the system settings, which are kept; the API ignores one that it does not know."""
    release = _answering(cluster, container, container.env["AUTHENTIK_TOKEN"])
    if isinstance(release, Outcome):
        return release
    wanted, known = json.loads(container.env["SETTINGS"]), identity.system_settings(cluster)
    if unknown := sorted(wanted.keys() - known.keys()):
        return Outcome(waiting=f"this release of Authentik has no setting {', '.join(unknown)}")
    cluster.world.put(identity.SETTINGS, str(release["namespace"]), wanted)
    return DONE


def _answering(cluster: Cluster, container: Container, token: str) -> Record | Outcome:
    """The release whose API takes the token, or what is in the way."""
    try:
        release = identity.server(cluster, container.env["AUTHENTIK_URL"], container.namespace)
    except UnreachableError as error:
        return Outcome(waiting=f"Authentik is not answering ({error})")
    if not identity.token_is_valid(cluster, release, token):
        return Outcome(waiting="the API refuses the token (403)")
    return release


def _wanted_text(cluster: Cluster, container: Container) -> str | None:
    """The blueprint mounted into the probe, if it is the wanted version."""
    text = container.files(cluster).get(container.env["BLUEPRINT_FILE"])
    return text if text and hashlib.sha512(text.encode()).hexdigest() == container.env["BLUEPRINT_SHA512"] else None


def visible(cluster: Cluster, container: Container) -> Outcome:
    """The worker sees the wanted version of BLUEPRINT_PATH."""
    release = _answering(cluster, container, container.env["AUTHENTIK_TOKEN"])
    if isinstance(release, Outcome):
        return release
    path = container.env["BLUEPRINT_PATH"]
    seen, wanted = identity.file_of(cluster, release, path), _wanted_text(cluster, container)
    return DONE if seen is not None and seen == wanted else Outcome(waiting=f"the worker does not see {path} yet")


def apply(cluster: Cluster, container: Container) -> Outcome:
    """The row BLUEPRINT_ID is applied, on the wanted text and the wanted generation of its secret."""
    release = _answering(cluster, container, container.env["AUTHENTIK_TOKEN"])
    if isinstance(release, Outcome):
        return release
    row = cluster.world.get(identity.ROWS, container.env["BLUEPRINT_ID"])
    if row is None:
        return Outcome(waiting="Authentik answers 404; the row is gone, run a refresh")
    wanted, files, env = _wanted_text(cluster, container), container.files(cluster), container.env
    if wanted is None or identity.file_of(cluster, release, row["inputs"].get("path", "")) != wanted:
        return Outcome(waiting="the text mounted here is not the wanted one yet")
    if "SECRET_FILE" in env and files.get(env["SECRET_GENERATION_FILE"]) != env["SECRET_GENERATION"]:
        return Outcome(waiting="the secret mounted here is still another generation")
    status = identity.apply_row(cluster, release, row["inputs"])
    return DONE if status == "successful" else Outcome(waiting=f"the run ended with status {status}")


def discovery(cluster: Cluster, container: Container) -> Outcome:
    """ISSUER, DISCOVERY_URL: Authentik serves the application. CLIENT_ID, REDIRECT_URIS: it lets the client log in."""
    for url in (container.env["ISSUER"], container.env["DISCOVERY_URL"]):
        problem = identity.discovery_problem(cluster, url, container.namespace)
        if problem:
            return Outcome(waiting=problem)
    for uri in container.env["REDIRECT_URIS"].splitlines():
        if (container.env["CLIENT_ID"], uri) not in identity.clients(cluster):
            return Outcome(waiting=f"a login to {uri} cannot start: no such client or redirect URI")
    return DONE


def forward_auth(cluster: Cluster, container: Container) -> Outcome:
    """FORWARD_AUTH_URL, FORWARDED_HOST and AUTH_HOST: the outpost sends people who ask for the host to its login."""
    url, host, login = (container.env[name] for name in ("FORWARD_AUTH_URL", "FORWARDED_HOST", "AUTH_HOST"))
    return Outcome(waiting=identity.forward_auth_problem(cluster, url, host, login, container.namespace) or "")

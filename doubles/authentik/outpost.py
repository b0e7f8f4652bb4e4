"""The embedded outpost: what Traefik asks about each request (src/outpost/proxy/application/handlers/forward.rs)."""

from urllib.parse import urlencode

from doubles.authentik.state import Client, Directory
from doubles.loopback import Reply
from doubles.web import Asked, nothing, redirect

_NEEDED = ("X-Forwarded-Proto", "X-Forwarded-Uri")


def forward(directory: Directory, asked: Asked) -> Reply:
    """Where a request without a session is sent; 404 of a host that no provider has."""
    host = asked.header("X-Forwarded-Host")
    client = next((one for one in directory.clients.values() if host and one.host == host), None)
    if client is None:
        return nothing(asked)
    if not all(asked.header(name) for name in _NEEDED):
        return Reply(500)
    return redirect(login(directory, client, ""))


def login(directory: Directory, client: Client, state: str) -> str:
    """The authorization URL of an application behind the outpost."""
    query = {
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uris[0],
        "response_type": "code",
        "scope": " ".join(client.scopes),
        "state": state,
    }
    return f"https://{directory.host}/application/o/authorize/?{urlencode(query)}"

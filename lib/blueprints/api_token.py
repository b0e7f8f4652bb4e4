"""The administrator's API token, kept equal to the secret registry.

Authentik takes a token from its environment at the very first start only. This blueprint sets it again whenever its
generation rises; nothing else could, since every other way needs a token that works.
"""

from lib.blueprints import paths
from lib.blueprints.document import Entry, File, Find, render

_MODEL, _IDENTIFIER = "authentik_core.token", "authentik-bootstrap-token"  # the name that the first start gives it


def text(generation: int) -> str:
    """The blueprint. It has no label against discovery: the worker, restarted by the changed Secret, finds a changed
    hash and applies it by itself.
    """
    token = Entry(
        model=_MODEL,
        # At the very first start there is no token yet, and making it stays the business of Authentik.
        conditions=[Find(_MODEL, "identifier", _IDENTIFIER)],
        identifiers={"identifier": _IDENTIFIER},
        attrs={
            "user": Find("authentik_core.user", "username", "akadmin"),
            "intent": "api",
            "expiring": False,
            "key": File(f"{paths.API_TOKEN_DIRECTORY}/{paths.API_TOKEN}"),
        },
    )
    return render("home-cluster - API token", [token], labels={}, context={"generation": generation})

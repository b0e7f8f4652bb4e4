"""The administrator's API token and password, kept equal to the secret registry.

Authentik takes both from its environment at the very first start only. This blueprint sets them again whenever their
generation rises; nothing else could, since every other way needs a token that works.
"""

from components.authentik.blueprints import paths
from components.authentik.blueprints.document import Entry, File, Find, render

USERNAME = "akadmin"
_TOKEN, _IDENTIFIER = "authentik_core.token", "authentik-bootstrap-token"  # the name that the first start gives it


def text(generation: int) -> str:
    """The blueprint. It has no label against discovery: the worker, restarted by the changed Secret, finds a changed
    hash and applies it by itself; an unchanged one it leaves alone.
    """
    # At the very first start there is no token yet, and making account and token stays the business of Authentik.
    started = [Find(_TOKEN, "identifier", _IDENTIFIER)]
    token = Entry(
        model=_TOKEN,
        conditions=started,
        identifiers={"identifier": _IDENTIFIER},
        attrs={
            "user": Find("authentik_core.user", "username", USERNAME),
            "intent": "api",
            "expiring": False,
            "key": _secret(paths.API_TOKEN),
        },
    )
    account = Entry(
        model="authentik_core.user",
        conditions=started,
        identifiers={"username": USERNAME},
        attrs={"name": "Break-glass administrator", "password": _secret(paths.ADMINISTRATOR_PASSWORD)},
    )
    return render("home-cluster - administrator", [token, account], labels={}, context={"generation": generation})


def _secret(key: str) -> File:
    return File(f"{paths.ADMINISTRATOR_DIRECTORY}/{key}")

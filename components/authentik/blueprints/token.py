"""The token of a service account, whose value this program made and keeps."""

from components.authentik.blueprints import paths
from components.authentik.blueprints.document import Entry, File, Find, render
from settings.identity import Token

_MODEL = "authentik_core.token"


def identifier(name: str) -> str:
    """What Authentik calls the token; unique there."""
    return f"home-cluster-{name}"


def text(name: str, token: Token, generation: int) -> str:
    """The blueprint of a token whose value is of this generation, which changes the text as that of a client does.

    The value may be written by a blueprint only (`authentik/core/api/tokens.py`, TokenSerializer). No account, or no
    file, is null, which both fields refuse.
    """
    entry = Entry(
        model=_MODEL,
        identifiers={"identifier": identifier(name)},
        attrs={
            "user": Find("authentik_core.user", "username", token.account),
            "intent": token.intent,
            "expiring": False,
            "description": "Made and rotated by home-cluster",
            "key": File(f"{paths.token_directory(name)}/{paths.TOKEN}"),
        },
    )
    return render(f"home-cluster - token {name}", [entry], context={"token_generation": generation})


def removal(name: str) -> Entry:
    """The entry that deletes it."""
    return Entry(model=_MODEL, identifiers={"identifier": identifier(name)}, absent=True)

"""Traefik before an application without a login: it asks the outpost about whoever has no session."""

from collections.abc import Collection

from declarations.forward_auth import PREFIX
from doubles.authentik import Client as Provider
from doubles.client import Answer, Client, Login
from doubles.loopback import Reply
from doubles.web import Asked, page


def proxied(provider: Provider, auth_host: str, authentik: Answer, faults: Collection[str] = ()) -> Answer:
    """What answers on the host of the application that this provider is for."""
    login = Login(
        issuer=f"https://{auth_host}/application/o/{provider.slug}/",
        client_id=provider.client_id,
        secret=provider.secret or "",
        redirect_uri=provider.redirect_uris[0],
        scopes=provider.scopes,
    )
    people, slug = Client(login, authentik), provider.slug

    def answer(asked: Asked) -> Reply:
        if f"{slug} is not deployed" in faults:
            return Reply(404, "404 page not found")
        if asked.path == f"{PREFIX}callback":
            return people.finish(asked, f"https://{provider.host}/")
        if people.person(asked) is not None:
            return page("Application", status=502 if f"{slug} is down behind the login" in faults else 200)
        return page("Application") if f"{slug} has no middleware" in faults else people.begin()

    return answer

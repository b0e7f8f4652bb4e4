"""What `make smoke` asks of chat: how its clients log in, and the account that a login leads to.

The account is `viewer` of the GraphQL API of the Matrix authentication service, which its own account page asks
(frontend/schema.graphql).
"""

from collections.abc import Iterator
from functools import partial

from components.matrix.settings import MatrixSettings
from smoke.authentik import Session
from smoke.check import Check, Failed
from smoke.site import Site

CHAT = "chat is offered to Matrix clients"


def doors(site: Site) -> Iterator[Check]:
    """How clients of Matrix log in."""
    look = "kubectl -n matrix get pods; the route of /_matrix/client/*/login to the authentication service"
    yield Check(CHAT, "login flows of Matrix clients", look, partial(_flows, site))


def _flows(site: Site) -> str:
    """Matrix client-server API, GET /login: single sign-on, and no password of its own beside it."""
    url = f"https://{site.settings.section(MatrixSettings).synapse_host}/_matrix/client/v3/login"
    flows = [flow["type"] for flow in site.browser().get(url).json()["flows"]]
    if "m.login.sso" not in flows:
        raise Failed(f"{url} offers {', '.join(flows) or 'nothing'} and not m.login.sso")
    if "m.login.password" in flows:
        raise Failed(f"{url} offers m.login.password: a login beside Authentik")
    return ", ".join(flows)


def account(site: Site, session: Session, back: str) -> str:
    """The account of Matrix, whose id has the person's name and the domain of the stack file."""
    settings = site.settings.section(MatrixSettings)
    session.browser.follow(back)
    query = "query { viewer { __typename ... on User { username matrix { mxid } } } }"
    viewer = session.browser.post(f"https://{settings.account_host}/graphql", {"query": query}).json()["data"]["viewer"]
    wanted = f"@{session.person.username}:{settings.server_name}"
    if viewer["__typename"] != "User":
        raise Failed("nobody is logged in after the login: a question is left, or the account could not be made")
    if viewer["matrix"]["mxid"] != wanted:
        raise Failed(f"the person is {viewer['matrix']['mxid']} and not {wanted}")
    return wanted

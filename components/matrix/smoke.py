"""The account that a login to chat leads to: `viewer` of the GraphQL API of the Matrix authentication service, which
its own account page asks (frontend/schema.graphql).
"""

from components.matrix.settings import MatrixSettings
from smoke.authentik import Session
from smoke.check import Failed
from smoke.site import Site


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

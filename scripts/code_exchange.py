"""Proof that the secret which a client of Authentik runs with is the one that Authentik has, wherever it keeps it.

The client is sent back as from a login, with a made-up code, and asks the token endpoint about it. Authentik says
`invalid_client` to a wrong secret and `invalid_grant` to a right one (scripts/blueprint_apply.py), and each client
passes that on: Gitea 1.27.3 in the cookie with the message for its next page (routers/web/auth/oauth.go), Harbor 2.15.2
as answer 400 (src/core/controllers/oidc.go), the Matrix Authentication Service on its page of errors
(crates/axum-utils/src/fancy_error.rs), Vault as answer 400 (vault-plugin-auth-jwt, path_oidc.go).
"""

import re
import urllib.parse

_ERROR = re.compile("invalid_(?:request|client|grant|scope)|unauthorized_client|unsupported_grant_type")
"""Every error of RFC 6749, section 5.2."""


def callback(authorization_url: str, address: str = "") -> str:
    """Where a browser would come back to from a login that began with this URL; another `address` of the same client
    may be named.
    """
    began = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(authorization_url).query))
    query = urllib.parse.urlencode({"code": "none", "state": began.get("state", "")})
    return f"{address or began.get('redirect_uri', '')}?{query}"


def problem(url: str, status: int, answer: str) -> str:
    """Empty when the answer, headers included, shows that Authentik took the client's secret."""
    told = sorted(set(_ERROR.findall(answer)))
    if told == ["invalid_grant"]:
        return ""
    place = url.partition("?")[0]
    if not told:
        return f"{place}: asked about a made-up code, the service does not say what Authentik told it (answer {status})"
    return (
        f"{place}: asked about a made-up code, it was told {' and '.join(told)}: its client secret is not Authentik's"
    )

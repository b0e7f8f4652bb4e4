"""Gate of an OIDC application: its discovery is what was declared, by the public name, and a login can start.

Authentik builds every address from the request, so a name or a scheme that a proxy got wrong shows here. A login that
can start ends at Authentik's own pages; one that cannot (no grant type, unknown redirect URI) ends at an error or is
sent back to the client with one, before anybody logs in (`authentik/providers/oauth2/views/authorize.py`).

Environment: ISSUER, DISCOVERY_URL, CLIENT_ID, REDIRECT_URIS (one a line), SSL_CERT_FILE, SECONDS.
"""

import http.client
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from scripts import gate

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def fetch(url: str, opener: urllib.request.OpenerDirector = _opener) -> Any:
    """JSON behind an address."""
    with opener.open(url, timeout=10) as response:
        return json.load(response)


def origin(url: str) -> str:
    """Scheme and host of an address."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def document_problem(document: dict[str, Any], issuer: str) -> str:
    """Empty when the discovery document is what was declared."""
    if document.get("issuer") != issuer:
        return f"the issuer is {document.get('issuer')!r} and must be {issuer!r}"
    for endpoint in ENDPOINTS:
        if not str(document.get(endpoint, "")).startswith(f"{origin(issuer)}/"):
            return f"{endpoint} is {document.get(endpoint)!r} and must be on {origin(issuer)}"
    algorithms = document.get("id_token_signing_alg_values_supported", [])
    if "RS256" not in algorithms:
        return f"tokens are signed with {', '.join(algorithms) or 'nothing'} and not with RS256: no signing key"
    return ""


def keys_problem(keys: dict[str, Any]) -> str:
    """Empty when there is an RSA key that signs."""
    signing = [key for key in keys.get("keys", []) if key.get("kty") == "RSA" and key.get("use", "sig") == "sig"]
    return "" if signing else "the key set has no RSA signing key"


def login_problem(
    endpoint: str, client_id: str, redirect_uri: str, opener: urllib.request.OpenerDirector = _opener
) -> str:
    """Empty when Authentik takes the request of a client to log somebody in."""
    query = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": "openid",
        "state": "probe",
    }
    url = f"{endpoint}?{urllib.parse.urlencode(query)}"
    try:
        status = opener.open(url, timeout=10).status
        return f"a login to {redirect_uri} is answered {status} instead of Authentik's login"
    except urllib.error.HTTPError as error:
        location = urllib.parse.urljoin(url, error.headers.get("Location", ""))
        redirected = http.client.MULTIPLE_CHOICES <= error.code < http.client.BAD_REQUEST
        if redirected and origin(location) == origin(endpoint):
            return ""
        reason = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query).get("error", [str(error.code)])[0]
        return f"a login to {redirect_uri} cannot start: {reason}"


def application_problem(environment: dict[str, str], opener: urllib.request.OpenerDirector = _opener) -> str:
    """Empty when everything that Authentik publishes of the application is right."""
    document = fetch(environment["DISCOVERY_URL"], opener)
    if found := document_problem(document, environment["ISSUER"]):
        return found
    if found := keys_problem(fetch(document["jwks_uri"], opener)):
        return found
    logins = (
        login_problem(document["authorization_endpoint"], environment["CLIENT_ID"], uri, opener)
        for uri in environment["REDIRECT_URIS"].splitlines()
    )
    return next(filter(None, logins), "")


def problem(environment: dict[str, str], opener: urllib.request.OpenerDirector = _opener) -> str:
    """Empty when the gate is open, otherwise what is wrong; `opener` follows no redirect."""
    try:
        return application_problem(environment, opener)
    except urllib.error.HTTPError as error:
        return f"{error.url} answers {error.code}"
    except OSError as error:
        return f"Authentik is not answering ({error})"
    except ValueError as error:
        return f"Authentik does not answer JSON ({error})"


def main() -> int:
    return gate.wait(lambda: problem(dict(os.environ)), f"{os.environ['ISSUER']} is ready for logins")


if __name__ == "__main__":
    sys.exit(main())

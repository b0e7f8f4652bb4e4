"""Gate of the login to Vault: for every redirect URI of the role, Vault makes an authorization URL of Authentik, and
Authentik takes the client secret that Vault has (scripts/code_exchange.py).

Vault answers with an empty URL, and does not say why, when the redirect URI is not one of the role's or when it cannot
reach Authentik itself; with an error when there is no such role (hashicorp/vault-plugin-auth-jwt, path_oidc.go).

Environment: VAULT_ADDR, MOUNT, ROLE, ISSUER, CLIENT_ID, REDIRECT_URIS (one a line), SSL_CERT_FILE, SECONDS.
"""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from scripts import code_exchange, gate


def authorization_url(
    environment: dict[str, str], redirect_uri: str, opener: urllib.request.OpenerDirector | None = None
) -> str:
    """What Vault tells a browser to open; empty when it refuses."""
    request = urllib.request.Request(
        f"{environment['VAULT_ADDR']}/v1/auth/{environment['MOUNT']}/oidc/auth_url",
        data=json.dumps({"role": environment["ROLE"], "redirect_uri": redirect_uri}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with (opener or urllib.request.build_opener()).open(request, timeout=20) as response:
        answer: dict[str, Any] = json.load(response)
    return str((answer.get("data") or {}).get("auth_url", ""))


def url_problem(url: str, environment: dict[str, str], redirect_uri: str) -> str:
    """Empty when the URL starts a login at Authentik for this client."""
    if not url:
        return f"Vault makes no URL for {redirect_uri}: the role does not allow it, or Vault cannot reach Authentik"
    parts, issuer = urllib.parse.urlsplit(url), urllib.parse.urlsplit(environment["ISSUER"])
    if (parts.scheme, parts.netloc) != (issuer.scheme, issuer.netloc):
        return f"Vault sends people to {parts.scheme}://{parts.netloc} and not to {issuer.scheme}://{issuer.netloc}"
    query = urllib.parse.parse_qs(parts.query)
    for key, wanted in (("client_id", environment["CLIENT_ID"]), ("redirect_uri", redirect_uri)):
        if query.get(key) != [wanted]:
            return f"the authorization URL has {key} {query.get(key)} and not {wanted}"
    return ""


def exchange_problem(environment: dict[str, str], url: str, opener: urllib.request.OpenerDirector | None = None) -> str:
    """Empty when Vault, coming back from the login that began with this URL, has the right client secret."""
    address = f"{environment['VAULT_ADDR']}/v1/auth/{environment['MOUNT']}/oidc/callback"
    back = code_exchange.callback(url, address)
    try:
        answer = (opener or urllib.request.build_opener()).open(back, timeout=20)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return code_exchange.problem(back, answer.status, answer.read().decode("utf-8", "replace"))


def problem(environment: dict[str, str], opener: urllib.request.OpenerDirector | None = None) -> str:
    """Empty when the gate is open, otherwise what is wrong."""
    try:
        url = ""
        for uri in environment["REDIRECT_URIS"].splitlines():
            url = authorization_url(environment, uri, opener)
            if found := url_problem(url, environment, uri):
                return found
        return exchange_problem(environment, url, opener)
    except urllib.error.HTTPError as error:
        return f"Vault answers {error.code} to a request for an authorization URL"
    except OSError as error:
        return f"Vault is not answering ({error})"
    except ValueError as error:
        return f"Vault does not answer JSON ({error})"


def main() -> int:
    return gate.wait(lambda: problem(dict(os.environ)), "people can start a login to Vault")


if __name__ == "__main__":
    sys.exit(main())

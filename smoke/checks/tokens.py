"""Logins that end in a token: Vault's, and that of a public client with the authorization code and PKCE (RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import secrets
import urllib.parse
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from components.kubernetes import login as kubernetes_login
from components.talos.authentication import PREFIX
from components.vault import login as vault_login
from components.vault.login import ADMINISTRATOR, MOUNT, ROLE
from declarations.oidc import OidcApplication
from smoke.authentik import Session
from smoke.check import Failed, Skipped
from smoke.client import forgetful, query_of
from smoke.site import Site


def start_vault(site: Site, session: Session) -> str:
    """The authorization URL that Vault makes for its user interface."""
    settings = site.settings
    wanted = {"role": ROLE, "redirect_uri": vault_login.application(settings).redirect_uris[0]}
    answer = session.browser.post(f"https://{settings.vault.host}/v1/auth/{MOUNT}/oidc/auth_url", wanted).json()
    return str(answer["data"]["auth_url"])


def vault(site: Site, session: Session, back: str) -> str:
    """Vault takes the code, gives a token with the policies of the groups, and forgets it again."""
    settings, said = site.settings, query_of(back)
    base = f"https://{settings.vault.host}/v1"
    parameters = urllib.parse.urlencode({"state": said["state"], "code": said["code"]})
    granted = session.browser.get(f"{base}/auth/{MOUNT}/oidc/callback?{parameters}").json()["auth"]
    revoked = session.browser.post(f"{base}/auth/token/revoke-self", {}, {"X-Vault-Token": granted["client_token"]})
    if revoked.status != HTTPStatus.NO_CONTENT:
        raise Failed(f"Vault does not take back the token that it gave ({revoked.status}); it ends by itself in time")
    declared = settings.vault.admin_group in site.groups(session.person)
    if (ADMINISTRATOR in granted["policies"]) != declared:
        membership = "is" if declared else "is not"
        raise Failed(
            f"the token has the policies {', '.join(granted['policies'])}, and {session.person.username} {membership} "
            f"in {settings.vault.admin_group}"
        )
    return f"policies {', '.join(granted['policies'])}"


@dataclass(frozen=True)
class PublicClient:
    """A program on a person's machine; only who began a login can end it."""

    application: OidcApplication
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def _base(self) -> str:
        return f"https://{self.application.auth_host}/application/o"

    def start(self, session: Session) -> str:
        """The authorization URL that it makes."""
        challenge = hashlib.sha256(self.verifier.encode()).digest()
        parameters = {
            "response_type": "code",
            "client_id": self.application.client_id,
            "redirect_uri": self.application.redirect_uris[0],
            "scope": "openid profile email",
            "state": secrets.token_urlsafe(16),
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self._base}/authorize/?{urllib.parse.urlencode(parameters)}"

    def arrive(self, site: Site, session: Session, back: str) -> str:
        """Authentik exchanges the code for a token, takes it, and says by it who the person is."""
        bearer = {"Authorization": f"Bearer {self.granted(session, back)['access_token']}"}
        claims: dict[str, Any] = session.browser.get(f"{self._base}/userinfo/", bearer).json()
        name, username = claims.get("preferred_username"), session.person.username
        if name != username:
            raise Failed(f"the token is {name}'s and not {username}'s")
        found = set(claims.get("groups") or []) & set(site.settings.identity.groups)
        if found != site.groups(session.person):
            raise Failed(f"the token names the groups {', '.join(sorted(found)) or 'none'}, and the stack file others")
        return f"a token of {username} with {len(found)} groups"

    def granted(self, session: Session, back: str) -> dict[str, Any]:
        """What the token endpoint gives for the code with which the browser comes back."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self.application.client_id,
            "redirect_uri": self.application.redirect_uris[0],
            "code": query_of(back)["code"],
            "code_verifier": self.verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urllib.parse.urlencode(form).encode()
        found: dict[str, Any] = session.browser.send("POST", f"{self._base}/token/", body, headers).json()
        return found


def api_server(site: Site, session: Session) -> str:
    """The API server takes the token that kubectl would have, and knows name and groups by it (SelfSubjectReview)."""
    if site.api is None:
        raise Skipped("name a kubeconfig of the cluster with --kubeconfig FILE")
    client = PublicClient(kubernetes_login.application(site.settings))
    token = client.granted(session, session.authorize(client.start(session)))["id_token"]
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    url = f"{site.api.url}/apis/authentication.k8s.io/v1/selfsubjectreviews"
    answer = forgetful(site.api.network).post(url, review, {"Authorization": f"Bearer {token}"}).json()
    known, name = answer["status"]["userInfo"], session.person.username
    if known["username"] != f"{PREFIX}{name}":
        raise Failed(f"the API server takes {name} for {known['username']}")
    missing = {f"{PREFIX}{group}" for group in site.groups(session.person)} - set(known["groups"])
    if missing:
        raise Failed(f"the API server does not know that {name} is in {', '.join(sorted(missing))}")
    return f"{known['username']} with {len(known['groups'])} groups"

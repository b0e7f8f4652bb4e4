"""Authentik: discovery, the flow executor, authorization with policies, tokens. Protocol as in smoke/authentik.py."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from doubles.loopback import Reply
from doubles.web import Asked, nothing, page, redirect, set_cookie, unguessable
from lib import oidc
from lib.forward_auth import PREFIX, ProxiedApplication, proxied_applications
from lib.oidc import OidcApplication
from settings import Settings
from tests.smoke.doubles.tokens import Tokens

LOGIN, CONSENT = "default-authentication-flow", "default-provider-authorization-implicit-consent"


@dataclass
class _Session:
    csrf: str = field(default_factory=unguessable)
    pending: str = ""
    user: str = ""
    wants: tuple[OidcApplication, Mapping[str, str]] | None = None
    consent: str = ""


def outpost_client(application: ProxiedApplication) -> OidcApplication:
    """What the outpost is to the rest of Authentik: a client with an id that Authentik made up."""
    back = f"{application.url}{PREFIX}callback?X-authentik-auth-callback=true"
    return OidcApplication(
        slug=application.slug,
        name=application.name,
        auth_host=application.auth_host,
        launch_url=application.launch_url,
        redirect_uris=(back,),
        groups=application.groups,
    )


class Authentik:
    """One instance, with the people of a stack file, each with the password `<name>-password`."""

    def __init__(self, settings: Settings, lies: set[str]) -> None:
        self._settings, self._lies = settings, lies
        self._host = settings.identity.host
        behind = (outpost_client(one) for one in proxied_applications(settings))
        self._applications = {one.client_id: one for one in (*oidc.applications(settings), *behind)}
        self._sessions: dict[str, _Session] = {}
        self.tokens = Tokens(settings, lies)

    def respond(self, asked: Asked) -> Reply:
        """Answer a request to its host."""
        parts = asked.path.split("/")
        if asked.path.startswith("/application/o/") and parts[3] in self._applications:
            return self._public(self._applications[parts[3]], asked)
        routes: dict[str, Callable[[Asked], Reply]] = {
            "/": self._root,
            "/flows/-/default/authentication/": self._begin,
            f"/if/flow/{LOGIN}/": lambda _: page("authentik"),
            f"/if/flow/{CONSENT}/": lambda _: page("authentik"),
            "/if/user/": lambda _: page("authentik"),
            f"/api/v3/flows/executor/{LOGIN}/": self._login,
            f"/api/v3/flows/executor/{CONSENT}/": self._consent,
            "/api/v3/core/users/me/": self._me,
            "/application/o/authorize/": self._authorize,
            "/application/o/token/": self.tokens.exchange_in_public,
            "/application/o/userinfo/": self.tokens.userinfo,
        }
        return routes.get(asked.path, nothing)(asked)

    def _public(self, application: OidcApplication, asked: Asked) -> Reply:
        base = f"https://{self._host}/application/o"
        slug = application.slug
        if asked.path.endswith("/.well-known/openid-configuration"):
            issuer = application.issuer.replace("https", "http") if f"{slug} has another issuer" in self._lies else ""
            endpoints = {"authorization_endpoint": "authorize", "token_endpoint": "token"}
            document = {name: f"{base}/{path}/" for name, path in endpoints.items()}
            document |= {"issuer": issuer or application.issuer, "userinfo_endpoint": f"{base}/userinfo/"}
            document |= {"jwks_uri": f"{application.issuer}jwks/"}
            return Reply(body={**document, "id_token_signing_alg_values_supported": ["RS256"]})
        if asked.path.endswith("/jwks/"):
            keys = [] if f"{slug} has no key" in self._lies else [{"kty": "RSA", "use": "sig", "kid": "1"}]
            return Reply(body={"keys": keys})
        return Reply(404)

    def _session(self, asked: Asked) -> _Session | None:
        return self._sessions.get(asked.cookie("authentik_session"))

    def _begin(self, asked: Asked) -> Reply:
        found, key = self._session(asked), unguessable()
        if found is None:
            self._sessions[key] = _Session()
        cookie = set_cookie("authentik_session", key) if found is None else ""
        return redirect(f"/if/flow/{LOGIN}/?{urlencode({'next': asked.query['next']})}", cookie)

    def _root(self, asked: Asked) -> Reply:
        session = self._session(asked)
        known = session is not None and session.user
        return redirect("/if/user/" if known else "/flows/-/default/authentication/?next=/")

    def _login(self, asked: Asked) -> Reply:
        session = self._session(asked)
        if session is None or asked.request.method == "GET":
            named = session is not None and session.pending and not session.user
            stage = {"component": "ak-stage-password"} if named else {"component": "ak-stage-identification"}
            return self._challenge(session, {**stage, "password_fields": False})
        given = json.loads(asked.request.body)
        if given["component"] == "ak-stage-identification":
            session.pending = given["uid_field"]
            return redirect(asked.request.path)  # the next stage is at the same address
        if given.get("password") != f"{session.pending}-password":
            errors = {"password": [{"string": "Invalid password", "code": "invalid"}]}
            return self._challenge(session, {"component": "ak-stage-password", "response_errors": errors})
        session.user = session.pending
        wanted = parse_qs(asked.query["query"]).get("next", ["/"])[0]
        return Reply(body={"component": "xak-flow-redirect", "to": wanted})

    def _challenge(self, session: _Session | None, challenge: Mapping[str, Any]) -> Reply:
        cookie = {"Set-Cookie": f"authentik_csrf={session.csrf}; Path=/; Secure"} if session else {}
        return Reply(body=dict(challenge), headers=cookie)

    def _consent(self, asked: Asked) -> Reply:
        session = self._session(asked)
        if session is None or session.wants is None:
            return Reply(body={"component": "ak-stage-access-denied", "error_message": "no plan"})
        if asked.request.method == "GET":
            session.consent = unguessable()
            return self._challenge(session, {"component": "ak-stage-consent", "token": session.consent})
        referred = urlsplit(asked.header("Referer")).hostname
        if asked.header("X-authentik-CSRF") != session.csrf or referred != self._host:
            return Reply(403, {"detail": "CSRF Failed"})
        if json.loads(asked.request.body).get("token") != session.consent:
            return Reply(400, {"detail": "wrong token"})
        return Reply(body={"component": "xak-flow-redirect", "to": self.tokens.grant(session.user, *session.wants)})

    def _authorize(self, asked: Asked) -> Reply:
        application = self._applications.get(asked.query.get("client_id", ""))
        if application is None or asked.query.get("redirect_uri") not in application.redirect_uris:
            return page("Redirect URI Error", status=400)
        session = self._session(asked)
        if session is None or not session.user or self._forgets(session.user, application):
            return redirect(f"/flows/-/default/authentication/?{urlencode({'next': asked.request.path})}")
        if f"{application.slug} breaks for strangers" in self._lies and not self._may(session.user, application):
            return Reply(502)
        if not self._may(session.user, application) and f"{application.slug} is open" not in self._lies:
            return page("Permission denied")
        if "offline_access" in asked.query.get("scope", "").split():
            session.wants = (application, asked.query)
            return redirect(f"/if/flow/{CONSENT}/?{urlsplit(asked.request.path).query}")
        return redirect(self.tokens.grant(session.user, application, asked.query))

    def _forgets(self, user: str, application: OidcApplication) -> bool:
        return f"{application.slug} asks for the login again" in self._lies and self._may(user, application)

    def _may(self, user: str, application: OidcApplication) -> bool:
        return bool(set(self._groups(user)) & set(application.groups))

    def _groups(self, user: str) -> list[str]:
        return list(self._settings.identity.users[user].groups)

    def _me(self, asked: Asked) -> Reply:
        session = self._session(asked)
        if session is None or not session.user:
            return Reply(403, {"detail": "Authentication credentials were not provided."})
        groups = self._groups(session.user)[:-1] if "a group is missing" in self._lies else self._groups(session.user)
        groups += ["visitors"] if "a group is too much" in self._lies else []
        return Reply(body={"user": {"username": session.user, "groups": [{"name": one, "pk": one} for one in groups]}})

"""The pages of Authentik: discovery, the flow executor, authorization by groups. Protocol as in smoke/authentik.py."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from declarations.forward_auth import PREFIX
from doubles.authentik.api import Administration, Api
from doubles.authentik.outpost import forward
from doubles.authentik.state import Client, Directory, Person
from doubles.authentik.tokens import Tokens, own_key
from doubles.loopback import Reply, Request
from doubles.web import Asked, nothing, page, redirect, set_cookie, unguessable

LOGIN, CONSENT = "default-authentication-flow", "default-provider-authorization-implicit-consent"


@dataclass
class _Session:
    csrf: str = field(default_factory=unguessable)
    pending: str = ""
    user: str = ""
    wants: tuple[Client, Mapping[str, str]] | None = None
    consent: str = ""


class Authentik:
    """One instance; without an `administration` nobody may ask its API."""

    def __init__(
        self, directory: Directory, faults: Collection[str] = (), administration: Administration | None = None
    ) -> None:
        self._directory, self._faults = directory, faults
        self._sessions: dict[str, _Session] = {}
        self._wrong: Counter[str] = Counter()
        self._api = Api(administration)
        self.tokens = Tokens(directory, faults)

    def respond(self, request: Request) -> Reply:
        """Answer a request to its host."""
        return self.answer(Asked(request))

    def answer(self, asked: Asked) -> Reply:
        """The same."""
        routes: dict[str, Callable[[Asked], Reply]] = {
            "/": self._root,
            "/flows/-/default/authentication/": self._begin,
            f"/if/flow/{LOGIN}/": lambda _: page("authentik"),
            f"/if/flow/{CONSENT}/": lambda _: page("authentik"),
            "/if/user/": lambda _: page("authentik"),
            f"/api/v3/flows/executor/{LOGIN}/": self._login,
            f"/api/v3/flows/executor/{CONSENT}/": self._consent,
            "/application/o/authorize/": self._authorize,
            "/application/o/token/": self.tokens.exchange,
            "/application/o/userinfo/": self.tokens.userinfo,
            f"{PREFIX}auth/traefik": lambda asked: forward(self._directory, asked),
        }
        if asked.path in routes:
            return routes[asked.path](asked)
        if asked.path == "/api/v3/core/users/me/" and not asked.header("Authorization"):
            return self._me(asked)
        return self._api.answer(asked) if asked.path.startswith("/api/v3/") else self._public(asked)

    def approve(self, url: str, person: Person) -> tuple[str, str]:
        """What the browser brings back after `person` logged in at an authorization URL: state and code. Whether the
        policy would let them is not asked.
        """
        query = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        client = self._directory.clients[query["client_id"]]
        back = parse_qs(urlsplit(self.tokens.grant(person, client, query)).query)
        return back["state"][0], back["code"][0]

    def _public(self, asked: Asked) -> Reply:
        """Discovery and keys of an application (views/provider.py, views/jwks.py)."""
        slug, _, rest = asked.path.removeprefix("/application/o/").partition("/")
        known = any(client.slug == slug for client in self._directory.clients.values())
        if not known or not asked.path.startswith("/application/o/"):
            return nothing(asked)
        if rest == ".well-known/openid-configuration":
            return Reply(body=self._discovery(slug))
        if rest == "jwks/":
            return Reply(body={"keys": [] if f"{slug} has no key" in self._faults else [own_key().public]})
        return nothing(asked)

    def _discovery(self, slug: str) -> dict[str, Any]:
        base = f"https://{self._directory.host}/application/o"
        issuer = f"{base}/{slug}/"
        return {
            "issuer": issuer.replace("https", "http") if f"{slug} has another issuer" in self._faults else issuer,
            "authorization_endpoint": f"{base}/authorize/",
            "token_endpoint": f"{base}/token/",
            "userinfo_endpoint": f"{base}/userinfo/",
            "jwks_uri": f"{issuer}jwks/",
            "end_session_endpoint": f"{issuer}end-session/",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "scopes_supported": ["openid", "profile", "email"],
        }

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
            if session is not None and named and self._locked(session.pending):
                return _challenge(session, {"component": "ak-stage-access-denied", "error_message": "Too many"})
            stage = {"component": "ak-stage-password"} if named else {"component": "ak-stage-identification"}
            return _challenge(session, {**stage, "password_fields": False})
        given = json.loads(asked.request.body)
        if given["component"] == "ak-stage-identification":
            session.pending = given["uid_field"]
            return redirect(asked.request.path)  # the next stage is at the same address
        person = self._directory.people.get(session.pending)
        if person is None or given.get("password") != person.password:
            self._wrong[session.pending] += 1
            errors = {"password": [{"string": "Invalid password", "code": "invalid"}]}
            return _challenge(session, {"component": "ak-stage-password", "response_errors": errors})
        if person.second_factor:
            return _challenge(session, {"component": "ak-stage-authenticator-validate", "device_challenges": []})
        session.user = session.pending
        wanted = parse_qs(asked.query["query"]).get("next", ["/"])[0]
        return Reply(body={"component": "xak-flow-redirect", "to": wanted})

    def _locked(self, name: str) -> bool:
        most = None if "anybody may guess" in self._faults else self._directory.guesses
        return most is not None and self._wrong[name] >= most

    def _consent(self, asked: Asked) -> Reply:
        session = self._session(asked)
        if session is None or session.wants is None:
            return Reply(body={"component": "ak-stage-access-denied", "error_message": "no plan"})
        if asked.request.method == "GET":
            session.consent = unguessable()
            return _challenge(session, {"component": "ak-stage-consent", "token": session.consent})
        referred = urlsplit(asked.header("Referer")).hostname
        if asked.header("X-authentik-CSRF") != session.csrf or referred != self._directory.host:
            return Reply(403, {"detail": "CSRF Failed"})
        if json.loads(asked.request.body).get("token") != session.consent:
            return Reply(400, {"detail": "wrong token"})
        to = self.tokens.grant(self._directory.people[session.user], *session.wants)
        return Reply(body={"component": "xak-flow-redirect", "to": to})

    def _authorize(self, asked: Asked) -> Reply:
        """Client, redirect URI and response type come first, then the login, then the policy (views/authorize.py)."""
        client, query = self._directory.clients.get(asked.query.get("client_id", "")), asked.query
        if client is None or query.get("redirect_uri") not in client.redirect_uris:
            return page("Client ID Error" if client is None else "Redirect URI Error", status=400)
        if query.get("response_type") != "code":
            return redirect(f"{query['redirect_uri']}?{urlencode({'error': 'unsupported_response_type'})}")
        session = self._session(asked)
        if session is None or not session.user or self._forgets(session.user, client):
            return redirect(f"/flows/-/default/authentication/?{urlencode({'next': asked.request.path})}")
        return self._permit(session, client, asked)

    def _permit(self, session: _Session, client: Client, asked: Asked) -> Reply:
        """What somebody meets who has logged in; who is to have a refresh token is asked for consent."""
        if f"{client.slug} breaks for strangers" in self._faults and not self._may(session.user, client):
            return Reply(502)
        if not self._may(session.user, client) and f"{client.slug} is open" not in self._faults:
            return page("Permission denied")
        if "offline_access" in asked.query.get("scope", "").split():
            session.wants = (client, asked.query)
            return redirect(f"/if/flow/{CONSENT}/?{urlsplit(asked.request.path).query}")
        return redirect(self.tokens.grant(self._directory.people[session.user], client, asked.query))

    def _forgets(self, user: str, client: Client) -> bool:
        return f"{client.slug} asks for the login again" in self._faults and self._may(user, client)

    def _may(self, user: str, client: Client) -> bool:
        return client.groups is None or bool(set(self._directory.people[user].groups) & set(client.groups))

    def _me(self, asked: Asked) -> Reply:
        session = self._session(asked)
        if session is None or not session.user:
            return Reply(403, {"detail": "Authentication credentials were not provided."})
        groups = list(self._directory.people[session.user].groups)
        groups = groups[:-1] if "a group is missing" in self._faults else groups
        groups += ["visitors"] if "a group is too much" in self._faults else []
        foreign = "pictures come from a third party" in self._faults or "gravatar" in self._directory.avatars
        user = {
            "username": session.user,
            "avatar": "https://www.gravatar.com/avatar/" if foreign else "data:image/svg+xml,",
        }
        return Reply(body={"user": {**user, "groups": [{"name": one, "pk": one} for one in groups]}})


def _challenge(session: _Session | None, challenge: Mapping[str, Any]) -> Reply:
    cookie = {"Set-Cookie": f"authentik_csrf={session.csrf}; Path=/; Secure"} if session else {}
    return Reply(body=dict(challenge), headers=cookie)

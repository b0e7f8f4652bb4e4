"""The whole stage: a real Vault with everything the program creates in it, and doubles of what it talks to."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from components.vault.values import AUDIT_DIRECTORY
from doubles.authentik import Authentik, Client, Held, Person
from doubles.certificates import Authority
from doubles.loopback import Respond, serving
from stack_file.load import load_stack_file
from tests.real.proxy import Proxy, proxying
from tests.real.vault import server as vault_servers
from tests.real.vault.api import Answer, Api
from tests.real.vault.api_server import ACCOUNT, ApiServer
from tests.real.vault.program import Installation, Surroundings
from tests.real.vault.server import AUDIT, Server, initialised
from tests.support.program import STACK_FILE
from tests.support.recording import Recording

OPENID, OPENID_ROLE = "vault:jwt/authBackend:AuthBackend", "vault:jwt/authBackendRole:AuthBackendRole"
KUBERNETES_CONFIG = "vault:kubernetes/authBackendConfig:AuthBackendConfig"


@dataclass(frozen=True)
class Site:
    """Everything a test may look at."""

    program: Recording
    authority: Authority
    server: Server
    keys: dict[str, str]
    installation: Installation
    api_server: ApiServer
    authentik: Authentik
    client: Client
    proxy: Proxy

    @property
    def root(self) -> Api:
        """A client with the root token."""
        return self.server.api.using(self.keys["vault-root"])

    @property
    def visitor(self) -> Api:
        """A client that has not logged in."""
        return self.server.api

    def account_login(self, role: str, service_account_token: str) -> Answer:
        """Log in as a pod."""
        return self.visitor.ask("POST", "auth/kubernetes/login", {"role": role, "jwt": service_account_token})

    def authorization_url(self, redirect_uri: str) -> str:
        """Where Vault sends the browser of somebody who wants to log in; empty where it refuses."""
        request = {"redirect_uri": redirect_uri}  # no role: the login has a default one
        url: str = self.visitor.expect("POST", "auth/oidc/oidc/auth_url", request).data["auth_url"]
        return url

    def person_login(self, person: Person) -> Answer:
        """Log in as a person, by way of Authentik."""
        redirect_uri = self.program.one(OPENID_ROLE).get("allowedRedirectUris", 0)
        state, code = self.authentik.approve(self.authorization_url(redirect_uri), person)
        return self.visitor.ask("GET", f"auth/oidc/oidc/callback?state={state}&code={code}")

    def as_person(self, name: str, *groups: str) -> Api:
        """Client of a person who logged in."""
        answer = self.person_login(Person(name, groups))
        assert answer.status == 200, f"{name} of {groups} is let in: {answer.body}"
        return self.root.using(answer.body["auth"]["client_token"])


@contextlib.contextmanager
def staged(program: Recording, binary: Path, directory: Path) -> Iterator[Site]:
    """Start everything on the loopback, and write the program into Vault."""
    authority = Authority("test", path_length=1)
    release = program.one("kubernetes:helm.sh/v3:Release", "vault-release")
    own = {"namespace": release.get("namespace"), "name": release.get("name")}
    api_server = ApiServer(issuer=f"https://{load_stack_file(STACK_FILE).network.vip}:6443")
    if release.get("values", "server", "authDelegator", "enabled"):
        api_server.reviewers.add(ACCOUNT.format(**own))
    openid = program.one(OPENID)
    client = Client(
        slug=openid.get("oidcDiscoveryUrl").rstrip("/").rpartition("/")[2],
        client_id=openid.get("oidcClientId"),
        secret=declared(program)["platform/oidc/vault"]["client-secret"],
        redirect_uris=tuple(program.one(OPENID_ROLE).get("allowedRedirectUris")),
    )
    authentik = Authentik(Held(str(urlsplit(openid.get("oidcDiscoveryUrl")).hostname), {client.client_id: client}))
    doubles = {
        program.one(KUBERNETES_CONFIG).get("kubernetesHost"): api_server.respond,
        openid.get("oidcDiscoveryUrl"): authentik.respond,
    }
    with contextlib.ExitStack() as stack:
        routes = {
            f"{urlsplit(url).hostname}:{urlsplit(url).port or 443}": stack.enter_context(
                _double(respond, authority, str(urlsplit(url).hostname), directory)
            )
            for url, respond in doubles.items()
        }
        proxy = stack.enter_context(proxying(routes))
        place = directory / "vault"
        place.mkdir()
        server = stack.enter_context(vault_servers.serving(program, authority, binary, place, HTTPS_PROXY=proxy.url))
        keys = initialised(server)
        surroundings = Surroundings(
            authority=authority,
            reviewer=api_server.token(**own),
            places={AUDIT_DIRECTORY: str(place / AUDIT)},
        )
        installation = Installation(server.api.using(keys["vault-root"]), surroundings)
        installation.install(program)
        yield Site(program, authority, server, keys, installation, api_server, authentik, client, proxy)


@contextlib.contextmanager
def _double(respond: Respond, authority: Authority, host: str, directory: Path) -> Iterator[int]:
    """Port of a double that has the certificate of `host`."""
    with serving(respond, authority.server([host])) as double:
        yield urlsplit(double.url).port or 0


def declared(program: Recording) -> dict[str, dict[str, Any]]:
    """Every secret that the program writes, by its path in the engine."""
    written = program.of_type("vault:kv/secretV2:SecretV2")
    return {one.get("name"): json.loads(one.get("dataJson")) for one in written}

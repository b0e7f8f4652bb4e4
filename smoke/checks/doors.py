"""What anybody can see from outside: hosts, certificates, discovery, and where each login leads."""

from __future__ import annotations

import ssl
import urllib.error
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from pkgutil import resolve_name
from typing import Final
from urllib.request import HTTPCookieProcessor

from components.vault import login as vault_login
from components.vault.login import MOUNT, ROLE
from declarations.forward_auth import ProxiedApplication, proxied_applications
from declarations.login_checks import LoginCheck
from declarations.oidc import OidcApplication
from register import logins
from register.services import SERVICES
from scripts import discovery, forward_auth, login_offered
from scripts import vault_login as vault_probe
from smoke.check import HOSTS, Check, Failed, Skipped, asked
from smoke.site import Site

SIGN_ON = "single sign-on on every service"

_SERVER_ERROR: Final = 500
_OVERDUE: Final = timedelta(days=10)
"""A certificate is renewed when a third of its time is left, which is 15 days of the shortest, and 30 of ours."""


def checks(site: Site) -> Iterator[Check]:
    """Those that need no account."""
    settings = site.settings
    proxied = proxied_applications(settings)
    for host in (*settings.resolved_names, *(one.host for one in proxied)):
        look = f"kubectl get ingress,certificate -A | grep {host}; the certificate's events"
        yield Check(HOSTS, f"{host} has a certificate of the CA", look, partial(_answers, site, host))
    for one in logins.applications(settings):
        look = f"kubectl -n authentik logs job/login-{one.slug}-discovery; Authentik: provider {one.slug}"
        yield Check(SIGN_ON, f"issuer of {one.slug}", look, partial(_issuer, site, one))
    for service, questions in logins.checks(site.settings):
        look = f"kubectl -n {service} logs job/{service}-login; the login settings of {service}"
        yield Check(SIGN_ON, f"{service} leads to Authentik", look, partial(_offered, site, questions))
    if settings.vault.oidc:
        look = f"kubectl -n vault logs job/vault-oidc-gate; vault read auth/{MOUNT}/config"
        yield Check(SIGN_ON, "vault leads to Authentik", look, partial(_vault, site))
    for behind in proxied:
        look = f"the annotation of its Ingress; kubectl -n authentik logs job/login-{behind.slug}-redirect"
        yield Check(SIGN_ON, f"{behind.slug} lets no stranger through", look, partial(_shut, site, behind))
    for own in (service.smoke.doors for service in SERVICES if service.enabled(settings)):
        if own:
            yield from resolve_name(own)(site)


def _answers(site: Site, host: str) -> str:
    try:
        page = site.browser().get(f"https://{host}/")
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise Failed(f"the certificate is not one of the CA for this name: {error.reason.verify_message}") from None
        raise
    if page.status >= _SERVER_ERROR:
        raise Failed(f"answers {page.status}: the ingress is there, the service behind it is not")
    end = datetime.fromtimestamp(site.network.certificate_end(host), UTC)
    if end - datetime.now(UTC) < _OVERDUE:
        raise Failed(f"the certificate ends {end:%Y-%m-%d}, and cert-manager has not renewed it")
    return f"answers {page.status}; the certificate ends {end:%Y-%m-%d}"


def _issuer(site: Site, application: OidcApplication) -> str:
    environment = {
        "ISSUER": application.issuer,
        "DISCOVERY_URL": application.discovery_url,
        "CLIENT_ID": application.client_id,
        "REDIRECT_URIS": "\n".join(application.redirect_uris),
    }
    return asked(discovery.problem(environment, site.network.opener()), application.issuer)


def _offered(site: Site, questions: Sequence[LoginCheck]) -> str:
    opener = site.network.opener(HTTPCookieProcessor())
    pages = [question for question in questions if question["url"].startswith("https:")]
    problems = (login_offered.problem(opener, question) for question in pages)
    return asked(next(filter(None, problems), ""), f"{len(pages)} answers as declared")


def _vault(site: Site) -> str:
    application = vault_login.application(site.settings)
    environment = {
        "VAULT_ADDR": f"https://{site.settings.vault.host}",
        "MOUNT": MOUNT,
        "ROLE": ROLE,
        "ISSUER": application.issuer,
        "CLIENT_ID": application.client_id,
        "REDIRECT_URIS": "\n".join(application.redirect_uris),
    }
    return asked(vault_probe.problem(environment, site.network.opener()), "an authorization URL of Authentik")


def _shut(site: Site, application: ProxiedApplication) -> str:
    page = site.browser().get(f"{application.url}/")
    if page.status == HTTPStatus.NOT_FOUND:
        raise Skipped(f"nothing serves {application.url}/ yet")
    if not page.location:
        raise Failed(f"{application.url}/ answers a stranger with {page.status}: its Ingress does not ask Authentik")
    problem = forward_auth.location_problem(page.location, application.host, application.auth_host)
    return asked(problem, "a stranger is sent to the login")

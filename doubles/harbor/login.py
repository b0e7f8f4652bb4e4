"""The portal and the API of Harbor as far as a login and what it finds go; its images are in registry.py."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from components.harbor import login as harbor_login
from components.harbor.settings import HarborSettings
from doubles import client
from doubles.client import Answer, Client, Login
from doubles.loopback import Reply
from doubles.web import Asked, page
from settings.model import Settings


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What its system settings say of logins (CONFIG_OVERWRITE_JSON); `onboards` is oidc_auto_onboard."""

    login: Login
    admin_group: str
    auth_mode: str = "oidc_auth"
    user_claim: str = "preferred_username"
    groups_claim: str = "groups"
    onboards: bool = True


def declared(settings: Settings) -> Configuration:
    """What a stack file makes of it."""
    return Configuration(
        login=client.declared(harbor_login.application(settings)),
        admin_group=settings.section(HarborSettings).admin_group,
    )


def read(document: Mapping[str, Any], external_url: str) -> Configuration:
    """The settings in Harbor's own words."""
    login = Login(
        issuer=str(document.get("oidc_endpoint", "")),
        client_id=str(document.get("oidc_client_id", "")),
        secret=str(document.get("oidc_client_secret", "")),
        redirect_uri=f"{external_url}/c/oidc/callback",
        scopes=tuple(str(document.get("oidc_scope", "")).split(",")),
    )
    return Configuration(
        login=login,
        admin_group=str(document.get("oidc_admin_group", "")),
        auth_mode=str(document.get("auth_mode", "db_auth")),
        user_claim=str(document.get("oidc_user_claim", "name")),
        groups_claim=str(document.get("oidc_groups_claim", "")),
        onboards=document.get("oidc_auto_onboard") is True,
    )


def harbor(configuration: Configuration, authentik: Answer, faults: Collection[str] = ()) -> Answer:
    """What answers on its host, registry aside."""
    people = Client(configuration.login, authentik)
    mode = "db_auth" if "harbor has its own login" in faults else configuration.auth_mode
    asks = not configuration.onboards or "harbor asks for a name" in faults

    def answer(asked: Asked) -> Reply:
        person = people.person(asked)
        if asked.path == "/api/v2.0/systeminfo":
            return Reply(body={"auth_mode": mode})
        if asked.path == "/c/oidc/login" and configuration.auth_mode == "oidc_auth":
            return people.begin()
        if asked.path == "/c/oidc/callback":
            return people.finish(asked, "/oidc-onboard?username=x" if asks else "/")
        if asked.path == "/api/v2.0/users/current":
            if person is None or asks:
                return Reply(401, {"errors": [{"code": "UNAUTHORIZED"}]})
            groups = person.get(configuration.groups_claim, ())
            administrator = configuration.admin_group in groups and "harbor mixes up rights" not in faults
            flags = {"sysadmin_flag": False, "admin_role_in_auth": administrator}
            return Reply(body={"username": person.get(configuration.user_claim, ""), **flags})
        return page("Harbor")

    return answer

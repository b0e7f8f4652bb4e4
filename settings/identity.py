"""Section `identity` of the stack file: Authentik, its people and groups, and the applications they log in to."""

from collections.abc import Callable, Collection
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from settings import shapes
from settings.service_types import RedirectUri
from settings.types import Email, Hostname, HttpsUrl, Name, Strict, Text, Username

HTTPS_PORT = 443


def _without_port(advice: str) -> Callable[[Any], Any]:
    def refuse(value: Any) -> Any:
        host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
        if port.isdecimal() and shapes.HOSTNAME.fullmatch(host):
            raise ValueError(f"is a host with a port; {advice}")
        return value

    return refuse


class User(Strict):
    """A person. The first password is set by a recovery link, never here."""

    name: Text = Field(description="Full name.")
    email: Email = Field(description="Address of the person; services link accounts by it, so it is unique.")
    groups: tuple[Name, ...] = Field(default=(), description="Groups of the person; each declared in identity.groups.")
    active: bool | None = Field(
        default=None,
        description="false ends all sessions and keeps the account, true takes it back; absent: as Authentik has it.",
    )


class ServiceAccount(Strict):
    """A program that uses Authentik's API or logs in for itself, with the tokens of `identity.tokens`."""

    name: Text = Field(description="What it is for.")
    groups: tuple[Name, ...] = Field(default=(), description="Groups of the account; each declared in identity.groups.")


class Token(Strict):
    """A token of a service account: made by this program, kept in Vault, rotated like every other secret."""

    account: Username = Field(description="Whose it is; one of identity.serviceAccounts.")
    intent: Literal["api", "app_password"] = Field(
        default="api",
        description="api: for Authentik's API; app_password: in the place of a password, where a program logs in.",
    )
    reflect_to: tuple[Name, ...] = Field(
        min_length=1, description="Namespaces that get a copy, as the Secret `token-<name>` with username and token."
    )


class Application(Strict):
    """An application with an OIDC login of its own; the key is its slug and its client id."""

    name: Text = Field(description="What people see.")
    host: Annotated[Hostname, BeforeValidator(_without_port("write the port as `port`, beside it"))] = Field(
        description="Host of the application; every redirect URI is on it."
    )
    port: int = Field(
        default=HTTPS_PORT, ge=1, le=65535, description="Port of the application on its host; Traefik serves 443 alone."
    )
    launch_url: HttpsUrl | None = Field(
        default=None, description="Where people start; https://<host>/ when absent, with the port unless it is 443."
    )
    redirect_uris: tuple[RedirectUri, ...] = Field(min_length=1, description="Exact https:// URIs, never patterns.")
    groups: tuple[Name, ...] = Field(min_length=1, description="Only members of one of these may log in.")
    client: Literal["confidential", "public"] = Field(
        default="confidential",
        description="public: no secret, for programs on people's machines; may redirect to http://localhost too.",
    )
    offline_access: bool = Field(default=False, description="Whether the application may have refresh tokens.")
    token_minutes: int = Field(default=10, ge=1, le=1440, description="Life of an access token.")
    namespaces: tuple[Name, ...] = Field(
        default=(),
        description="Namespaces that are made for the application, each with its credentials as Secret oidc-<slug>.",
    )
    issuer: HttpsUrl | None = Field(
        default=None,
        description="Issuer that the application is set up with elsewhere; refused unless it is Authentik's.",
    )

    @property
    def authority(self) -> str:
        """Host and port as browsers write them in the URLs of the application."""
        return self.host if self.port == HTTPS_PORT else f"{self.host}:{self.port}"


class Proxied(Strict):
    """An application without a login of its own: Traefik lets only those through whom Authentik knows."""

    name: Text = Field(description="What people see.")
    host: Annotated[Hostname, BeforeValidator(_without_port("Traefik serves it on 443 alone: leave the port out"))] = (
        Field(description="Host of the application, served by Traefik on 443.")
    )
    launch_url: HttpsUrl | None = Field(default=None, description="Where people start; https://<host>/ when absent.")
    groups: tuple[Name, ...] = Field(min_length=1, description="Only members of one of these get through.")
    session_minutes: int = Field(default=480, ge=5, le=43200, description="How long a login lasts.")


class RemovedIdentities(Strict):
    """What is deleted in Authentik: leaving the rest of the stack file alone deletes nothing there."""

    users: tuple[Username, ...] = Field(default=(), description="People whose accounts are deleted.")
    service_accounts: tuple[Username, ...] = Field(default=(), description="Service accounts that are deleted.")
    groups: tuple[Name, ...] = Field(default=(), description="Groups that are deleted.")
    applications: tuple[Name, ...] = Field(
        default=(), description="Slugs of identity.applications and identity.proxied that are deleted."
    )
    tokens: tuple[Name, ...] = Field(default=(), description="Tokens of service accounts that are deleted.")


class SecondFactor(Strict):
    """Whose login needs more than a password."""

    groups: tuple[Name, ...] = Field(
        default=(), description="Members set up a second factor at their next login and need it at every other."
    )
    methods: tuple[Literal["webauthn", "totp"], ...] = Field(
        default=("webauthn", "totp"), min_length=1, description="What a person may set up."
    )
    administrators: Literal["required", "optional"] = Field(
        default="required",
        description="required: also members of each adminGroup, who is cluster-admin, and administrators of Authentik.",
    )


class IdentitySettings(Strict):
    """Authentik, and the people and groups of the platform."""

    host: Hostname = Field(description="Host of Authentik: the issuer of every login.")
    url: HttpsUrl | None = Field(default=None, description="Where this program reaches Authentik when not on its host.")
    replicas: int = Field(default=1, ge=1, le=5, description="Replicas of the Authentik server.")
    admin_email: Email = Field(description="Address of the break-glass administrator akadmin.")
    groups: tuple[Name, ...] = Field(description="Every group; users and services may name only these.")
    users: dict[Username, User] = Field(description="Every person by user name.")
    service_accounts: dict[Username, ServiceAccount] = Field(
        default_factory=dict, description="Every program with an account of its own, by user name."
    )
    tokens: dict[Name, Token] = Field(default_factory=dict, description="Tokens of service accounts by name.")
    applications: dict[Name, Application] = Field(
        default_factory=dict, description="Further applications by slug; those of the platform are declared already."
    )
    proxied: dict[Name, Proxied] = Field(
        default_factory=dict, description="Applications without a login of their own, by slug."
    )
    second_factor: SecondFactor = Field(default_factory=SecondFactor)
    removed: RemovedIdentities = Field(default_factory=RemovedIdentities)

    def members(self, groups: Collection[str]) -> tuple[str, ...]:
        """User names of the people in any of these groups, except those whose account is switched off."""
        people = self.users.items()
        return tuple(sorted(name for name, one in people if one.active is not False and set(one.groups) & set(groups)))

"""Sections of the stack file that describe what the services stand on: secrets, databases, GitOps, certificates."""

from ipaddress import IPv4Address
from typing import Annotated, Literal

from pydantic import Field

from settings import rules, shapes
from settings.service_types import ForgeName, KnownHost, SecretPath
from settings.shapes import Shape
from settings.types import (
    Address,
    Email,
    ExactVersion,
    Folder,
    GitRef,
    GitUrl,
    Hostname,
    HttpsUrl,
    Interval,
    Name,
    Quantity,
    Strict,
)


class VaultSettings(Strict):
    """Vault with integrated storage."""

    host: Hostname = Field(description="Host of the UI.")
    mode: Annotated[Literal["standalone", "ha"], rules.SERVERS] = Field(
        default="standalone", description="standalone: one server; ha: three, each on its own node, one active."
    )
    address: HttpsUrl | None = Field(
        default=None, description="Where this program reaches the API when not on its fixed IP."
    )
    data_size: Annotated[Quantity, rules.TEMPLATE] = Field(
        default="10Gi", description="Volume of the integrated storage of each server."
    )
    audit_size: Annotated[Quantity, rules.TEMPLATE] = Field(
        default="5Gi", description="Volume of the audit log of each server; the oldest entries go when it fills up."
    )
    user_group: Name = Field(description="Group that may log in and read its own secrets.")
    admin_group: Name = Field(description="Group that manages Vault.")
    oidc: bool = Field(default=True, description="Whether people log in to Vault through Authentik.")

    @property
    def replicas(self) -> int:
        """Number of servers. Three agree while one is away; five would need as many nodes."""
        return 3 if self.mode == "ha" else 1


Moment = Annotated[
    str,
    Shape(
        shapes.MOMENT,
        "a moment in UTC; write it as '2026-11-27T10:00:00Z', in quotes",
        "moment in UTC",
        "2026-11-27T10:00:00Z",
    ),
]


class Recovery(Strict):
    """Where the Postgres cluster came from, when it was not made empty: an earlier archive of its own."""

    archive: int = Field(ge=1, description="Number of the archive that it was made of.")
    time: Moment | None = Field(
        default=None, description="Moment that it went back to; the last one in the archive if omitted."
    )
    hold_off: bool = Field(
        default=False,
        description="Whether the services are kept away from it, while somebody looks whether it is the right one.",
    )


class DatabasesSettings(Strict):
    """One Postgres cluster and one Valkey for all services."""

    instances: int = Field(default=2, ge=1, le=7, description="Postgres instances; one is primary.")
    durability: Literal["preferred", "required"] = Field(
        default="preferred",
        description="Whether a write that no second instance can take goes on (preferred) or waits (required).",
    )
    memory: Quantity = Field(default="2Gi", description="Memory of each Postgres instance.")
    size: Annotated[Quantity, rules.VOLUME] = Field(default="10Gi", description="Volume of each Postgres instance.")
    archive: Annotated[int, Field(ge=1), rules.ARCHIVE] = Field(
        default=1,
        description="Number of the archive that Postgres writes to, where there are backups. Raising it DELETES the "
        "databases and makes them anew of recovery (docs/runbooks/databases.md#restore-all-databases).",
    )
    recovery: Recovery | None = Field(default=None, description="What they were made of, from the second archive on.")
    valkey_size: Annotated[Quantity, rules.VOLUME] = Field(default="2Gi", description="Volume of Valkey.")


class MonitoringSettings(Strict):
    """What the platform says of itself."""

    enabled: bool = Field(
        default=False,
        description="Whether everything that serves metrics is watched: Prometheus and Alertmanager with their "
        "operator, a monitor for each workload, alerts, and exporters where there are none by themselves.",
    )
    retention_days: int = Field(default=15, ge=1, le=3650, description="How long Prometheus remembers, in days.")
    size: Annotated[Quantity, rules.TEMPLATE] = Field(default="20Gi", description="Volume of Prometheus.")
    memory: Quantity = Field(default="2Gi", description="Memory of Prometheus.")
    webhook: HttpsUrl | None = Field(
        default=None,
        description="Where Alertmanager sends alerts (its webhook_configs); without it they are only to be seen there.",
    )
    read_from: tuple[Name, ...] = Field(
        default=(),
        description="Namespaces whose pods may ask Prometheus and Alertmanager and find dashboards, such as that of a "
        "Grafana.",
    )
    runbooks: HttpsUrl | None = Field(
        default=None,
        description="Where people read docs/runbooks, such as a page of Gitea; alerts then lead there.",
    )


class GiteaRepository(Strict):
    """A repository of this cluster's Gitea: made where it is missing, with a first commit where it is empty."""

    organisation: ForgeName = Field(description="Who owns it: one of gitea.organisations.")
    repository: ForgeName = Field(description="Its name.")


class Sync(Strict):
    """The Git path that Flux applies: of a repository anywhere, or of this cluster's Gitea."""

    url: GitUrl | None = Field(default=None, description="Git repository; without it, gitea says which.")
    known_hosts: tuple[KnownHost, ...] = Field(
        default=(), description="Keys of the host of an ssh:// URL, by which Flux knows it: what ssh-keyscan prints."
    )
    gitea: GiteaRepository | None = Field(
        default=None,
        description="Repository of this cluster's Gitea, in place of url; Flux gets an account that reads.",
    )
    ref: GitRef = Field(default="refs/heads/main", description="Branch or tag of that repository.")
    path: Folder = Field(description="Directory of that repository.")
    interval: Interval = Field(default="1m", description="How often Flux looks for changes.")


class GitOpsSettings(Strict):
    """Flux; applies what lives under its Git path and nothing that this program owns."""

    enabled: bool = Field(default=True, description="Whether Flux is brought up.")
    flux_version: ExactVersion = Field(description="Release of Flux.")
    sync: Sync | None = Field(default=None, description="What Flux applies; without it, Flux runs and applies nothing.")


class RotationSettings(Strict):
    """Generations of secrets."""

    generations: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict,
        description="Generation of a secret by its path; raise it by one to rotate the secret everywhere.",
    )


class SecretField(Strict):
    """One value, random unless it is given."""

    kind: Literal["password", "hex", "base64url", "given"] = Field(
        default="password",
        description="password: letters and digits; hex and base64url: random bytes, written so; given: yours, in the "
        "secret givenSecrets.",
    )
    size: int = Field(default=32, ge=16, le=512, description="Characters of a password, bytes of the others.")
    keep_previous: bool = Field(
        default=False, description="Whether the value before the last rotation stays beside it, as `<name>-previous`."
    )


class ExtraSecret(Strict):
    """A secret of an application that this program does not bring up."""

    fields: dict[Name, SecretField] = Field(min_length=1, description="Its values by name.")
    reflect_to: tuple[Name, ...] = Field(
        default=(),
        min_length=1,
        description="Namespaces that get a copy, as the Secret `extra-<path with dashes>`; may be absent for chains.",
    )


class SecretsSettings(Strict):
    """Secrets for applications of your own, generated, kept in Vault and rotated like all others."""

    namespaces: tuple[Name, ...] = Field(
        default=(), description="Namespaces that this program does not make and that may get copies."
    )
    extra: dict[SecretPath, ExtraSecret] = Field(default_factory=dict, description="Every added secret by its path.")

    @property
    def given(self) -> dict[str, tuple[str, ...]]:
        """Fields that a person brings, by the path of their secret."""
        fields = {
            path: tuple(name for name, field in one.fields.items() if field.kind == "given")
            for path, one in self.extra.items()
        }
        return {path: names for path, names in fields.items() if names}


OWN_DNS = "rfc2136"
"""Solver that updates the zones of the section `dns`. The others are providers whose API takes one token."""


class CertificatesSettings(Strict):
    """Who signs the certificates of the hosts."""

    issuer: Literal["internal-ca", "acme-staging", "acme-production"] = Field(
        default="internal-ca",
        description="internal-ca: the program's own CA, whose certificate is a stack output. acme-production: Let's "
        "Encrypt, which everybody trusts; acme-staging: its rehearsal, which nobody trusts but this platform.",
    )
    email: Email | None = Field(
        default=None, description="Contact of the account at Let's Encrypt, which an ACME issuer needs."
    )
    solver: Literal["rfc2136", "cloudflare", "digitalocean"] | None = Field(
        default=None,
        description="Where the challenges of an ACME issuer are answered (DNS-01). rfc2136: in the zones of the "
        "section dns; else at the provider that the domain is at, by the token `acmeDnsToken`.",
    )
    wildcard: bool = Field(
        default=False,
        description="One certificate for all hosts, with wildcards, in place of one for each service: no host is named "
        "in public logs, and one order is all there is.",
    )
    resolvers: tuple[Address, ...] = Field(
        default=(IPv4Address("1.1.1.1"), IPv4Address("9.9.9.9")),
        min_length=1,
        description="DNS servers that see the domain as the world does: by them cert-manager finds the zone of a host, "
        "and sees that a challenge can be looked up.",
    )

    @property
    def acme(self) -> bool:
        """Whether Let's Encrypt signs."""
        return self.issuer != "internal-ca"

"""Section `gitea` of the stack file: git hosting."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field

from components.gitea.names import ADMINISTRATOR, FLUX
from lib.images import JOBS
from settings import rules
from settings.service import ServiceSection
from settings.service_types import ForgeName, ImageReference, JobLabel
from settings.types import Email, Hostname, Name, Quantity, Strict
from settings.user_names import UserNames

OWNERS = "owners"
"""The team that every organisation has, in lower case; it may do everything there."""

_PAGES = """
    api assets attachments avatar avatars captcha explore favicon.ico ghost gitea-actions issues login
    manifest.json metrics milestones notifications org pulls repo repo-avatars robots.txt sitemap.xml ssh_info
    swagger.v1.json user v2
"""

Unit = Literal["code", "issues", "pulls", "releases", "wiki", "projects", "packages", "actions"]
UNITS: tuple[Unit, ...] = ("code", "issues", "pulls", "releases", "wiki", "projects", "packages", "actions")
"""Parts of a repository that a team may be given (`repo.<unit>` in Gitea, models/unit/unit.go)."""


USER_NAMES = UserNames(
    # The login links an account to the person of its name, and with it the administrator.
    reserved=frozenset((ADMINISTRATOR, FLUX, *_PAGES.split())),
    endings=(".keys", ".gpg", ".rss", ".atom", ".png"),
    impossible=(re.compile(r"[-._]{2}|[-._]$"), "has two of - . _ in a row, or one at its end"),
)
"""Names of people and organisations (Gitea 1.26, models/user/user.go and modules/validation/helpers.go)."""


class Team(Strict):
    """What the members of some groups may do in an organisation."""

    permission: Literal["read", "write", "admin"] = Field(
        description="read and write: of the units; admin: every unit and the settings of the repositories."
    )
    units: tuple[Unit, ...] = Field(
        default=UNITS, min_length=1, description="Parts of the repositories that read or write are about."
    )
    all_repositories: bool = Field(
        default=True, description="true: every repository of the organisation; false: those that an owner adds."
    )
    create_repositories: bool = Field(default=False, description="Whether members may create repositories.")
    groups: tuple[Name, ...] = Field(
        min_length=1, description="Groups whose members are in the team from their next login on, and nobody else."
    )


class Organisation(Strict):
    """Owner of repositories that belong to several people."""

    visibility: Literal["public", "limited", "private"] = Field(
        default="private", description="Who sees it: public: everybody; limited: who has logged in; private: members."
    )
    owners: tuple[Name, ...] = Field(
        default=(), description="Groups whose members own it; empty: Gitea's own list of owners is left alone."
    )
    teams: dict[ForgeName, Team] = Field(default_factory=dict, description="Its teams by name, besides the owners.")

    @property
    def groups(self) -> tuple[tuple[str, str], ...]:
        """Key below the organisation and group, for every group that is named."""
        return tuple(self._groups())

    def _groups(self) -> Iterator[tuple[str, str]]:
        yield from (("owners", group) for group in self.owners)
        for name, team in self.teams.items():
            yield from ((f"teams.{name}.groups", group) for group in team.groups)


class RemovedOrganisations(Strict):
    """What is deleted in Gitea: leaving the rest of the stack file alone deletes nothing there."""

    organisations: tuple[ForgeName, ...] = Field(
        default=(), description="Organisations that are deleted once they have no repositories and no packages."
    )


class Actions(Strict):
    """Workflows of repositories, and the runners that carry them out."""

    enabled: bool = Field(default=False, description="Whether workflows run, and runners for them.")
    runners: int = Field(default=1, ge=1, le=10, description="Pods that run jobs.")
    jobs: int = Field(default=1, ge=1, le=8, description="Jobs that one runner carries out at the same time.")
    labels: tuple[JobLabel, ...] = Field(
        default=("ubuntu-latest",), min_length=1, description="What `runs-on` of a job names for these runners."
    )
    image: ImageReference = Field(
        default=JOBS, description="Image that jobs run in, with the tools that they need: bash, git and, mostly, node."
    )
    memory: Quantity = Field(default="2Gi", description="Memory of each runner with its jobs.")
    size: Annotated[Quantity, rules.TEMPLATE] = Field(
        default="10Gi", description="Volume of each runner: work directories and caches."
    )


class GiteaSettings(ServiceSection):
    """Git hosting."""

    host: Hostname = Field(description="Host of Gitea.")
    ssh_host: Hostname | None = Field(
        default=None,
        description="Host of git over SSH, at network.loadBalancers.gitSsh; `git-ssh.example.com` beside a host "
        "`git.example.com` when omitted.",
    )
    size: Annotated[Quantity, rules.VOLUME] = Field(default="10Gi", description="Volume of the repositories.")
    user_group: Name = Field(description="Group that may log in.")
    admin_group: Name = Field(description="Group of administrators; its members are in the user group too.")
    admin_email: Email = Field(description="Address of the break-glass administrator.")
    organisations: dict[ForgeName, Organisation] = Field(
        default_factory=dict, description="Every organisation that this program keeps as it stands here, by name."
    )
    removed: RemovedOrganisations = Field(default_factory=RemovedOrganisations)
    actions: Actions = Field(default_factory=Actions)

    @property
    def ssh_name(self) -> str:
        """Name that people clone from over SSH. The ingress has another address, so it cannot be that of the pages."""
        label, _, rest = self.host.partition(".")
        return self.ssh_host or f"{label}-ssh.{rest}"

    @property
    def hosts(self) -> Mapping[str, str]:
        return {"host": self.host}

    @property
    def balanced(self) -> Mapping[str, tuple[str, str]]:
        return {"sshHost": (self.ssh_name, "git_ssh")}

    @property
    def derived(self) -> frozenset[str]:
        return frozenset({"sshHost"} if self.ssh_host is None else ())

    @property
    def volumes(self) -> Mapping[str, str]:
        return {"size": self.size, "actions.size": self.actions.size}

    @property
    def memory(self) -> Mapping[str, str]:
        return {"actions.memory": self.actions.memory} if self.actions.enabled else {}

    @property
    def emails(self) -> Mapping[str, str]:
        return {"adminEmail": self.admin_email}

    def everything(self) -> Self:
        actions = self.actions.model_copy(update={"enabled": True})
        return self.model_copy(update={"enabled": True, "actions": actions})

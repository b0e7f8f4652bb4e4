"""Section `harbor` of the stack file: the container registry and what it holds.

Names and limits are those of Harbor 2.15 (src/pkg/project/manager.go, src/server/v2.0/handler/robot.go).
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from settings import rules
from settings.service import ServiceSection
from settings.service_types import ArtifactRepository, ProjectName, ProjectScope, RobotName
from settings.types import Cron, Hostname, HttpsUrl, Name, Quantity, Strict
from settings.user_names import UserNames

ALL_PROJECTS = "*"
"""In the permissions of a robot: every project."""

USER_NAMES = UserNames(reserved=frozenset(("admin",)))
"""Names of people: that of the break-glass administrator is taken ("the user with same username … has been onboarded",
src/core/controllers/oidc.go)."""

Role = Literal["projectAdmin", "maintainer", "developer", "guest", "limitedGuest"]
Right = Literal["pull", "push", "delete"]


class ArtifactRetention(Strict):
    """Which artifacts of each repository stay; those that no rule keeps are deleted on the schedule."""

    most_recently_pushed: int | None = Field(
        default=None, ge=1, le=1_000_000, description="So many of those pushed last stay."
    )
    pushed_within_days: int | None = Field(
        default=None, ge=1, le=36_500, description="Those pushed within so many days stay."
    )
    pulled_within_days: int | None = Field(
        default=None, ge=1, le=36_500, description="Those pulled within so many days stay."
    )
    schedule: Cron = Field(default="0 2 * * *", description="When the others are deleted (UTC).")


class Project(Strict):
    """A project of Harbor. One that leaves the file stays in Harbor; `harbor.removed` deletes it."""

    public: bool = Field(default=False, description="Whether anybody may pull, without a login.")
    quota: Quantity | None = Field(default=None, description="The most that its artifacts may take up; no limit.")
    members: dict[Name, Role] = Field(
        default_factory=dict,
        description="Role of each group of identity.groups (projectAdmin, maintainer, developer, guest, limitedGuest); "
        "nobody else is a member: others are taken out again.",
    )
    proxy_cache: Annotated[Name | None, rules.PROXY_CACHE] = Field(
        default=None, description="Registry of harbor.registries whose images the project caches."
    )
    retention: ArtifactRetention | None = Field(
        default=None, description="What stays; everything, and in a proxy cache what was pulled in the last 7 days."
    )
    scan_on_push: bool = Field(default=True, description="Whether each pushed image is scanned for vulnerabilities.")
    prevent_vulnerable: Literal["low", "medium", "high", "critical"] | None = Field(
        default=None, description="Images with a vulnerability of this severity or a higher one cannot be pulled."
    )


class UpstreamRegistry(Strict):
    """A registry that projects may cache, without credentials. Harbor must reach it when it is added or changed.

    The types are some of those that the chart admits for proxy caches (PERMITTED_REGISTRY_TYPES_FOR_PROXY_CACHE of its
    templates/core/core-cm.yaml). `quay` is not among them: quay.io is a `docker-registry`.
    """

    type: Literal["docker-hub", "docker-registry", "github-ghcr", "harbor"] = Field(description="What serves it.")
    url: HttpsUrl = Field(description="Where it is; https://hub.docker.com for docker-hub.")

    @property
    def image_host(self) -> str:
        """The host in the names of its images."""
        return "docker.io" if self.type == "docker-hub" else self.url.removeprefix("https://").split("/")[0]


class RobotAccount(Strict):
    """An account for programs. Its name and password are the Secret `registry-<name>`, of type dockerconfigjson."""

    permissions: dict[ProjectScope, tuple[Right, ...]] = Field(
        description="What it may do (pull, push, delete) in which project of harbor.projects; '*' stands for every one."
    )
    reflect_to: tuple[Name, ...] = Field(
        default=(), description="Namespaces that get a copy of its Secret, for imagePullSecrets."
    )


class RemovedContent(Strict):
    """What is deleted in Harbor: leaving the rest of the stack file alone deletes nothing there."""

    projects: tuple[ProjectName, ...] = Field(default=(), description="Projects that are deleted, once they are empty.")
    registries: tuple[Name, ...] = Field(default=(), description="Registries that are deleted.")
    robots: tuple[RobotName, ...] = Field(default=(), description="Robots that are deleted.")


class GarbageCollection(Strict):
    """Freeing the space of what was deleted. Without it a volume only fills."""

    schedule: Cron = Field(default="30 3 * * 6", description="When (UTC).")
    delete_untagged: bool = Field(default=False, description="Whether artifacts without a tag are deleted, too.")


class ScannerSettings(Strict):
    """Where Trivy gets its databases, which it downloads itself; the first that answers is taken."""

    vulnerabilities: tuple[ArtifactRepository, ...] = Field(
        default=("mirror.gcr.io/aquasec/trivy-db", "ghcr.io/aquasecurity/trivy-db"),
        min_length=1,
        description="Known vulnerabilities.",
    )
    java: tuple[ArtifactRepository, ...] = Field(
        default=("mirror.gcr.io/aquasec/trivy-java-db", "ghcr.io/aquasecurity/trivy-java-db"),
        min_length=1,
        description="What Java archives are.",
    )


class HarborSettings(ServiceSection):
    """Container registry."""

    host: Hostname = Field(description="Host of Harbor and of its registry.")
    registry_size: Annotated[Quantity, rules.VOLUME] = Field(default="20Gi", description="Volume of the images.")
    user_group: Name = Field(description="Group that may log in.")
    admin_group: Name = Field(description="Group of system administrators.")
    project_creation: Literal["administrators", "everyone"] = Field(
        default="administrators", description="Who may make projects besides those of this file."
    )
    projects: dict[ProjectName, Project] = Field(default_factory=dict, description="Every project by name.")
    registries: dict[Name, UpstreamRegistry] = Field(
        default_factory=dict, description="Registries that projects may cache, by name."
    )
    robots: dict[RobotName, RobotAccount] = Field(default_factory=dict, description="Accounts for programs, by name.")
    removed: RemovedContent = Field(default_factory=RemovedContent)
    node_mirrors: dict[Hostname, ProjectName] = Field(
        default_factory=dict,
        description="Public proxy cache through which the nodes pull the images of a registry; "
        "where it does not answer, they pull from the registry itself.",
    )
    garbage_collection: GarbageCollection = Field(default_factory=GarbageCollection)
    scanner: ScannerSettings = Field(default_factory=ScannerSettings)
    scan_schedule: Cron = Field(default="0 4 * * *", description="When every image is scanned anew (UTC).")

    @property
    def hosts(self) -> Mapping[str, str]:
        return {"host": self.host}

    @property
    def volumes(self) -> Mapping[str, str]:
        return {"registrySize": self.registry_size}

    @property
    def urls(self) -> Mapping[str, str]:
        return {f"registries.{name}.url": registry.url for name, registry in self.registries.items()}

    @property
    def login_groups(self) -> tuple[str, ...]:
        return (self.user_group, self.admin_group)

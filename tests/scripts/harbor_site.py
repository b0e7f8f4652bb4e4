"""A Harbor for the Job that fills it: the double, the mounted Secrets and what is declared."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.harbor.declared import content
from components.harbor.settings import HarborSettings as Settings
from doubles.harbor.content import Harbor
from doubles.kubernetes_api import KubernetesApi, Target
from doubles.loopback import Double, Reply, Request
from scripts import harbor_content

DECLARED: dict[str, Any] = {
    "registries": {
        "hub": {"type": "docker-hub", "url": "https://hub.docker.com"},
        "quay": {"type": "docker-registry", "url": "https://quay.io/"},
    },
    "projects": {
        "library": {"members": {"people": "guest"}, "preventVulnerable": "high"},
        "shop": {
            "quota": "20Gi",
            "members": {"people": "developer", "owners": "projectAdmin"},
            "retention": {"mostRecentlyPushed": 10, "pushedWithinDays": 30},
        },
        "proxy-docker": {"public": True, "proxyCache": "hub"},
        "proxy-quay": {"public": True, "proxyCache": "quay", "retention": {"pulledWithinDays": 90}},
    },
    "robots": {"builder": {"permissions": {"shop": ["push"]}}, "puller": {"permissions": {"*": ["pull"]}}},
}


class Clock:
    """Takes the place of the module `time`: a second passes whenever somebody looks, and what is slept, at once."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        self._now += 1
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds


@dataclass
class Cluster:
    """The API server: when Secret and core are from."""

    generations: str = "valkey/harbor=1"
    written: str = "2099-01-01T00:00:00Z"
    started: str = "2099-01-01T00:00:05Z"
    version: str = "v1.36.3"

    def respond(self, request: Request) -> Reply:
        """The answer of the API server."""
        return KubernetesApi(self).respond(request)

    def user(self, token: str) -> str | None:
        """The one account."""
        return token

    def may(self, user: str, verb: str, target: Target) -> bool:
        """What the role of the program allows."""
        return (verb, target.plural, target.name) in (("get", "secrets", "valkey"), ("list", "pods", ""))

    def objects(self, target: Target) -> list[dict[str, Any]]:
        """The Secret with what it says of itself, or the pods."""
        if target.plural == "secrets":
            by = [{"time": self.written, "fieldsV1": {"f:data": {}}}, {"time": "2199-01-01T00:00:00Z", "fieldsV1": {}}]
            annotations = {"home-cluster/generations": self.generations}
            return [{"metadata": {"name": "valkey", "annotations": annotations, "managedFields": by}}]
        core = {"name": "core", "state": {"running": {"startedAt": self.started}}}
        metadata = {"labels": {"component": "core"}}
        other = {"name": "portal", "state": {"running": {"startedAt": "2001-01-01T00:00:00Z"}}}
        return [
            {"metadata": metadata, "status": {"containerStatuses": [core]}},
            {"metadata": metadata, "status": {"phase": "Pending"}},
            {"metadata": {"labels": {"component": "portal"}}, "status": {"containerStatuses": [other]}},
        ]


@dataclass
class Site:
    """A Harbor, the double that serves it, and what the Job is given."""

    harbor: Harbor
    cluster: Cluster
    double: Double
    directory: Path
    set_environment: Callable[[str, str], None]
    passwords: dict[str, str] = field(
        default_factory=lambda: {"builder": "Builder0Password", "puller": "Puller0Password"}
    )

    def run(self, declared: dict[str, Any] = DECLARED, seconds: int = 30, generation: int = 1) -> int:
        """The Job's exit code; it goes round about every six seconds."""
        harbor = Settings.model_validate(
            {"host": "registry.example.com", "userGroup": "people", "adminGroup": "owners", **declared}
        )
        document = content(harbor, dict.fromkeys(harbor.robots, generation))
        self.set_environment("CONTENT", json.dumps(document))
        self.set_environment("SECONDS", str(seconds))
        return harbor_content.main()

    def mount(self, generation: int = 1) -> None:
        """The Secret of each robot, as External Secrets makes it."""
        for robot, password in self.passwords.items():
            logins = {self.double.url.removeprefix("http://"): {"username": f"robot${robot}", "password": password}}
            (self.directory / robot).mkdir(exist_ok=True)
            (self.directory / robot / ".dockerconfigjson").write_text(json.dumps({"auths": logins}), encoding="utf-8")
            (self.directory / robot / "generation").write_text(str(generation), encoding="utf-8")

    def project(self, name: str) -> dict[str, Any]:
        return next(one for one in self.harbor.projects.values() if one["name"] == name)

    def roles(self, name: str) -> dict[str, int]:
        number = self.project(name)["project_id"]
        there = [one for one in self.harbor.members.values() if one["project_id"] == number]
        return {one["entity_name"]: one["role_id"] for one in there}

    def quota(self, name: str) -> int:
        number = self.project(name)["project_id"]
        (found,) = [one["hard"]["storage"] for one in self.harbor.quotas.values() if one["ref"]["id"] == number]
        return int(found)

    def rules(self, name: str) -> dict[str, int]:
        policy = self.harbor.retentions[int(self.project(name)["metadata"]["retention_id"])]
        return {rule["template"]: rule["params"][rule["template"]] for rule in policy["rules"]}

    def writes(self) -> list[str]:
        """Requests since the last call that were to change something."""
        found = [f"{one.method} {one.path}" for one in self.double.requests if one.method != "GET"]
        self.double.requests.clear()
        return found

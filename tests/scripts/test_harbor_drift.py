"""What somebody changes in Harbor by hand comes back."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.scripts.harbor_site import Site


def _stranger(site: Site) -> None:
    number = site.project("shop")["project_id"]
    for name, kind in (("strangers", "g"), ("jane", "u")):
        row = {"project_id": number, "entity_name": name, "entity_type": kind, "role_id": 1}
        site.harbor.members[900 + len(name)] = {**row, "id": 900 + len(name)}


def _promoted(site: Site) -> None:
    next(one for one in site.harbor.members.values() if one["entity_name"] == "people")["role_id"] = 1


def _published(site: Site) -> None:
    site.project("shop")["metadata"]["public"] = "true"


def _larger(site: Site) -> None:
    for one in site.harbor.quotas.values():
        one["hard"] = {"storage": 5}


def _forgetful(site: Site) -> None:
    for one in site.harbor.retentions.values():
        one["rules"][0]["params"] = {one["rules"][0]["template"]: 1}


def _paused(site: Site) -> None:
    for one in site.harbor.retentions.values():
        one["rules"][0]["disabled"] = True


def _mighty(site: Site) -> None:
    robot = next(one for one in site.harbor.robots.values() if one["name"] == "robot$puller")
    robot["permissions"][0]["access"].append({"resource": "repository", "action": "push"})


def _disabled(site: Site) -> None:
    next(iter(site.harbor.robots.values()))["disable"] = True


def _refreshed(site: Site) -> None:
    site.harbor.passwords = dict.fromkeys(site.harbor.passwords, "Of-somebody-else-1")


def _gone(site: Site) -> None:
    site.harbor.robots.clear()


def _moved(site: Site) -> None:
    next(iter(site.harbor.registries.values()))["url"] = "https://evil.example.com"


def _unscheduled(site: Site) -> None:
    site.harbor.schedules.clear()


def _deleting(site: Site) -> None:
    site.harbor.schedules["gc"]["job_parameters"] = json.dumps({"delete_untagged": True})


@pytest.mark.failure("world-that-drifted")
@pytest.mark.parametrize(
    "change",
    [
        _stranger, _promoted, _published, _larger, _forgetful, _paused, _mighty, _disabled, _refreshed, _gone, _moved,
        _unscheduled, _deleting,
    ],
)  # fmt: skip
def test_what_somebody_changed_by_hand_comes_back_and_is_seen(
    site: Site, change: Callable[[Site], None], capsys: pytest.CaptureFixture[str]
) -> None:
    site.run()
    before = _state(site)
    change(site)
    assert _state(site) != before, "the change is one"
    site.set_environment("SCHEDULED", "true")
    capsys.readouterr()
    assert site.run() == 1, "the hourly run fails, as nobody asked for a change"
    assert _state(site) == before, "takes it back"
    assert capsys.readouterr().err.startswith("changed: "), "says what it did"
    assert site.run() == 0, "and is content from then on"


def _state(site: Site) -> dict[str, Any]:
    """What people and programs may do, and what is kept."""
    harbor, projects = site.harbor, [one["name"] for one in site.harbor.projects.values()]
    return {
        "registries": {one["name"]: one["url"] for one in harbor.registries.values()},
        "settings": {name: dict(site.project(name)["metadata"]) for name in projects},
        "roles": {name: site.roles(name) for name in projects},
        "quotas": {name: site.quota(name) for name in projects},
        "rules": [
            (rule["template"], rule["params"], rule.get("disabled", False))
            for one in harbor.retentions.values()
            for rule in one["rules"]
        ],
        "robots": {
            one["name"]: (harbor.passwords[number], one["disable"], json.dumps(one["permissions"]))
            for number, one in harbor.robots.items()
        },
        "schedules": {
            job: (one["schedule"]["cron"], json.loads(one["job_parameters"]).get("delete_untagged", False))
            for job, one in harbor.schedules.items()
        },
    }

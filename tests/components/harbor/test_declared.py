"""From the section of the stack file to the words of Harbor's API."""

from typing import Any

import pytest

from components.harbor.declared import content
from components.harbor.settings import HarborSettings, Right, Role


def document(**section: Any) -> dict[str, Any]:
    fixed = {"host": "registry.example.com", "userGroup": "people", "adminGroup": "owners"}
    harbor = HarborSettings.model_validate({**fixed, **section})
    return content(harbor, dict.fromkeys(harbor.robots, 1))


def project(**declared: Any) -> dict[str, Any]:
    (found,) = document(projects={"shop": declared})["projects"]
    assert isinstance(found, dict), "one project"
    return found


# src/common/const.go of Harbor 2.15.2
@pytest.mark.parametrize(
    ("role", "number"), [("projectAdmin", 1), ("developer", 2), ("guest", 3), ("maintainer", 4), ("limitedGuest", 5)]
)
def test_each_role_has_the_number_of_harbor(role: Role, number: int) -> None:
    assert project(members={"people": role})["members"] == {"people": number}, "the group gets this role and no other"


def test_a_private_scanned_project_is_the_default() -> None:
    assert project()["metadata"] == {"public": "false", "auto_scan": "true", "prevent_vul": "false"}, (
        "words, not booleans"
    )


def test_vulnerable_images_are_refused_from_a_severity_on() -> None:
    metadata = project(preventVulnerable="critical")["metadata"]
    assert (metadata["prevent_vul"], metadata["severity"]) == ("true", "critical"), "both belong together"


@pytest.mark.parametrize(("quota", "storage"), [(None, -1), ("512Mi", 536870912), ("2Ti", 2199023255552)])
def test_a_quota_is_counted_in_bytes(quota: str | None, storage: int) -> None:
    assert project(quota=quota)["storage"] == storage, "and none is no limit, whatever Harbor's default"


def test_each_rule_of_a_retention_keeps_what_it_names() -> None:
    retention = project(retention={"mostRecentlyPushed": 5, "pulledWithinDays": 30, "schedule": "15 4 * * *"})[
        "retention"
    ]
    assert [rule["params"] for rule in retention["rules"]] == [{"latestPushedK": 5}, {"nDaysSinceLastPull": 30}], (
        "those that are given"
    )
    assert all(rule["template"] in rule["params"] for rule in retention["rules"]), "the parameter is named so"
    assert [rule["disabled"] for rule in retention["rules"]] == [False, False], "a rule that is off keeps nothing"
    assert retention["trigger"] == {"kind": "Schedule", "settings": {"cron": "0 15 4 * * *"}}, (
        "with seconds, which are 0"
    )


def test_the_garbage_collection_deletes() -> None:
    assert document()["schedules"]["gc"]["parameters"]["dry_run"] is False, "or the disk fills up, and all looks well"


def test_only_a_cache_forgets_by_itself() -> None:
    assert project()["retention"] is None, "what people pushed stays until somebody says otherwise"
    cache = project(proxyCache="hub")["retention"]
    assert [rule["params"] for rule in cache["rules"]] == [{"nDaysSinceLastPull": 7}], "Harbor's own default"


@pytest.mark.parametrize(
    ("right", "access"),
    [
        ("pull", {("repository", "pull")}),
        ("push", {("repository", "pull"), ("repository", "push")}),
        ("delete", {("repository", "delete"), ("artifact", "delete"), ("tag", "delete")}),
    ],
)
def test_a_right_of_a_robot_is_as_much_as_it_says(right: Right, access: set[tuple[str, str]]) -> None:
    (robot,) = document(robots={"builder": {"permissions": {"shop": [right]}}})["robots"]
    (scope,) = robot["permissions"]
    assert {(one["resource"], one["action"]) for one in scope["access"]} == access, "and no more"
    assert (scope["kind"], scope["namespace"]) == ("project", "shop"), "in this project"


def test_a_right_that_follows_from_two_is_named_once() -> None:
    (robot,) = document(robots={"builder": {"permissions": {"shop": ["pull", "push"]}}})["robots"]
    assert robot["permissions"][0]["access"] == [
        {"resource": "repository", "action": "pull"},
        {"resource": "repository", "action": "push"},
    ], "Harbor would list it twice"


def test_a_robot_is_removed_by_the_name_that_harbor_gave_it() -> None:
    assert document(removed={"robots": ["old"]})["removed"]["robots"] == ["robot$old"], "with the prefix"


def test_the_address_of_a_registry_is_as_harbor_keeps_it() -> None:
    (one,) = document(registries={"quay": {"type": "docker-registry", "url": "https://quay.io/"}})["registries"]
    assert one["url"] == "https://quay.io", "without a slash at the end, or it would be changed every hour"


def test_both_schedules_are_always_there() -> None:
    assert {job: one["cron"] for job, one in document()["schedules"].items()} == {
        "gc": "0 30 3 * * 6",
        "scanAll": "0 0 4 * * *",
    }, "a volume without garbage collection only fills"

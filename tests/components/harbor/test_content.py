"""What Harbor holds: from the stack file down to the Job, and the Secrets with which images are pulled."""

import json
from typing import Any

from components.harbor.pull_secret import CONFIGURATION, GENERATION
from components.harbor.service import HARBOR
from components.harbor.settings import HarborSettings
from declarations.service import Openings
from settings.platform import MonitoringSettings
from tests.components.services import JOB, RELEASE, SETTINGS, external_secrets, program, sources, template
from tests.support.engine import Recorded
from tests.support.objects import environment

CRON_JOB = "kubernetes:batch/v1:CronJob"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
HOST = SETTINGS.section(HarborSettings).host


def job() -> Recorded:
    return program().one(JOB, "harbor-content")


def container() -> dict[str, Any]:
    found: dict[str, Any] = job().get("spec", "template", "spec", "containers", 0)
    return found


def variables() -> dict[str, Any]:
    return environment(job())


def content() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(variables()["CONTENT"])
    return found


def puller() -> Recorded:
    return external_secrets("harbor")["registry-puller"]


def test_groups_of_the_stack_file_get_their_role_in_each_project() -> None:
    found = {one["name"]: one["members"] for one in content()["projects"]}
    assert found == {
        "library": {"harbor-users": 2},  # developer
        "proxy-docker": {"harbor-users": 3},  # guest
        "proxy-ghcr": {"harbor-users": 3},
        "proxy-quay": {"harbor-users": 3},
        "proxy-kubernetes": {"harbor-users": 3},
    }, "whoever is in the group has the role, and nobody else"


def test_administrators_are_those_of_the_group_and_only_they_make_projects() -> None:
    text = template(external_secrets("harbor")["oidc"])["CONFIG_OVERWRITE_JSON"]
    login = json.loads(text)
    assert login["oidc_admin_group"] == "harbor-admins", "harbor.adminGroup"
    assert login["oidc_groups_claim"] == "groups", "the claim that Authentik fills"
    assert login["project_creation_restriction"] == "adminonly", "what there is stands in the stack file"
    assert login["robot_name_prefix"] == "robot$", "by which the Job finds its robots"


def test_the_job_holds_no_secret_and_gets_each_by_reference() -> None:
    admin = {"secretKeyRef": {"name": "admin", "key": "password"}}
    assert variables()["HARBOR_PASSWORD"] == admin, "the administrator's"
    volumes = {one["name"]: one for one in job().get("spec", "template", "spec", "volumes")}
    assert volumes["robot-puller"]["secret"] == {"secretName": "registry-puller"}, "the robot's, as a file"
    mounts = {one["name"]: one["mountPath"] for one in container()["volumeMounts"]}
    assert mounts["robot-puller"] == f"{variables()['LOGINS']}/puller", "where the script looks"


def test_the_job_comes_after_harbor_and_runs_again_every_hour() -> None:
    recording = program()
    assert recording.is_after(job(), recording.one(RELEASE, "harbor-release")), "whose API it needs"
    assert recording.is_after(job(), recording.one(JOB, "harbor-login")), "one gate stands for both"
    assert recording.is_after(job(), puller()), "and the robots' Secrets"
    again = recording.one(CRON_JOB, "harbor-content-again")
    script = again.get("spec", "jobTemplate", "spec", "template", "metadata")
    assert script == job().get("spec", "template", "metadata"), "of the same script"
    assert again.get("spec", "schedule").split()[1:] == ["*"] * 4, "what is changed by hand comes back within the hour"


def test_the_login_of_a_robot_is_one_secret_for_kubelets_and_for_the_job() -> None:
    secret = puller().get("spec", "target", "template")
    assert secret["type"] == "kubernetes.io/dockerconfigjson", "what imagePullSecrets must name"
    assert sources(puller()) == {
        "username": ("platform/harbor/robot-puller", "username"),
        "password": ("platform/harbor/robot-puller", "password"),
    }, "both from Vault"
    assert set(secret["data"]) == {CONFIGURATION, GENERATION}, "the generation is written together with its password"
    assert list(json.loads(secret["data"][CONFIGURATION].replace('"%s:%s"', ""))["auths"]) == [HOST], "of this registry"


def test_the_login_goes_to_the_namespaces_that_ask_for_it() -> None:
    annotations = puller().get("spec", "target", "template", "metadata", "annotations")
    prefix = "reflector.v1.k8s.emberstack.com/reflection-"
    assert annotations[f"{prefix}auto-namespaces"] == "flux-system", "harbor.robots.puller.reflectTo"
    assert annotations[f"{prefix}allowed-namespaces"] == "flux-system", "and to no other"


def test_the_generation_of_a_password_makes_the_job_run_again() -> None:
    (robot,) = content()["robots"]
    assert str(robot["generation"]) == template(puller())[GENERATION], "so it tells Harbor the new one"


def test_the_job_sees_since_when_core_has_the_password_of_the_cache() -> None:
    recording = program()
    path = "/api/v1/namespaces/harbor"
    assert variables()["VALKEY_SECRET"] == f"{path}/secrets/valkey", "with the URL of _REDIS_URL_REG"
    labels = "release%3Dharbor,app%3Dharbor,component%3Dcore"
    assert variables()["CORE_PODS"] == f"{path}/pods?labelSelector={labels}", "by the chart's labels"
    generations = external_secrets("harbor")["valkey"].get("spec", "target", "template", "metadata", "annotations")
    assert variables()["VALKEY_GENERATIONS"] == generations["home-cluster/generations"], (
        "what the Secret will say; and a rotation makes the Job run again"
    )
    assert recording.is_after(job(), recording.one("kubernetes:rbac*:RoleBinding", "harbor-content-binding")), (
        "it may look"
    )


def test_each_password_satisfies_harbor() -> None:
    # IsValidSec in src/controller/robot/controller.go of Harbor 2.15.2
    password = program().one("random:*", "harbor-robot-puller-password")
    assert 8 <= password.get("length") <= 128, "its length"
    for kind in ("minLower", "minUpper", "minNumeric"):
        assert password.get(kind) == 1, f"{kind}: without it one in some hundred passwords would be refused"


def test_metrics_are_open_to_the_monitoring_alone_and_only_where_they_are_served() -> None:
    assert HARBOR.openings(SETTINGS) == Openings(routed=(8080,)), "nobody reads them"
    monitored = SETTINGS.model_copy(update={"monitoring": MonitoringSettings(enabled=True)})
    assert HARBOR.openings(monitored) == Openings(routed=(8080,), metrics=(8001,)), (
        "the port of every pod in the chart's values.yaml, metrics"
    )


def test_each_workload_has_a_budget_for_its_own_pods() -> None:
    budgets = {
        one.get("metadata", "name"): one.get("spec")
        for one in program().of_type(BUDGET)
        if one.name.startswith("harbor-")
    }
    assert set(budgets) == {f"{name}-disruption" for name in ("core", "jobservice", "portal", "registry", "scanner")}, (
        "every Deployment of the chart, and the scanner"
    )
    # matchLabels of the chart (templates/core/core-dpl.yaml and its neighbours)
    assert budgets["core-disruption"]["selector"] == {
        "matchLabels": {"release": "harbor", "app": "harbor", "component": "core"}
    }, "labels of the chart's pods"
    scanner = (
        program().one("kubernetes:apps/v1:StatefulSet", "harbor-scanner").get("spec", "template", "metadata", "labels")
    )
    assert budgets["scanner-disruption"]["selector"]["matchLabels"].items() <= scanner.items(), "labels of ours"

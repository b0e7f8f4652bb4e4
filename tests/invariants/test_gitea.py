"""Gitea from the stack file down: groups lead to rights, and runners to nothing but their jobs."""

import json
from typing import Any

import pytest

from components.gitea.settings import UNITS, GiteaSettings
from lab.providers.kubernetes import admission
from stack_file.load import load_stack_file
from tests.stack_file.stacks import SHIPPED
from tests.support.engine import Recorded, Recording
from tests.support.objects import containers, namespace_of, objects, pods
from tests.support.validation import built_in, refusals
from tests.support.variants import Difference, changed, difference

_OLD = "    adminEmail: gitea-admin@agentydragon.com\n"
_NEW = f"""{_OLD}    actions: {{ enabled: true, runners: 2, jobs: 3, labels: [debian], memory: 1Gi, size: 20Gi }}
"""
_ORGANISATIONS = """    organisations: # repositories that belong to nobody alone
      household:
        owners: [gitea-admins]
        teams:
          members: { permission: write, createRepositories: true, groups: [gitea-users] }
"""
_SETTINGS = load_stack_file(SHIPPED)


@pytest.fixture(scope="module")
def extended() -> Recording:
    return changed(_OLD, _NEW)


@pytest.fixture(scope="module")
def effect(update: Recording, extended: Recording) -> Difference:
    return difference(update, extended)


def environment(container: dict[str, Any]) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container.get("env", ())}


def login_source(recording: Recording) -> dict[str, Any]:
    (step,) = recording.one("kubernetes:helm.sh/v3:Release", "gitea-release").get("values", "postExtraInitContainers")
    return environment(step)


def runner(recording: Recording) -> Recorded:
    return recording.one("kubernetes:apps/v1:StatefulSet", "gitea-runner")


def in_runners_namespace(recording: Recording) -> list[Recorded]:
    return [one for one in objects(recording) if namespace_of(one) == "gitea-runner"]


def test_the_groups_of_the_stack_file_admit_and_administer(update: Recording) -> None:
    source = login_source(update)
    assert source["USER_GROUP"] == _SETTINGS.section(GiteaSettings).user_group, "who is not in it cannot log in"
    assert source["ADMIN_GROUP"] == _SETTINGS.section(GiteaSettings).admin_group, (
        "who leaves it is no administrator any more"
    )


def test_groups_of_an_organisation_lead_to_its_teams(update: Recording) -> None:
    mapped = json.loads(login_source(update)["GROUP_TEAM_MAP"])
    assert mapped == {"gitea-users": {"household": ["members"]}, "gitea-admins": {"household": ["Owners"]}}, (
        "the login puts people there"
    )


def test_organisations_are_made_by_a_job_and_kept_by_a_cron_job(update: Recording) -> None:
    job = update.one("kubernetes:batch/v1:Job", "gitea-content")
    variables = environment(job.get("spec", "template", "spec", "containers", 0))
    members = json.loads(variables["ORGANISATIONS"])["household"]["teams"]["members"]
    assert members["units_map"] == {f"repo.{unit}": "write" for unit in UNITS}, "what the group may do"
    assert variables["PASSWORD"] == {"secretKeyRef": {"name": "admin", "key": "password"}}, "never in plain text"
    assert variables["GITEA_URL"] == f"https://{_SETTINGS.section(GiteaSettings).host}", (
        "the password crosses no wire in the clear"
    )
    assert update.is_after(job, update.one("kubernetes:batch/v1:Job", "gitea-login")), "somebody must answer"
    again = update.one("kubernetes:batch/v1:CronJob", "gitea-content-again")
    assert again.get("spec", "schedule"), "somebody may change a team by hand"


def test_without_organisations_the_job_looks_after_accounts_alone() -> None:
    recording = changed(_ORGANISATIONS, "")
    job = recording.one("kubernetes:batch/v1:Job", "gitea-content")
    variables = environment(job.get("spec", "template", "spec", "containers", 0))
    assert variables["ORGANISATIONS"] == "{}", "nothing is declared"
    assert login_source(recording)["GROUP_TEAM_MAP"] == "{}", "nobody is moved"


def test_without_runners_there_is_no_part_of_them(update: Recording) -> None:
    assert update.named("gitea-runner*") == [], "the runners are off by default"
    values = update.one("kubernetes:helm.sh/v3:Release", "gitea-release").get("values", "gitea", "config")
    assert values["actions"] == {"ENABLED": False}, "and so are workflows"


def test_only_gitea_changes(effect: Difference) -> None:
    assert effect.removed == {}, "nothing goes"
    strange = {name for _, name in (*effect.added, *effect.changed) if "gitea" not in name}
    shared = {"external-secrets-store", "applied-settings-record", "flux-boundary"}
    assert strange == shared, (
        "the namespaces that may use it or that Flux stays out of, and sizes that are fixed; nothing else is touched"
    )


def test_what_runners_need_is_what_the_api_server_accepts(extended: Recording) -> None:
    found = built_in(in_runners_namespace(extended))
    assert {one.get("kind") for one in found} >= {"StatefulSet", "ConfigMap", "NetworkPolicy"}, "all are checked"
    assert list(refusals(found)) == [], "strict validation of the shipped release"


def test_runners_are_admitted_by_a_restricted_namespace(extended: Recording) -> None:
    namespace = extended.one("kubernetes:core/v1:Namespace", "gitea-runner-namespace")
    assert namespace.get("metadata", "labels", admission.LABEL) == "restricted", "jobs are other people's programs"
    (pod,) = [pod for one, pod in pods(extended) if namespace_of(one) == "gitea-runner"]
    assert admission.violations(pod, "restricted") == [], "no job may become root of a node"
    assert pod["automountServiceAccountToken"] is False, "no job may talk to the Kubernetes API"


def test_jobs_do_not_see_the_token_for_registrations(extended: Recording) -> None:
    (pod,) = [pod for one, pod in pods(extended) if namespace_of(one) == "gitea-runner"]
    seen = {
        one["name"]: "registration" in json.dumps(one.get("env", ())) + json.dumps(one["volumeMounts"])
        for one in containers(pod)
    }
    assert seen == {"binary": False, "registration": True, "runner": False}, "with it a job could add a runner"


def test_gitea_and_its_runners_share_the_token(extended: Recording) -> None:
    found = {
        namespace_of(one): {(key["remoteRef"]["key"], key["remoteRef"]["property"]) for key in one.get("spec", "data")}
        for one in extended.of_type("kubernetes:external-secrets.io/v1:ExternalSecret")
        if one.get("metadata", "name") in ("runner-registration", "registration")
    }
    assert set(found) == {"gitea", "gitea-runner"}, "each side reads it"
    assert found["gitea"] == found["gitea-runner"] == {("platform/gitea/runner-registration", "token")}, "the same"


def test_runners_follow_the_stack_file(extended: Recording) -> None:
    spec = runner(extended).get("spec")
    assert spec["replicas"] == 2, "as declared"
    assert spec["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] == "20Gi", "as declared"
    config = extended.one("kubernetes:core/v1:ConfigMap", "gitea-runner-config").get("data", "config.yaml")
    assert "capacity: 3" in config, "jobs at a time"
    assert "debian:host" in config, "a label with an image would ask for Docker"
    (main,) = spec["template"]["spec"]["containers"]
    assert main["resources"]["limits"]["memory"] == "1Gi", "as declared"


def test_runners_come_after_gitea_and_behind_a_closed_network(extended: Recording) -> None:
    found = runner(extended)
    assert extended.is_after(found, extended.one("kubernetes:batch/v1:Job", "gitea-login")), "to register at it"
    closed = extended.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "gitea-runner-egress")
    assert extended.is_after(found, closed), "no job runs before"


def test_gitea_may_be_moved_while_a_node_is_drained(update: Recording) -> None:
    budget = update.one("kubernetes:policy/v1:PodDisruptionBudget", "gitea-gitea-disruption").get("spec")
    assert budget["maxUnavailable"] == 1, "one replica must not keep a node from being drained"
    assert budget["selector"]["matchLabels"]["app.kubernetes.io/instance"] == "gitea", "the release is named so"


def test_flux_trusts_the_ca_for_a_repository_of_this_gitea_only(update: Recording) -> None:
    assert update.named("flux-git") == [], "the CA of this cluster is nothing to the rest of the world"
    own = changed(
        "https://github.com/agentydragon/cluster.git",
        f"https://{_SETTINGS.section(GiteaSettings).host}/household/cluster.git",
    )
    secret = own.one("kubernetes:core/v1:Secret", "flux-git")
    assert secret.get("stringData")["ca.crt"], "only this cluster trusts the certificate of its Gitea"
    sync = own.one("kubernetes:fluxcd.controlplane.io/v1:FluxInstance").get("spec", "sync")
    assert sync["pullSecret"] == secret.get("metadata", "name"), "Flux finds it there"


def test_flux_reads_a_repository_of_this_gitea_with_an_account_that_comes_with_it_and_waits_for_nothing() -> None:
    sync = "      url: https://github.com/agentydragon/cluster.git\n"
    own = changed(sync, "      gitea: { organisation: household, repository: cluster }\n")
    instance = own.one("kubernetes:fluxcd.controlplane.io/v1:FluxInstance")
    job = own.one("kubernetes:batch/v1:Job", "gitea-content")
    host = _SETTINGS.section(GiteaSettings).host
    assert instance.get("spec", "sync", "url") == f"https://{host}/household/cluster.git", "the one that the Job makes"
    assert not own.is_after(instance, own.one("kubernetes:helm.sh/v3:Release", "vault-release")), "nor for any phase"
    target = own.one("kubernetes:external-secrets.io/v1:ExternalSecret", "gitea-flux-repository").get("spec", "target")
    assert target["name"] == instance.get("spec", "sync", "pullSecret"), "Reflector keeps the name"
    reflected = target["template"]["metadata"]["annotations"]
    assert set(reflected.values()) >= {"flux-system"}, "where Flux looks for it"
    keys = target["template"]["data"]
    assert keys.keys() == {"username", "password", "ca.crt", "generation"}, (
        "what Flux reads, and what the Job waits for"
    )
    wanted = json.loads(environment(job.get("spec", "template", "spec", "containers", 0))["REPOSITORY"])
    assert (wanted["reader"], wanted["generation"]) == (keys["username"], keys["generation"]), (
        "both sides mean the same"
    )
    (volume,) = [one for one in job.get("spec", "template", "spec", "volumes") if one["name"] == "reader"]
    assert volume["secret"]["secretName"] == target["name"], "kubelets bring a new password there"
    assert own.is_after(job, own.one("kubernetes:external-secrets.io/v1:ExternalSecret", "gitea-flux-repository")), (
        "a pod whose Secret is missing does not start"
    )


def test_the_host_of_gitea_resolves_inside_the_cluster(update: Recording) -> None:
    corefile = update.one("kubernetes:core/v1:ConfigMap", "coredns-corefile").get("data", "Corefile")
    assert _SETTINGS.section(GiteaSettings).host in corefile, "Flux, the runners and the gates ask for the public name"

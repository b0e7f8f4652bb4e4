"""A ScriptJob runs a script, runs again when anything it uses changes, and fails by itself."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi
import pulumi_random as random
import pytest

from components.script_job import ScriptJob, ScriptJobArgs
from lib.pod_scripts import SCRIPTS, script
from tests.support.components import record_component
from tests.support.engine import Recorded, Recording, Run


def _built(preview: bool = False, **changes: Any) -> Recording:
    arguments: dict[str, Any] = {"namespace": "vault", "source": "print('ok')", "runbook": "dns.md"} | changes

    def build(opts: pulumi.ResourceOptions) -> dict[str, Any]:
        probe = ScriptJob("looks", ScriptJobArgs(**arguments), opts)
        return {"job": probe.job.id}

    return record_component(build, Run(preview=preview))


def _job(recording: Recording) -> Recorded:
    return recording.one("kubernetes:batch/v1:Job")


def _container(recording: Recording) -> Any:
    return _job(recording).get("spec", "template", "spec", "containers", 0)


def test_the_job_runs_the_script_that_it_mounts() -> None:
    recording = _built()
    config, pod = recording.one("*ConfigMap"), _job(recording).get("spec", "template", "spec")
    mounted = next(volume for volume in pod["volumes"] if "configMap" in volume)
    mount = next(one for one in _container(recording)["volumeMounts"] if one["name"] == mounted["name"])
    assert mounted["configMap"]["name"] == config.get("metadata", "name"), "the ConfigMap with the script"
    assert _container(recording)["command"] == ["python3", f"{mount['mountPath']}/{next(iter(config.get('data')))}"], (
        "the command names the file where it is mounted"
    )
    assert config.urn in _job(recording).dependencies, "which exists before the Job"


def test_a_changed_script_changes_the_template_so_that_the_job_runs_again() -> None:
    one, other = _built(source="print(1)"), _built(source="print(2)")
    assert _job(one).get("spec", "template") != _job(other).get("spec", "template"), "a Job's template is immutable"
    assert _job(one).get("spec", "template") == _job(_built(source="print(1)")).get("spec", "template"), (
        "and the same script changes nothing"
    )


def test_the_job_gives_up_before_the_engine_does() -> None:
    job = _job(_built(seconds=300))
    assert job.get("spec", "activeDeadlineSeconds") == 300, "the Job's own limit"
    for operation in ("create", "update"):
        assert int(job.timeouts[operation].removesuffix("s")) > 300, "so that it is the Job's message that is shown"


def test_the_script_gives_up_before_the_job_does() -> None:
    entries = {one["name"]: one.get("value") for one in _container(_built(seconds=300, round_seconds=90))["env"]}
    assert entries["SECONDS"] == "210", "a round that has begun still ends, and its last words are kept"


def test_the_reason_of_a_failure_is_shown_once() -> None:
    job = _job(_built())
    assert _container(_built())["terminationMessagePolicy"] == "FallbackToLogsOnError", "the provider shows last words"
    assert job.get("spec", "backoffLimit") == 0, "a second pod would say the same once more"
    (rule,) = job.get("spec", "podFailurePolicy", "rules")
    assert (rule["action"], [one["type"] for one in rule["onPodConditions"]]) == ("Ignore", ["DisruptionTarget"]), (
        "a pod whose node is drained has not failed; any other action is a failure that the provider does not see"
    )


def test_a_gate_runs_again_when_what_it_proves_has_changed() -> None:
    one, other = _built(proves=["vault 0.34.1"]), _built(proves=["vault 0.34.2"])
    assert _job(one).get("spec", "template") != _job(other).get("spec", "template"), "nothing else in the pod differs"


def test_a_failed_job_is_replaced_by_the_next_update() -> None:
    annotations = _job(_built()).get("metadata", "annotations")
    assert annotations["pulumi.com/replaceUnready"] == "true", "a failed Job never becomes ready by waiting"


def test_a_script_that_puts_things_right_runs_again_on_its_schedule_and_never_twice_at_once() -> None:
    recording = _built(again="17 * * * *", secrets={"TOKEN": ("vault-keys", "vault-root")})
    schedule, job = recording.one("kubernetes:batch/v1:CronJob"), _job(recording)
    assert schedule.get("spec", "schedule") == "17 * * * *", "the one that was given"
    assert schedule.get("spec", "concurrencyPolicy") == "Forbid", "two would correct each other"
    again, told = schedule.get("spec", "jobTemplate", "spec", "template"), {"name": "SCHEDULED", "value": "true"}
    again["spec"]["containers"][0]["env"].remove(told)
    assert again == job.get("spec", "template"), "the same pod, which knows that nobody asked for a change"
    assert recording.is_after(schedule, job), "what it cannot do once it need not try every hour"


def test_a_secret_reaches_the_script_by_reference() -> None:
    recording = _built(secrets={"TOKEN": ("vault-keys", "vault-root")})
    wanted = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "vault-keys", "key": "vault-root"}}}
    assert wanted in _container(recording)["env"], "the value itself is in no manifest"


def test_the_script_trusts_the_ca_that_it_is_given() -> None:
    recording = _built(ca_config_map="cluster-ca")
    pod = _job(recording).get("spec", "template", "spec")
    volume = next(one for one in pod["volumes"] if one.get("configMap", {}).get("name") == "cluster-ca")
    mount = next(one for one in _container(recording)["volumeMounts"] if one["name"] == volume["name"])
    environment = {one["name"]: one.get("value") for one in _container(recording)["env"]}
    assert environment["SSL_CERT_FILE"] == f"{mount['mountPath']}/ca.crt", "OpenSSL's variable names the mounted file"


def test_without_a_service_account_the_pod_gets_no_token() -> None:
    pod = _job(_built()).get("spec", "template", "spec")
    assert pod["automountServiceAccountToken"] is False, "a probe needs no Kubernetes API"
    with_account = _job(_built(service_account="reader")).get("spec", "template", "spec")
    assert (with_account["serviceAccountName"], with_account["automountServiceAccountToken"]) == ("reader", True), (
        "and one that does is given an account of its own"
    )


def test_the_job_waits_for_what_it_is_told_to() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        before = random.RandomPassword("before", length=16, opts=opts)
        ScriptJob("looks", ScriptJobArgs(namespace="vault", source="", runbook="dns.md", after=[before]), opts)

    recording = record_component(build)
    assert recording.is_after(_job(recording), recording.one("random:*")), "an order that no input shows"


def _imported(text: str) -> set[str]:
    """Modules that a script imports."""
    nodes = list(ast.walk(ast.parse(text)))
    whole = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return whole | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
def test_a_probe_script_runs_with_the_standard_library_and_its_modules_alone(path: Any) -> None:
    others = {"scripts", *(f"scripts.{other.stem}" for other in SCRIPTS.glob("*.py"))}
    foreign = {
        name for name in _imported(script(path.stem)) - others if name.split(".")[0] not in sys.stdlib_module_names
    }
    assert not foreign, "the image of the Job has nothing else"


@pytest.mark.parametrize(
    ("name", "needed", "variable"),
    [
        ("harbor_content", {"cluster_api", "gate", "harbor_api", "harbor_projects", "harbor_schedules"}, "HARBOR_URL"),
        ("login_offered", {"code_exchange", "gate", "ssh_banner"}, "CHECKS"),
    ],
)
def test_a_script_finds_its_modules_where_the_kubelet_puts_them(
    tmp_path: Path, name: str, needed: set[str], variable: str
) -> None:
    recording = _built(source=script(name))
    files = recording.one("*ConfigMap").get("data")
    volume = _job(recording).get("spec", "template", "spec", "volumes", 0)["configMap"]
    assert set(files) == {"main.py", *(f"{module}.py" for module in needed)}, "every module that it needs, no other"
    written = tmp_path / "..2026_11_23"
    for item in volume["items"]:
        place = written / item["path"]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(files[item["key"]], encoding="utf-8")
    # A kubelet's volume: each name leads through `..data` to the files as they are now.
    (tmp_path / "..data").symlink_to(written.name)
    for entry in ("main.py", "lib"):
        (tmp_path / entry).symlink_to(f"..data/{entry}")
    command = [sys.executable, str(tmp_path / "main.py")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env={}, cwd="/")
    assert f"KeyError: '{variable}'" in ran.stderr, f"it gets as far as its variables: {ran.stderr}"


def test_a_changed_module_makes_the_job_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    source = script("harbor_projects")
    before = _job(_built(source=source)).get("spec", "template")
    monkeypatch.setattr("components.script_job.script", lambda name: f"# another {name}")
    assert _job(_built(source=source)).get("spec", "template") != before, "a module is a part of the script"

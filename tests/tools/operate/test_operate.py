"""The real operations: what is checked before the CLI starts, and how it is started."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stack_file import check
from tests.stack_file.stacks import RECORD
from tests.support.program import ROOT
from tests.tools.operate.operating import AGREED, Run, applied, started
from tests.tools.stack_state import secret
from tools import operate
from tools.cluster import PROVIDER
from tools.refusal import page


@pytest.mark.parametrize(
    ("operation", "flags"),
    [
        ("preview", []),
        ("up", ["--continue-on-error"]),
        ("refresh", []),
        ("destroy", []),
    ],
)
def test_the_cli_gets_the_stack_the_flags_and_what_the_person_added(
    run: Run, checkout: Path, operation: str, flags: list[str]
) -> None:
    arguments, _, directory = started(run(operation, "--stack", "test-cluster", "--diff", "--target", "urn:x"))
    assert arguments == [operation, "--stack", "test-cluster", *flags, "--diff", "--target", "urn:x"], (
        "the operation, its stack, the project's flags, then the person's"
    )
    assert directory == str(checkout), "the CLI finds the project in the directory it is started in"


def test_a_part_reaches_the_cli_as_targets(run: Run, checkout: Path) -> None:
    phase, service = (f"urn:pulumi:test-cluster::home-cluster::{one}" for one in ("home-cluster:phase:Phase::p", "s"))
    gitea = f"{service}$home-cluster:gitea/server:Gitea::gitea"
    plans = {
        phase: {"goal": {"type": "home-cluster:phase:Phase"}, "steps": ["same"]},
        gitea: {"goal": {"type": "home-cluster:gitea/server:Gitea", "parent": phase}, "steps": ["same"]},
        service: {"goal": {"type": "kubernetes:helm.sh/v3:Release", "parent": gitea}, "steps": ["update"]},
    }
    (checkout / "plan").write_text(json.dumps({"resourcePlans": plans}))
    part = ("preview", "--stack", "test-cluster", "--service", "gitea")
    first = run(*part)
    assert (first.returncode, "nothing of this stack is up yet" in first.stderr) == (1, True), first.stderr
    (checkout / "state").write_text(json.dumps({"deployment": {"resources": [{"urn": phase, "type": "t"}]}}))
    done = run(*part, "--diff")
    arguments, _, _ = started(done)
    assert arguments == ["preview", "--stack", "test-cluster", "--target", service, "--diff"], "and nothing else"
    assert "SERVICE=gitea brings about 1 update (1 in gitea)" in done.stderr, "what it is about is told before"
    plans[service]["steps"] = ["same"]
    (checkout / "plan").write_text(json.dumps({"resourcePlans": plans}))
    idle = run(*part)
    assert (idle.returncode, idle.stdout) == (0, ""), "without targets the engine would take everything"
    assert "nothing of it changes" in idle.stderr, idle.stderr


@pytest.mark.parametrize(("user", "first"), [("", "/etc/ssl/certs"), ("/my/certs:/more", "/my/certs:/more")])
def test_providers_trust_the_programs_own_ca_besides_the_usual_ones(
    run: Run, checkout: Path, user: str, first: str
) -> None:
    _, trusted, _ = started(run("preview", "--stack", "test-cluster", **({"SSL_CERT_DIR": user} if user else {})))
    assert trusted == f"{first}:{checkout}/build/trust", "what the user set stays, the program's CA comes after it"


def test_a_defective_stack_file_never_reaches_the_cli(run: Run, checkout: Path) -> None:
    (checkout / "Pulumi.broken.yaml").write_text("config:\n  home-cluster:nonsense: 1\n")
    done = run("up", "--stack", "broken")
    assert done.returncode == 1, f"a defective stack file must stop the operation: {done.stdout}"
    assert "nonsense" in done.stderr, f"the message must name the key: {done.stderr!r}"
    assert not done.stdout, f"the CLI must not have started: {done.stdout!r}"


def test_a_defective_stack_file_is_told_where_setup_is_not_done(run: Run, checkout: Path) -> None:
    (checkout / "Pulumi.broken.yaml").write_text("config:\n  home-cluster:nonsense: 1\n")
    shutil.rmtree(checkout / ".tools")
    done = run("up", "--stack", "broken")
    assert "nonsense" in done.stderr, f"a person writes the file first: {done.stderr!r}"


@pytest.mark.parametrize(("operation", "kept"), [("up", "goes on from there"), ("preview", "nothing was changed")])
def test_ctrl_c_ends_with_one_sentence_that_says_how_to_go_on(checkout: Path, operation: str, kept: str) -> None:
    (checkout / "installed" / "pulumi").write_text(
        '#!/bin/sh\n[ "$1" = config ] && exit 1\n'
        "[ \"$1\" = stack ] && { echo 'error: no stack named' >&2; exit 255; }\n"
        '[ "$1" = whoami ] && { echo \'{"url": "https://backend.example"}\'; exit; }\n'
        "trap 'echo cancelled; exit 1' INT; echo started; while :; do sleep 0.1; done\n"
    )
    code = "import sys, pathlib, tools.operate as o; o.main(sys.argv[2:], pathlib.Path(sys.argv[1]))"
    # Its config fails, so doctor is not asked.
    command = [sys.executable, "-c", code, str(checkout), operation, "--stack", "test-cluster"]
    child = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    with child:
        assert child.stdout is not None, "it is a pipe"
        assert child.stdout.readline() == "started\n", "the CLI runs"
        os.killpg(child.pid, signal.SIGINT)  # as a terminal does
        out, errors = child.communicate()
    assert (child.returncode, out) == (130, "cancelled\n"), "the CLI ends in order first"
    assert [kept in line for line in errors.splitlines()] == [True], f"one sentence, no traceback: {errors!r}"


def _applied(checkout: Path, **record: str) -> None:
    settings = {key.replace("_", "."): value for key, value in record.items()}
    resources = [{"type": "pulumi:index:Stash", "inputs": {"input": settings}, "parent": RECORD}]
    applied(checkout, *resources)


@pytest.mark.parametrize("operation", ["preview", "up"])
def test_a_setting_that_cannot_change_never_reaches_the_cli(run: Run, checkout: Path, operation: str) -> None:
    _applied(checkout, network_pods="10.200.0.0/16", gitea_size="20Gi", databases_size="1Gi")
    done = run(operation, "--stack", "test-cluster")
    assert done.returncode == 1, f"the stack file says something else: {done.stdout}"
    told = [line.split(": ")[1] for line in done.stderr.splitlines()]
    assert told == ["network.pods", "gitea.size", check.RUNBOOK], f"one is fixed, one shrinks: {done.stderr!r}"
    assert not done.stdout, f"the CLI must not have started: {done.stdout!r}"


def test_settings_that_were_applied_before_may_stay(run: Run, checkout: Path) -> None:
    _applied(checkout, network_pods="10.244.0.0/16")
    done = run("up", "--stack", "test-cluster")
    assert done.returncode == 0, f"nothing changed: {done.stderr}"
    assert not done.stderr, f"and nothing is to be said: {done.stderr!r}"


def test_a_stack_that_was_never_brought_up_has_nothing_to_compare(run: Run) -> None:
    done = run("up", "--stack", "test-cluster")
    assert done.returncode == 0, f"the first update: {done.stderr}"
    assert not done.stderr, f"and no reason to worry: {done.stderr!r}"


def test_a_backend_that_does_not_answer_is_for_the_cli_to_explain(run: Run, checkout: Path) -> None:
    (checkout / "failure").write_text("SDK 2026/11/27 WARN Response has no checksum.\nerror: not logged in\n")
    done = run("up", "--stack", "test-cluster")
    assert done.returncode == 0, f"the CLI itself asks for the login: {done.stderr}"
    said = "what was applied last, to compare with, cannot be told: error: not logged in"
    assert said in done.stderr, f"that the check did not happen is said: {done.stderr!r}"


@pytest.mark.parametrize("operation", ["refresh", "destroy"])
def test_an_operation_that_applies_nothing_does_not_compare(run: Run, checkout: Path, operation: str) -> None:
    _applied(checkout, network_pods="10.200.0.0/16")
    done = run(operation, "--stack", "test-cluster", *AGREED)
    assert done.returncode == 0, f"a cluster must be removable whatever the file says: {done.stderr}"


def _in_cluster(checkout: Path, server: str, **more: Any) -> None:
    """A state with one object, in a cluster at `server`."""
    kubeconfig = {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "k", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "k",
    }
    provider = {"type": PROVIDER, "inputs": {"kubeconfig": secret(json.dumps(kubeconfig))}}
    namespace = {"type": "kubernetes:core/v1:Namespace", "custom": True}
    applied(checkout, provider, namespace, **more)


@pytest.mark.parametrize("operation", ["up", "refresh", "destroy"])
def test_nothing_is_changed_while_the_cluster_does_not_answer(run: Run, checkout: Path, operation: str) -> None:
    server = "https://127.0.0.1:1"
    _in_cluster(checkout, server)
    done = run(operation, "--stack", "test-cluster")
    assert done.returncode == 1, f"the provider would take everything for unreachable: {done.stdout}"
    assert not done.stdout, "the CLI must not have started"
    for part in (server, "refused", "ARGS=--cluster-down", "ARGS=--cluster-gone", "docs/runbooks/lost-cluster.md"):
        assert part in done.stderr, f"what does not answer, why, and the ways out: {done.stderr!r}"
    assert run(operation, "--stack", "test-cluster", "--cluster-down", *AGREED).returncode == 0
    assert "--cluster-down" not in (checkout / "calls").read_text(), "the CLI does not know it"


@pytest.mark.parametrize("operation", ["preview", "up", "refresh", "destroy"])
def test_doctor_stops_an_update_before_it_begins(run: Run, checkout: Path, operation: str) -> None:
    (checkout / "doctor").write_text("atlas has too little memory!\nthe repository is empty\n", encoding="utf-8")
    done = run(operation, "--stack", "test-cluster")
    assert done.returncode == (operation == "up"), f"what changes no machine is not held back: {done.stderr}"
    if operation == "up":
        assert not done.stdout, "the CLI must not have started"
        assert "atlas has too little memory!" in done.stderr, f"what is wrong: {done.stderr!r}"
        for way in ("--no-doctor", "--cluster-down", "--cluster-gone"):
            arguments, _, _ = started(run("up", "--stack", "test-cluster", way))
            assert way not in arguments, "the CLI does not know it"
        (checkout / "doctor").write_text("the repository is empty\n", encoding="utf-8")
        done = run("up", "--stack", "test-cluster")
        started(done)
        assert "the repository is empty" in done.stderr, "it is said, and no reason to stop"


def test_a_preview_changes_nothing_and_asks_nobody(run: Run, checkout: Path) -> None:
    _in_cluster(checkout, "https://127.0.0.1:1")
    assert run("preview", "--stack", "test-cluster").returncode == 0, "it says itself what it cannot see"


def test_the_ca_of_the_last_update_is_there_for_an_operation_without_the_program(run: Run, checkout: Path) -> None:
    resources = [{"type": "pulumi:pulumi:Stack", "outputs": {"trustedCertificates": "PEM\n"}}]
    applied(checkout, *resources)
    assert run("destroy", "--stack", "test-cluster", *AGREED).returncode == 0
    written = checkout / "build" / "trust" / "test-cluster.pem"
    assert written.read_text() == "PEM\n", "the providers of Vault and Authentik trust it, on whichever machine"


def test_a_missing_stack_names_those_that_are_there(run: Run) -> None:
    done = run("preview", "--stack", "")
    (said, runbook) = done.stderr.splitlines()
    assert said == "preview: which stack? Say STACK=<name>; here are: test-cluster.", "one sentence"
    assert runbook == f"preview: {page('preview')}", "and where to read on"
    done = run("preview", "--stack", "prod")
    assert "Pulumi.prod.yaml is not there" in done.stderr, f"the file to write must be named: {done.stderr!r}"


def test_a_qualified_stack_name_uses_the_file_of_its_last_part(run: Run) -> None:
    arguments, _, _ = started(run("preview", "--stack", "me/home-cluster/test-cluster"))
    assert arguments[2] == "me/home-cluster/test-cluster", f"the CLI must get the full name: {arguments}"


def test_a_cli_without_a_python_host_is_told_before_anything_runs(run: Run, checkout: Path, tmp_path: Path) -> None:
    (checkout / "installed" / operate.LANGUAGE_HOST).unlink()
    done = run("up", "--stack", "test-cluster", PATH=str(tmp_path))
    assert done.returncode == 1, "a CLI without the Python host cannot run a Python program"
    assert operate.LANGUAGE_HOST in done.stderr, f"what is missing must be named: {done.stderr!r}"
    assert "official release" in done.stderr, f"the fix must be named: {done.stderr!r}"


def test_a_checkout_that_was_not_set_up_is_told_so(run: Run, checkout: Path) -> None:
    (checkout / ".tools" / "pulumi").unlink()
    assert "run `make setup`" in run("up", "--stack", "test-cluster").stderr, "the fix must be named"


@pytest.mark.engine
@pytest.mark.parametrize("operation", operate.FLAGS)
def test_the_pinned_cli_knows_every_flag_that_is_given(operation: str) -> None:
    binary = ROOT / ".tools" / "pulumi"
    if not binary.exists():
        pytest.skip("there is no .tools/pulumi: make setup")
    shown = subprocess.run([str(binary), operation, "--help"], capture_output=True, text=True, check=True).stdout
    for flag in operate.FLAGS[operation]:
        assert f"{flag} " in shown, f"pulumi {operation} of the pinned version has no {flag}"


@pytest.mark.parametrize("operation", ["refresh", "destroy"])
def test_credentials_that_ended_are_renewed_first(run: Run, checkout: Path, operation: str) -> None:
    def ends(when: str) -> None:
        stack = {"type": "pulumi:pulumi:Stack", "outputs": {"credentialsExpire": when}}
        applied(checkout, stack)

    ends("2001-02-03T04:05:06+00:00")
    refused = run(operation, "--stack", "test-cluster")
    assert refused.returncode == 1, "it would fail at the first resource of the cluster"
    assert "ended at 2001-02-03T04:05:06+00:00" in refused.stderr, "what is wrong"
    assert "run `make up STACK=test-cluster` first" in refused.stderr, "and what to do"
    started(run("up", "--stack", "test-cluster"))
    ends("2999-02-03T04:05:06+00:00")
    assert run(operation, "--stack", "test-cluster", *AGREED).returncode == 0

"""What runners may reach, and the script before they start, run by bash against a double of the runner."""

import shutil
import subprocess
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
import yaml

from components.gitea import runner_network
from components.gitea import runner_objects as runner
from components.gitea.settings import Actions
from tests.stack_file.stacks import FIXTURES
from tests.support.program import record_program

INSTANCE = "https://git.example.com"
NETWORKS = (IPv4Network("10.2.0.0/16"), IPv4Network("203.0.113.0/24"))


@dataclass
class Start:
    """A double of `gitea-runner` that writes down each call and answers as a Gitea would, unless told to forget."""

    directory: Path

    def run(self, instance: str = INSTANCE, answers: bool = True) -> subprocess.CompletedProcess[str]:
        command = self.directory / "gitea-runner"
        answer = f'printf \'{{\\n  "address": "{instance}"\\n}}\\n\' > {self.state}' if answers else ":"
        command.write_text(f'#!/bin/sh\necho "$@" >> {self.directory}/calls\n{answer}\n')
        command.chmod(0o755)
        authority = self.directory / "ca.crt"
        authority.write_text("-----cluster-----\n")
        bash = shutil.which("bash")
        assert bash is not None, "the script is one of bash, as images of jobs have it"
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.directory / "home"),
            "INSTANCE": instance,
            "NAME": "gitea-runner-0",
            "TOKEN": "t0ken",
            "RUNNER": str(command),
            "CONFIG": "/etc/runner/config.yaml",
            "STATE": str(self.state),
            "CLUSTER_CA": str(authority),
            "BUNDLE": str(self.bundle),
        }
        script = runner.SCRIPT.read_text(encoding="utf-8")
        return subprocess.run([bash, "-c", script], env=environment, capture_output=True, text=True, check=False)

    @property
    def state(self) -> Path:
        return self.directory / "state"

    @property
    def bundle(self) -> Path:
        return self.directory / "bundle.crt"

    @property
    def calls(self) -> list[str]:
        calls = self.directory / "calls"
        return calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def start(tmp_path: Path) -> Start:
    return Start(tmp_path)


def test_a_new_runner_registers_under_the_name_of_its_pod(start: Start) -> None:
    result = start.run()
    assert result.returncode == 0, result.stderr
    (call,) = start.calls
    assert call.startswith("--config /etc/runner/config.yaml register --no-interactive"), "nobody is there to answer"
    for option in (f"--instance {INSTANCE}", "--name gitea-runner-0", "--token t0ken"):
        assert option in call, f"{option} is what Gitea asks for"


def test_a_registered_runner_stays_what_it_is(start: Start) -> None:
    start.run()
    result = start.run()
    assert result.returncode == 0, result.stderr
    assert len(start.calls) == 1, "each registration would be another runner in Gitea's list"


def test_a_runner_of_another_host_registers_anew(start: Start) -> None:
    start.run()
    start.run(instance="https://code.example.com")
    assert len(start.calls) == 2, "it would ask a host that is gone"


def test_a_registration_without_an_answer_is_told(start: Start) -> None:
    result = start.run(answers=False)
    assert result.returncode != 0, "the runner would start without knowing who it is"
    assert INSTANCE in result.stderr, "the log must say where"


def test_jobs_trust_the_cluster_and_everybody_else(start: Start) -> None:
    start.run()
    trusted = start.bundle.read_text()
    assert trusted.endswith("-----cluster-----\n"), "Gitea's certificate is signed by the cluster's own CA"
    public = Path("/etc/ssl/certs/ca-certificates.crt")
    if public.exists():
        assert trusted.startswith(public.read_text()[:100]), "actions come from the internet"


def test_a_label_never_names_an_image() -> None:
    config = yaml.safe_load(runner.configuration(Actions(labels=("ubuntu-latest", "debian"))))
    assert config["runner"]["labels"] == ["ubuntu-latest:host", "debian:host"], "an image would ask for Docker"


def test_no_job_runs_before_its_network_is_closed() -> None:
    program = record_program(preview=False, stack_file=FIXTURES / "valid" / "every-key.yaml")
    runners, closed = (
        program.one("*:StatefulSet", "gitea-runner"),
        program.one("*:NetworkPolicy", "gitea-runner-egress"),
    )
    assert program.is_after(runners, closed), "the first job would have the run of the house"


def reachable(address: str) -> bool:
    blocks = [
        peer["ipBlock"]
        for rule in runner_network.egress(NETWORKS)["egress"]
        for peer in rule.get("to", ())
        if "ipBlock" in peer
    ]
    return any(
        IPv4Address(address) in IPv4Network(block["cidr"])
        and not any(IPv4Address(address) in IPv4Network(closed) for closed in block["except"])
        for block in blocks
    )


@pytest.mark.parametrize("address", ["10.2.3.1", "10.96.0.1", "192.168.1.1", "100.100.100.100", "203.0.113.7"])
def test_jobs_reach_nothing_at_home(address: str) -> None:
    assert not reachable(address), "who may push to a repository would have the run of the house"


def test_jobs_reach_the_internet() -> None:
    assert reachable("140.82.121.4"), "actions and packages come from there"


def test_every_exception_lies_in_its_block() -> None:
    for rule in runner_network.egress(NETWORKS)["egress"]:
        for block in (peer["ipBlock"] for peer in rule.get("to", ()) if "ipBlock" in peer):
            outside = [one for one in block["except"] if not IPv4Network(one).subnet_of(IPv4Network(block["cidr"]))]
            assert outside == [], "the API server refuses such a policy"


def test_jobs_reach_gitea_by_the_ingress_alone() -> None:
    selectors = [peer for rule in runner_network.egress(NETWORKS)["egress"] for peer in rule.get("to", ())]
    namespaces = [
        peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for peer in selectors
        if "namespaceSelector" in peer
    ]
    assert namespaces == ["traefik"], "the only pods that they may connect to"

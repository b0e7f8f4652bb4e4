"""The whole program: what it exports, and what changes with the stack file."""

from pathlib import Path

import pytest

from components.gitea.settings import GiteaSettings
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES, SHIPPED, VALID
from tests.support.engine import Recorded, Recording
from tests.support.leaks import leaks
from tests.support.program import record_program
from tests.support.wire import UNKNOWN

SERVICES_OFF = FIXTURES / "valid" / "services-off.yaml"
EXISTING = FIXTURES / "valid" / "existing-cluster.yaml"


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_first_preview_of_every_valid_stack_file_goes_through(path: Path) -> None:
    recording = record_program(preview=True, stack_file=path)
    assert len(recording.phases) >= 4, "phases are built although nothing is known yet"


@pytest.mark.parametrize(
    "path",
    [FIXTURES / "valid" / "every-key.yaml", FIXTURES / "valid" / "applications.yaml", EXISTING],
    ids=lambda path: path.stem,
)
def test_an_update_of_the_most_different_stack_files_goes_through(path: Path) -> None:
    recording = record_program(preview=False, stack_file=path)
    assert len(recording.phases) >= 4, "phases are built"
    assert [str(leak) for leak in leaks(recording)] == [], "and nothing secret shows"


def test_the_addresses_of_the_platform_are_known_before_it_exists(program: Recording) -> None:
    settings = load_stack_file(SHIPPED)
    urls = program.stack_outputs.values["urls"]
    hosts = {
        "vault": settings.vault.host,
        "identity": settings.identity.host,
        "gitea": settings.section(GiteaSettings).host,
    }
    for name, host in hosts.items():
        assert urls[name] == f"https://{host}", f"{name}: the preview says where things will be"
    assert {"harbor", "matrix"} <= set(urls), "each service has one"


def test_access_to_the_cluster_is_exported_as_a_secret(update: Recording) -> None:
    for name in ("kubeconfig", "talosconfig"):
        assert update.stack_outputs.values[name], f"{name} is exported"
        assert update.stack_outputs.is_secret(name), f"{name} is encrypted in the state"


def test_the_certificate_that_a_browser_must_trust_is_exported_in_the_open(update: Recording) -> None:
    outputs = update.stack_outputs
    assert "BEGIN CERTIFICATE" in outputs.values["caCertificate"], "PEM"
    assert not outputs.is_secret("caCertificate"), "a certificate is public"


def test_a_preview_does_not_invent_what_is_not_known_yet(preview: Recording) -> None:
    for name in ("kubeconfig", "caCertificate"):
        assert preview.stack_outputs.values[name] is UNKNOWN, f"{name} comes into being with the cluster"


def test_every_component_registers_its_outputs(program: Recording) -> None:
    silent = [str(one) for one in program.components if one.urn not in program.component_outputs]
    assert silent == [], "the engine shows a component as done only then"


_OPTIONAL = ("gitea", "harbor", "matrix", "synapse", "flux")


def _of_optional_services(recording: Recording) -> list[Recorded]:
    return [one for one in recording.custom for name in _OPTIONAL if name in one.name]


def test_services_that_are_off_leave_what_they_stored_and_nothing_else() -> None:
    recording = record_program(preview=False, stack_file=SERVICES_OFF)
    left = {(one.type.rsplit(":", 1)[-1], one.name) for one in _of_optional_services(recording)}
    running = {kind for kind, _ in left} & {"Release", "Deployment", "StatefulSet", "Job", "CronJob", "ExternalSecret"}
    assert running == set(), "nothing runs and nothing is read from Vault"
    for service in ("gitea", "harbor", "matrix"):
        assert ("Namespace", f"{service}-namespace") in left, "volumes go with their namespace"
    assert ("SecretV2", "matrix-signing-key-kv") in left, "and other servers know the homeserver by its key"
    assert set(recording.stack_outputs.values["urls"]) == {"identity", "vault"}, "nobody finds them"


def test_services_that_are_off_and_keep_no_data_leave_nothing_behind(tmp_path: Path) -> None:
    stack_file = tmp_path / SERVICES_OFF.name
    text = SERVICES_OFF.read_text(encoding="utf-8")
    stack_file.write_text(text.replace("    enabled: false\n", "    enabled: false\n    keepData: false\n", 3), "utf-8")
    recording = record_program(preview=False, stack_file=stack_file)
    assert _of_optional_services(recording) == [], "no namespace, secret, database or login"


def test_the_rest_stays_as_it_was_when_a_service_is_switched_off() -> None:
    minimal = record_program(preview=True, stack_file=FIXTURES / "valid" / "minimal.yaml")
    less = record_program(preview=True, stack_file=SERVICES_OFF)
    renamed = {one.urn.split("::", maxsplit=1)[1] for one in less.resources} - {
        one.urn.split("::", maxsplit=1)[1] for one in minimal.resources
    }
    assert renamed == set(), "switching a service off replaces nothing of the others"


def test_an_existing_cluster_exports_no_talosconfig() -> None:
    outputs = record_program(preview=False, stack_file=EXISTING).stack_outputs
    assert "talosconfig" not in outputs.values, "there is no Talos of ours"
    assert outputs.is_secret("kubeconfig"), "the given kubeconfig stays secret"


def test_two_runs_ask_for_the_same_things(update: Recording) -> None:
    record_program.cache_clear()
    again = record_program(preview=False)
    assert {one.urn: one.inputs for one in again.resources} == {one.urn: one.inputs for one in update.resources}, (
        "nothing depends on time, chance or the order of a set, so a second update changes nothing"
    )

"""The unchanged program on a real control plane: what one bring-up shows, in the order in which it happens."""

import pytest
from cryptography import x509

from lab.driver import Result
from tests.engine.platform import statuses
from tests.real.rig.conftest import Rotation, Switched
from tests.real.rig.rig import Running


def test_the_first_update_brings_every_phase_up(rig: Running, up: Result) -> None:
    assert up.ok, up.messages()
    assert set(statuses(up).values()) == {"ready"}, statuses(up)
    assert set(up.changes) == {"create"}, "there was nothing to change or take away"
    made = {name.partition("-stand-in")[0] for name in rig.seen.workloads("dns")}
    assert made == {"powerdns", "external-dns"}, "the real API has what it made, and its charts"


def test_certificates_come_from_cert_manager_by_the_platforms_ca_and_by_vault(rig: Running, up: Result) -> None:
    assert up.ok, up.messages()
    root = x509.load_pem_x509_certificate(up.outputs["caCertificate"].encode())
    issued = rig.seen.certificates()
    assert {name.partition(" ")[0] for name in issued} == {"internal-ca", "vault-pki"}, "both issuers are asked"
    for name, chain in issued.items():
        assert chain, f"{name}: the Secret has what the request came to"
        for one, above in zip(chain, (*chain[1:], root), strict=True):
            one.verify_directly_issued_by(above)


def test_secrets_hold_what_they_hold_in_the_lab(rig: Running, up: Result) -> None:
    """What External Secrets makes of each template, above all. What is found here is a fault of lab/providers."""
    assert up.ok, up.messages()
    assert not rig.seen.unlike_the_lab()


@pytest.mark.parametrize(("operation", "what"), [(0, "preview"), (1, "update"), (2, "refresh")])
def test_nothing_changes_where_nobody_changed_anything(again: tuple[Result, ...], operation: int, what: str) -> None:
    result = again[operation]
    assert result.ok, result.messages()
    steps = [(one["op"], one["urn"]) for one in result.events if one["event"] == "start" and one["op"] != "same"]
    assert not result.changed, f"the {what} finds {steps}"


def test_a_rotated_secret_goes_through_vault_and_external_secrets_to_its_readers(rotation: Rotation) -> None:
    assert rotation.result.ok, rotation.result.messages()
    assert len(set(rotation.before.values())) == 1, "the readers agreed"
    assert set(rotation.after.values()) == {rotation.vault}, "and do so again: they have what Vault has"
    assert rotation.vault not in rotation.before.values(), "which is new"


def test_a_service_goes_and_comes_back(switched: Switched) -> None:
    assert switched.off.ok, switched.off.messages()
    assert not switched.without, "nothing of it runs"
    assert switched.back == "deployed", "Helm is done with it"


def test_an_update_that_was_killed_inside_helm_is_finished_by_the_next(switched: Switched) -> None:
    assert switched.left == "pending-install", "it was killed in the middle"
    assert switched.on.ok, switched.on.messages()
    assert any("cut off: Release matrix" in told for told in switched.on.messages("warning")), "it is told"
    assert switched.then.ok, switched.then.messages()
    assert not switched.then.changed, "nothing is left to do"


def test_everything_goes(destroyed: tuple[list[str], Result, list[str]]) -> None:
    before, result, left = destroyed
    assert result.ok, result.messages()
    assert "ClusterIssuer /internal-ca" in before, "it is seen who made what"
    assert not left, "nothing that the program or Helm made is in the real API any more"


def test_the_lab_came_to_the_same_as_the_official_provider(
    rig: Running, destroyed: tuple[list[str], Result, list[str]]
) -> None:
    """After all of the above. What is found here is a fault of lab/providers/kubernetes."""
    assert destroyed[1].ok, "all of it was done"
    assert not rig.differences()

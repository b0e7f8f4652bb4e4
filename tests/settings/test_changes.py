"""Settings that cannot change freely: what is declared in the model, what is recorded, what is refused."""

from pathlib import Path
from typing import Any

import pytest

from register.secrets import declare
from settings import changes
from settings.model import Settings
from settings.rules import Fixed, Growing, Upgrading
from stack_file.load import load_stack_file, parse
from tests.stack_file.stacks import FIXTURES, RECORD, sections

EVERY_KEY = FIXTURES / "valid" / "every-key.yaml"
EXISTING = FIXTURES / "valid" / "existing-cluster.yaml"
OFF = FIXTURES / "valid" / "services-off.yaml"


def recorded(settings: Settings) -> dict[str, str]:
    ruled = (*changes.declared(settings), *changes.generations(declare(settings)))
    return {one.key: one.value for one in ruled}


def refused(path: Path, **applied: str) -> list[str]:
    """What is said of a stack file after something else was applied, by keys with `_` for dots."""
    settings = load_stack_file(path)
    before = recorded(settings) | {key.replace("_", "."): value for key, value in applied.items()}
    return changes.refused(before, changes.declared(settings))


@pytest.mark.parametrize(
    "key",
    [
        *("cluster.name", "cluster.existing", "network.nodes", "network.pods", "network.services", "network.vip"),
        *("proxmox.region", "proxmox.vmDatastore", "proxmox.csi.datastore", "storage.className"),
        *("storage.reclaimPolicy", "talos.versionContract", "talos.controlPlane.disk", "talos.workers.default.disk"),
        *(
            "talos.version",
            "talos.kubernetesVersion",
            "talos.controlPlane.nodes[control].vmId",
            "talos.workers.default.nodes[worker].address",
        ),
        *(
            "talos.workers.default.nodes[worker].host",
            "vault.mode",
            "vault.dataSize",
            "vault.auditSize",
            "databases.size",
        ),
        *("databases.valkeySize", "gitea.size", "gitea.actions.size", "harbor.registrySize"),
        *("harbor.projects.hub.proxyCache", "matrix.serverName", "matrix.mediaSize"),
        "rotation.generations.gitea/admin",
    ],
)
def test_the_setting_has_a_rule(key: str) -> None:
    assert key in recorded(load_stack_file(EVERY_KEY)), "else a change of it would be planned without a word"


@pytest.mark.parametrize("path", [EVERY_KEY, EXISTING, OFF], ids=lambda path: path.stem)
def test_a_stack_file_may_stay_as_it_is(path: Path) -> None:
    assert refused(path) == [], "nothing changed"
    assert changes.refused({}, changes.declared(load_stack_file(path))) == [], "and before the first update all is free"


def test_a_fixed_setting_is_refused_with_both_values_the_reason_and_the_way_round() -> None:
    (told,) = refused(EVERY_KEY, network_pods="10.245.0.0/16")
    assert told == (
        "network.pods: 10.244.0.0/16 is not 10.245.0.0/16, with which it was applied: each node has its share of it "
        "for good, which nothing hands out anew; write 10.245.0.0/16 again, or bring up another stack and move there"
    ), "key, new value, old value, why, and what to do"


def test_a_volume_grows_and_never_shrinks() -> None:
    assert refused(EVERY_KEY, gitea_size="29Gi") == [], "30Gi is more"
    (told,) = refused(EVERY_KEY, gitea_size="1Ti")
    assert told.startswith("gitea.size: 30Gi is less than 1Ti"), "a unit that is greater, not a number"
    (told,) = refused(EVERY_KEY, talos_workers_default_disk="41")
    assert told.startswith("talos.workers.default.disk: 40 is less than 41"), "a number of GiB"
    (told,) = refused(EVERY_KEY, vault_mode="ha")
    assert told.startswith("vault.mode: standalone is less than ha"), "servers that joined"


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("1.36.3", ""),
        ("1.36.0", ""),
        ("1.35.9", ""),
        ("1.34.9", "skips a minor release after 1.34.9"),
        ("1.36.4", "is older than 1.36.4"),
        ("1.37.0", "is older than 1.37.0"),
    ],
)
def test_kubernetes_rises_by_one_minor_release(before: str, said: str) -> None:
    told = refused(EVERY_KEY, talos_kubernetesVersion=before)
    assert [line.split(": ")[1].split(",")[0].removeprefix("1.36.3 ") for line in told] == ([said] if said else [])


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("v1.13.6", ""),
        ("v1.13.9", ""),  # Talos goes back within a minor release
        ("v1.12.9", ""),
        ("v1.11.6", "skips a minor release after v1.11.6"),
        ("v1.14.0", "is older than v1.14.0"),
    ],
)
def test_talos_rises_by_one_minor_release(before: str, said: str) -> None:
    told = refused(EVERY_KEY, talos_version=before)
    assert [line.split(": ")[1].split(",")[0].removeprefix("v1.13.7 ") for line in told] == ([said] if said else [])


def test_both_move_at_once_where_each_talos_runs_the_kubernetes_it_meets() -> None:
    document: Any = sections(EVERY_KEY)
    document["talos"] |= {"version": "v1.14.0", "kubernetesVersion": "1.32.9", "clusterRoles": {}}
    wanted = list(changes.declared(parse(document)))

    def told(kubernetes: str) -> list[str]:
        return changes.refused({"talos.version": "v1.13.9", "talos.kubernetesVersion": kubernetes}, wanted)

    assert told("1.32.5") == [], "a node comes to its Talos first, and then to its Kubernetes"
    assert told("1.31.9") == [
        "talos.version: v1.14.0 does not run Kubernetes 1.31.9, which was applied and which each node still has "
        "when it comes to it; make talos.kubernetesVersion 1.32.9 one update, with talos.version v1.13.9, and v1.14.0 "
        "the next"
    ], "refused with the order"


def test_what_a_service_without_data_was_is_free() -> None:
    document: Any = sections(EVERY_KEY)
    document["gitea"] = {**document["gitea"], "enabled": False, "organisations": {}, "actions": {}, "removed": {}}
    document["gitops"]["enabled"] = False
    kept = [one.key for one in changes.declared(parse(document))]
    document["gitea"]["keepData"] = False
    gone = [one.key for one in changes.declared(parse(document))]
    assert "gitea.size" in kept, "its volume is still there"
    assert "gitea.size" not in gone, "there is no volume that could shrink"


def test_the_networks_of_an_existing_cluster_are_only_described() -> None:
    assert [key for key in recorded(load_stack_file(EXISTING)) if key.startswith("network.")] == []
    assert refused(EXISTING, network_pods="10.1.0.0/16") == [], "a description can be put right"


def test_nodes_are_told_apart_by_name() -> None:
    settings = load_stack_file(EVERY_KEY)
    before = recorded(settings) | {
        "talos.workers.default.nodes[gone].vmId": "301",
        "talos.workers.default.nodes[worker].vmId": "302",
    }
    (told,) = changes.refused(before, changes.declared(settings))
    assert told.startswith("talos.workers.default.nodes[worker].vmId: 300 is not 302"), "one that left is no matter"


def test_the_record_is_found_in_an_exported_state() -> None:
    record = {"type": "pulumi:index:Stash", "inputs": {"input": {"cluster.name": "home"}}, "parent": RECORD}
    barrier = {
        "type": "pulumi:index:Stash",
        "inputs": {"input": "open"},
        "parent": "urn::home-cluster:phase:Phase::one",
    }
    state = {"deployment": {"resources": [{"type": "pulumi:pulumi:Stack"}, barrier, record]}}
    assert changes.applied(state) == {"cluster.name": "home"}, "what `make up` compares with"
    assert changes.applied({}) == changes.applied({"deployment": {"resources": []}}) == {}, "before the first update"


@pytest.mark.parametrize("rule", [Fixed, Growing, Upgrading])
def test_a_lower_number_breaks_every_rule(rule: type[Fixed | Growing | Upgrading]) -> None:
    first, value = ("1.2.3", "1.2.2") if rule is Upgrading else ("2Gi", "1Gi")
    refusal = rule(because="of this", instead="do that").refusal(first, value)
    assert refusal is not None, "and says so"
    assert "of this" in refusal[0], "with its reason"
    assert refusal[1].endswith("or do that"), "and the way round"


def test_a_lowered_generation_is_refused_also_when_its_line_was_removed() -> None:
    settings = load_stack_file(FIXTURES / "valid" / "minimal.yaml")
    ruled = [*changes.declared(settings), *changes.generations(declare(settings))]
    (told,) = changes.refused({"rotation.generations.gitea/admin": "3", "rotation.generations.gone/one": "7"}, ruled)
    assert told.startswith("rotation.generations.gitea/admin: 1 is less than 3, which was applied already"), "by path"
    assert told.endswith("; write 3 or more, or the next number for new values"), "the fix"

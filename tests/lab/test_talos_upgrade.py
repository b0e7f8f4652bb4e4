"""Another Talos on a running node: scripts/talos_upgrade.py on the lab, whose talosctl takes what the real one does."""

from collections.abc import Callable
from typing import Any

import pytest

from components.talos.upgrade import PROGRAM
from lab.checkout import ROOT
from lab.faults import Faults
from lab.providers.kubernetes.cluster import CLUSTERS, OBJECTS
from lab.providers.talos import talosctl
from lab.providers.talos.images import SCHEMATICS
from lab.providers.talos.nodes import NODES, RESTARTS
from tests.lab.bench import Bench, refuses
from tests.lab.machines import NODE, VIP, VM, machine, with_host
from tests.lab.test_talos import APPLY, BOOTSTRAP, KUBECONFIG, node_call, talos

OTHER, NAME, OLD, NEW = "192.0.2.12", "vm-202", "v1.13.7", "v1.13.9"
SCHEMATIC = "5" * 64
IMAGE = f"factory.talos.dev/nocloud-installer/{SCHEMATIC}"


class Site:
    """A control plane, and a worker that is to be upgraded."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        with_host(bench)
        inputs, worker = talos(bench), {**talos(bench, "worker"), "node": OTHER}
        self.client = inputs["clientConfiguration"]
        for number, address, configuration in (201, NODE, inputs), (202, OTHER, worker):
            bench.create(VM, machine(number, address, name=f"vm-{number}"), f"vm-{number}")
            bench.create(APPLY, configuration, f"vm-{number}")
        bench.create(BOOTSTRAP, node_call(inputs))
        self.kubernetes = bench.create(KUBECONFIG, node_call(inputs)).outputs["kubernetesClientConfiguration"]
        server = self.kubernetes["host"]
        bench.world.put(
            CLUSTERS, server, {**(bench.world.get(CLUSTERS, server) or {}), "answers": True, "network": True}
        )
        bench.world.put(SCHEMATICS, SCHEMATIC, {})
        for address in NODE, OTHER:
            self.put(address, image={"release": OLD, "schematic": SCHEMATIC})

    def put(self, address: str = OTHER, **changes: Any) -> None:
        self.bench.world.put(NODES, address, {**self.node(address), **changes}, sealed=True)

    def node(self, address: str = OTHER) -> dict[str, Any]:
        return self.bench.world.get(NODES, address) or {}

    def object(self, group: str, kind: str, spec: dict[str, Any], status: dict[str, Any], **metadata: Any) -> None:
        namespace = "" if kind == "VolumeAttachment" else "space"
        named = {"name": "thing", **({"namespace": namespace} if namespace else {}), **metadata}
        one = {"apiVersion": f"{group}/v1", "kind": kind, "metadata": named, "spec": spec, "status": status}
        self.bench.world.put(OBJECTS, f"{group}/{kind}/{namespace}/thing", one)

    def upgrade(self, release: str = NEW, **changed: str) -> str:
        environment = {
            "API_SERVERS": f"https://{NODE}:6443,https://{VIP}:6443",
            "CA_CERTIFICATE": self.kubernetes["caCertificate"],
            "CLIENT_CERTIFICATE": self.kubernetes["clientCertificate"],
            "CLIENT_KEY": self.kubernetes["clientKey"],
            "TALOS_CA": self.client["caCertificate"],
            "TALOS_CERTIFICATE": self.client["clientCertificate"],
            "TALOS_KEY": self.client["clientKey"],
            **{"NODE": NAME, "ADDRESS": OTHER, "ENDPOINT": NODE, "IMAGE": f"{IMAGE}:{release}", "DRAIN": "true"},
            **{"SECONDS_TO_WAIT": "120", "SECONDS_TO_RETURN": "300", **changed},
        }
        given = {"interpreter": ["python3", "-m"], "command": PROGRAM, "dir": str(ROOT), "environment": environment}
        return str(self.bench.invoke("command:local:run", given)["stdout"])

    @property
    def restarts(self) -> list[dict[str, Any]]:
        return list(self.bench.world.table(RESTARTS).values())


@pytest.fixture
def site(bench: Bench) -> Site:
    return Site(bench)


Stage = Callable[[Site], object]

ATTACHED = {"source": {"persistentVolumeName": "pvc-1"}, "nodeName": NAME}
NOT_BEGUN: dict[str, tuple[Stage, str]] = {
    "an ill volume": (
        lambda one: one.object("storage.k8s.io", "VolumeAttachment", ATTACHED, {"attached": False}),
        f"{NAME} is not begun with: volume pvc-1 is on its way to or from {NAME}",
    ),
    "a volume that leaves": (
        lambda one: one.object(
            "storage.k8s.io", "VolumeAttachment", ATTACHED, {"attached": True}, deletionTimestamp="2026-01-01T00:00:00Z"
        ),
        "volume pvc-1 is on its way",
    ),
    "a database with an instance away": (
        lambda one: one.object(
            "postgresql.cnpg.io", "Cluster", {"instances": 3}, {"readyInstances": 2, "phase": "Failing over"}
        ),
        "of Postgres space/thing 2/3 are ready",
    ),
    "a primary that moves": (
        lambda one: one.object(
            "postgresql.cnpg.io",
            "Cluster",
            {"instances": 1},
            {"readyInstances": 1, "currentPrimary": "thing-1", "targetPrimary": "thing-2"},
        ),
        "the primary of Postgres space/thing is moving to thing-2",
    ),
    "a sealed Vault": (
        lambda one: one.object(
            "",
            "Pod",
            {},
            {"conditions": [{"type": "Ready", "status": "False"}]},
            labels={"app.kubernetes.io/name": "vault", "component": "server"},
        ),
        "Vault's server thing is not ready: sealed, or not started",
    ),
    "no talosctl": (
        lambda one: one.bench.world.put(talosctl.VERSION, "installed", {"version": ""}),
        "talosctl is not on PATH; install that of the Talos that runs",
    ),
    "an old talosctl": (
        lambda one: one.bench.world.put(talosctl.VERSION, "installed", {"version": "v1.12.9"}),
        "talosctl is older than 1.13",
    ),
    "a node two minor releases behind": (
        lambda one: one.put(image={"release": "v1.11.6", "schematic": SCHEMATIC}),
        f"{NAME} runs v1.11.6, so a release of 1.12 comes before v1.13.9. Where it stands: vm-201 runs v1.13.7, {NAME}",
    ),
    "a node ahead": (
        lambda one: one.put(image={"release": "v1.14.0", "schematic": SCHEMATIC}),
        f"{NAME} runs v1.14.0, and Talos is not taken back to v1.13.9",
    ),
}


@pytest.mark.parametrize("case", NOT_BEGUN)
def test_a_node_is_left_alone_while_something_is_not_as_it_should_be(site: Site, case: str) -> None:
    stage, said = NOT_BEGUN[case]
    stage(site)
    with refuses(said):
        site.upgrade()
    assert site.restarts == [], "nothing was taken down"
    assert not site.node().get("cordoned"), "and nothing sent away"


def test_another_schematic_is_another_image(site: Site) -> None:
    other = "6" * 64
    site.bench.world.put(SCHEMATICS, other, {})
    assert NAME in site.upgrade(IMAGE=f"factory.talos.dev/nocloud-installer/{other}:{OLD}")
    assert [(one["node"], one["why"], one["drained"]) for one in site.restarts] == [(NAME, "upgrade", True)]
    assert site.node()["image"] == {"release": OLD, "schematic": other}, "an extension comes with it"


def test_an_image_that_the_factory_does_not_know_changes_nothing(site: Site) -> None:
    with refuses(rf"{NAME} was given up by talosctl: error pulling upgrade image: .*: not found. Where it stands: "):
        site.upgrade(IMAGE=f"factory.talos.dev/nocloud-installer/{'0' * 64}:{NEW}")
    assert site.restarts == [], "Talos pulls before anything else"


def test_where_pods_have_nowhere_to_go_they_stay(site: Site) -> None:
    site.upgrade(DRAIN="false")
    assert [one["drained"] for one in site.restarts] == [False], "a drain would wait for a place that never comes"


def test_a_drain_that_does_not_end_leaves_the_node_as_it_was(site: Site) -> None:
    Faults(site.bench.world).stage("Drain", NAME, "refuse", "cannot evict pod: disruption budget")
    with refuses(f"{NAME} was given up by talosctl: error draining node: cannot evict pod"):
        site.upgrade()
    assert (site.restarts, site.node()["cordoned"]) == ([], False), "talosctl leaves it cordoned"
    Faults(site.bench.world).clear()
    site.upgrade()
    assert site.node()["image"]["release"] == NEW, "the next update tries again"


def test_what_was_cut_off_after_the_reboot_is_finished(site: Site) -> None:
    site.put(image={"release": NEW, "schematic": SCHEMATIC}, cordoned=True)
    assert site.upgrade().strip() == f"{NAME} runs {IMAGE}:{NEW}"
    assert (site.restarts, site.node()["cordoned"]) == ([], False), "no second reboot; pods may come back"


def test_vault_must_be_unsealed_after_the_node_is_back(site: Site) -> None:
    site.put(image={"release": NEW, "schematic": SCHEMATIC})
    NOT_BEGUN["a sealed Vault"][0](site)
    with refuses(f"{NAME} has not come back whole: Vault's server thing is not ready"):
        site.upgrade()

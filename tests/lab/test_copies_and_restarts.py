"""The simulated Reflector and Reloader do what the real ones do with the annotations that the program sets."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lab.clock import Clock
from lab.providers.kubernetes.cluster import RELEASES, RESTARTS, Cluster, encoded
from lab.providers.operators import reflector, reloader
from lab.site import Site
from lab.world import World

PREFIX = "reflector.v1.k8s.emberstack.com/reflection-"
COPIED = {
    f"{PREFIX}allowed": "true",
    f"{PREFIX}allowed-namespaces": "shop,till",
    f"{PREFIX}auto-enabled": "true",
    f"{PREFIX}auto-namespaces": "shop,till",
}
AUTO = {"reloader.stakater.com/auto": "true"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A cluster in which both operators run."""
    with World(tmp_path / "world", "passphrase") as world:
        for chart in ("reflector", "reloader"):
            record: dict[str, Any] = {"chart": chart, "name": chart, "namespace": chart, "running": True, "values": {}}
            world.put(RELEASES, f"{chart}/{chart}", record)
        yield Site(world, Clock(world), (reflector.run, reloader.run))


def _namespace(site: Site, name: str) -> None:
    Cluster(site).apply_plain({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def _secret(site: Site, value: str, annotations: Mapping[str, str] | None = None, namespace: str = "home") -> None:
    metadata = {"name": "token", "namespace": namespace, "annotations": dict(annotations or {})}
    data = encoded({"token": value})
    Cluster(site).apply_plain({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
    site.settle()


def _copy(site: Site, namespace: str) -> Any:
    found = Cluster(site).get("Secret", namespace, "token")
    return found and found["data"]


def test_a_copy_is_made_in_the_named_namespaces_also_in_one_that_comes_later(site: Site) -> None:
    for name in ("home", "shop", "shop-workers"):
        _namespace(site, name)
    _secret(site, "one", COPIED)
    assert _copy(site, "shop") == encoded({"token": "one"}), "named"
    assert _copy(site, "shop-workers") is None, "a name is not a prefix"
    _namespace(site, "till")
    site.settle()
    assert _copy(site, "till") == encoded({"token": "one"}), "named, and there only now"


def test_a_copy_follows_its_source_and_ends_with_the_permission(site: Site) -> None:
    _namespace(site, "shop")
    _secret(site, "one", COPIED)
    _secret(site, "two", COPIED)
    assert _copy(site, "shop") == encoded({"token": "two"}), "a new value"
    _secret(site, "two", COPIED | {f"{PREFIX}allowed-namespaces": "till"})
    assert _copy(site, "shop") is None, "no longer allowed"


def test_a_secret_of_somebody_else_is_left_alone(site: Site) -> None:
    _namespace(site, "shop")
    _secret(site, "theirs", namespace="shop")
    _secret(site, "ours", COPIED)
    assert _copy(site, "shop") == encoded({"token": "theirs"}), "Reflector overwrites only its own copies"


def test_a_secret_without_the_annotations_is_not_copied(site: Site) -> None:
    _namespace(site, "shop")
    _secret(site, "one", {f"{PREFIX}auto-enabled": "true"})
    assert _copy(site, "shop") is None, "asking for copies is not enough: they must be allowed"


def _deployment(site: Site, annotations: Mapping[str, str], secret: str = "token") -> None:
    variable = {"name": "T", "valueFrom": {"secretKeyRef": {"name": secret, "key": "token"}}}
    template = {"spec": {"containers": [{"name": "app", "env": [variable]}]}}
    metadata = {"name": "app", "namespace": "home", "annotations": dict(annotations)}
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}}
    Cluster(site).apply_plain(obj)


def _restarts(site: Site) -> dict[str, int]:
    return {name: record["count"] for name, record in site.world.table(RESTARTS).items()}


def test_what_uses_a_changed_secret_restarts_once_for_each_change(site: Site) -> None:
    _deployment(site, AUTO)
    _secret(site, "one")
    assert _restarts(site) == {}, "a Secret that comes into being is no change"
    _secret(site, "two")
    _secret(site, "two", {"note": "only metadata"})
    assert _restarts(site) == {"Deployment home/app": 1}, "one change of its data"
    _secret(site, "three")
    assert _restarts(site) == {"Deployment home/app": 2}, "and another"


@pytest.mark.parametrize(
    ("annotations", "secret"),
    [({}, "token"), (AUTO, "other"), ({"secret.reloader.stakater.com/reload": "other"}, "token")],
    ids=["nothing asks for it", "it uses another secret", "another secret is named"],
)
def test_nothing_else_restarts(site: Site, annotations: Mapping[str, str], secret: str) -> None:
    _deployment(site, annotations, secret)
    _secret(site, "one")
    _secret(site, "two")
    assert _restarts(site) == {}, "its pods keep running"


def test_a_named_secret_restarts_what_names_it(site: Site) -> None:
    _deployment(site, {"secret.reloader.stakater.com/reload": "other,token"})
    _secret(site, "one")
    _secret(site, "two")
    assert _restarts(site) == {"Deployment home/app": 1}, "by name"


def test_the_workloads_of_a_chart_restart_by_the_annotations_in_its_values(site: Site) -> None:
    values = {"workloadAnnotations": AUTO, "auth": {"usersExistingSecret": "token"}}
    record = {"chart": "valkey", "name": "cache", "namespace": "home", "running": True, "values": values}
    site.world.put(RELEASES, "home/cache", record)
    _secret(site, "one")
    _secret(site, "two")
    assert _restarts(site) == {"Release home/cache": 1}, "the lab knows a chart as a whole"


def test_without_the_operators_nothing_is_copied_and_nothing_restarts(site: Site) -> None:
    for name in ("reflector", "reloader"):
        site.world.delete(RELEASES, f"{name}/{name}")
    _namespace(site, "shop")
    _deployment(site, AUTO)
    _secret(site, "one", COPIED)
    _secret(site, "two", COPIED)
    assert (_copy(site, "shop"), _restarts(site)) == (None, {}), "somebody has to do it"

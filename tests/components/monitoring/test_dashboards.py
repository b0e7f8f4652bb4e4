"""The dashboard lies where a Grafana looks, and its panels do not lie on each other."""

import json
from itertools import product

from tests.support.engine import Recording


def test_a_grafana_may_read_dashboards_and_no_secret(monitored: Recording) -> None:
    (rule,) = monitored.one("kubernetes:rbac*:Role", "dashboards-role").get("rules")
    assert rule["resources"] == ["configmaps"], "tokens of metrics are Secrets of that namespace"
    (who,) = monitored.one("kubernetes:rbac*:RoleBinding", "dashboards-binding").get("subjects")
    assert who["name"] == "system:serviceaccounts:observability", "every account of a namespace, in Kubernetes' words"


def test_the_dashboard_is_found_by_its_label_and_shows_every_panel_once(monitored: Recording) -> None:
    found = monitored.one("kubernetes:core/v1:ConfigMap", "dashboards-overview")
    # charts/grafana/values.yaml of grafana-community/helm-charts, sidecar.dashboards.label
    assert found.get("metadata", "labels") == {"grafana_dashboard": "1"}
    panels = json.loads(found.get("data", "home-cluster-overview.json"))["panels"]
    cells = [
        (place["x"] + x, place["y"] + y)
        for place in (panel["gridPos"] for panel in panels)
        for x, y in product(range(place["w"]), range(place["h"]))
    ]
    assert len(cells) == len(set(cells)), "no cell of the grid is taken twice"
    assert max(x for x, _ in cells) < 24, "the width of Grafana's grid"
    assert len({panel["id"] for panel in panels}) == len(panels), "Grafana drops one of two with the same id"

"""Every gate runs again when what it looks at has changed, and for nothing else."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from lib.charts import TABLE
from lib.kubernetes import digest
from tests.support.engine import Recorded, Recording

# Gate -> charts whose release it asks, itself or through the ingress.
LOOKS_AT = {
    "cilium-gate": {"cilium"},
    "storage-gate": {"proxmox-csi-plugin"},
    # Both are done with once Vault has its keys: an initialisation that runs again could only replace them.
    "vault-init-*": set(),
    "vault-gate": {"vault"},
    "authentik-api": {"authentik", "traefik"},
    "*-blueprint-visible": {"authentik"},
    "*-blueprint-apply": {"authentik"},
    "authentik-settings-set": {"authentik"},
    "blueprint-users-*": {"authentik"},
    "login-*-discovery": {"authentik"},
    "vault-oidc-gate": {"vault", "authentik"},
    "gitea-login": {"gitea", "traefik"},
    "gitea-content": {"gitea"},
    "harbor-login": {"harbor", "traefik"},
    "harbor-content": {"harbor"},
    "flux-gate": {"flux-operator"},
    "matrix-login": {"matrix-stack", "traefik"},
    "matrix-sessions": {"matrix-stack"},
    "dns*-zones": set(),  # PowerDNS, which no chart brings
}


def marks(program: Recording) -> dict[str, set[str]]:
    """By what a gate may know each chart: the digest of its release, or its version."""
    found = {name: {chart.version} for name, chart in TABLE.items()}
    for one in program.of_type("kubernetes:helm.sh/v3:Release"):
        name = one.get("chart").rpartition("/")[2]
        found[name].add(digest(name, one.get("version"), json.dumps(one.get("values"), sort_keys=True)))
    return found


def _releases(program: Recording) -> dict[str, Recorded]:
    return {one.get("chart").rpartition("/")[2]: one for one in program.of_type("kubernetes:helm.sh/v3:Release")}


def looks_at(gate: str) -> set[str]:
    found = [charts for pattern, charts in LOOKS_AT.items() if fnmatchcase(gate, pattern)]
    assert found, f"{gate}: say what it looks at, so that it runs again when that changes"
    return set().union(*found)


@pytest.mark.failure("job-that-ran-once")
def test_a_gate_runs_again_with_every_new_release_of_what_it_looks_at(update: Recording) -> None:
    known, wrong = marks(update), []
    for one in update.of_type("kubernetes:batch/v1:Job"):
        proven = set((annotations(one).get("home-cluster/proves") or "").split(" "))
        found = {chart for chart, names in known.items() if names & proven}
        if found != looks_at(one.name):
            wrong.append(f"{one.name} takes in {sorted(found)}, looks at {sorted(looks_at(one.name))}")
        asked = [release for chart, release in _releases(update).items() if chart in looks_at(one.name)]
        wrong += [f"{one.name} may come before {release}" for release in asked if not update.is_after(one, release)]
    assert wrong == [], "a gate that does not run again proves what was there before"


def test_what_makes_a_gate_run_again_is_known_in_a_preview_and_no_secret(preview: Recording) -> None:
    for one in preview.of_type("kubernetes:batch/v1:Job"):
        assert all(isinstance(value, str) for value in annotations(one).values()), f"{one}: even in the first of all"
        assert not one.is_secret("spec", "template", "metadata"), f"{one}: or nobody could read the preview"


def annotations(one: Recorded) -> dict[str, Any]:
    found: dict[str, Any] = one.get("spec", "template").get("metadata", {}).get("annotations", {})
    return found


def test_what_people_can_change_by_hand_is_put_right_every_hour(update: Recording) -> None:
    made = {one.name for one in update.of_type("kubernetes:batch/v1:Job")}
    keepers = {name for name in made if name.endswith(("-content", "-apply", "-set", "-zones"))}
    again = {one.name: one.get("spec", "schedule") for one in update.of_type("kubernetes:batch/v1:CronJob")}
    assert len(keepers) > 7, "Gitea, Harbor, system settings, people and groups, and each login"
    assert {f"{name}-again" for name in keepers} <= set(again), "else it would stay as somebody left it"
    minutes = [again[f"{name}-again"].removesuffix(" * * * *") for name in keepers]
    assert all(0 <= int(minute) < 60 for minute in minutes), "once in each hour"
    assert len(set(minutes)) == len(minutes), "each at a minute of its own"

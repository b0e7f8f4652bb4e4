"""What the accounts of the program may do, asked of a real API server: what they need, and nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.flux.values import CONTROLLERS
from scripts import conditions
from tests.real.kubernetes.controllers import awaited
from tests.real.kubernetes.manifests import pod_of, recorded
from tests.real.kubernetes.rights import Right, account_token, is_allowed, rights
from tests.real.kubernetes.stage import Stage
from tests.support.objects import of_kind
from tests.support.recording import Recording


def secret(verb: str, name: str = "vault-keys", namespace: str = "vault") -> Right:
    return Right(verb, "", "secrets", name, namespace)


def token(name: str, namespace: str = "cert-manager") -> Right:
    return Right("create", "", "serviceaccounts/token", name, namespace)


def definition(name: str) -> Right:
    return Right("get", "apiextensions.k8s.io", "customresourcedefinitions", f"{name}.cilium.io")


NODES = ("controlplane0", "controlplane1", "controlplane2", "worker0", "worker1", "worker2")
KINDS = ("ciliuml2announcementpolicies", "ciliumloadbalancerippools", "ciliumnetworkpolicies")
WATCHED = (("", "services"), ("", "namespaces"), ("discovery.k8s.io", "endpointslices"))


def stop(kind: str, workload: str, namespace: str) -> set[Right]:
    """What a backup of a volume does with who writes to it (scripts/volumes.py)."""
    scaled = {Right(verb, "apps", f"{kind}/scale", workload, namespace) for verb in ("get", "patch")}
    return {*scaled, Right("list", "", "pods", "", namespace)}


NEEDS: Mapping[str, set[Right]] = {
    "gitea/volume-gitea": stop("deployments", "gitea", "gitea"),
    "harbor/volume-harbor": stop("deployments", "harbor-registry", "harbor"),
    "matrix/volume-matrix": stop("statefulsets", "matrix-synapse-main", "matrix"),
    "kube-system/postgres-archived": {Right("get", "postgresql.cnpg.io", "clusters", "postgres")},
    # bank-vaults writes both keys into the one Secret, and reads what is there.
    "vault/vault-init": {secret("get"), secret("update")},
    # It logs in to Vault; its snapshot does not go through Kubernetes.
    "vault/vault-backup": set(),
    # Nothing runs as it: it is what a token of cert-manager's is made for.
    "cert-manager/vault-issuer": set(),
    # It makes Secrets of certificates and accounts, whose names it is told, and looks at none.
    "cert-manager/kept-certificates": {secret("create", "", "cert-manager")},
    # It looks since when core runs, and since when Valkey's Secret is as it is (scripts/harbor_schedules.py).
    "harbor/harbor-content": {secret("get", "valkey", "harbor"), Right("list", "", "pods", "", "harbor")},
    "kube-system/flux-gate": {Right("get", "apps", "deployments", name) for name in CONTROLLERS},
    "kube-system/coredns": {Right(verb, *kind) for verb in ("list", "watch") for kind in WATCHED},
    "kube-system/cilium-gate": {
        *(Right("get", "", "nodes", name) for name in NODES),
        *(definition(name) for name in KINDS),
    },
}
"""What each account does, by what its script or program asks for."""
CHARTS: Mapping[str, set[Right]] = {
    "vault/vault": {secret("get")},
    "cert-manager/cert-manager": {token("vault-issuer")},
}
"""What accounts of charts are given by the program."""
TEMPTING = (
    *(secret(verb) for verb in ("get", "list", "watch", "create", "update", "patch", "delete")),
    *(secret("get", name, space) for name, space in (("vault-tls", "vault"), ("internal-ca", "cert-manager"))),
    *(secret("list", "", space) for space in ("", "vault", "authentik", "databases", "kube-system")),
    *(token(name, space) for name, space in (("vault-issuer", "cert-manager"), ("vault", "vault"))),
    *(Right(verb, "", "nodes", name) for verb, name in (("get", "other"), ("list", ""), ("patch", "worker0"))),
    *(Right("create", "", "pods", "", space) for space in ("vault", "kube-system")),
    Right("create", "", "pods/exec", "vault-0", "vault"),
    Right("update", "", "configmaps", "coredns", "kube-system"),
    Right("delete", "apiextensions.k8s.io", "customresourcedefinitions", "ciliumnetworkpolicies.cilium.io"),
    Right("escalate", "rbac.authorization.k8s.io", "clusterroles"),
    Right("impersonate", "", "users"),
)
"""What would be worth having."""


@pytest.fixture(scope="module")
def after_another() -> Recording:
    """The program with backups, in a cluster that gets the certificates of an earlier one back."""
    return recorded("every-key")


@pytest.fixture(scope="module", autouse=True)
def _granted(stage: Stage, update: Recording, after_another: Recording) -> None:
    """The rights that the program gives."""
    stage.grant(stage.objects(update))
    stage.grant(
        one
        for one in stage.objects(after_another)
        if one.origin.startswith(("kept-certificates", "volume-", "postgres-archived"))
    )


def test_every_account_of_the_program_is_looked_at(update: Recording, after_another: Recording) -> None:
    accounts = [
        one.get("metadata")
        for made in (update, after_another)
        for one in of_kind(made, "ServiceAccount")
        if "core/v1" in one.type
    ]
    created = {f"{one['namespace']}/{one['name']}" for one in accounts}
    assert created == set(NEEDS), "an account without an entry in NEEDS could have any rights"


@pytest.mark.failure("webhook-without-rights")
@pytest.mark.parametrize("account", [*NEEDS, *CHARTS])
def test_an_account_may_do_what_it_needs(stage: Stage, account: str) -> None:
    denied = [right for right in {**NEEDS, **CHARTS}[account] if not is_allowed(stage.api, account, right)]
    assert not denied, f"{account} cannot work: {denied}"


@pytest.mark.failure("more-rights-than-needed")
@pytest.mark.parametrize("account", [*NEEDS, *CHARTS, "vault/default", "kube-system/default", "harbor/default"])
def test_an_account_may_do_nothing_that_it_does_not_need(stage: Stage, account: str) -> None:
    needed = {**NEEDS, **CHARTS}.get(account, set())
    tempting = [right for right in TEMPTING if right not in needed]
    allowed = [right for right in tempting if is_allowed(stage.api, account, right)]
    assert not allowed, f"{account} may do more than it needs: {allowed}"


@pytest.mark.parametrize("account", NEEDS)
@pytest.mark.parametrize("elsewhere", ["", "default"], ids=["at home", "elsewhere"])
def test_an_account_has_no_rule_beyond_its_needs(stage: Stage, account: str, elsewhere: str) -> None:
    where = elsewhere or account.partition("/")[0]
    needed = {one._replace(namespace="") for one in NEEDS[account] if one.namespace in ("", where)}
    assert rights(stage.api, account, where) == needed, f"the rules of {account} in {where}"


def test_the_gate_of_cilium_passes_with_its_own_account(
    stage: Stage,
    update: Recording,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The script itself, with a real token, against nodes and definitions as the server has them."""
    (job,) = (one for one in stage.objects(update) if one.origin == "cilium-gate" and one.kind == "Job")
    pod: Any = pod_of(job)
    given = {one["name"]: one["value"] for one in pod["spec"]["containers"][0]["env"]}
    account = f"kube-system/{pod['spec']['serviceAccountName']}"
    (tmp_path / "token").write_text(account_token(stage.api, account), encoding="utf-8")
    (tmp_path / "ca.crt").write_bytes(stage.server.trust)
    place = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(stage.api.port)}
    monkeypatch.setattr("scripts.gate.INTERVAL_SECONDS", 0.1)
    monkeypatch.setenv("SECONDS", "0")
    assert conditions.main({**given, **place}, tmp_path) == 1, "there is nothing yet"
    assert capsys.readouterr().err.count("does not exist") == len(NODES) + len(KINDS), "each is missed, none forbidden"
    with awaited(stage.api, NODES, KINDS):
        monkeypatch.setenv("SECONDS", "30")
        assert conditions.main({**given, **place}, tmp_path) == 0, "all are there"

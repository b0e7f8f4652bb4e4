"""The doubles of the API server answer as the real one does, as far as anything relies on it."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from doubles.authentik import Person
from doubles.authentik.jwt import Signer
from doubles.kubernetes_api import KubernetesApi, Target
from doubles.kubernetes_login import Issuer, api_server
from doubles.loopback import Request
from doubles.web import Asked
from scripts.cluster_api import METADATA
from tests.real.kubernetes.controllers import make_default_account
from tests.real.kubernetes.rights import account_token
from tests.real.kubernetes.stage import Stage

OLGA = "olga", ("operators", "people")
PEOPLE = {
    "with groups": Person(*OLGA),
    "without groups": Person("vera"),
    "another audience": Person(*OLGA, {"aud": "vault"}),
    "another issuer": Person(*OLGA, {"iss": "https://auth.example.test/application/o/kubernetes/"}),
    "expired": Person(*OLGA, {"exp": int(time.time()) - 60}),
    "another key": Person(*OLGA, signer=Signer("authentik")),
    "no algorithm": Person(*OLGA, algorithm="none"),
}
REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


@pytest.mark.parametrize("case", PEOPLE)
def test_who_somebody_is_by_a_token_of_authentik(stage: Stage, case: str) -> None:
    token, login = stage.login.token(PEOPLE[case]), stage.login
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    real = stage.api.using(token).ask("POST", REVIEW, review)
    issuer = Issuer(login.issuer, login.client.client_id)
    request = Request("POST", REVIEW, {"Authorization": f"Bearer {token}"}, json.dumps(review).encode())
    double = api_server(issuer)(Asked(request))
    assert (double.status, _user(double.body)) == (real.status, _user(real.body)), "name and groups, or a refusal"


def _user(body: Mapping[str, Any]) -> Any:
    known = (body.get("status") or {}).get("userInfo") if isinstance(body.get("status"), dict) else None
    return (known["username"], set(known["groups"])) if known else (body["kind"], body["message"], body["code"])


CONFIG_MAPS = {"one": {"app": "web", "tier": "front"}, "two": {"app": "web"}, "three": {}}
PLACE = "/api/v1/namespaces/default"
PATHS = {
    "an object": f"{PLACE}/configmaps/one",
    "one that is not there": f"{PLACE}/configmaps/four",
    "all objects": f"{PLACE}/configmaps",
    "by a label": f"{PLACE}/configmaps?labelSelector=app%3Dweb",
    "by two labels": f"{PLACE}/configmaps?labelSelector=app%3Dweb%2Ctier%3Dfront",
    "an object that is forbidden": f"{PLACE}/secrets/one",
    "a list that is forbidden": f"{PLACE}/secrets",
    "of another namespace": "/api/v1/namespaces/kube-system/configmaps",
    "of the cluster": "/api/v1/nodes/one",
}


@dataclass(frozen=True)
class Held:
    """The same objects and rights in memory."""

    token: str
    version: str = ""

    def user(self, token: str) -> str | None:
        return "system:serviceaccount:default:default" if token == self.token else None

    def may(self, user: str, verb: str, target: Target) -> bool:
        return (target.resource, target.namespace) == ("configmaps", "default")

    def objects(self, target: Target) -> Iterable[Mapping[str, Any]]:
        return [{"metadata": {"name": name, "labels": labels}} for name, labels in CONFIG_MAPS.items()]


@pytest.fixture(scope="module")
def token(stage: Stage) -> str:
    """Of an account that may read ConfigMaps of its namespace, where three are."""
    make_default_account(stage.api, "default")
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]
    group = "rbac.authorization.k8s.io"
    reference = {"apiGroup": group, "kind": "Role", "name": "reader"}
    subjects = [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}]
    role = {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": {"name": "reader"}, "rules": rules}
    binding = {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": {"name": "reader"}}
    bound: dict[str, Any] = {**binding, "roleRef": reference, "subjects": subjects}
    maps = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}}
        for name, labels in CONFIG_MAPS.items()
    ]
    for manifest in (role, bound, *maps):
        assert not stage.api.apply(manifest, "default", keep=True).problems, f"{manifest} is taken"
    return account_token(stage.api, "default/default")


@pytest.mark.parametrize("accept", ["application/json", METADATA])
@pytest.mark.parametrize("path", PATHS)
def test_what_is_read_of_objects(stage: Stage, token: str, path: str, accept: str) -> None:
    real = stage.api.using(token).ask("GET", PATHS[path], accept=accept)
    headers = {"Authorization": f"Bearer {token}", "Accept": accept}
    double = KubernetesApi(Held(token)).respond(Request("GET", PATHS[path], headers, b""))
    assert (double.status, _seen(double.body)) == (real.status, _seen(real.body)), "what a script reads of it"


def test_a_stranger_is_not_known(stage: Stage, token: str) -> None:
    real = stage.api.using("made-up").ask("GET", PATHS["an object"])
    double = KubernetesApi(Held(token)).respond(Request("GET", PATHS["an object"], {"Authorization": "Bearer x"}, b""))
    assert (double.status, double.body["message"]) == (real.status, real.body["message"]), "by both"


def _seen(body: Mapping[str, Any]) -> Any:
    """Names and labels, or the refusal."""
    if body.get("kind") == "Status":
        return body["status"], body["code"]
    names = [one["metadata"]["name"] for one in body.get("items", [body])]
    own = [name for name in names if name in CONFIG_MAPS]
    return sorted(own), body["kind"] if body.get("kind", "").startswith("Partial") else "objects"

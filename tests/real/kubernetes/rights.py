"""Rights in a real API server: what an account may do, and everything that was given to it."""

from typing import Any, NamedTuple

from tests.real.kubernetes.api import Api

_REVIEWS = "/apis/authorization.k8s.io/v1"


class Right(NamedTuple):
    """A verb on objects; the name is empty for all of them, the namespace for those that are in none."""

    verb: str
    group: str
    resource: str
    name: str = ""
    namespace: str = ""


def is_allowed(api: Api, account: str, right: Right) -> bool:
    """Whether the server would let `account`, `<namespace>/<name>`, do that."""
    namespace, _, name = account.partition("/")
    resource, _, subresource = right.resource.partition("/")
    spec = {
        "user": f"system:serviceaccount:{namespace}:{name}",
        "groups": ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"],
        "resourceAttributes": {**right._asdict(), "resource": resource, "subresource": subresource},
    }
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    return bool(api.expect("POST", f"{_REVIEWS}/subjectaccessreviews", body)["status"]["allowed"])


def account_token(api: Api, account: str) -> str:
    """A token as a pod of that account has it."""
    namespace, _, name = account.partition("/")
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
    return str(api.expect("POST", path, body)["status"]["token"])


def rights(api: Api, account: str, namespace: str) -> set[Right]:
    """Everything that an account may do in a namespace, but for what everybody may; without the namespace."""
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}}
    own = api.using(account_token(api, account))
    review: Any = own.expect("POST", f"{_REVIEWS}/selfsubjectrulesreviews", body)
    return {
        Right(verb, group, resource, name)
        for rule in review["status"]["resourceRules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames") or [""]
        if not resource.startswith("selfsubject")  # everybody may ask what they may do
    }

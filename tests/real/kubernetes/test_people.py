"""People who log in at Authentik have, in a real API server, the rights of their groups and no others."""

import time

import pytest

from doubles.authentik import Person
from doubles.authentik.jwt import Signer
from tests.real.kubernetes.stage import Stage
from tests.support.recording import Recording

OPERATOR, PERSON = Person("olga", ("operators", "people")), Person("paul", ("people",))
STRANGER = Person("vera", ("visitors",))


@pytest.fixture(autouse=True)
def _bound(stage: Stage, with_login: Recording) -> None:
    """The bindings of the groups are there."""
    stage.grant(stage.objects(with_login))


def may(stage: Stage, person: Person, verb: str, resource: str, namespace: str = "default") -> bool:
    """What the server says to somebody who asks for themselves."""
    attributes = {"verb": verb, "resource": resource, "namespace": namespace}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    api = stage.api.using(stage.login.token(person))
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    return bool(api.expect("POST", path, {**review, "spec": {"resourceAttributes": attributes}})["status"]["allowed"])


def test_a_person_is_known_by_name_and_groups_with_the_prefix(stage: Stage) -> None:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    api = stage.api.using(stage.login.token(OPERATOR))
    user = api.expect("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)["status"]["userInfo"]
    assert user["username"] == "oidc:olga", "nobody can take the name of an account of Kubernetes"
    assert {"oidc:operators", "oidc:people"} <= set(user["groups"]), "the groups of Authentik, likewise"


def test_a_group_gives_the_rights_of_its_role(stage: Stage) -> None:
    assert may(stage, OPERATOR, "delete", "secrets", "vault"), "operators are bound to cluster-admin"
    assert may(stage, PERSON, "list", "pods"), "people are bound to view"
    assert not may(stage, PERSON, "get", "secrets"), "view shows no Secret"
    assert not may(stage, PERSON, "create", "pods"), "view changes nothing"
    assert not may(stage, STRANGER, "list", "pods"), "a login without a bound group gives nothing"


def test_a_group_cannot_be_named_like_one_of_kubernetes(stage: Stage) -> None:
    mallory = Person("mallory", ("system:masters",))
    assert not may(stage, mallory, "list", "pods"), "the prefix makes it another group"


@pytest.mark.parametrize(
    "person",
    [
        Person("olga", ("operators",), {"aud": "vault"}),
        Person("olga", ("operators",), {"iss": "https://auth.example.test/application/o/kubernetes/"}),
        Person("olga", ("operators",), {"exp": int(time.time()) - 60}),
        Person("olga", ("operators",), signer=Signer("authentik")),
        Person("olga", ("operators",), algorithm="none"),
    ],
    ids=["another audience", "another issuer", "expired", "another key", "no algorithm"],
)
def test_a_token_that_is_not_from_this_login_is_refused(stage: Stage, person: Person) -> None:
    api = stage.api.using(stage.login.token(person))
    assert api.ask("GET", "/api/v1/namespaces").status == 401, "the server does not know them"

"""Groups of Authentik in the Kubernetes API: who is bound to what, and how the API server gets to know them."""

import pytest
import yaml

from components.talos.authentication import PREFIX
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recording
from tests.support.program import record_program

STACK_FILE = FIXTURES / "valid" / "applications.yaml"
BINDING, APPLY = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", "talos:machine/configurationApply:*"
ROLES = {"operators": "cluster-admin", "people": "view"}


@pytest.fixture(scope="module")
def program() -> Recording:
    return record_program(preview=False, stack_file=STACK_FILE)


def test_each_group_is_bound_to_its_role_under_the_name_the_api_server_gives_it(program: Recording) -> None:
    bound = {
        binding.get("subjects", 0, "name"): binding.get("roleRef", "name")
        for binding in program.of_type(BINDING)
        if binding.get("metadata", "name").startswith("authentik-")
    }
    assert bound == {f"{PREFIX}{group}": role for group, role in ROLES.items()}, "and nobody else to anything"
    kinds = {binding.get("subjects", 0, "kind") for binding in program.named("group-roles-*")}
    assert kinds == {"Group"}, "people come and go, groups stay"


def test_every_control_plane_and_no_worker_is_told(program: Recording) -> None:
    settings = load_stack_file(STACK_FILE)
    assert settings.talos is not None, "the stack file describes Talos nodes"
    told = set()
    for call in program.calls:
        texts = call.arguments.get("configPatches") or []
        patches = [patch for text in texts for patch in yaml.safe_load_all(text)]
        if any("authentication-config" in str(patch) for patch in patches):
            told.add(call.arguments["machineType"])
            assert any(patch.get("kind") == "StaticHostConfig" for patch in patches), "together with the address"
    assert told == {"controlplane"}, "Talos refuses settings of the API server on a worker"


def test_without_roles_nothing_of_it_exists(update: Recording) -> None:
    assert not update.named("group-roles*"), "no binding"
    assert not [one for one in update.named("login-kubernetes*")], "and no client in Authentik"

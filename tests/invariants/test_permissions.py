"""Nobody may do more than their part: accounts of Kubernetes, policies of Vault, tokens of Proxmox.

That the accounts may do no less, and nothing else that would be worth having, is asked of a real API server
(tests/real/kubernetes/test_rights.py) and a real Vault (tests/real/vault); here each rule is read as it stands.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.proxmox import privileges
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES, SHIPPED
from tests.support.objects import key_of, of_kind, pods
from tests.support.program import record_program
from tests.support.recording import Recording

EVERY_KEY = FIXTURES / "valid" / "every-key.yaml"

_UNBOUNDED = {
    "kept-certificates secrets create": "a name cannot bound what does not exist yet (Kubernetes, RBAC, resourceNames)",
}
"""Rules about Secrets that name none, and why."""
_OTHERS = {
    "dashboards system:serviceaccounts:observability": "Grafana reads dashboards, in ConfigMaps of one namespace",
}
"""Bindings to somebody else than one account or a group of people of the stack file, and why."""
_POWER = {"escalate", "bind", "impersonate", "*"}
_MEANS = {"*", "pods/exec", "pods/attach", "pods/portforward", "nodes/proxy", "certificatesigningrequests/approval"}
_SUDO = {
    "auth/*": "an administrator of Vault sets up logins",
    "sys/auth/*": "likewise",
    "sys/leases/*": "and ends sessions",
    "sys/remount": "and moves what others have mounted",
    "sys/audit": "and sees where is recorded what was asked",
}
"""Paths at which a policy has `sudo`, and why; only that of administrators has any."""


@pytest.fixture(scope="module")
def everything() -> Recording:
    return record_program(preview=False, stack_file=EVERY_KEY)


def _rules(recording: Recording) -> Iterator[tuple[str, dict[str, list[str]]]]:
    for kind in ("Role", "ClusterRole"):
        for one in of_kind(recording, kind):
            yield from ((key_of(one).name, rule) for rule in one.get("rules") or ())


def test_no_role_says_everything(everything: Recording) -> None:
    rules = list(_rules(everything))
    assert len(rules) > 15, "the program gives rights"
    for name, rule in rules:
        assert not _POWER & set(rule["verbs"]), f"{name}: rights to rights"
        assert not _MEANS & {*rule.get("resources", ()), *rule["apiGroups"]}, f"{name}: a way into any pod or node"
        assert rule.get("resources") != ["pods"] or "create" not in rule["verbs"], f"{name}: a pod has any account"


@pytest.mark.failure("more-rights-than-needed")
def test_secrets_are_read_by_name(everything: Recording) -> None:
    found = set()
    for name, rule in _rules(everything):
        if {"secrets", "serviceaccounts/token"} & set(rule.get("resources", ())):
            assert not {"list", "watch", "delete", "patch"} & set(rule["verbs"]), f"{name}: not by name"
            if not rule.get("resourceNames"):
                found.add(f"{name} {rule['resources'][0]} {' '.join(rule['verbs'])}")
    assert found <= set(_UNBOUNDED), "say in _UNBOUNDED why"


def test_a_right_is_given_to_one_account_or_to_a_group_of_people(everything: Recording) -> None:
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for one in of_kind(everything, kind):
            for subject in one.get("subjects"):
                where = f"{key_of(one).name} {subject['name']}"
                group = subject["kind"] == "Group" and subject["name"].startswith("authentik:")
                account = subject["kind"] == "ServiceAccount" and subject["name"] != "default"
                assert account or group or where in _OTHERS, f"{where}: everybody in a namespace has that"


def test_a_pod_that_asks_kubernetes_nothing_has_no_token(everything: Recording) -> None:
    bound = {
        (subject["namespace"], subject["name"])
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for one in of_kind(everything, kind)
        for subject in one.get("subjects")
        if subject["kind"] == "ServiceAccount"
    }
    idle = [
        str(one)
        for one, pod in pods(everything)
        if pod.get("automountServiceAccountToken") is not False
        and (key_of(one).namespace, pod.get("serviceAccountName")) not in bound
    ]
    assert idle == [], "whoever takes the pod over would have an account for nothing"


def _paths(recording: Recording) -> Iterator[tuple[str, str, set[str]]]:
    """Policy, path and capabilities of each rule in Vault."""
    for one in recording.of_type("vault:index/policy:Policy"):
        for path, capabilities in re.findall(r'path "([^"]+)" \{\s*capabilities = \[([^\]]*)\]', one.get("policy")):
            yield one.get("name"), path, set(re.findall(r"\w+", capabilities))


@pytest.mark.failure("more-rights-than-needed")
def test_a_policy_of_vault_reads_the_platforms_secrets_or_rules_and_never_both(everything: Recording) -> None:
    paths = list(_paths(everything))
    assert {policy for policy, *_ in paths} >= {"external-secrets", "backup", "certificate-issuer"}
    readers = {policy for policy, path, able in paths if path.startswith("kv/data/platform") and "read" in able}
    assert readers == {"external-secrets"}, "one reads what the platform lives on"
    assert {path for _, path, able in paths if "sudo" in able} == set(_SUDO), "say in _SUDO why"
    (administrators,) = {policy for policy, _, able in paths if "sudo" in able}
    assert (administrators, "kv/data/platform/*", {"deny"}) in paths, "who rules reads none of them in passing"
    machines = [able for policy, _, able in paths if policy in ("external-secrets", "backup", "certificate-issuer")]
    assert set.union(*machines) <= {"read", "update"}, "a machine makes nothing and lists nothing"


def test_a_login_of_a_machine_is_one_account_for_minutes(everything: Recording) -> None:
    roles = everything.of_type("vault:kubernetes/authBackendRole:AuthBackendRole")
    assert len(roles) == 3, "External Secrets, the issuer, the backup"
    for one in roles:
        bound = (one.get("boundServiceAccountNames"), one.get("boundServiceAccountNamespaces"))
        assert all(len(names) == 1 and "*" not in names for names in bound), f"{one}: {bound}"
        assert one.get("tokenTtl") <= one.get("tokenMaxTtl") <= 600, f"{one}: what is stolen is worth minutes"
        assert one.get("tokenNoDefaultPolicy") is True, f"{one}: nothing comes with it"
        assert one.get("audience"), f"{one}: a token for somebody else is none for Vault"
        assert len(one.get("tokenPolicies")) == 1


@pytest.mark.parametrize("stack_file", [SHIPPED, EVERY_KEY], ids=lambda path: path.stem)
def test_a_token_of_proxmox_has_no_right_to_rights_and_is_bound_to_what_it_makes(stack_file: Path) -> None:
    settings = load_stack_file(stack_file)
    assert settings.proxmox is not None, "these have machines"
    for grants in (privileges.of_program(settings), privileges.of_csi(settings, settings.proxmox)):
        for grant in grants:
            assert not [one for one in grant.privileges if one.startswith(("Permissions", "User", "Realm", "Group"))]
            if grant.path in ("/", "/vms", "/storage"):
                assert set(grant.privileges) <= {"Sys.Audit", "Sys.Modify"}, f"{grant}: of every guest"

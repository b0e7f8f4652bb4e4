"""Matrix."""

import re

import pytest
import yaml

from components.matrix.login import UPSTREAM_ID as MATRIX_UPSTREAM_ID
from components.matrix.settings import MatrixSettings
from lib.names import VAULT_ISSUER
from stack_file.load import load_stack_file
from tests.components.services import (
    CERTIFICATE,
    RELEASE,
    SETTINGS,
    checks,
    external_secrets,
    program,
    sources,
)
from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recording
from tests.support.program import record_program

BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
_WORKLOADS = ("synapse-main", "matrix-authentication-service", "haproxy", "element-web", "element-admin")


def test_the_certificate_covers_all_hosts_and_the_domain_of_the_user_ids() -> None:
    settings = SETTINGS.section(MatrixSettings)
    names = program().one(CERTIFICATE, "matrix-tls").get("spec", "dnsNames")
    expected = {settings.host, settings.synapse_host, settings.account_host, settings.admin_host, settings.server_name}
    assert set(names) == expected, "clients start at https://<server name>/.well-known/matrix/client"


def test_vault_signs_for_chat_once_it_has_proven_that_it_signs_and_for_no_other_service(update: Recording) -> None:
    certificates = {one.name: one for one in update.of_type(CERTIFICATE)}
    by_vault = sorted(
        name for name, one in certificates.items() if one.get("spec", "issuerRef", "name") == VAULT_ISSUER
    )
    assert by_vault == ["matrix-tls", "vault-issuer-probe"], "others renew while Vault is away, too"
    assert update.is_after(certificates["matrix-tls"], certificates["vault-issuer-probe"]), "Ready alone proves a login"


def test_vault_may_sign_every_name_that_chat_asks_for(update: Recording) -> None:
    names = next(one for one in update.of_type(CERTIFICATE) if one.name == "matrix-tls").get("spec", "dnsNames")
    allowed = update.one("vault:pkiSecret/secretBackendRole:SecretBackendRole").get("allowedDomains")
    refused = [name for name in names if name not in allowed and f"*.{name.partition('.')[2]}" not in allowed]
    assert refused == [], "the domain of the user ids stands beside what is below the cluster's domain"


def test_synapse_is_given_nothing_of_the_authentication_service_but_what_they_share() -> None:
    found = external_secrets("matrix")
    assert set(sources(found["mas-shared"])) == {"synapse-shared-secret"}, "the chart mounts the whole Secret in both"
    assert "synapse-shared-secret" not in sources(found["mas"]), "the keys of the one are no business of the other"


def test_the_signing_key_stands_alone_in_the_registry() -> None:
    path, _ = sources(external_secrets("matrix")["synapse"])["signing-key"]
    others = [
        other
        for one in external_secrets("matrix").values()
        for key, (other, _) in sources(one).items()
        if key != "signing-key"
    ]
    assert path not in others, "rotating anything else would change who the homeserver is"


def test_the_gate_follows_the_login_of_the_declared_provider() -> None:
    (follow,) = [check for check in checks("matrix") if "location" in check]
    assert follow["url"].endswith(f"/upstream/authorize/{MATRIX_UPSTREAM_ID}"), "the redirect URI carries that id"


def test_the_gate_accepts_what_the_servers_answer_and_refuses_what_they_must_not() -> None:
    settings = SETTINGS.section(MatrixSettings)
    body = {check["url"]: check["body"] for check in checks("matrix") if "body" in check}
    metadata = body[f"https://{settings.synapse_host}/_matrix/client/v1/auth_metadata"]
    assert re.search(metadata, f'{{"issuer":"https://{settings.account_host}/","jwks_uri":""}}'), "the right issuer"
    assert not re.search(metadata, f'{{"issuer":"https://{settings.synapse_host}/"}}'), "an issuer without login"
    delegation = body[f"https://{settings.server_name}/.well-known/matrix/client"]
    right = f'{{\n  "m.homeserver": {{\n    "base_url": "https://{settings.synapse_host}"\n  }}\n}}'
    assert re.search(delegation, right), "the answer of the chart's delegation"
    assert not re.search(delegation, '{"m.homeserver": {"base_url": "https://matrix.org"}}'), "another homeserver"


@pytest.mark.parametrize("workload", _WORKLOADS)
def test_of_each_workload_at_most_one_pod_is_away_while_nodes_are_drained(workload: str) -> None:
    budget = program().one(BUDGET, f"matrix-{workload}-disruption").get("spec")
    assert budget["maxUnavailable"] == 1, "a single pod may go, or no node could be drained"
    assert budget["selector"] == {"matchLabels": {"app.kubernetes.io/instance": f"matrix-{workload}"}}, (
        "labels of the chart's pods, which follow from the name of the release"
    )


def test_without_a_host_of_its_own_the_interface_of_administrators_is_not_brought_up() -> None:
    recording = record_program(preview=False, stack_file=FIXTURES / "valid" / "minimal.yaml")
    values = recording.one(RELEASE, "matrix-release").get("values")
    assert values["elementAdmin"] == {"enabled": False}, "the chart brings it up unasked"
    assert not [one for one in recording.resources if "element-admin" in one.name], "and nothing is there for it"


def test_administrators_of_the_stack_file_may_ask_the_authentication_service_for_rights() -> None:
    stack_file = FIXTURES / "valid" / "every-key.yaml"
    settings = load_stack_file(stack_file)
    group = settings.section(MatrixSettings).admin_group
    members = sorted(name for name, one in settings.identity.users.items() if group in one.groups)
    others = sorted(set(settings.identity.users) - set(members))
    assert members, "there is one"
    assert others, "and somebody who is none"
    release = record_program(preview=False, stack_file=stack_file).one(RELEASE, "matrix-release")
    login = yaml.safe_load(release.get("values", "matrixAuthenticationService", "additional", "login.yaml", "config"))
    assert login["policy"]["data"]["admin_users"] == members, "group, people, user names"

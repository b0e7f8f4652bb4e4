"""What the demo ends with: every metric holds on a platform that came up, and each one fails on what it is about."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import yaml

from components.authentik.blueprints import paths
from doubles.certificates import Authority
from lab.driver import Result
from lab.providers.authentik import identity
from lab.providers.vault import api
from lab.success.platform import STRANGER
from lab.world import Record
from reporting.phases import Phases
from smoke.client import Network
from tests.engine.scene import (
    CONTAINMENT,
    GLANCE,
    HOSTS,
    ONBOARDING,
    PEOPLE,
    RECREATION,
    ROTATION,
    SIGN_ON,
    VAULT,
    Scene,
)

pytestmark = pytest.mark.engine


def test_every_metric_holds_on_a_platform_that_came_up(scene: Scene) -> None:
    scene.network = Network
    assert scene.failed() == {}, "nothing is broken"
    empty = [metric.name for metric in scene.metrics() if not metric.judged]
    assert empty == [], "a metric that looked at nothing proves nothing"


def test_the_report_has_each_metric_with_its_evidence(scene: Scene) -> None:
    entry = scene.metrics()[0].report()
    assert (entry["metric"], entry["ok"], entry["problems"]) == (HOSTS, True, []), "what report.json says of it"
    assert entry["evidence"], "and what was looked at"


@dataclass(frozen=True)
class Broken:
    """What is broken, which metrics must fail, and a word of what they say."""

    metrics: Sequence[str]
    word: str
    breaks: Callable[[Scene], None] = field(repr=False)


def _variable(name: str, value: str) -> Callable[[Record], None]:
    def change(obj: Record) -> None:
        containers = obj["spec"]["template"]["spec"]["containers"]
        containers[0]["env"] = [one for one in containers[0]["env"] if one["name"] != name]
        containers[0]["env"].append({"name": name, "value": value})

    return change


def _gitea(section: str, key: str, value: Any) -> Callable[[Scene], None]:
    return lambda scene: scene.release(
        "gitea/gitea", lambda values: values["gitea"]["config"][section].update({key: value})
    )


def _harbor(**changes: Any) -> Callable[[Scene], None]:
    """The Secret with Harbor's settings says something else."""

    def change(secret: Record) -> None:
        text = base64.b64decode(secret["data"]["CONFIG_OVERWRITE_JSON"])
        changed = json.dumps({**json.loads(text), **changes}).encode()
        secret["data"]["CONFIG_OVERWRITE_JSON"] = base64.b64encode(changed).decode()

    return lambda scene: scene.object("Secret", "harbor", "oidc", change)


def _chat(**changes: Any) -> Callable[[Scene], None]:
    """What the authentication service makes of a person is something else."""

    def change(values: Record) -> None:
        for part in values["matrixAuthenticationService"]["additional"].values():
            document = yaml.safe_load(part["config"])
            for provider in document.get("upstream_oauth2", {}).get("providers", []):
                provider["claims_imports"] |= changes
            part["config"] = yaml.safe_dump(document)

    return lambda scene: scene.release("matrix/matrix", change)


def _provider(**changes: Any) -> Callable[[Scene], None]:
    """What Authentik holds of Gitea is something else."""
    return lambda scene: scene.record(
        identity.APPLIED, paths.path("gitea"), lambda record: record["providers"]["gitea"].update(changes)
    )


def _nobody_administers(record: Record) -> None:
    record["groups"]["admins"] = []


def _role(scene: Scene) -> None:
    key = "auth/kubernetes/role/external-secrets"
    spaces = {"boundServiceAccountNamespaces": ["external-secrets", "gitea"]}
    scene.record(api.TABLE, key, lambda record: record["inputs"].update(spaces))


def _mute(values: Record) -> None:
    values["deployment"]["annotations"] = {}


def _foreign(scene: Scene) -> None:
    certificate, key = Authority("stranger").issue("git", ["git.engine.example.com"])
    shown = {"tls.crt": base64.b64encode(certificate).decode(), "tls.key": base64.b64encode(key).decode()}
    scene.object("Secret", "gitea", "tls", lambda secret: secret["data"].update(shown))
    scene.network = Network


SUITE = (HOSTS, SIGN_ON, ONBOARDING, PEOPLE)
BROKEN = {
    "an ingress is gone": Broken(
        SUITE,
        "git.engine.example.com: 404 page not found",
        lambda scene: scene.release("gitea/gitea", lambda values: values["ingress"].update({"enabled": False})),
    ),
    "a certificate is of another CA": Broken(SUITE, "not one of the CA", _foreign),
    "Authentik has another secret": Broken([SIGN_ON, ONBOARDING], "told invalid_client", _provider(secret="another")),
    "Authentik knows another address": Broken(
        [SIGN_ON, ONBOARDING], "cannot start: 400", _provider(redirect_uris=["https://git.example.com/"])
    ),
    "no policy is bound": Broken([PEOPLE], f"lets {STRANGER} into gitea", _provider(groups=None)),
    "accounts are made by hand": Broken(
        [ONBOARDING], "there is no account", _gitea("oauth2_client", "ENABLE_AUTO_REGISTRATION", False)
    ),
    "registration is shut": Broken(
        [ONBOARDING], "there is no account", _gitea("service", "DISABLE_REGISTRATION", True)
    ),
    "accounts are named by another claim": Broken(
        [ONBOARDING], "jane is  there", _gitea("oauth2_client", "USERNAME", "userid")
    ),
    "the registry asks for a name": Broken([ONBOARDING], "oidc_auto_onboard", _harbor(oidc_auto_onboard=False)),
    "the registry reads no groups": Broken([ONBOARDING], "no administrator", _harbor(oidc_groups_claim="roles")),
    "the registry has accounts of its own": Broken(
        [SIGN_ON, ONBOARDING, PEOPLE], "without", _harbor(auth_mode="db_auth")
    ),
    "chat asks for confirmation": Broken([ONBOARDING], "nobody is logged in", _chat(skip_confirmation=False)),
    "chat lets people choose a name": Broken(
        [ONBOARDING], "nobody is logged in", _chat(localpart={"action": "suggest"})
    ),
    "pictures come from elsewhere": Broken(
        [PEOPLE],
        "is fetched from www.gravatar.com",
        lambda scene: scene.record(
            identity.SETTINGS, "authentik", lambda record: record.update({"avatars": "gravatar,initials"})
        ),
    ),
    "nothing counts wrong passwords": Broken(
        [PEOPLE],
        "another one is asked for",
        lambda scene: scene.record(
            identity.APPLIED, paths.path(paths.USERS), lambda record: record.update({"guesses": None})
        ),
    ),
    "a group is empty": Broken(
        [ONBOARDING, PEOPLE],
        "not in admins",
        lambda scene: scene.record(identity.APPLIED, paths.path(paths.USERS), _nobody_administers),
    ),
    "a pod knows Vault": Broken(
        [VAULT],
        "VAULT_ADDR",
        lambda scene: scene.release(
            "gitea/gitea", lambda values: values["deployment"]["env"].append({"name": "VAULT_ADDR", "value": "x"})
        ),
    ),
    "a pod connects to Vault": Broken(
        [VAULT],
        "Job gitea-login names .vault.svc",
        lambda scene: scene.object("batch/Job", "gitea", "gitea-login", _variable("U", "https://vault-api.vault.svc")),
    ),
    "Vault lets an application in": Broken([VAULT], "lets its accounts in", _role),
    "a secret is not synced": Broken(
        [ROTATION],
        "gitea/admin: not synced",
        lambda scene: scene.object(
            "external-secrets.io/ExternalSecret",
            "gitea",
            "admin",
            lambda wanted: wanted.update({"status": {"conditions": [{"type": "Ready", "status": "False"}]}}),
        ),
    ),
    "nobody would be restarted": Broken(
        [ROTATION], "Reloader would not restart", lambda scene: scene.release("gitea/gitea", _mute)
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_fails_the_metrics_that_it_is_about_and_no_other(scene: Scene, case: str) -> None:
    broken = BROKEN[case]
    broken.breaks(scene)
    failed = scene.failed()
    assert list(failed) == list(broken.metrics), "the table points at what is wrong"
    assert broken.word in "\n".join(failed[broken.metrics[-1]] + failed[broken.metrics[0]]), "and says it"


@pytest.mark.parametrize(
    ("again", "word"),
    [
        (None, "did not run"),
        (Result(False, error="no API"), "no API"),
        (Result(True, {"same": 1, "update": 2}), "wants 2 changes"),
    ],
    ids=["none", "failed", "not stable"],
)
def test_without_a_quiet_second_preview_nothing_is_recreated(scene: Scene, again: Result | None, word: str) -> None:
    scene.evidence = replace(scene.evidence, again=again)
    assert word in scene.failed()[RECREATION][0], "one command must be enough"


def test_an_update_that_found_something_there_claims_to_have_recreated_nothing(scene: Scene) -> None:
    phases = Phases()
    for event in scene.evidence.up.events:
        kept = event.get("urn", "").endswith("::gitea-release")
        phases.see({**event, "op": "same"} if kept else event)
    scene.evidence = replace(scene.evidence, phases=phases)
    metric = next(one for one in scene.metrics() if one.name == RECREATION)
    assert (metric.result, metric.report()["ok"]) == ("not measured", None), "nobody saw it"
    assert "found 1 of" in metric.proof, "why"


def test_a_phase_that_is_not_ready_shows(scene: Scene) -> None:
    phases = Phases({"gitops": 1})
    phases.end()
    scene.evidence = replace(scene.evidence, phases=phases)
    assert scene.failed() == {GLANCE: ["gitops: not reached"]}, "its status, by its name"


def test_gitops_that_waits_for_phase_1_would_be_held_back_by_it(scene: Scene) -> None:
    scene.rewire("gitops", "flux-operator", lambda before, foreign: [*before, foreign])
    problems = "\n".join(scene.failed()[CONTAINMENT])
    assert "of gitops, which does not build on it" in problems, "a failure would spread where it should not"


def test_a_resource_that_waits_for_no_gate_would_not_be_held_back(scene: Scene) -> None:
    scene.rewire("phase2-identity", "authentik-namespace-ingress", lambda *_: [])
    problems = "\n".join(scene.failed()[CONTAINMENT])
    assert "would not hold back authentik-namespace-ingress" in problems, "it would be made without what it builds on"

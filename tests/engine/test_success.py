"""What the demo ends with: every metric holds on a platform that came up, and each one fails on what it is about."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from components.authentik.blueprints import paths
from lab.checkout import passphrase
from lab.clock import Clock
from lab.driver import Result
from lab.phases import Phases
from lab.providers.authentik import blueprints, identity
from lab.providers.kubernetes.cluster import Cluster
from lab.providers.vault import api
from lab.site import Site
from lab.success import Evidence
from lab.world import Record, World
from stack_file.load import load_stack_file
from tests.engine.platform import Outcome, phases_of
from tests.engine.scene import Scene

pytestmark = pytest.mark.engine

HOSTS, SIGN_ON, ONBOARDING = "every host answers", "single sign-on on every service", "users appear by themselves"
PEOPLE, VAULT = "users and permissions come from Git", "no application talks to Vault"
ROTATION, RECREATION = "secrets rotate through External Secrets", "one command recreates everything"
CONTAINMENT, GLANCE = "a failed phase holds back only its dependents", "state of each phase at a glance"


@pytest.fixture
def scene(platform: Outcome, tmp_path: Path) -> Iterator[Scene]:
    """A copy of the world and the state that the first bring-up left."""
    shutil.copytree(platform.stack.world, tmp_path / "world")
    state = (platform.stack.state() or {})["deployment"]
    with World(tmp_path / "world", passphrase(platform.stack)) as world:
        cluster = Cluster(Site(world, Clock(world)))
        settings, again = load_stack_file(platform.stack.file), Result(True, {"same": 3})
        yield Scene(Evidence(settings, cluster, state, phases_of(platform.result), platform.result, again, 60))


def test_every_metric_holds_on_a_platform_that_came_up(scene: Scene) -> None:
    assert scene.failed() == {}, "nothing is broken"
    empty = [metric.name for metric in scene.metrics() if not metric.judged]
    assert empty == [], "a metric that looked at nothing proves nothing"


def test_the_report_has_each_metric_with_its_evidence(scene: Scene) -> None:
    entry = scene.metrics()[0].report()
    assert (entry["metric"], entry["ok"], entry["problems"]) == (HOSTS, True, []), "what report.json says of it"
    assert entry["evidence"], "and what was looked at"


@dataclass(frozen=True)
class Broken:
    """What is broken, which metric must fail, and a word of what it says."""

    metric: str
    word: str
    breaks: Callable[[Scene], None] = field(repr=False)


def _gate_open(job: Record) -> None:
    job["status"] = {"active": 1, "messages": ["answered 502"]}


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


def _membership(scene: Scene) -> None:
    """Authentik applied a text in which somebody else is in a group, and is content."""

    def change(config_map: Record) -> None:
        text = config_map["data"][paths.file_name(paths.USERS)]
        changed = text.replace("name: admins", "name: others")
        assert changed != text, "the group is in the text"
        config_map["data"][paths.file_name(paths.USERS)] = changed
        digest = blueprints.digest(changed)
        scene.record(identity.APPLIED, paths.path(paths.USERS), lambda record: record.update({"hash": digest}))

    scene.object("ConfigMap", "authentik", paths.config_map(paths.USERS), change)


def _role(scene: Scene) -> None:
    key = "auth/kubernetes/role/external-secrets"
    spaces = {"boundServiceAccountNamespaces": ["external-secrets", "gitea"]}
    scene.record(api.TABLE, key, lambda record: record["inputs"].update(spaces))


def _mute(values: Record) -> None:
    values["deployment"]["annotations"] = {}


BROKEN = {
    "an ingress is gone": Broken(
        HOSTS,
        "git.engine.example.com",
        lambda scene: scene.release("gitea/gitea", lambda values: values["ingress"].update({"enabled": False})),
    ),
    "a gate is not open": Broken(
        SIGN_ON,
        "gitea-login has not passed: answered 502",
        lambda scene: scene.object("batch/Job", "gitea", "gitea-login", _gate_open),
    ),
    "a gate asks something else": Broken(
        SIGN_ON,
        "no Job asks what is declared",
        lambda scene: scene.object("batch/Job", "gitea", "gitea-login", _variable("CHECKS", "[]")),
    ),
    "another issuer is proven": Broken(
        SIGN_ON,
        "issuer of gitea: no Job asks",
        lambda scene: scene.object(
            "batch/Job", "authentik", "login-gitea-discovery", _variable("ISSUER", "https://x/")
        ),
    ),
    "accounts are made by hand": Broken(
        ONBOARDING, "ENABLE_AUTO_REGISTRATION", _gitea("oauth2_client", "ENABLE_AUTO_REGISTRATION", False)
    ),
    "registration is shut": Broken(ONBOARDING, "DISABLE_REGISTRATION", _gitea("service", "DISABLE_REGISTRATION", True)),
    "the people were not applied": Broken(
        PEOPLE,
        "was not applied as it is",
        lambda scene: scene.record(
            identity.APPLIED, paths.path(paths.USERS), lambda record: record.update({"hash": "x"})
        ),
    ),
    "a group is another one": Broken(PEOPLE, "group admins", _membership),
    "a pod knows Vault": Broken(
        VAULT,
        "VAULT_ADDR",
        lambda scene: scene.release(
            "gitea/gitea", lambda values: values["deployment"]["env"].append({"name": "VAULT_ADDR", "value": "x"})
        ),
    ),
    "a pod connects to Vault": Broken(
        VAULT,
        "Job gitea-login names .vault.svc",
        lambda scene: scene.object("batch/Job", "gitea", "gitea-login", _variable("U", "https://vault-api.vault.svc")),
    ),
    "Vault lets an application in": Broken(VAULT, "lets its accounts in", _role),
    "a secret is not synced": Broken(
        ROTATION,
        "gitea/admin: not synced",
        lambda scene: scene.object(
            "external-secrets.io/ExternalSecret",
            "gitea",
            "admin",
            lambda wanted: wanted.update({"status": {"conditions": [{"type": "Ready", "status": "False"}]}}),
        ),
    ),
    "nobody would be restarted": Broken(
        ROTATION, "Reloader would not restart", lambda scene: scene.release("gitea/gitea", _mute)
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_fails_the_metric_that_it_is_about_and_no_other(scene: Scene, case: str) -> None:
    broken = BROKEN[case]
    broken.breaks(scene)
    failed = scene.failed()
    assert list(failed) == [broken.metric], "the table points at what is wrong"
    assert broken.word in "\n".join(failed[broken.metric]), "and says it"


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

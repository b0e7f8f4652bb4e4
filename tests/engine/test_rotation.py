"""A secret is rotated on the real engine: exactly its chain changes, in order, and no value shows anywhere."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.assurance.leaks import Found, generated_values, scan, telltale
from lab.checkout import ROOT, Stack, command_line
from lab.driver import Result
from lab.providers.kubernetes.cluster import OBJECTS, RELEASES, RESTARTS, secret_data
from lab.world import World
from stack_file.check import defects
from tests.engine.platform import Outcome, driver, once_in_a_run, world_of
from tools.rotate import rotate
from tools.state import exported

pytestmark = pytest.mark.engine

SECRET = "postgres/gitea"
CHAIN = [
    "postgres-gitea-password",  # the value, of type RandomPassword
    "postgres-gitea-kv",
    "gitea-database",
    "postgres-gitea-password",  # the ExternalSecret beside Postgres
]


def _stack_file(stack: Stack) -> Path:
    return stack.root / f"Pulumi.{stack.name}.yaml"


@pytest.fixture(scope="session")
def rotated(engine_directory: Path, everything: Outcome) -> Outcome:
    """The update after `make rotate` of one secret (and once more: all were before), previewed in full detail."""

    def bring_about(stack: Stack) -> Result:
        rotate(_stack_file(stack), SECRET)
        plan = driver(stack).preview(diff=True)
        (stack.workdir / "plan.json").write_text(json.dumps(plan.events), encoding="utf-8")
        return driver(stack).up()

    return once_in_a_run(engine_directory / "rotated", bring_about, after=everything)


def _steps(result: Result) -> list[tuple[str, str, str]]:
    """Kind of event, type and name of every step that changed something, in the order of the engine."""
    changing = [one for one in result.events if one["event"] in ("start", "done") and one["op"] not in ("same", "read")]
    return [(one["event"], one["type"].rsplit(":", 1)[-1], one["urn"].rsplit("::", 1)[-1]) for one in changing]


def test_a_rotation_touches_exactly_the_chain_of_its_secret(rotated: Outcome) -> None:
    assert rotated.result.ok, rotated.result.messages()
    touched = {(kind, name) for _, kind, name in _steps(rotated.result)} - {("Stack", "home-cluster-engine")}
    assert touched == {
        ("Stash", "applied-settings-record"),
        ("RandomPassword", "postgres-gitea-password"),
        ("SecretV2", "postgres-gitea-kv"),
        ("ExternalSecret", "postgres-gitea-password"),
        ("ExternalSecret", "gitea-database"),
    }, "new value, Vault, and the two that read it"


def test_the_chain_runs_from_the_value_over_vault_to_its_readers(rotated: Outcome) -> None:
    steps = _steps(rotated.result)
    value, vault = "RandomPassword", "SecretV2"
    made = steps.index(("done", value, "postgres-gitea-password"))
    written = [steps.index((event, vault, "postgres-gitea-kv")) for event in ("start", "done")]
    assert made < written[0], "Vault gets the new value"
    for reader in ("postgres-gitea-password", "gitea-database"):
        assert written[1] < steps.index(("start", "ExternalSecret", reader)), f"{reader} reads what Vault has then"


def test_the_new_value_reaches_every_reader_and_they_agree(rotated: Outcome, everything: Outcome) -> None:
    places = [("databases", "postgres-gitea"), ("gitea", "database")]
    before, after = _passwords(everything.stack, places), _passwords(rotated.stack, places)
    assert len(set(after)) == 1, "the server and its client have one password"
    assert not set(before) & set(after), "and it is a new one"


def _passwords(stack: Stack, places: list[tuple[str, str]]) -> list[str]:
    with world_of(stack) as world:
        return [_data(world, *place)["password"] for place in places]


def _data(world: World, namespace: str, name: str) -> dict[str, str]:
    secret = world.table(OBJECTS)[f"/Secret/{namespace}/{name}"]
    return secret_data(secret)


def test_only_the_workloads_that_use_the_secret_restart(rotated: Outcome, everything: Outcome) -> None:
    def restarts(stack: Stack) -> dict[str, int]:
        with world_of(stack) as world:
            return {name: record["count"] for name, record in world.table(RESTARTS).items()}

    before, after = restarts(everything.stack), restarts(rotated.stack)
    more = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
    assert more == {"Release gitea/gitea": 1}, "Postgres takes a new password without a restart"


def test_the_engine_shows_the_rotation_before_it_happens(rotated: Outcome) -> None:
    plan = json.loads((rotated.stack.workdir / "plan.json").read_text(encoding="utf-8"))
    planned = {
        one["urn"].rsplit("::", 1)[-1] for one in plan if one["event"] == "start" and one["op"] not in ("same", "read")
    }
    assert planned - {"home-cluster-engine", "applied-settings-record"} == set(CHAIN), (
        "the preview names the chain, and nothing that the rotation of everything left to do"
    )


def test_a_generation_that_was_applied_cannot_go_down(rotated: Outcome, tmp_path: Path) -> None:
    lowered = tmp_path / "Pulumi.engine.yaml"
    text = _stack_file(rotated.stack).read_text(encoding="utf-8")
    lowered.write_text(text.replace(f"{SECRET}: 3", f"{SECRET}: 2"), encoding="utf-8")
    assert list(defects(_stack_file(rotated.stack), rotated.stack.state())) == [], "as it was applied"
    (told,) = defects(lowered, rotated.stack.state())
    assert told.startswith(f"rotation.generations.{SECRET}: 2 is less than 3, which was applied already"), "as recorded"
    assert told.endswith("; write 3 or more, or the next number for new values"), "and the fix"


def _environment(stack: Stack) -> dict[str, str]:
    return {
        "PULUMI_BACKEND_URL": f"file://{stack.backend}",
        "PULUMI_HOME": str(stack.workdir / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def test_the_cli_exports_the_state_without_a_passphrase(rotated: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = rotated.stack
    for name, value in _environment(stack).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    binary = Path(command_line(ROOT))
    state = exported(binary, stack.name, stack.project)
    assert state is not None, "the stack is there"
    assert [line.split(":")[0] for line in defects(_stack_file(stack), state)] == [], "and read as the check reads it"
    assert exported(binary, "nobody", stack.project) is None, "what the CLI says of a stack that is not there"


@pytest.fixture(scope="session")
def generated(rotated: Outcome) -> dict[str, str]:
    return generated_values(rotated.stack)


def _artefacts(stack: Stack) -> Iterator[tuple[str, str]]:
    """Everything that an operation writes for people and other tools to read."""
    for name in ("state.json", "up.log", "preview.log", "plan.json", f"project/Pulumi.{stack.name}.yaml"):
        yield name, (stack.workdir / name).read_text(encoding="utf-8")
    for file in sorted(stack.backend.rglob("*.json")):
        yield str(file.relative_to(stack.workdir)), file.read_text(encoding="utf-8")
    yield "events", stack.root.parent.with_suffix(".json").read_text(encoding="utf-8")
    with world_of(stack) as world:
        for key, obj in world.table(OBJECTS).items():
            if not key.startswith("/Secret/"):
                yield key, json.dumps(obj)
        for key, release in world.table(RELEASES).items():
            yield f"values of {key}", json.dumps(release["values"])


@pytest.mark.failure("secret-in-clear")
def test_no_generated_value_is_readable_anywhere(rotated: Outcome, generated: dict[str, str]) -> None:
    assert len(generated) > 30, "there are values to look for"
    artefacts = dict(_artefacts(rotated.stack))
    assert sum(map(len, artefacts.values())) > 1_000_000, "and much to look through"
    found = [str(one) for name, text in artefacts.items() for one in scan(name, text, generated)]
    assert found == [], "state, preview, logs, reports, manifests and values of charts"


@pytest.mark.parametrize("disguise", ["as it is", "base64", "in JSON", "one line of several"])
def test_a_planted_value_is_found(rotated: Outcome, generated: dict[str, str], disguise: str) -> None:
    value, origin = next((value, origin) for value, origin in generated.items() if "PRIVATE KEY" in value)
    shown = {
        "as it is": value,
        "base64": base64.b64encode(value.encode()).decode(),
        "in JSON": json.dumps({"x": json.dumps({"key": value})}),
        "one line of several": telltale(value),
    }[disguise]
    name, text = next(_artefacts(rotated.stack))
    middle = len(text) // 2
    assert scan(name, text[:middle] + shown + text[middle:], generated) == [Found(name, origin)], f"in {name}"


def test_a_planted_password_is_found_in_every_artefact(rotated: Outcome, generated: dict[str, str]) -> None:
    value, origin = next((value, origin) for value, origin in generated.items() if value.isalnum())
    for name, text in list(_artefacts(rotated.stack))[:8]:
        assert scan(name, f"{text}\n{value}", generated) == [Found(name, origin)], f"in {name}"


def test_what_kubernetes_keeps_secret_holds_the_values(rotated: Outcome, generated: dict[str, str]) -> None:
    with world_of(rotated.stack) as world:
        secrets = [secret_data(one) for one in world.table(OBJECTS).values() if one["kind"] == "Secret"]
    texts = "\n".join(value for data in secrets for value in data.values())
    assert len(scan("Secrets", texts, generated)) > 10, "so the scan looks for values that really are in use"

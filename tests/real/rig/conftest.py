"""One bring-up of the program on a real control plane, which goes on from test to test of this directory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.driver import Result
from tests.engine.platform import edit
from tests.real.availability import skip_without
from tests.real.rig.rig import Running
from tools import real_programs
from tools.rotate import rotate


@pytest.hookimpl(trylast=True)  # after `-m` has left tests out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the programs the tests that need them are skipped."""
    skip_without(real_programs.SUITES["real"], Path(__file__).parent, config, items, "rig")


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The rig, on which nothing was done yet."""
    with Running.started(tmp_path_factory.mktemp("rig") / "stack") as running:
        yield running


@pytest.fixture(scope="session")
def up(rig: Running) -> Result:
    """The first update."""
    return rig.driver.up()


@pytest.fixture(scope="session")
def again(rig: Running, up: Result) -> tuple[Result, Result, Result]:
    """A preview, an update and a refresh of what nobody changed."""
    assert up.ok, up.messages()
    return rig.driver.preview(), rig.driver.up(), rig.driver.refresh()


@dataclass(frozen=True)
class Rotation:
    """An update after `make rotate` of the password of a database.

    Attributes:
        before: Password in the Secret of each reader, by namespace and name.
        after: Likewise.
        vault: The password in the real Vault.
    """

    result: Result
    before: dict[str, str]
    after: dict[str, str]
    vault: str


@pytest.fixture(scope="session")
def rotation(rig: Running, again: tuple[Result, ...]) -> Rotation:
    """What `make rotate SECRET=postgres/gitea` comes to."""
    del again
    readers = ("databases/postgres-gitea", "gitea/database")
    before = {reader: rig.seen.secret(reader)["password"] for reader in readers}
    rotate(rig.stack.file, "postgres/gitea")
    result = rig.driver.up()
    after = {reader: rig.seen.secret(reader)["password"] for reader in readers}
    return Rotation(result, before, after, rig.seen.in_vault("platform/postgres/gitea")["password"])


@dataclass(frozen=True)
class Switched:
    """A service that goes, and whose return is killed while Helm is at its release.

    Attributes:
        off: The update that takes it away.
        without: Its workloads after that; its namespace and its volume stay.
        left: Status of the release that the killed update left.
        on: The update after that.
        back: Status of the release then.
        then: A preview at the end.
    """

    off: Result
    without: set[str]
    left: str
    on: Result
    back: str
    then: Result


@pytest.fixture(scope="session")
def switched(rig: Running, rotation: Rotation) -> Switched:
    """Matrix off and on again."""
    del rotation
    edit(rig.stack, lambda sections: sections["matrix"].update(enabled=False))
    off, without = rig.driver.up(), rig.seen.workloads("matrix")
    edit(rig.stack, lambda sections: sections["matrix"].pop("enabled"))
    left = rig.killed_inside("matrix")
    return Switched(off, without, left, rig.driver.up(), rig.seen.release("matrix"), rig.driver.preview())


@pytest.fixture(scope="session")
def destroyed(rig: Running, switched: Switched) -> tuple[list[str], Result, list[str]]:
    """What is in the cluster, the end, and what is there after that."""
    del switched
    before = rig.seen.left()
    result = rig.driver.destroy()
    return before, result, [*rig.seen.namespaces(), *rig.seen.left()]

"""The platform of the doubles, and the suite against it."""

import contextlib
import os
from collections.abc import Callable, Sequence

import pytest

from components.matrix.settings import MatrixSettings
from doubles.loopback import Double, greeting
from doubles.platform import API, FOREIGN, Identities, declared, identities, running, ssh_words
from settings.model import Settings
from smoke.check import Result, run
from smoke.checks import suite
from smoke.client import SSH_PORT, Network, straight_to, trusting
from smoke.kubernetes import ApiServer
from smoke.robots import robot
from smoke.site import Site, person
from stack_file.load import load_stack_file
from tests.support.near import Near
from tests.support.program import ROOT

STACK_FILE = ROOT / "tests" / "engine" / "Pulumi.engine.yaml"
ACCOUNTS = {
    "SMOKE_USER": "jane",
    "SMOKE_PASSWORD": "jane-password",
    "SMOKE_OUTSIDER": "rita",
    "SMOKE_OUTSIDER_PASSWORD": "rita-password",
    "SMOKE_ROBOT": "builder",
    "SMOKE_ROBOT_SECRET": "builder-secret",
}
Smoke = Callable[..., Sequence[Result]]


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The stack file that the engine tests bring up."""
    return load_stack_file(STACK_FILE)


@pytest.fixture(scope="session")
def certificates(settings: Settings) -> Identities:
    """Made once: they say nothing about a single test."""
    return identities(settings)


def serving(settings: Settings, certificates: Identities, *lies: str) -> contextlib.AbstractContextManager[Double]:
    """The platform with these lies on the loopback."""
    shown = {"": certificates.own} | (
        {settings.section(MatrixSettings).host: certificates.foreign} if FOREIGN in lies else {}
    )
    return running(declared(settings, lies), shown)


@pytest.fixture
def smoke(settings: Settings, certificates: Identities) -> Smoke:
    """Run the suite against doubles that tell these lies, with these accounts."""

    def ask(*lies: str, accounts: dict[str, str] = ACCOUNTS) -> Sequence[Result]:
        with serving(settings, certificates, *lies) as double, greeting(ssh_words(lies)) as ssh:
            https = straight_to(double.url.removeprefix("https://"))
            kind = Near if lies and FOREIGN not in lies else Network
            network = kind(trusting(certificates.ca), lambda host, port: ssh if port == SSH_PORT else https(host, port))
            site = Site(
                settings=settings,
                network=network,
                api=ApiServer(f"https://{API}:6443", network),
                person=person(settings, accounts, "SMOKE_USER", "SMOKE_PASSWORD"),
                outsider=person(settings, accounts, "SMOKE_OUTSIDER", "SMOKE_OUTSIDER_PASSWORD"),
                robot=robot(settings, accounts),
            )
            return list(run(suite(site), limit=30))

    return ask


@pytest.fixture(autouse=True)
def no_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of whoever runs the tests are nobody's business."""
    for name in [name for name in os.environ if name.startswith("SMOKE_")]:
        monkeypatch.delenv(name)

"""The README shows the program as it is, in picture and figures; so does the page on sessions with its times."""

import re
from pathlib import Path

import networkx as nx
import pytest

from components.harbor import login as harbor_login
from components.kubernetes import login as kubernetes_login
from components.vault.oidc import TOKEN_HOURS, TOKEN_MAX_HOURS
from lib.kubernetes import mebibytes
from register import footprint
from settings.identity import Application, Proxied
from settings.model import Settings
from stack_file.load import load_stack_file
from tests.stack_file.stacks import SHIPPED
from tests.support.profiles import profile_file
from tests.support.program import ROOT, record_program
from tests.support.recording import Recorded, Recording
from tests.support.wire import walk
from tools.profiles import PROFILES

PICTURE = ROOT / "docs" / "platform.svg"
SESSIONS = ROOT / "docs" / "sessions.md"
README = (ROOT / "README.md").read_text(encoding="utf-8")
_NODES_OF_OTHERS = 2
"""As many as the profile `existing` has databases."""
_UNITS = {"s": 1, "m": 60, "h": 3600}


def test_the_picture_shows_every_component_of_every_phase(update: Recording) -> None:
    picture = PICTURE.read_text(encoding="utf-8")
    phases = {phase.urn: phase.name for phase in update.phases}
    classes = {one.type.rsplit(":", 1)[-1] for one in update.components if one.parent in phases}
    missing = sorted(name for name in (*phases.values(), *classes) if name not in picture)
    assert not missing, f"draw it anew: make graph STACK=test-cluster, then copy build/graph.svg to {PICTURE.name}"


def test_sessions_last_as_long_as_the_page_says() -> None:
    settings, page = load_stack_file(SHIPPED), SESSIONS.read_text(encoding="utf-8")
    kubernetes, harbor = (
        oidc_of(settings).access_token_validity for oidc_of in (kubernetes_login.application, harbor_login.application)
    )
    front, tokens = Proxied.model_fields["session_minutes"].default, Application.model_fields["token_minutes"].default
    for stated in (
        f"| Vault | {TOKEN_HOURS} hour, renewable up to {TOKEN_MAX_HOURS} hours |",
        f"| Vault | {TOKEN_MAX_HOURS} hours, {TOKEN_HOURS} hour without a renewal |",
        f"| Kubernetes | {kubernetes.removeprefix('minutes=')} minutes |",
        f"| Harbor, `docker login` | {harbor.removeprefix('minutes=')} minutes |",
        f"`sessionMinutes`, by default {front // 60} hours",
        f"`tokenMinutes`, by default {tokens} |",
    ):
        assert stated in page, "who removes a person reads here how long the rest lasts"


@pytest.mark.parametrize("profile", PROFILES)
def test_the_readme_says_what_a_profile_asks_for(profile: str) -> None:
    settings = load_stack_file(profile_file(profile))
    recording = record_program(preview=False, stack_file=profile_file(profile))
    figures = f"{_machines(settings)} | {_volumes(recording, settings)} GiB | {_limit(recording)} |"
    (row,) = re.findall(rf"\| `{profile}` \|[^|]*\| (.*)", README)
    assert row == figures, "people plan their hosts by it"


def _machines(settings: Settings) -> str:
    """Cores, memory and disk."""
    talos = settings.talos
    if talos is None:
        return f"none | {round(footprint.requests(settings, _NODES_OF_OTHERS) / 1024)} GiB free | none"
    pools = [(pool, len(pool.nodes)) for pool in talos.pools.values()]
    cores = sum(pool.cores * count for pool, count in pools)
    memory = sum(pool.memory * count for pool, count in pools)
    return f"{cores} | {memory // 1024} GiB | {sum(pool.disk * count for pool, count in pools)} GiB"


def _volumes(recording: Recording, settings: Settings) -> int:
    """GiB of what stays; the volume that is only probed with does not."""
    copies = {"vault-release": settings.vault.replicas, "postgres-cluster": settings.databases.instances}
    sizes = (
        mebibytes(value) * copies.get(one.name, 1)
        for one in recording.custom
        for path, value in walk(one.inputs)
        if not one.type.endswith(("Job", "Stash")) and str(path[-1]).lower().endswith(("size", "storage"))
        if isinstance(value, str) and re.fullmatch(r"\d+[GMT]i", value)
    )
    return sum(sizes) // 1024


def _limit(recording: Recording) -> str:
    """Limits of the program's waits, along the longest chain of resources that wait for each other."""
    longest: dict[str, int] = {}
    for urn in reversed([*nx.topological_sort(recording.graph)]):
        before = max((longest[other] for other in recording.graph.successors(urn)), default=0)
        longest[urn] = before + _seconds(recording.by_urn[urn])
    hours, minutes = divmod(max(longest.values()) // 60, 60)
    return f"{hours} h {minutes} min"


def _seconds(one: Recorded) -> int:
    found = re.findall(r"(\d+)([smh])", one.timeouts.get("create", ""))
    return sum(int(number) * _UNITS[unit] for number, unit in found)


def test_no_wait_is_longer_than_the_readme_says(update: Recording) -> None:
    said = re.search(r"each wait ends after (\d+) minutes", " ".join(README.split()))
    assert said is not None, "how long to wait before worrying"
    assert int(said[1]) * 60 == max(map(_seconds, update.resources)), "the longest limit"


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "adr").glob("0*.md")), ids=lambda path: path.stem)
def test_a_decision_has_date_and_status_and_stands_in_the_list(path: Path) -> None:
    status = path.read_text(encoding="utf-8").splitlines()[2]
    assert re.match(r"Status: accepted, \d{4}-\d\d-\d\d[.;]", status), "the third line: Status: accepted, <date>."
    assert f"({path.name})" in (path.parent / "README.md").read_text(encoding="utf-8"), "a reader starts there"

"""The picture in the README and the times of the page on sessions are those of the program."""

from components.vault.oidc import TOKEN_HOURS, TOKEN_MAX_HOURS
from declarations import oidc
from settings.identity import Application, Proxied
from stack_file.load import load_stack_file
from tests.stack_file.stacks import SHIPPED
from tests.support.program import ROOT
from tests.support.recording import Recording

PICTURE = ROOT / "docs" / "platform.svg"
SESSIONS = ROOT / "docs" / "sessions.md"


def test_the_picture_shows_every_component_of_every_phase(update: Recording) -> None:
    picture = PICTURE.read_text(encoding="utf-8")
    phases = {phase.urn: phase.name for phase in update.phases}
    classes = {one.type.rsplit(":", 1)[-1] for one in update.components if one.parent in phases}
    missing = sorted(name for name in (*phases.values(), *classes) if name not in picture)
    assert not missing, f"draw it anew: make graph STACK=test-cluster, then copy build/graph.svg to {PICTURE.name}"


def test_sessions_last_as_long_as_the_page_says() -> None:
    settings, page = load_stack_file(SHIPPED), SESSIONS.read_text(encoding="utf-8")
    kubernetes, harbor = (oidc_of(settings).access_token_validity for oidc_of in (oidc.kubernetes, oidc.harbor))
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

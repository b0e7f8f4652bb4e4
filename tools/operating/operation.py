"""An operation that a person asked for, and how it is shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.secret_state import resources
from reporting.phases import Phases
from settings.model import Settings
from tools.operating import flags
from tools.state import Engine, State


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What is to be done.

    Attributes:
        name: preview, up, refresh or destroy.
        given: The flags that the project gives the CLI with it.
        extra: The flags of the person.
        environment: That of the CLI.
        settings, text: What the stack file says, and its text.
        before: The state before it; None where there is no such stack, or nobody can tell.
        agree: Asks the person at the terminal; None where nobody can be asked.
    """

    name: str
    engine: Engine
    given: Sequence[str]
    extra: Sequence[str]
    environment: Mapping[str, str]
    settings: Settings
    text: str
    before: State | None
    agree: Callable[[str], bool] | None

    @property
    def stack(self) -> str:
        """Name of the stack, without organisation and project."""
        return self.engine.stack.rsplit("/", 1)[-1]

    @property
    def directory(self) -> Path:
        """Where its report goes."""
        return self.engine.root / "build" / self.stack

    @property
    def skips_preview(self) -> bool:
        """Whether it begins at once."""
        return bool(flags.SKIP_PREVIEW & set(self.extra))

    @property
    def agreed(self) -> bool:
        """Whether the person has said yes already."""
        return flags.agreed(self.extra, self.environment)

    def as_given(self) -> list[str]:
        """Arguments with which the CLI shows itself and asks."""
        return [self.name, "--stack", self.engine.stack, *self.given, *self.extra]

    def as_agreed(self) -> list[str]:
        """Arguments with which it does what was agreed to."""
        extra = flags.of_the_operation(self.extra)
        return [self.name, "--stack", self.engine.stack, *self.given, *extra, "--yes", "--skip-preview"]

    def foretold(self, plan: Path) -> list[str]:
        """Arguments with which it says what it would do; the plan of an update goes into the file."""
        extra = flags.of_a_preview(self.extra) if self.name == "up" else flags.of_the_operation(self.extra)
        if self.name in ("preview", "up"):
            return ["preview", "--stack", self.engine.stack, *extra, "--save-plan", str(plan)]
        return [self.name, "--stack", self.engine.stack, *self.given, *extra, "--preview-only"]

    def by_itself(self) -> str | None:
        """Why the CLI shows itself, empty where that needs no word: it only says what is missing. None where it does
        not show itself."""
        if flag := flags.own_view(self.extra):
            return f"shown by pulumi itself, because of {flag}"
        if self.agree is not None and flags.asks_for_the_passphrase(self.text, self.environment):
            return "shown by pulumi itself, which asks for the passphrase of the stack"
        nobody = self.name != "preview" and self.agree is None and not self.agreed
        return "" if nobody or self.before is None else None

    def phases(self) -> Phases:
        """Its phases, before anything is known of them."""
        if self.name in ("preview", "up"):
            return Phases()
        parents = {one["urn"]: one.get("parent") or "" for one in resources(self.before or {})}
        return Phases(leaving=self.name == "destroy", parents=parents)

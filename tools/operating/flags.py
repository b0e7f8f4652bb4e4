"""What the flags that a person gave mean for how an operation is shown.

Names are those of `pulumi <operation> --help` (3.250.0; pulumi/pulumi, pkg/cmd/pulumi/operations).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

YES: Final = frozenset({"--yes", "-y"})
SKIP_PREVIEW: Final = frozenset({"--skip-preview", "-f"})

_ANOTHER_VIEW: Final = (
    *("--color", "--debug", "--diff", "--emoji", "--help", "--json", "--log", "--neo", "--non-interactive", "--output"),
    *("--show-", "--suppress-", "--urns", "--verbose"),
)
_ITS_OWN_MATTER: Final = (
    "--attach-debugger",
    "--event-log",
    "--plan",
    "--preview-only",
    "--remote",
    "--save-plan",
    "--strict",
)
_SHORT: Final = ("-d", "-e", "-h", "-j", "-v")
"""They ask for more than a table of phases, or for what only the CLI itself deals with; beginnings of long ones."""

_ONE_BY_ONE: Final = re.compile(r"-[A-Za-z]{2,}")
"""Several short flags in one word: which of them has a value is for the CLI to know."""

_NOT_OF_A_PREVIEW: Final = YES | SKIP_PREVIEW | {"--continue-on-error", "--expect-no-changes", "--ignore-protect"}
"""Without a value each; `--expect-no-changes` judges what was done, and would end a preview."""

_CONFIRMED_BY: Final = "PULUMI_SKIP_CONFIRMATIONS"
_PASSPHRASES: Final = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


def _name(flag: str) -> str:
    return flag.partition("=")[0]


def agreed(extra: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether the person has said yes already, as the CLI takes it; `--yes=false` is none."""
    said = any(one in YES | SKIP_PREVIEW or one in {f"{flag}=true" for flag in YES | SKIP_PREVIEW} for one in extra)
    return said or environment.get(_CONFIRMED_BY, "").lower() in ("1", "true")


def own_view(extra: Sequence[str]) -> str | None:
    """The flag that only the CLI's own view can serve; None where there is none."""
    for one in extra:
        if one.startswith((*_ANOTHER_VIEW, *_ITS_OWN_MATTER)) or one in _SHORT or _ONE_BY_ONE.fullmatch(one):
            return one
    return None


def asks_for_the_passphrase(settings: str, environment: Mapping[str, str]) -> bool:
    """Whether the CLI would ask for the passphrase of a stack with this text of its file."""
    return "encryptionsalt:" in settings and not any(name in environment for name in _PASSPHRASES)


def of_a_preview(extra: Sequence[str]) -> Iterator[str]:
    """Those of an update that a preview knows as well."""
    for one in extra:
        if _name(one) not in _NOT_OF_A_PREVIEW:
            yield one


def of_the_operation(extra: Sequence[str]) -> Iterator[str]:
    """Those of an operation that was agreed to: the answer and the skipped preview are given anyway."""
    for one in extra:
        if _name(one) not in YES | SKIP_PREVIEW:
            yield one

"""How a command says why it does nothing: the reason, and the runbook that knows it."""

from lib.runbooks import named, path


def page(command: str) -> str:
    """The runbook of a target of make."""
    return path(f"refusals.md#make-{command}")


def refusal(command: str, reason: object) -> str:
    """The lines to print, each after the name of the target of make; a reason that names a runbook needs no other."""
    lines = str(reason).splitlines()
    if not named(str(reason)):
        lines.append(page(command))
    return "\n".join(f"{command}: {line}" for line in lines)

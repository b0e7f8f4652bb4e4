"""The state of a stack, as the pulumi CLI gives and takes it."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib.secret_state import outputs

State = Mapping[str, Any]

_NO_STACK = "no stack named"
"""What the CLI (3.250.0) says of a stack that nobody brought up yet."""


class StateError(Exception):
    """The state cannot be had or changed. The message is the CLI's."""


@dataclass(frozen=True)
class Engine:
    """The CLI on one stack; `root` holds Pulumi.yaml. Nothing here asks a person, and nothing runs the program.

    `environment` is that of the CLI where it is not this process's.
    """

    binary: Path
    stack: str
    root: Path
    environment: Mapping[str, str] | None = field(default=None, kw_only=True)

    @property
    def results(self) -> Path:
        """Directory of what commands leave about the stack; `organisation/project/stack` has that of `stack`."""
        return self.root / "build" / self.stack.rsplit("/", 1)[-1]

    def state(self, *, decrypted: bool = False) -> State | None:
        """What `pulumi stack export` gives; None where there is no such stack yet.

        Unlike `pulumi stack output` it needs no passphrase, unless secrets are to be `decrypted`.

        Raises:
            StateError: when the CLI cannot reach its backend, for example.
        """
        try:
            text = self.call("stack", "export", *(("--show-secrets",) if decrypted else ()))
        except StateError as error:
            if _NO_STACK in str(error):
                return None
            raise
        found: dict[str, Any] = json.loads(text)
        return found

    def put(self, state: State) -> None:
        """Make `state` the stack's, which drops its pending operations; the CLI refuses one that is not sound."""
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(state, file)
            file.flush()
            self.call("stack", "import", "--file", file.name)

    def cancel(self) -> None:
        """Remove the lock of an operation."""
        self._run("cancel", self.stack, "--yes")

    def refresh(self, urns: list[str]) -> None:
        """Ask the providers what became of these resources; the program does not run."""
        targets = [part for urn in urns for part in ("--target", urn)]
        self.call("refresh", "--yes", "--skip-preview", *targets)

    def preview(self, plan: Path, environment: Mapping[str, str]) -> None:
        """Write what an update would do into `plan`, secrets encrypted; `environment` is that of an operation."""
        self._run("preview", "--save-plan", str(plan), "--stack", self.stack, environment=environment)

    def call(self, *arguments: str, given: str | None = None) -> str:
        """Standard output of a command on the stack, which reads `given`; raises StateError."""
        return self._run(*arguments, "--stack", self.stack, given=given)

    def backend(self) -> str:
        """URL of the backend in use; raises StateError."""
        given = os.environ.get("PULUMI_BACKEND_URL")
        return given or str(json.loads(self._run("whoami", "--json"))["url"])

    def _run(self, *arguments: str, given: str | None = None, environment: Mapping[str, str] | None = None) -> str:
        command = [str(self.binary), *arguments, "--non-interactive"]
        quiet = {**(environment or self.environment or os.environ), "PULUMI_SKIP_UPDATE_CHECK": "true"}
        done = subprocess.run(
            command, cwd=self.root, env=quiet, input=given, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise StateError(reason(done.stderr.strip() or done.stdout.strip()))
        return done.stdout


def reason(text: str) -> str:
    """What the CLI says from its error on; before it the client of S3 warns of servers that send no checksums."""
    _, error, reason = text.partition("error: ")
    return f"{error}{reason}" if error else text


def exported(binary: Path, stack: str, root: Path, *, secrets: bool = False) -> State | None:
    """What `Engine.state` gives, with `secrets` in plain text for `lib.secret_state.plain`; raises StateError."""
    return Engine(binary, stack, root).state(decrypted=secrets)


def opened(binary: Path, stack: str, root: Path) -> State:
    """The state with its secrets in plain text, of a stack that was brought up; raises StateError."""
    found = exported(binary, stack, root, secrets=True)
    if not outputs(found or {}):
        raise StateError(f"{stack} was never brought up: make up STACK={stack}")
    return found or {}

"""restic as the scripts of pods run it: what it says is JSON, and why it failed its exit code (restic 0.19.1,
doc/075_scripting.rst).

Environment: RESTIC (path of the program), and what it reads itself: RESTIC_REPOSITORY, RESTIC_PASSWORD,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION, RESTIC_CACHE_DIR.
"""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

INCOMPLETE, MISSING, LOCKED, WRONG_PASSWORD = 3, 10, 11, 12
_EMPTY = "snapshot is empty"
_TORN = "while-running"
_REASONS = {
    MISSING: "there is no repository; was a backup ever made here?",
    LOCKED: "another run holds the repository",
    WRONG_PASSWORD: "the password does not open the repository: backupPassword is not the one that it was made with",
}


class ResticError(Exception):
    """What restic could not do, and why."""

    def __init__(self, what: str, code: int, said: str) -> None:
        super().__init__(f"{what}: {_REASONS.get(code, said or f'exit code {code}')}")
        self.code = code


class Restic:
    """One repository, as `environment` names it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        # The repository holds one volume, whatever the pod of the day is called.
        self._host = ("--host", "volume")

    def open(self) -> bool:
        """Whether there is a repository that the password opens; False where there is none. Raises ResticError."""
        try:
            self._run("cat", "config")
        except ResticError as error:
            if error.code == MISSING:
                return False
            raise
        return True

    def create(self) -> None:
        """Makes the repository. Raises ResticError."""
        self._run("init")

    def unlock(self) -> None:
        """Removes locks whose holder is gone for half an hour. Raises ResticError."""
        self._run("unlock")

    def snapshots(self) -> list[dict[str, Any]]:
        """Every snapshot that is of one moment, oldest first. Raises ResticError."""
        found: list[dict[str, Any]] = json.loads(self._run("snapshots") or "[]") or []
        return sorted((one for one in found if _TORN not in (one.get("tags") or ())), key=lambda one: str(one["time"]))

    def backup(self, directory: str, *, torn: bool = False) -> dict[str, Any] | None:
        """Summary of a new snapshot of a directory, which it keeps even where files could not be read; None where
        there is nothing in it. `torn`: somebody writes meanwhile who must not, so it only spares the next one work.

        Raises ResticError, with the code INCOMPLETE in that case.
        """
        # What mkfs made, and root alone may read.
        options = (*self._host, "--exclude", "lost+found", *(("--tag", _TORN) if torn else ()))
        try:
            return _summary(self._run("backup", *options, ".", within=directory))
        except ResticError as error:
            if _EMPTY in str(error):
                return None
            raise

    def read(self, snapshot: Mapping[str, Any]) -> None:
        """Reads and decrypts all of a snapshot, and keeps nothing. Raises ResticError."""
        self._run("dump", "--target", "/dev/null", snapshot["id"], "/")

    def restore(self, snapshot: Mapping[str, Any], directory: str) -> dict[str, Any]:
        """Makes the directory what it was, reads it again and compares. Raises ResticError."""
        target = ("--target", directory, "--delete", "--exclude", "/lost+found", "--verify")
        return _summary(self._run("restore", snapshot["id"], *target))

    def forget(self, days: int) -> None:
        """Drops snapshots that are older than `days` days at the newest one, and what only they held."""
        self._run("forget", *self._host, "--tag", _TORN, "--unsafe-allow-remove-all")
        self._run("forget", *self._host, "--keep-within", f"{days}d", "--prune")

    def check(self, part: int, of: int) -> None:
        """The structure, and every `of`-th pack read as a whole. Raises ResticError where one is not as written."""
        self._run("check", f"--read-data-subset={part}/{of}")

    def _run(self, action: str, *arguments: str, within: str | None = None) -> str:
        command = [self._environment["RESTIC"], action, "--json", "--quiet", *arguments]
        ended = subprocess.run(command, cwd=within, env=self._environment, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            raise ResticError(f"restic {action}", ended.returncode, _said(ended.stderr) or _said(ended.stdout))
        return str(ended.stdout)


def _summary(words: str) -> dict[str, Any]:
    """The last line."""
    found: dict[str, Any] = json.loads(words.strip().splitlines()[-1])
    return found


def _said(words: str) -> str:
    """The first and the last line, as people read them: what went wrong, and what that comes to."""
    lines = [_message(line) for line in words.strip().splitlines()]
    return ": ".join(dict.fromkeys((*lines[:1], *lines[-1:])))


def _message(line: str) -> str:
    try:
        found = json.loads(line)
    except ValueError:
        return line.strip()
    error = found.get("error")
    message = found.get("message") or (error.get("message") if isinstance(error, dict) else error) or line
    return f"{found['item']}: {message}".strip() if found.get("item") else str(message).strip()

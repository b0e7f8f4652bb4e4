"""What CloudNativePG's plugin runs to archive and restore, with the arguments that it makes of an ObjectStore.

`python -m tools.databases.barman` installs barman-cloud in an environment of its own, from requirements-databases.txt;
with `--find` it only says whether that and Postgres are there.

Arguments: github.com/cloudnative-pg/barman-cloud, pkg/archiver/command.go and archiver.go, pkg/backup/backup.go,
pkg/command/commandbuilder.go, backuplist.go and backupdelete.go; variables: pkg/credentials/env.go; the order of a
restore: github.com/cloudnative-pg/plugin-barman-cloud, internal/cnpgi/restore/restore.go.
"""

import hashlib
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.backups.store import BackupError
from tools.binaries import cache
from tools.databases.postgres import programs
from tools.files import exclusive, staged

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements-databases.txt"


@dataclass(frozen=True, kw_only=True)
class BaseBackup:
    """A whole base backup: its ID, when it ended, and the first segment of the log that it needs."""

    id: str
    ended: datetime
    first_segment: str


@dataclass(frozen=True, kw_only=True)
class Archive:
    """The archive of a server in an ObjectStore.

    Attributes:
        programs: Directory of barman-cloud-backup and the rest.
        spec: Of the ObjectStore.
        secrets: What is in the Secrets that it names.
        trust: File with what `endpointCA` names.
        server: Its name in the archive: the parameter `serverName` of a Cluster's plugin.
    """

    programs: Path
    spec: Mapping[str, Any]
    secrets: Mapping[str, Mapping[str, str]]
    trust: Path
    server: str

    @property
    def environment(self) -> dict[str, str]:
        """Variables of every call; raises BackupError where a Secret does not hold what it is asked for."""
        references = self._configuration["s3Credentials"]
        names = {
            "accessKeyId": "AWS_ACCESS_KEY_ID",
            "secretAccessKey": "AWS_SECRET_ACCESS_KEY",
            "region": "AWS_DEFAULT_REGION",
        }
        sidecar = self.spec.get("instanceSidecarConfiguration", {}).get("env", ())
        trusted = {"AWS_CA_BUNDLE": str(self.trust)} if "endpointCA" in self._configuration else {}
        return {
            "PATH": os.defpath,
            **trusted,
            **{one["name"]: one["value"] for one in sidecar},
            **{names[key]: self._secret(reference) for key, reference in references.items()},
        }

    @property
    def archive_command(self) -> str:
        """Of Postgres."""
        wal = self._configuration.get("wal", {})
        options = [
            *_flag(wal, "compression", "--{}"),
            *_flag(wal, "encryption", "-e", "{}"),
            *wal.get("archiveAdditionalCommandArgs", ()),
            *self._endpoint,
            *_tags("--tags", self._configuration.get("tags", {})),
            *_tags("--history-tags", self._configuration.get("historyTags", {})),
        ]
        return f"{self._line('wal-archive', options)} %p"

    @property
    def restore_command(self) -> str:
        """Of Postgres; its additional arguments come last."""
        additional = shlex.join(self._configuration.get("wal", {}).get("restoreAdditionalCommandArgs", ()))
        return " ".join(filter(None, (self._line("wal-restore", self._endpoint), additional, "%f", "%p")))

    def check_empty(self) -> None:
        """What a new cluster is asked before its first segment; raises BackupError where another one's log is there."""
        self._run("check-wal-archive", self._endpoint)

    def back_up(self, name: str, connection: Mapping[str, str]) -> None:
        """A base backup of the server that the variables of libpq lead to; raises BackupError."""
        data = self._configuration.get("data", {})
        options = [
            *("--user", "postgres", "--name", name),
            *_flag(data, "compression", "--{}"),
            *_flag(data, "encryption", "--encryption", "{}"),
            *(["--immediate-checkpoint"] if data.get("immediateCheckpoint") else []),
            *_flag(data, "jobs", "--jobs", "{}"),
            *data.get("additionalCommandArgs", ()),
            *_tags("--tags", self._configuration.get("tags", {})),
            *self._endpoint,
        ]
        self._run("backup", options, environment=connection)

    def backups(self) -> list[BaseBackup]:
        """Those that are whole, the oldest first; raises BackupError."""
        told = json.loads(self._run("backup-list", ["--format", "json", *self._endpoint]))
        found = (
            BaseBackup(
                id=one["backup_id"],
                ended=datetime.fromisoformat(one["end_time_iso"]).astimezone(UTC),
                first_segment=one["begin_wal"],
            )
            for one in told["backups_list"]
            if one["status"] == "DONE"
        )
        return sorted(found, key=lambda one: one.ended)

    def restore(self, data: Path, at: datetime | None = None) -> BaseBackup:
        """Write the last base backup, or the last that had ended at a time, to a new directory; raises BackupError."""
        found = [one for one in self.backups() if at is None or one.ended <= at]
        if not found:
            raise BackupError("no target backup found")
        probe = data.with_name("probe.wal")
        self._run("wal-restore", self._endpoint, found[-1].first_segment, str(probe))
        probe.unlink()
        additional = self._configuration.get("data", {}).get("restoreAdditionalCommandArgs", ())
        endpoint = ("--endpoint-url", self._configuration["endpointURL"])
        words = (*_PROVIDER, *endpoint, *additional, self._destination, self.server, found[-1].id, str(data))
        self._call("restore", words)
        return found[-1]

    def delete_old(self) -> None:
        """What the retention says may go; raises BackupError."""
        number, unit = self.spec["retentionPolicy"][:-1], self.spec["retentionPolicy"][-1]
        policy = f"RECOVERY WINDOW OF {number} {({'d': 'DAYS', 'w': 'WEEKS', 'm': 'MONTHS'})[unit]}"
        words = (*self._endpoint, *_PROVIDER, "--retention-policy", policy, self._destination, self.server)
        self._call("backup-delete", words)

    @property
    def _configuration(self) -> Mapping[str, Any]:
        configuration: Mapping[str, Any] = self.spec["configuration"]
        return configuration

    @property
    def _destination(self) -> str:
        return str(self._configuration["destinationPath"])

    @property
    def _endpoint(self) -> list[str]:
        return _flag(self._configuration, "endpointURL", "--endpoint-url", "{}")

    def _secret(self, reference: Mapping[str, str]) -> str:
        try:
            return self.secrets[reference["name"]][reference["key"]]
        except KeyError:
            raise BackupError(f"missing key {reference['key']} in the Secret {reference['name']}") from None

    def _words(self, options: Sequence[str]) -> list[str]:
        return [*options, *_PROVIDER, self._destination, self.server]

    def _line(self, program: str, options: Sequence[str]) -> str:
        return shlex.join([str(self.programs / f"barman-cloud-{program}"), *self._words(options)])

    def _run(
        self, program: str, options: Sequence[str], *more: str, environment: Mapping[str, str] | None = None
    ) -> str:
        return self._call(program, (*self._words(options), *more), environment)

    def _call(self, program: str, words: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
        run = subprocess.Popen(
            [str(self.programs / f"barman-cloud-{program}"), *words],
            env={**self.environment, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            told, said = run.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            # With those that upload for it.
            os.killpg(run.pid, signal.SIGKILL)
            raise BackupError(f"barman-cloud-{program} does not end: {run.communicate()[1].strip()[-1500:]}") from None
        if run.returncode:
            raise BackupError(f"barman-cloud-{program} exits with {run.returncode}: {said.strip()[-1500:]}")
        return told


_SECONDS = 180
_PROVIDER = ("--cloud-provider", "aws-s3")


def _flag(section: Mapping[str, Any], key: str, *words: str) -> list[str]:
    return [word.format(section[key]) for word in words] if section.get(key) else []


def _tags(option: str, tags: Mapping[str, str]) -> list[str]:
    return [option, *(f"{name},{value}" for name, value in tags.items())] if tags else []


def find() -> Path:
    """Directory of the programs as the requirements pin them; raises BackupError where they are not installed."""
    folder = _home() / "bin"
    if not (folder / "barman-cloud-backup").exists():
        raise BackupError("barman-cloud is not here: `make test-databases` installs it")
    return folder


def ensure() -> Path:
    """The programs, installed if need be; raises BackupError."""
    home = _home()
    with exclusive(home.with_name("lock"), "setup: another process is installing barman-cloud, waiting for it"):
        if not home.exists():
            with staged(home) as stage:
                _install(stage)
    return find()


def _install(home: Path) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    python = str(home / "bin" / "python")
    for words in (
        ("venv", "--relocatable", "--python", sys.executable, str(home)),
        ("pip", "install", "--python", python, "--require-hashes", "--requirement", str(REQUIREMENTS)),
    ):
        run = subprocess.run([uv, "--quiet", *words], capture_output=True, text=True, check=False)
        if run.returncode:
            # psycopg2 comes as source alone.
            raise BackupError(f"{run.stderr.strip()}\nIt needs libpq and a C compiler: apt-get install libpq-dev gcc")


def _home() -> Path:
    return cache() / "barman" / hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]


if __name__ == "__main__":
    try:
        if "--find" in sys.argv:
            find()
            programs()
        else:
            print(f"barman-cloud {ensure()}")
    except BackupError as error:
        sys.exit(str(error))

"""The simulated world: what exists on the simulated Proxmox host, cluster, Vault and Authentik.

Tables of JSON records in one directory. `world.json` is the state when an operation began, `world.journal` every change
since, one JSON line each, so a killed operation loses nothing it did; `last.journal` is that of the operation before.
One process holds the world at a time (a file lock); inside it, threads share one re-entrant lock and one condition that
wakes whoever waits for a change.
Records that hold secret values are sealed: encrypted with a key derived from the passphrase of the stack.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

from cryptography.fernet import Fernet, InvalidToken

Record = dict[str, Any]

# Cost parameters of scrypt's authors for interactive use; the passphrase guards simulated secrets only.
_SCRYPT: Final = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}


class WorldError(Exception):
    """The world cannot be opened: in use by another process, damaged, or sealed with another passphrase."""


def _key(directory: Path, passphrase: str) -> bytes:
    salt_file = directory / "salt"
    if not salt_file.exists():
        salt_file.write_bytes(os.urandom(16))
    return _derived(passphrase, salt_file.read_bytes())


@cache
def _derived(passphrase: str, salt: bytes) -> bytes:
    return hashlib.scrypt(passphrase.encode(), salt=salt, **_SCRYPT)


def _lock(directory: Path, patience: float) -> IO[str]:
    """Take the world's file lock, waiting at most `patience` seconds for another process to let go."""
    handle = (directory / "lock").open("w", encoding="utf-8")
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                handle.close()
                raise WorldError(f"{directory} is in use by another operation; wait for it or stop it") from None
            time.sleep(0.05)
        else:
            return handle


class World:
    """The tables, open for reading and changing; use as a context manager or call `close`."""

    def __init__(self, directory: Path, passphrase: str, *, patience: float = 10.0) -> None:
        """Open or create the world in `directory`.

        `patience` is how many seconds to wait for another process. Raises WorldError.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._file_lock = _lock(directory, patience)
        key = _key(directory, passphrase)
        self._cipher = Fernet(base64.urlsafe_b64encode(key))
        self._seed = hashlib.sha256(key).digest()
        self.changed = threading.Condition(threading.RLock())
        self.generation = 0
        self.last_written = ""
        self._tables: dict[str, dict[str, Record]] = {}
        self._keys: dict[str, dict[str, list[str]]] = {}
        self._sealed: dict[tuple[str, str], str] = {}
        self._load()
        self._journal = (directory / "world.journal").open("a", encoding="utf-8")

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, table: str, key: str) -> Record | None:
        """A copy of the record, or None."""
        with self.changed:
            record = self._tables.get(table, {}).get(key)
            return None if record is None else json.loads(json.dumps(record))

    def table(self, name: str) -> dict[str, Record]:
        """A copy of the whole table, keys in the order of their creation."""
        with self.changed:
            return json.loads(json.dumps(self._tables.get(name, {})))  # type: ignore[no-any-return]

    def view(self, name: str) -> Mapping[str, Record]:
        """The table itself, for looking only; hold the lock (`transaction`) while going through it."""
        return self._tables.get(name, {})

    def keys(self, table: str, prefix: str = "") -> list[str]:
        """The keys of a table that begin so, in the order of their creation."""
        with self.changed:
            found = self._keys.setdefault(table, {})
            if prefix not in found:
                found[prefix] = [key for key in self._tables.get(table, {}) if key.startswith(prefix)]
            return list(found[prefix])

    def tables(self) -> list[str]:
        """Names of the tables that hold records."""
        with self.changed:
            return [name for name, records in self._tables.items() if records]

    def put(self, table: str, key: str, record: Record, *, sealed: bool = False) -> None:
        """Create or replace a record; `sealed` when it holds secret values."""
        with self.changed:
            if self._tables.get(table, {}).get(key) == record:
                return
            entry: Record = {"table": table, "key": key}
            if sealed:
                entry["sealed"] = self._cipher.encrypt(json.dumps(record).encode()).decode()
            else:
                entry["record"] = record
            self._write(entry)

    def delete(self, table: str, key: str) -> bool:
        """Remove a record; False when it was not there."""
        with self.changed:
            if key not in self._tables.get(table, {}):
                return False
            self._write({"table": table, "key": key, "deleted": True})
            return True

    def secret_seed(self) -> bytes:
        """Bytes that only this world and its passphrase yield, for values that the simulated site makes up."""
        return self._seed

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold off other threads, so that several reads and writes see one state."""
        with self.changed:
            yield

    def close(self) -> None:
        """Fold the journal into `world.json` and let other processes in."""
        with self.changed:
            if self._journal.closed:
                return
            entries = [self._entry(table, key) for table, records in self._tables.items() for key in records]
            temporary = self._directory / "world.json.new"
            temporary.write_text(json.dumps(entries), encoding="utf-8")
            temporary.replace(self._directory / "world.json")
            self._journal.close()
            (self._directory / "world.journal").replace(self._directory / "last.journal")
            self._file_lock.close()

    def _entry(self, table: str, key: str) -> Record:
        record = self._tables[table][key]
        token = self._sealed.get((table, key))
        return {"table": table, "key": key, **({"record": record} if token is None else {"sealed": token})}

    def _write(self, entry: Record) -> None:
        self._journal.write(json.dumps(entry) + "\n")
        self._journal.flush()
        self._apply(entry)
        self.generation += 1
        self.last_written = f"{entry['table']} {entry['key']}"
        self.changed.notify_all()

    def _apply(self, entry: Record) -> None:
        records = self._tables.setdefault(entry["table"], {})
        place = (entry["table"], entry["key"])
        self._sealed.pop(place, None)
        if entry.get("deleted") or entry["key"] not in records:
            known = self._keys.get(entry["table"], {})
            for prefix in [prefix for prefix in known if entry["key"].startswith(prefix)]:
                del known[prefix]
        if entry.get("deleted"):
            records.pop(entry["key"], None)
        elif "sealed" in entry:
            self._sealed[place] = entry["sealed"]
            records[entry["key"]] = json.loads(self._unseal(entry["sealed"]))
        else:
            records[entry["key"]] = json.loads(json.dumps(entry["record"]))

    def _unseal(self, token: str) -> bytes:
        try:
            return self._cipher.decrypt(token.encode())
        except InvalidToken:
            message = f"{self._directory} was sealed with another passphrase; set the old one or remove the directory"
            raise WorldError(message) from None

    def _load(self) -> None:
        snapshot, journal = self._directory / "world.json", self._directory / "world.journal"
        try:
            if snapshot.exists():
                for entry in json.loads(snapshot.read_text(encoding="utf-8")):
                    self._apply(entry)
            for line in journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []:
                try:
                    entry = json.loads(line)
                except json.JSONDecodeError:
                    break  # the last line of an operation that was killed while writing it
                self._apply(entry)
        except WorldError:
            self._file_lock.close()
            raise

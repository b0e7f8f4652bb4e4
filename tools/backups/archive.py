"""The archive of a stack's state: what it holds, how it is encrypted, and how it is judged when it is opened.

It is a tar in the format of age (age-encryption.org/v1; pyrage is the binding of its Rust implementation), so `age -d`
opens it as well.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pyrage

from tools.backups.store import BackupError

STATE: Final = "state.json"
"""What `pulumi stack export` gave, secrets encrypted."""
SHEET: Final = "RECOVERY.md"
"""The recovery sheet, which lies beside the archives as well, in plain text."""
_ABOUT: Final = "about.json"
_SECRET_KEY: Final = "AGE-SECRET-KEY-"


@dataclass(frozen=True, kw_only=True)
class Archive:
    """Files by name, and what they are about.

    Attributes:
        stack, cluster: Which they belong to.
        written: When.
    """

    stack: str
    cluster: str
    written: datetime
    files: Mapping[str, bytes]

    @property
    def state(self) -> dict[str, Any]:
        """The exported state."""
        found: dict[str, Any] = json.loads(self.files[STATE])
        return found

    @property
    def pulumi(self) -> str:
        """Release of the CLI that wrote the state."""
        return str(((self.state.get("deployment") or {}).get("manifest") or {}).get("version", "")).lstrip("v")

    def sealed(self, recipients: Sequence[str]) -> bytes:
        """Encrypted, so that each of the recipients opens it."""
        about = {
            "stack": self.stack,
            "cluster": self.cluster,
            "written": self.written.isoformat(),
            "files": {name: hashlib.sha256(content).hexdigest() for name, content in self.files.items()},
        }
        text, buffer = json.dumps(about, indent=1).encode(), io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            for name, content in {_ABOUT: text, **self.files}.items():
                member = tarfile.TarInfo(name)
                member.size, member.mtime, member.mode = len(content), int(self.written.timestamp()), 0o600
                tar.addfile(member, io.BytesIO(content))
        return pyrage.encrypt(buffer.getvalue(), [pyrage.x25519.Recipient.from_str(one) for one in recipients])


def keys(file: Path | None) -> list[pyrage.x25519.Identity]:
    """The private keys in a file as age-keygen writes it; raises BackupError."""
    if file is None:
        raise BackupError("which private key opens the backup? Name the file of age-keygen: KEY=<file>")
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line.startswith(_SECRET_KEY)]
    except (OSError, UnicodeDecodeError, pyrage.IdentityError) as error:
        raise BackupError(f"{file} cannot be used as a private key of age ({type(error).__name__})") from None
    if not found:
        raise BackupError(f"{file} holds no private key of age: a line that begins with {_SECRET_KEY}")
    return found


def unsealed(content: bytes, identities: Sequence[pyrage.x25519.Identity], name: str) -> dict[str, bytes]:
    """Files of an encrypted archive, of whatever part; raises BackupError where the key does not open it."""
    try:
        plain = pyrage.decrypt(content, identities)
    except pyrage.DecryptError as error:
        raise BackupError(
            f"{name} cannot be opened ({error}): it was written for other recipients than this key is of, or is damaged"
        ) from None
    try:
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            return {one.name: held.read() for one in tar if (held := tar.extractfile(one)) is not None}
    except tarfile.TarError as error:
        raise BackupError(f"{name} is no archive ({error})") from None


def opened(content: bytes, identities: Sequence[pyrage.x25519.Identity], name: str) -> Archive:
    """The archive of that name, whole; raises BackupError, with what is wrong with it."""
    files = unsealed(content, identities, name)
    try:
        about = json.loads(files.pop(_ABOUT))
        sums = {one: hashlib.sha256(text).hexdigest() for one, text in files.items()}
        written = datetime.fromisoformat(about["written"])
        found = Archive(stack=about["stack"], cluster=about["cluster"], written=written, files=files)
    except (KeyError, TypeError, ValueError) as error:
        raise BackupError(f"{name} is no backup of a state ({type(error).__name__})") from None
    strange = [one for one in files if PurePosixPath(one).is_absolute() or ".." in PurePosixPath(one).parts]
    if sums != about["files"] or STATE not in files or strange:
        raise BackupError(f"{name} does not hold the files that it says it does")
    return found


def unpack(opened: Archive, root: Path) -> None:
    """Write the files that are missing in a checkout; the state is none of them."""
    for name in missing(opened, root):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(opened.files[name])


def missing(opened: Archive, root: Path) -> list[str]:
    """Files of the archive that a checkout does not have."""
    return [name for name in opened.files if name not in (STATE, SHEET) and not (root / name).exists()]

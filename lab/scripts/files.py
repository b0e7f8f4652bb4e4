"""The files of a script's container."""

from __future__ import annotations

import contextlib
import errno
import functools
import io
import os
import pathlib
import tempfile
from pathlib import PurePosixPath
from types import ModuleType
from typing import IO, Any, Final

from lab.scripts.replaced import replaced

TEMPORARY: Final = "/tmp"  # noqa: S108 - of a container


class Files:
    """What is mounted, in memory; only below `volumes`, and where there is a file already, can be written to it."""

    def __init__(self, content: dict[str, bytes], volumes: frozenset[str]) -> None:
        self.content = content
        self.volumes = volumes

    def read(self, path: str) -> bytes:
        """A file. Raises FileNotFoundError."""
        if path not in self.content:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return self.content[path]

    def write(self, path: str, content: bytes) -> None:
        """Make or replace a file. Raises OSError where nothing can be written."""
        if path not in self.content and not self._below_volume(path):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        self.content[path] = content

    def _below_volume(self, path: str) -> bool:
        return any(PurePosixPath(path).is_relative_to(volume) for volume in (*self.volumes, TEMPORARY))

    def open(self, path: Any, mode: str = "r", *_: Any, encoding: str = "utf-8", **__: Any) -> IO[Any]:
        """A file, for reading or for writing it anew."""
        if "w" in mode:
            self.write(str(path), b"")
            return _Written(self, str(path))
        content = self.read(str(path))
        return io.BytesIO(content) if "b" in mode else io.StringIO(content.decode(encoding))

    def modules(self) -> dict[str, ModuleType]:
        """`pathlib` and `tempfile` over these files."""
        path = type("Path", (_Path,), {"files": self})
        directory = functools.partial(contextlib.nullcontext, TEMPORARY)
        return {
            "pathlib": replaced(pathlib, "PurePath", "PurePosixPath", Path=path),
            "tempfile": replaced(tempfile, TemporaryDirectory=directory),
        }


class _Path(PurePosixPath):
    """A `pathlib.Path` of a container."""

    __slots__ = ()
    files: Files

    def read_bytes(self) -> bytes:
        return self.files.read(str(self))

    def read_text(self, encoding: str = "utf-8") -> str:
        return self.read_bytes().decode(encoding)

    def touch(self, mode: int = 0o666) -> None:
        self.files.write(str(self), b"")

    def write_bytes(self, content: bytes) -> None:
        self.files.write(str(self), content)

    def write_text(self, text: str, encoding: str = "utf-8") -> None:
        self.files.write(str(self), text.encode(encoding))

    def exists(self) -> bool:
        return str(self) in self.files.content or any(path.startswith(f"{self}/") for path in self.files.content)

    def open(self, mode: str = "r", **options: Any) -> IO[Any]:
        return self.files.open(self, mode, **options)

    def unlink(self, missing_ok: bool = False) -> None:
        if not missing_ok:
            self.read_bytes()
        self.files.content.pop(str(self), None)


class _Written(io.BytesIO):
    """A file that is being written."""

    def __init__(self, files: Files, path: str) -> None:
        super().__init__()
        self._files, self._path = files, path

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        if not self.closed:
            self._files.write(self._path, self.getvalue())
        super().close()

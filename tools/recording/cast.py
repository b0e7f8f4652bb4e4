"""Runs a command in a terminal and notes what it shows and when, as asciicast v2
(docs.asciinema.org/manual/asciicast/v2: a header, then `[seconds, "o", text]` for each output).
"""

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
import time
from codecs import getincrementaldecoder
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CHUNK = 65536


@dataclass(frozen=True)
class Cast:
    """A recording: the size of the terminal, and the output by seconds since the start."""

    columns: int
    rows: int
    events: Sequence[tuple[float, str]]


def recorded(command: Sequence[str], columns: int, rows: int, root: Path) -> tuple[Cast, int]:
    """What the command showed, and its exit code."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    started, events = time.monotonic(), []
    with subprocess.Popen(command, cwd=root, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as child:
        os.close(theirs)
        decoder = getincrementaldecoder("utf-8")("replace")
        while text := _read(ours):
            events.append((round(time.monotonic() - started, 3), decoder.decode(text)))
    os.close(ours)
    return Cast(columns, rows, events), child.returncode


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, _CHUNK)
    except OSError:  # of Linux, once nobody has the other end open
        return b""


def write(cast: Cast, file: Path, title: str) -> None:
    """As a player of asciinema takes it."""
    header: Mapping[str, Any] = {"version": 2, "width": cast.columns, "height": cast.rows, "title": title}
    lines = [json.dumps(header), *(json.dumps([at, "o", text]) for at, text in cast.events)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read(file: Path) -> Cast:
    """What `write` wrote."""
    header, *events = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    return Cast(header["width"], header["height"], [(at, text) for at, kind, text in events if kind == "o"])

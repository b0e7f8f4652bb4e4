"""What a person at a terminal sees while a command is at work, and when it is interrupted. Standard library only."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
"""Exit code of a command that Ctrl-C ended, as shells have it."""

_EVERY_SECONDS = 1.0


@contextmanager
def ticking(text: str) -> Iterator[None]:
    """On a terminal show what takes its time and for how long; the line goes when the block ends."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    ticker = threading.Thread(target=_tick, args=(text, done), daemon=True)
    ticker.start()
    try:
        yield
    finally:
        done.set()
        ticker.join()


def _tick(text: str, done: threading.Event) -> None:
    started = time.monotonic()
    while not done.wait(_EVERY_SECONDS):
        print(f"\r{text}: {time.monotonic() - started:.0f} s", end="", file=sys.stderr, flush=True)
    print("\r\x1b[K", end="", file=sys.stderr, flush=True)


@contextmanager
def interruptible(text: str) -> Iterator[None]:
    """Ctrl-C in the block ends the command with this sentence instead of a traceback."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"\n{text}", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None

"""`make game-day DISASTER=vault`: stage a disaster, say what is seen of it, and stand by until it is over.

Needs the programs of the restore drill (docs/game-day.md).
"""

import argparse
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from doubles.loopback import serving
from tools.backups.store import BackupError
from tools.databases.s3 import S3Server
from tools.databases.site import bucket
from tools.game_day import databases, etcd, ground, vault
from tools.game_day.ground import Ground
from tools.game_day.making import STACK
from tools.game_day.scene import Disaster, Scene
from tools.game_day.serving import Serving
from tools.refusal import refusal
from tools.state import StateError
from tools.waiting import interruptible, ticking

Stage = Callable[[Ground, S3Server, Disaster], AbstractContextManager[Scene]]
SCENES: Mapping[Disaster, Stage] = {
    **dict.fromkeys((Disaster.VAULT, Disaster.VAULT_SEALED), vault.staged),
    **dict.fromkeys((Disaster.DATABASES, Disaster.MISTAKE), databases.staged),
    Disaster.ETCD: etcd.staged,
}


@contextmanager
def played(what: Disaster, folder: Path) -> Iterator[Serving]:
    """The disaster in that directory, with the commands of a person's shell; raises BackupError, StateError."""
    made = ground.empty(folder)
    with bucket(folder, secrets.token_hex(16)) as server:
        ground.settle(made, server)
        with SCENES[what](made, server, what) as scene:
            found = Serving(made, scene)
            with serving(found.respond) as double:
                ground.known(made, double.url)
                ground.write_commands(made, double.url)
                yield found


def main(arguments: Sequence[str] | None = None, root: Path = ground.ROOT) -> int:
    """Exit code 0 when the person ends it."""
    parser = argparse.ArgumentParser(prog="python -m tools.game_day", description=__doc__, allow_abbrev=False)
    parser.add_argument("--disaster", default="", help=f"one of {', '.join(SCENES)}")
    options = parser.parse_args(arguments)
    if options.disaster not in SCENES:
        print(refusal("game-day", f"which disaster? Say DISASTER=, and one of {', '.join(SCENES)}"), file=sys.stderr)
        return 2
    disaster = Disaster(options.disaster)
    folder = root / "build" / "game-day" / disaster
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell began it in the background
    try:
        with ticking(f"game-day: staging {disaster}"):
            staged = played(disaster, folder)
            found = staged.__enter__()
        try:
            print("\n".join(sheet(disaster, found)), flush=True)
            ended.wait()
        finally:
            staged.__exit__(None, None, None)
    except (BackupError, StateError, ValueError) as error:
        print(refusal("game-day", error), file=sys.stderr)
        return 1
    return 0


def sheet(what: Disaster, found: Serving) -> Iterator[str]:
    """What a person is told."""
    folder = found.ground.folder
    shown = folder.relative_to(ground.ROOT) if folder.is_relative_to(ground.ROOT) else folder
    yield f"game day {what}: something happened to the cluster `{STACK}`. In another terminal:"
    yield ""
    yield f"  cd {shown} && . ./env"
    yield ""
    yield "What is seen:"
    yield ""
    yield from (f"  {line}" for line in found.scene.symptom)
    yield ""
    yield "Begin at docs/runbooks/README.md; the private key of the backups is key.txt."
    yield f"It is over when `make status STACK={STACK}` says so: then, or to give up, Ctrl-C here."
    yield f"real: {found.scene.real}"
    yield f"played: {found.scene.played}"


if __name__ == "__main__":
    with interruptible("game-day: ended"):
        sys.exit(main())

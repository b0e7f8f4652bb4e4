"""What answers while a game day lasts: the API server of the cluster, and the commands of the person's shell."""

import json
import shlex
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from doubles.loopback import Reply, Request
from tools.backups import summary
from tools.backups.store import BackupError
from tools.game_day.command import COMMANDS
from tools.game_day.ground import Ground
from tools.game_day.making import STACK
from tools.game_day.scene import Answer, Scene, parsed


@dataclass
class Serving:
    """A scene, asked by one person at a time."""

    ground: Ground
    scene: Scene
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def respond(self, request: Request) -> Reply:
        """See doubles.loopback.serving."""
        if request.path != COMMANDS:
            return self.scene.respond(request)
        asked = json.loads(request.body)
        with self._lock:
            try:
                answer = self._answer(asked)
            except (BackupError, ValueError) as error:
                answer = Answer(text=str(error), code=1)
        return Reply(200, asdict(answer))

    def _answer(self, asked: Mapping[str, Any]) -> Answer:
        program, words = str(asked["program"]), list(asked["words"])
        if program == "make" and "status" in words:
            return status(self.ground, self.scene)
        if program == "make":
            more = next((word.partition("=")[2] for word in words if word.startswith("ARGS=")), "")
            words = [*(word for word in words if "=" not in word), *shlex.split(more)]
        command = parsed(program, words, asked["given"])
        if "filename" in command.flags and command.flags["filename"] != "-":
            text = (Path(asked["place"]) / command.flags["filename"]).read_text(encoding="utf-8")
            command = parsed(program, words, text)
        found = self.scene.answer(command)
        return found or Answer(text=f"{program} {' '.join(words)}: not part of this game day", code=2)


def status(ground: Ground, scene: Scene) -> Answer:
    """Rows of the scene, and what the target really holds."""
    rows = scene.rows()
    wide = max(map(len, rows))
    lines = [
        f"{name:<{wide}}  {'False' if problem else 'True':<7}  {problem}".rstrip() for name, problem in rows.items()
    ]
    backups, _ = summary.look(ground.engine, ground.settings(), datetime.now(UTC))
    head = f"{'NAME':<{wide}}  READY    MESSAGE"
    whole = not any(rows.values())
    end = f"{STACK} is whole: the game day is over" if whole else "not yet"
    return Answer(text="\n".join([head, *lines, "", *backups, end]), code=0 if whole else 1)

"""`make recording`: runs `make demo` in a terminal, and draws docs/demo.svg of it."""

import sys
from pathlib import Path

from tools.recording.cast import Cast, recorded, write
from tools.recording.picture import picture

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "demo.svg"
_COLUMNS, _ROWS = 118, 42


def main() -> int:
    """Exit code of the demo; of one that failed nothing is drawn."""
    command = [sys.executable, "-m", "lab", "demo", "--stack", "test-cluster", "--fresh"]
    cast, code = recorded(command, _COLUMNS, _ROWS, ROOT)
    if code:
        print("recording: the demo failed, so nothing was drawn", file=sys.stderr)
        return code
    cast = Cast(cast.columns, cast.rows, [(at, text.replace(f"{ROOT}/", "")) for at, text in cast.events])
    file = ROOT / "build" / "recording" / "demo.cast"
    file.parent.mkdir(parents=True, exist_ok=True)
    write(cast, file, "make demo")
    TARGET.write_text(picture(cast, "make demo"), encoding="utf-8")
    print(f"recording: {TARGET.relative_to(ROOT)}, {TARGET.stat().st_size // 1024} KiB; {file.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

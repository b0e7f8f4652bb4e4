"""The CLI of the tests: says what it was started with; what else it does lies in the directory it is started in.

`events-<operation>` is its log of events, `plan` what it saves as a plan, `calls` what it was asked for. With a file
`waits` it waits for Ctrl-C and ends as the real one does; otherwise `code` is its exit code, or `code-<operation>`.
"""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

HERE = Path.cwd()


def main(arguments: list[str]) -> int:
    print(json.dumps([arguments, os.environ["SSL_CERT_DIR"], str(HERE)]), flush=True)
    with (HERE / "calls").open("a") as calls:
        calls.write(json.dumps(arguments) + "\n")
    for flag, file in (("--save-plan", "plan"), ("--event-log", f"events-{arguments[0]}")):
        if flag in arguments and (HERE / file).exists():
            shutil.copy(HERE / file, arguments[arguments.index(flag) + 1])
    if (HERE / "waits").exists() and arguments[0] != "preview":
        signal.signal(signal.SIGINT, lambda *_: sys.exit(255))
        (HERE / "waiting").touch()
        signal.pause()
    code = next((one for one in (HERE / f"code-{arguments[0]}", HERE / "code") if one.exists()), None)
    return int(code.read_text()) if code and arguments[0] != "preview" and "--preview-only" not in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

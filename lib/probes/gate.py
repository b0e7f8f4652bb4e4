"""The loop of the gates: asks until nothing is wrong any more, or time is up.

Environment: SECONDS (float, how long to try).
"""

import os
import time
from collections.abc import Callable

INTERVAL_SECONDS = 3.0


def wait(problem: Callable[[], str], done: str) -> int:
    """Exit code 0, and the words `done`, once `problem` is empty; 1 with what is wrong after SECONDS."""
    deadline = time.monotonic() + float(os.environ["SECONDS"])
    while found := problem():
        print(found, flush=True)
        if time.monotonic() > deadline:
            return 1
        time.sleep(INTERVAL_SECONDS)
    print(done)
    return 0

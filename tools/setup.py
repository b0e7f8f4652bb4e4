"""`make setup`: the virtual environment and the pulumi CLI.

Standard library only, and no syntax newer than Python 3.6, so that an old interpreter gets as far as the sentence
that says what is missing. The work is in `tools/bootstrap.py`.
"""

import os
import runpy
import sys

OLDEST = (3, 11)


def main() -> None:
    """Check the interpreter, then run `tools.bootstrap`. Exits with 1 and one sentence where something is missing."""
    if sys.version_info[:2] < OLDEST:
        oldest, this = (".".join(map(str, version)) for version in (OLDEST, sys.version_info[:3]))
        sys.exit(
            f"setup: home-cluster needs Python {oldest} or newer, but {sys.executable} is Python {this}: "
            "install one and run `make setup PYTHON=/path/to/python3`."
        )
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    runpy.run_module("tools.bootstrap", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

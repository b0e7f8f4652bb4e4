"""`make check`: actionlint reads the workflows of GitHub and Gitea. Built with Go once, in seconds.

shellcheck and pyflakes are left out: no step has more than one command, and not every machine has them.
"""

import subprocess
import sys
from pathlib import Path

from tools.files import SetupError
from tools.real_programs import ACTIONLINT
from tools.real_servers import ensure

ROOT = Path(__file__).resolve().parent.parent
FLAGS = (
    "-shellcheck=",
    "-pyflakes=",
    "-color=false",
    # Gitea takes the full address of an action, GitHub does not (docs.gitea.com/usage/actions/comparison).
    '-ignore=specifying action "https://github.com/',
    # A runner of whoever owns the repository.
    '-ignore=label "lan" is unknown',
)


def main(root: Path = ROOT) -> int:
    """Exit code of actionlint; 0 with a line where it cannot be built, as on a machine without Go."""
    try:
        binary = ensure(ACTIONLINT, ROOT).binary
    except SetupError as error:
        print(f"workflows: not looked at, as there is no actionlint ({error})")
        return 0
    files = sorted(str(path) for path in root.glob(".git*/workflows/*.yml"))
    code = subprocess.run([str(binary), *FLAGS, *files], cwd=root, check=False).returncode
    print(f"workflows: {len(files)} files, {'nothing to say about them' if code == 0 else 'see above'}")
    return code


if __name__ == "__main__":
    sys.exit(main())

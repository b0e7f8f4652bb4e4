"""`make access STACK=home`: the files that kubectl, talosctl and vault need, and the exports that name them.

Standard output has the exports alone: `eval "$(make -s access STACK=home)"`.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.secret_state import outputs, plain
from tools.operate import ROOT, OperateError, cli, stack_file
from tools.refusal import refusal
from tools.state import StateError, opened

_FILES: Mapping[str, tuple[str, str]] = {
    "kubeconfig": ("kubeconfig", "KUBECONFIG"),
    "talosconfig": ("talosconfig", "TALOSCONFIG"),
    "trustedCertificates": ("ca.pem", "VAULT_CACERT"),
}
"""Stack output -> file, and the variable that names it."""


def written(state: Mapping[str, Any], directory: Path) -> Iterator[tuple[str, str]]:
    """Write each output that the stack has, readable by its owner alone; variables and their values."""
    found = outputs(state)
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    for output, (name, variable) in _FILES.items():
        file = directory / name
        file.unlink(missing_ok=True)  # of an earlier cluster, or readable by others
        if output in found:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as opened_file:
                opened_file.write(plain(found[output]))
            yield variable, str(file)
    urls = plain(found.get("urls")) or {}
    if "vault" in urls:
        yield "VAULT_ADDR", urls["vault"]


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when the files are there."""
    parser = argparse.ArgumentParser(prog="python -m tools.access", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    options = parser.parse_args(arguments)
    try:
        file = stack_file(root, options.stack)
        state = opened(cli(root), options.stack, root)
        exports = list(written(state, root / "build" / "access" / file.name.split(".")[1]))
    except (OperateError, StateError, OSError) as error:
        print(refusal("access", error), file=sys.stderr)
        return 1
    for variable, value in exports:
        print(f"export {variable}={shlex.quote(value)}")
    print("access: these files let anybody be an administrator; `make clean` deletes them", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

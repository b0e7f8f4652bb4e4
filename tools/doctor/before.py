"""What doctor has to say before an update begins."""

import sys
from pathlib import Path

from stack_file.load import load_stack_file
from tools import secret_values
from tools.doctor import checks
from tools.doctor.findings import broken, lines
from tools.doctor.site import Site
from tools.state import Engine, State, StateError
from tools.waiting import ticking


def stopped(engine: Engine, file: Path, state: State | None) -> bool:
    """Whether an update would fail; what failed is told, with its fix.

    Nothing is asked where the CLI cannot open the stack: it then says why, or asks for the passphrase in a terminal.
    """
    try:
        secrets = secret_values.opened(engine)
    except StateError:
        return False
    with ticking(f"up: asking Proxmox, the network and the DNS for {engine.stack}"):
        found = broken(checks.outside(Site(settings=load_stack_file(file), secrets=secrets, state=state or {})))
    for finding in found:
        print("\n".join(lines(finding)), file=sys.stderr)
    return any(finding.stops for finding in found)

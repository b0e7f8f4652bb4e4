"""`make smoke STACK=…`: ask a real cluster, from its network, whether it does what it is for.

Accounts come from the environment, never from the command line: SMOKE_USER and SMOKE_PASSWORD (a person of the stack
file), SMOKE_OUTSIDER and SMOKE_OUTSIDER_PASSWORD (one who lacks groups), SMOKE_ROBOT and SMOKE_ROBOT_SECRET (a robot of
the registry that may push and pull). What has no account is skipped.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from settings.model import Settings
from smoke import report
from smoke.check import run
from smoke.checks import suite
from smoke.client import Network, by_name_or, straight_to, trusting
from smoke.kubernetes import api_server
from smoke.robots import robot
from smoke.site import Site, ca_certificate, person
from stack_file.load import load_stack_file
from tools.operate import ROOT, OperateError, cli, stack_file
from tools.refusal import refusal
from tools.state import StateError, exported

_WIDTH = 160  # of a table that goes into a file


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m smoke", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    parser.add_argument("--ca", type=Path, help="certificate of the CA in PEM (default: the output of the stack)")
    parser.add_argument(
        "--connect-to",
        metavar="ADDRESS[:PORT]",
        help="where every host is reached (default: by its name, and at the ingress when nobody knows the name)",
    )
    parser.add_argument("--kubeconfig", type=Path, help="where the API server is, to ask it whether it takes a token")
    parser.add_argument("--report", type=Path, default=ROOT / "build" / "smoke.json", help="where the JSON goes")
    return parser


def _site(options: argparse.Namespace, settings: Settings, environment: Mapping[str, str], root: Path) -> Site:
    state = None if options.ca else exported(cli(root), options.stack, root)
    addresses = {name: str(address) for name, address in settings.addresses.items()}
    by_name = by_name_or(addresses, ingress=str(settings.network.load_balancers.ingress))
    route = straight_to(options.connect_to) if options.connect_to else by_name
    return Site(
        settings=settings,
        network=Network(trusting(ca_certificate(options.ca, state)), route),
        person=person(settings, environment, "SMOKE_USER", "SMOKE_PASSWORD"),
        outsider=person(settings, environment, "SMOKE_OUTSIDER", "SMOKE_OUTSIDER_PASSWORD"),
        robot=robot(settings, environment),
        api=api_server(options.kubeconfig) if options.kubeconfig else None,
    )


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when nothing failed."""
    options = _parser().parse_args(arguments)
    try:
        settings = load_stack_file(stack_file(root, options.stack))
        site = _site(options, settings, os.environ, root)
        site.network.reach(settings.identity.host)
    except (OperateError, StateError, OSError, ValueError) as error:
        print(refusal("smoke", error), file=sys.stderr)
        return 1
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    results = []
    with console.status("asking") as status:
        checks = suite(site)
        for number, result in enumerate(run(checks), start=1):
            results.append(result)
            status.update(f"{number} of {len(checks)} asked")
    console.print(report.table(results))
    for text in report.advice(results):
        console.print(text, style="bold red", markup=False, highlight=False, soft_wrap=True)
    report.write(options.report, options.stack, results)
    return 0 if report.passed(results) else 1


if __name__ == "__main__":
    sys.exit(main())

"""`make preview`, `up`, `refresh` and `destroy`: check the stack file, then run the pulumi CLI on the stack.

What they add to the bare CLI: before the engine starts, the stack file is validated, also against what was applied last
(settings that are fixed or only grow), and so are the values of its secrets; an update is not begun where doctor says
that it would fail (tools/doctor), an operation that was cut off is recovered from, nothing is changed while the cluster
does not answer (tools/preparation.py), the flags below are always given, and the providers trust the certificates in
`build/trust`. `pulumi up --stack <stack>` works without all this.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.secret_state import outputs
from lib.trust import TRUST, write
from stack_file.check import RUNBOOK, refused
from stack_file.load import load_stack_file
from tools import expiry, flux_sync, kept_certificates, secret_values
from tools.backups import after_update
from tools.cluster import Cluster, ClusterError, api_of
from tools.doctor import before
from tools.operating.carrying import OVER, carried_out
from tools.operating.operation import Operation
from tools.preparation import NotReadyError, Preparation, on_a_terminal
from tools.refusal import refusal
from tools.selection import command as selection
from tools.selection.parts import SelectionError
from tools.state import Engine, State, StateError, exported
from tools.teardown import Teardown
from tools.waiting import interruptible, ticking

ROOT = Path(__file__).resolve().parent.parent

FLAGS: Mapping[str, tuple[str, ...]] = {
    "preview": (),
    # A failure holds back what depends on it, not the other phases.
    "up": ("--continue-on-error",),
    # Not --run-program: a program that meets a provider which was skipped leaves a state that nothing can read again.
    "refresh": (),
    # Not --continue-on-error: after a failed delete the engine would look for what may still go, without end in sight.
    "destroy": (),
}
"""Flags of each operation, as `pulumi <operation> --help` of 3.250.0 lists them; the lab runs with the same."""

LANGUAGE_HOST = "pulumi-language-python"


class OperateError(Exception):
    """The operation cannot start. The message says why, and what to do."""


def trust(environment: Mapping[str, str], root: Path) -> str:
    """Value of SSL_CERT_DIR: what the user set, else the system's directory, and `build/trust` after it.

    The program writes the certificate of its own CA there. Providers are Go programs on Linux, which read these
    directories beside the system's bundle (pkg.go.dev/crypto/x509#SystemCertPool).
    """
    return f"{environment.get('SSL_CERT_DIR') or '/etc/ssl/certs'}:{root / 'build' / 'trust'}"


def trusted(state: State, engine: Engine) -> None:
    """Write the CA of a state to `build/trust`, as the program does, which does not run for every operation."""
    certificate = outputs(state).get("trustedCertificates")
    if isinstance(certificate, str):
        write(certificate, TRUST / f"{engine.stack.rsplit('/', 1)[-1]}.pem", engine.root)


def stack_file(root: Path, stack: str) -> Path:
    """Path of `Pulumi.<stack>.yaml`; `organisation/project/stack` names the same file as `stack`."""
    stacks = ", ".join(sorted(path.name.split(".", 2)[1] for path in root.glob("Pulumi.*.yaml"))) or "none"
    if not stack:
        raise OperateError(f"which stack? Say STACK=<name>; here are: {stacks}.")
    path = root / f"Pulumi.{stack.rsplit('/', 1)[-1]}.yaml"
    if not path.is_file():
        raise OperateError(f"{path.name} is not there, so stack {stack} has no settings; here are: {stacks}.")
    return path


def cli(root: Path, path: str | None = None) -> Path:
    """The CLI that setup linked, proven to have a Python language host beside it or on PATH (`path`)."""
    linked = root / ".tools" / "pulumi"
    if not linked.exists():
        raise OperateError(".tools/pulumi is not there: run `make setup`.")
    if (linked.resolve().parent / LANGUAGE_HOST).exists() or shutil.which(LANGUAGE_HOST, path=path):
        return linked
    raise OperateError(
        f"{linked.resolve()} has no {LANGUAGE_HOST} beside it, because it was built from source for the demo and the "
        "tests: install the official release (https://www.pulumi.com/docs/install/), so that `pulumi` is on PATH, "
        "then `rm -r .tools` and run this again."
    )


def applied(binary: Path, operation: str, stack: str, root: Path) -> Mapping[str, Any] | None:
    """The state that an update would change; None where there is none, or where the operation is to say why."""
    if operation not in ("preview", "up"):
        return None
    try:
        return exported(binary, stack, root)
    except StateError as error:
        reason = str(error).splitlines()[0] if str(error) else "no reason given"
        print(f"{operation}: what was applied last, to compare with, cannot be told: {reason}", file=sys.stderr)
        return None


def connected(engine: Engine, say: Callable[[str], object]) -> Cluster | None:
    """The cluster of the state; None where it has none, or nobody can tell."""
    try:
        return api_of(engine.state(decrypted=True) or {})
    except (ClusterError, StateError) as error:
        say(f"whether the cluster answers cannot be told: {str(error).splitlines()[0] if str(error) else error}")
        return None


def prepare(engine: Engine, options: argparse.Namespace, extra: Sequence[str], teardown: Teardown) -> State | None:
    """The state, once all was put right or refused before an operation that changes something; raises NotReadyError."""
    say = teardown.say

    def agree(question: str) -> bool:
        if {"--yes", "-y"} & set(extra):
            say(f"{question} yes")
            return True
        if sys.stdin.isatty():
            return on_a_terminal(question)
        say(f"{question} Say so with ARGS=--yes, as nobody can be asked here.")
        return False

    state = Preparation(
        engine=engine,
        connect=lambda _: connected(engine, say),
        agree=agree,
        say=say,
        destroys=teardown.agreed,
        keep_identity=options.keep_identity and teardown.asks,
        identity=options.identity,
        cluster_down=options.cluster_down,
        cluster_gone=options.cluster_gone,
    ).prepare(options.operation)
    trusted(state or {}, engine)
    return state


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.operate", description=__doc__, allow_abbrev=False)
    parser.add_argument("operation", choices=FLAGS)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    parser.add_argument("--cluster-down", action="store_true", help="go on although the Kubernetes API does not answer")
    parser.add_argument("--no-doctor", action="store_true", help="begin an update whatever doctor says")
    parser.add_argument("--phase", default="", help="preview and up: this phase alone, with what it needs")
    parser.add_argument("--chain", default="", help="preview and up: the phase of this chain")
    parser.add_argument("--service", default="", help="preview and up: this service alone, with what it needs")
    parser.add_argument("--dependents", default="", help="yes: also what depends on that phase or service")
    parser.add_argument("--cluster-gone", action="store_true", help="take a cluster that is no more out of the state")
    parser.add_argument("--confirm", default="", help="destroy: the name of the stack, for which nobody is asked then")
    parser.add_argument("--keep-identity", action="store_true", help="destroy: leave generated keys and secrets")
    parser.add_argument("--identity", type=Path, help="up: an exported state whose keys and secrets the stack gets")
    return parser


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> None:
    """Validate the stack file and run `pulumi`; returns only by `SystemExit`, with its exit code."""
    options, extra = _parser().parse_known_args(arguments)
    try:
        names = {"PHASE": options.phase, "CHAIN": options.chain, "SERVICE": options.service}
        part = selection.named(options.operation, names, options.dependents)
        settings = stack_file(root, options.stack)
        # First what needs no CLI: a defective file is told also where setup is not done.
        if refused(settings):
            sys.exit(1)
        binary = cli(root)
    except (OperateError, SelectionError) as error:
        sys.exit(refusal(options.operation, error))
    with ticking(f"{options.operation}: reading the state of {options.stack}"):
        # A cluster that is gone is not logged in to.
        gone = options.cluster_gone
        reason = None if gone else expiry.refusal(options.operation, binary, options.stack, root)
        state = None if reason else applied(binary, options.operation, options.stack, root)
        wrong = secret_values.defects(options.operation, Engine(binary, options.stack, root), settings)
    if reason:
        sys.exit(refusal(options.operation, reason))
    for line in (*wrong, RUNBOOK) if wrong else ():
        print(f"{settings}: {line}", file=sys.stderr)
    if (state is not None and refused(settings, state)) or wrong:
        sys.exit(1)
    engine, read = Engine(binary, options.stack, root), load_stack_file(settings)

    def say(text: str) -> None:
        print(f"{options.operation}: {text}", file=sys.stderr)

    teardown = Teardown(
        engine=engine,
        settings=read,
        given=options.confirm,
        say=say,
        keeps_identity=options.keep_identity,
        asks="--preview-only" not in extra,
    )
    # Who repairs a cluster knows that not everything is there.
    asked = options.operation == "up" and not (options.no_doctor or options.cluster_down or options.cluster_gone)
    if asked and before.stopped(engine, settings, state):
        sys.exit(refusal("up", "nothing was begun. Mend what failed, or go on in spite of it with ARGS=--no-doctor"))
    if options.operation != "preview":
        try:
            state = prepare(engine, options, extra, teardown)
        except NotReadyError as error:
            sys.exit(refusal(options.operation, error))
    if options.operation == "destroy" and not (options.cluster_gone or options.cluster_down):
        kept_certificates.keep(read, engine, say)
    environment = os.environ | {"SSL_CERT_DIR": trust(os.environ, root)}
    targets = selection.confined(part, engine, read, environment, say) if part else ()

    def run(more: Sequence[str] = ()) -> int:
        operation = Operation(
            name=options.operation,
            engine=engine,
            given=FLAGS[options.operation],
            extra=(*targets, *extra, *more),
            environment=environment,
            settings=read,
            text=settings.read_text(encoding="utf-8"),
            before=state,
            agree=on_a_terminal if sys.stdin.isatty() and sys.stdout.isatty() else None,
        )
        return carried_out(operation)

    code = teardown.carried_out(run, lambda: connected(engine, say)) if options.operation == "destroy" else run()
    if options.operation == "up" and code == 0:
        with interruptible(OVER):
            kept_certificates.keep(read, engine, say)
            if notice := flux_sync.notice(read, engine):
                say(notice)
    if options.operation == "up":
        with interruptible(OVER):
            after_update.back_up(read, engine, say, before=state if code else None)
    sys.exit(code)


if __name__ == "__main__":
    with interruptible(
        "interrupted before the operation began; nothing was changed, and the same command begins again"
    ):
        main()

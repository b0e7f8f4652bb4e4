"""`make upgrade-plan STACK=home`: what the next update does to the Talos and the Kubernetes of each node.

From what was applied (the state, or the stack file of a Git revision) to what the stack file says, or `--to`. It asks
no node: which Talos each one runs, `kubectl get nodes -o wide` says. Other extensions are another schematic, and an
upgrade too; a Git revision is not asked for them.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from components.talos.schematic import systems, tag
from lib.charts import TABLE
from lib.compatibility import KUBERNETES, line_of, release, said
from settings import changes
from settings.infrastructure import TalosSettings
from settings.model import Settings
from settings.types import ExactVersion
from stack_file.checks import every
from stack_file.load import load_stack_file
from tools.applied_releases import KEYS, Before, applied, committed
from tools.operate import ROOT, OperateError, cli, stack_file
from tools.refusal import refusal
from tools.state import StateError, exported
from tools.waiting import interruptible, ticking

MINUTES = {"talos": 8, "kubernetes control plane": 4, "kubernetes worker": 2}
"""Of one node: an image of some 300 MB, a drain, a reboot and the waits of components/talos/rollout.py for Talos;
images and a minute of being well for Kubernetes."""
ESTIMATE = (
    "an estimate from the waits of the sequence and usual hardware, which nobody measured; a full drain takes more"
)
_CONTROLS = ["every other control plane answers at its own address, with its member of etcd"]
_WORKERS = [*_CONTROLS, "every other node is Ready"]
_SETTLED = ["no volume is on its way, every Postgres is whole and its primary stays, every server of Vault is unsealed"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """The turn of a node; a release that stays is None."""

    node: str
    talos: tuple[str, str] | None
    kubernetes: tuple[str, str] | None
    drained: bool
    before: Sequence[str]
    after: Sequence[str]
    minutes: int


def steps(before: Before, talos: TalosSettings) -> Iterator[Step]:
    """The turns in their order; within a role any may come first. Nodes that are made anew have none."""
    run = systems(talos)
    for key, pool in talos.pools.items():
        wanted = {"talos": tag(talos.version), "kubernetes": talos.kubernetes_version}
        wanted["schematic"] = run[key].schematic.id
        for node in pool.nodes:
            found = {**wanted, **before.nodes.get(node.name, {})}
            moves = {word: (found[word], wanted[word]) for word in KEYS if tag(found[word]) != tag(wanted[word])}
            if found["schematic"] != wanted["schematic"]:
                old, new = (f"{one['talos']} of {one['schematic'][:12]}" for one in (found, wanted))
                moves["talos"] = (old, new)
            if moves:
                drained = "talos" in moves and any(one != node for one in talos.workload_nodes)
                yield _step(node.name, pool is talos.control_plane, moves, drained, talos)


def _step(node: str, controls: bool, moves: Mapping[str, tuple[str, str]], drained: bool, talos: TalosSettings) -> Step:
    again = f"node Ready for a minute, API server and kubelet of {tag(talos.kubernetes_version)}"
    whole = [f"Talos {tag(talos.version)} of the wanted schematic, pods may come back", *_SETTLED]
    minutes = MINUTES[f"kubernetes {'control plane' if controls else 'worker'}"]
    return Step(
        node=node,
        talos=moves.get("talos"),
        kubernetes=moves.get("kubernetes"),
        drained=drained,
        before=[*(_CONTROLS if controls else _WORKERS), *(_SETTLED if "talos" in moves else ())],
        after=[*(whole if "talos" in moves else ()), again],
        minutes=("talos" in moves) * MINUTES["talos"] + ("kubernetes" in moves) * minutes,
    )


def pins(turns: Sequence[Step], talos: TalosSettings) -> Iterator[str]:
    """What goes along with the releases, and what stays."""
    line = line_of(KUBERNETES, talos.version)
    if line:
        first, last = map(said, KUBERNETES[line])
        yield f"Talos {talos.version} takes Kubernetes {first} to {last} (lib/compatibility.py)"
    running = sorted({one.talos[0].partition(" ")[0] for one in turns if one.talos})
    if running:
        yield f"`talosctl` on the machine that deploys: of {running[0]}, which runs, and at least 1.13"
        extensions = sorted({*talos.extensions, *(each for pool in talos.pools.values() for each in pool.extensions)})
        yield f"{talos.factory} must have for {talos.version}: {', '.join(extensions) or 'no extension'}"
        yield f"talos.versionContract {talos.version_contract} stays, and so does the pin of pulumiverse-talos"
    moved = {release(one.kubernetes[0])[:2] for one in turns if one.kubernetes}
    if moved:
        yield "k8s.io/kubernetes in tools/kubernetes/go.mod, if this is the release of test-cluster"
    if moved - {release(talos.kubernetes_version)[:2]}:
        yield f"Cilium {TABLE['cilium'].version} (lib/charts.py): its documentation says which Kubernetes it takes"


def document(stack: str, before: Before, settings: Settings) -> dict[str, Any]:
    """The plan, for programs."""
    if settings.talos is None:
        raise OperateError(f"{stack} is on a cluster that was there before: its owner upgrades it.")
    turns = list(steps(before, settings.talos))
    wrong = [str(one) for check in every.ALL for one in check(settings)]
    return {
        "stack": stack,
        "source": before.source,
        "to": {"talos": settings.talos.version, "kubernetes": settings.talos.kubernetes_version},
        "problems": [*wrong, *changes.refused(before.record, changes.declared(settings))],
        "steps": [asdict(one) for one in turns],
        "goesAlong": list(pins(turns, settings.talos)) if turns else [],
        "minutes": sum(one.minutes for one in turns),
        "estimate": ESTIMATE,
    }


def text(plan: Mapping[str, Any]) -> str:
    """The plan, for people; Markdown, so that it is also a comment."""
    turns = plan["steps"]
    moved = [f"{word.capitalize()} {plan['to'][word]}" for word in KEYS if any(one[word] for one in turns)]
    lines = [
        f"{plan['stack']}: {' and '.join(moved) or 'no node changes its release'} (compared with {plan['source']})"
    ]
    if plan["problems"]:
        return "\n".join([*lines, "", "Refused:", "", *(f"- {one}" for one in plan["problems"])])
    if not turns:
        return lines[0]
    lines += ["", "| | node | Talos | Kubernetes | drained | about |", "| --- | --- | --- | --- | --- | --- |"]
    for number, one in enumerate(turns, 1):
        ways = [" → ".join(one[word] or ("stays",)) for word in KEYS]
        drained = "yes" if one["drained"] else "no"
        lines.append(f"| {number} | {one['node']} | {' | '.join(ways)} | {drained} | {one['minutes']} min |")
    for when, of in ("Before", "before"), ("After", "after"):
        gates = list(dict.fromkeys(gate for one in turns for gate in one[of]))
        lines += ["", f"{when} the turn of a node:", "", *(f"- {gate}" for gate in gates)]
    lines += ["", "What goes along:", "", *(f"- {one}" for one in plan["goesAlong"])]
    return "\n".join([*lines, "", f"About {plan['minutes']} minutes: {plan['estimate']}."])


def wanted(settings: Settings, releases: str) -> Settings:
    """The settings with other releases, such as `talos=v1.13.9 kubernetes=1.36.4`; raises OperateError."""
    fields = {"talos": "version", "kubernetes": "kubernetes_version"}
    update = {}
    for part in releases.split():
        word, _, value = part.partition("=")
        try:
            update[fields[word]] = TypeAdapter(ExactVersion).validate_python(value)
        except (KeyError, ValidationError):
            raise OperateError(f"TO: {part} is neither talos=<release> nor kubernetes=<release>") from None
    talos = settings.talos and settings.talos.model_copy(update=update)
    return settings.model_copy(update={"talos": talos})


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when the plan was printed and can be carried out."""
    parser = argparse.ArgumentParser(prog="python -m tools.upgrade_plan", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    parser.add_argument("--to", default="", help="releases in place of those of the stack file")
    parser.add_argument(
        "--from", dest="revision", default="", help="Git revision that was applied; else the state says"
    )
    parser.add_argument("--json", action="store_true", help="for a program")
    options = parser.parse_args(arguments)
    try:
        path = stack_file(root, options.stack)
        before = _found(path, options.revision, options.stack, root)
        plan = document(options.stack, before, wanted(load_stack_file(path), options.to))
    except (OperateError, StateError, ValueError) as error:
        print(refusal("upgrade-plan", error), file=sys.stderr)
        return 1
    print(json.dumps(plan, indent=2) if options.json else text(plan))
    return 1 if plan["problems"] else 0


def _found(path: Path, revision: str, stack: str, root: Path) -> Before:
    """What was applied: by the state, unless a revision is named; by the last commit where no state knows it."""
    found = None
    if not revision:
        with ticking(f"upgrade-plan: reading the state of {stack}"):
            found = applied(exported(cli(root), stack, root) or {})
    found = found or committed(path, revision or "HEAD")
    if found is None:
        raise OperateError(f"neither a state nor {path.name} of {revision or 'HEAD'} says what was applied.")
    return found


if __name__ == "__main__":
    with interruptible("upgrade-plan: interrupted; nothing was changed"):
        sys.exit(main())

"""`make new STACK=home`: write the file of a new stack, from a profile and the facts in which sites differ.

Facts come from flags; in a terminal those that no flag gives are asked for, otherwise each has its default or is told
to be missing. Nothing else is changed or started.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any, Literal

from settings.redundancy import single_points_of_failure, unchecked_hosts
from stack_file.check import defects
from stack_file.load import load_stack_file
from tools.new_stack import text
from tools.operate import ROOT
from tools.profiles import PROFILES, Facts
from tools.refusal import refusal

_SHIPPED = "Pulumi.test-cluster.yaml"
Answers = Mapping[str, str]


class NewError(Exception):
    """There is no new file. The message says why, one defect a line."""


def _switch(value: str) -> bool:
    if value not in ("yes", "no"):
        raise ValueError(f"{value} is neither yes nor no")
    return value == "yes"


def _gateway(answers: Answers) -> str:
    return str(next(IPv4Network(answers["nodes"]).hosts()))


@dataclass(frozen=True)
class Fact:
    """A question about the site.

    Attributes:
        name: Attribute of `Facts`, and the flag.
        default: A value, or how it follows from earlier answers; None for a fact that nobody can guess.
        of: The profiles that it is about.
    """

    name: str
    question: str
    default: str | Callable[[Answers], str] | None = None
    read: Callable[[str], Any] = str
    of: Literal["", "machines", "existing"] = ""

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    def concerns(self, profile: str) -> bool:
        return not self.of or PROFILES[profile].machines is (self.of == "machines")

    def guessed(self, answers: Answers) -> str | None:
        """The default, where there is one."""
        return self.default(answers) if callable(self.default) else self.default


FACTS = (
    Fact("domain", "Domain of the cluster, such as home.example.com"),
    Fact("nodes", "Network of the nodes, such as 192.168.1.0/24", read=IPv4Network, of="machines"),
    Fact("gateway", "Gateway of that network, which is asked for names too", _gateway, IPv4Address, "machines"),
    Fact("first", "First of a few addresses in a row: a dozen free ones, or three of load balancers", read=IPv4Address),
    Fact("username", "User name of the first administrator"),
    Fact("name", "Full name of that person"),
    Fact("email", "E-mail address of that person"),
    Fact("git", "Git repository that Flux applies (empty for none)", ""),
    Fact("endpoint", "URL of Proxmox, such as https://pve.example.com:8006/", of="machines"),
    Fact("insecure", "Accept a certificate of Proxmox that no known CA signed (yes, no)", "no", _switch, "machines"),
    Fact("hosts", "Proxmox nodes, with commas between them", "pve", lambda value: value.split(","), "machines"),
    Fact("bridge", "Bridge of the machines", "vmbr0", of="machines"),
    Fact("image_datastore", "Storage for the image, with the content type Import", "local", of="machines"),
    Fact("vm_datastore", "Storage for the disks of the machines", "local-lvm", of="machines"),
    Fact("csi_datastore", "Storage for volumes", lambda answers: answers["vm_datastore"], of="machines"),
    Fact("first_vm_id", "First of a few free VM ids in a row", "1000", int, "machines"),
    Fact("context", "Context of the kubeconfig", of="existing"),
    Fact(
        "address_annotation",
        "Annotation that asks its load balancers for an address (empty for none)",
        "",
        of="existing",
    ),
    Fact("storage_class", "StorageClass of volumes", of="existing"),
    Fact("pods", "Network of the pods", "10.244.0.0/16", of="existing"),
    Fact("services", "Network of the services", "10.96.0.0/12", of="existing"),
)


def answered(given: Answers, profile: str, ask: Callable[[str, str | None], str] | None) -> dict[str, str]:
    """A text for each fact of the profile; raises NewError for those that are missing and cannot be asked for."""
    answers, missing = dict(given), []
    for fact in FACTS:
        if not fact.concerns(profile) or fact.name in answers:
            continue
        try:
            guess = PROFILES[profile].guesses.get(fact.name) or fact.guessed(answers)
        except (KeyError, ValueError):
            continue  # what it follows from is missing or wrong, which is told
        found = ask(fact.question, guess) if ask is not None else guess
        if found is None:
            missing.append(f"{fact.flag}: is missing: {fact.question}")
        else:
            answers[fact.name] = found
    if missing:
        raise NewError("\n".join(missing))
    return answers


def facts(stack: str, profile: str, answers: Answers) -> Facts:
    """The facts that were answered; raises NewError for every one that cannot be read."""
    values: dict[str, Any] = {}
    problems = []
    for fact in FACTS:
        if fact.concerns(profile) and fact.name in answers:
            try:
                values[fact.name] = fact.read(answers[fact.name])
            except ValueError as error:
                problems.append(f"{fact.flag}: {error}")
    if problems:
        raise NewError("\n".join(problems))
    return Facts(stack=stack, profile=profile, **values)


def written(root: Path, wanted: Facts) -> Path:
    """The new file; raises NewError where there is one already, or where the facts make none that is sound."""
    file = root / f"Pulumi.{wanted.stack}.yaml"
    content = text(wanted, load_stack_file(root / _SHIPPED))
    with tempfile.TemporaryDirectory() as elsewhere:
        draft = Path(elsewhere) / file.name
        draft.write_text(content, encoding="utf-8")
        problems = list(defects(draft))
    if problems:
        raise NewError("\n".join(problems))
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(content)
    except FileExistsError:
        raise NewError(f"{file.name}: is there already; edit it, or choose another STACK") from None
    return file


def _asked(question: str, guess: str | None) -> str:
    while True:
        answer = input(f"{question}{f' [{guess}]' if guess else ''}: ").strip()
        if answer or guess is not None:
            return answer or guess or ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.new", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="", help="name of the new stack")
    kinds = "; ".join(f"{name}: {profile.what}" for name, profile in PROFILES.items())
    parser.add_argument("--profile", choices=PROFILES, help=f"{kinds} (default: standard)")
    for fact in FACTS:
        parser.add_argument(fact.flag, metavar="VALUE", help=fact.question)
    return parser


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when the file is there."""
    options = vars(_parser().parse_args(arguments))
    ask = _asked if sys.stdin.isatty() else None
    given = {fact.name: options[fact.name] for fact in FACTS if options[fact.name] is not None}
    try:
        if not options["stack"]:
            raise NewError("which stack? Say STACK=<name>")
        profile = options["profile"] or (ask(f"Profile ({', '.join(PROFILES)})", "standard") if ask else "standard")
        if profile not in PROFILES:
            raise NewError(f"{profile}: is no profile; there are {', '.join(PROFILES)}")
        wanted = facts(options["stack"], profile, answered(given, profile, ask))
        file = written(root, wanted)
    except (NewError, EOFError, KeyboardInterrupt) as error:
        print(refusal("new", str(error) or "nothing was written"), file=sys.stderr)
        return 1
    settings = load_stack_file(file)
    for one in (*single_points_of_failure(settings), *unchecked_hosts(settings)):
        print(f"note: {one}")
    print(f"{file.name} is there. Try it without a cluster: make demo STACK={wanted.stack}")
    print(f"For the real one: pulumi stack init {wanted.stack}, then the secrets and names as README.md says.")
    print(f"What it still lacks then: make doctor STACK={wanted.stack}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What runbooks tell people to type, and what of it is not there: commands, targets, kinds, names, keys, paths."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from tests.support.command_tables import COMMANDS, GLOBAL

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_HOLE = re.compile(r"<[^<>|]*[\w…][^<>|]*>|…")
_KINDS_AFTER = {"get", "describe", "delete", "edit", "patch", "label", "annotate"}
_WITH_VALUE = {"-r", "-n", "--namespace", "-l", "-o", "-c", "-L", "-f", "-p", "--tail", "--field-selector"}
_SHORT = {
    "po": "pods", "svc": "services", "deploy": "deployments", "ds": "daemonsets", "sts": "statefulsets",
    "pvc": "persistentvolumeclaims", "pdb": "poddisruptionbudgets", "crd": "customresourcedefinitions",
    "cm": "configmaps", "ns": "namespaces", "no": "nodes", "ingress": "ingresses", "storageclass": "storageclasses",
}  # fmt: skip
BUILT_IN = (
    "pods", "services", "deployments", "daemonsets", "statefulsets", "replicasets", "jobs", "cronjobs", "secrets",
    "configmaps", "namespaces", "nodes", "persistentvolumes", "persistentvolumeclaims", "storageclasses",
    "ingresses", "events", "leases", "endpointslices", "csinodes", "volumeattachments", "resourcequotas",
    "poddisruptionbudgets", "customresourcedefinitions", "serviceaccounts", "networkpolicies",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class World:
    """What there is.

    Attributes:
        targets: Target of make -> its variables.
        flags: Flags of the commands behind make.
        kinds: Plurals of the kinds that a cluster of the program serves.
        objects: `namespace/plural/name` of what the program, its charts and their operators make; pods and claims
            without their number.
        foreign: Plurals whose names nobody of the program gives.
        namespaces: Of the program.
        secrets: Names of the secrets of a stack.
        paths: Paths of secrets in Vault.
    """

    targets: Mapping[str, Collection[str]]
    flags: Collection[str]
    kinds: Collection[str]
    objects: Collection[str]
    namespaces: Collection[str]
    secrets: Collection[str]
    paths: Collection[str]
    foreign: Collection[str] = ()


def typed(text: str) -> Iterator[tuple[int, str]]:
    """Line and words of each command in blocks of `console` and in spans; `X` stands where people fill in."""
    for block in _FENCE.finditer(text):
        if block[2] not in ("console", "sh"):
            continue
        first = text.count("\n", 0, block.start(3)) + 1
        for number, line in enumerate(block[3].replace("\\\n", "  ").splitlines(), first):
            yield from ((number, one) for one in _commands(line.split(" # ")[0].split("  #")[0]))
    for number, line in enumerate(_FENCE.sub(lambda block: "\n" * block[0].count("\n"), text).splitlines(), 1):
        yield from ((number, one) for span in _SPAN.findall(line) for one in _commands(span))


def _commands(line: str) -> Iterator[str]:
    for part in re.split(r"\|\||&&|;|\$\(|\\?\|", _HOLE.sub("X", line)):
        words = part.strip().rstrip('"').strip("()").split()
        while words and re.fullmatch(r"[A-Z_]+=\S*|do|sudo", words[0]):
            words.pop(0)
        if "--" in words:
            yield from _commands(" ".join(words[words.index("--") + 1 :]))
        if words and (words[0] in COMMANDS or words[0] == "make") and len(words) > 1:
            yield " ".join(words)


def complaints(text: str, world: World) -> Iterator[str]:
    """What of the commands of a page is not there, each with its line."""
    for number, command in typed(text):
        program, *words = command.split()
        judged = _made(words, world) if program == "make" else _run(program, words, world)
        yield from (f"{number}: {command}: {one}" for one in judged)


def _made(words: list[str], world: World) -> Iterator[str]:
    target, *given = [word for word in words if word != "-s"]
    if target not in world.targets:
        yield f"{target} is no target"
        return
    for name, _, value in (word.strip("'\"").partition("=") for word in given if "=" in word):
        if name.isupper() and name not in {"ARGS", "PYTHON", *world.targets[target]}:
            yield f"{target} takes no {name}"
        if name == "ARGS" and value.startswith("--") and value.partition("=")[0] not in world.flags:
            yield f"{value} is a flag of nobody"
        if name == "SECRET" and "X" not in value and value not in world.paths:
            yield f"{value} is no secret"


def _run(program: str, words: list[str], world: World) -> Iterator[str]:
    plain = _plain(words)
    if plain and f"{program} {plain[0]}" in COMMANDS:
        program, plain = f"{program} {plain[0]}", plain[1:]
    found = subcommand(program, plain)
    if found is None or (any(one.startswith(f"{found} ") for one in COMMANDS[program]) and plain[len(found.split()) :]):
        if plain[:1] != ["X"]:
            yield f"{program} has no {' '.join(plain[:2])}"
        return
    yield from (f"{program} {found} has no {flag}" for flag in _unknown(program, found, words))
    rest = plain[found.count(" ") + 1 :]
    if program == "pulumi" and found.startswith("config ") and rest:
        name = rest[0].removeprefix("home-cluster:")
        if name != "X" and name not in world.secrets:
            yield f"{name} is no secret of a stack"
    if (
        program == "vault"
        and found == "kv get"
        and rest
        and not _matches(rest[0].removeprefix("kv/").removeprefix("platform/"), world.paths)
    ):
        yield f"{rest[0]} is no path in Vault"
    if program == "kubectl":
        yield from _asked(found, rest, _namespace(words), world)


def subcommand(program: str, plain: list[str]) -> str | None:
    """The longest one that the words begin with."""
    known = sorted(COMMANDS[program], key=len, reverse=True)
    return next((one for one in known if plain[: len(one.split())] == one.split()), None)


def _unknown(program: str, found: str, words: list[str]) -> Iterator[str]:
    """Flags that it does not have; of short ones that stand together, each."""
    there = {*COMMANDS[program][found].split(), *GLOBAL.get(program.partition(" ")[0], "").split(), "-h", "--help"}
    for word in words[: words.index("--") if "--" in words else len(words)]:
        flag = word.partition("=")[0]
        together = re.fullmatch(r"-([a-z]{2,})", flag) if program != "vault" else None
        flags = [f"-{letter}" for letter in together[1]] if together else [flag]
        yield from (one for one in flags if re.match(r"--?[a-zA-Z]", one) and one not in there)


def _plain(words: list[str]) -> list[str]:
    found, skip = [], False
    for word in words:
        if word == "--":
            break
        if not skip and not word.startswith("-"):
            found.append(word.strip("'\":"))
        skip = not skip and word in _WITH_VALUE
    return found


def _namespace(words: list[str]) -> str:
    return next((words[at + 1] for at, word in enumerate(words[:-1]) if word in ("-n", "--namespace")), "")


def _asked(verb: str, rest: list[str], namespace: str, world: World) -> Iterator[str]:
    if namespace not in ("", "X") and namespace not in world.namespaces:
        yield f"there is no namespace {namespace}"
    if verb == "debug" and "/" in rest[0] and not rest[0].startswith(("pod/", "node/")):
        yield "kubectl debug takes pods and nodes alone"
    if verb.startswith("rollout") or verb in ("exec", "logs"):
        named = [rest[0]] if rest and "/" in rest[0] else [f"pods/{rest[0]}"] if rest else []
    elif verb in _KINDS_AFTER and rest and "/" not in rest[0]:
        for kind in rest[0].split(","):
            if kind[0] not in "X$" and plural(kind, world.kinds) is None:
                yield f"{kind} is a kind of nobody"
        named = [f"{rest[0]}/{name}" for name in rest[1:2] if "," not in rest[0] and "=" not in name]
    else:
        named = rest[:1] if rest and "/" in rest[0] else []
    for kind, _, name in (one.partition("/") for one in named):
        there = plural(kind, world.kinds)
        whole = f"{namespace}/{there}/{name}"
        if there in ("pods", "persistentvolumeclaims"):
            whole = re.sub(r"-\d+$", "", whole)
        if there and there not in world.foreign and "X" not in whole and not _matches(whole, world.objects):
            yield f"nobody makes {kind} {name} in {namespace or 'the cluster'}"


def plural(kind: str, kinds: Collection[str]) -> str | None:
    """The plural of a kind as people write it: in full, in the singular, short, or with its group."""
    name = kind.partition(".")[0].lower()
    ends = (name, f"{name}s", f"{name}es", f"{name[:-1]}ies", _SHORT.get(name, ""))
    return next((one for one in ends if one in kinds), None)


def _matches(name: str, there: Collection[str]) -> bool:
    return "X" in name or "$" in name or name in there

"""`eval "$(make -s completion)"`: the shell completes targets of the Makefile and values of its variables.

A target offers the variables that its recipe names, so that a new one needs no entry. Values are looked up when the
shell asks: STACK among the stack files, SECRET and USER in the file of the STACK that stands before the cursor.
"""

import argparse
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from components.backup.target import Part
from lib.names import PHASES
from register.secrets import declare
from register.services import SERVICES
from settings.model import Settings
from stack_file.load import load_stack_file
from tools.game_day.scene import Disaster

_RULE = re.compile(r"([a-z][a-z -]*):(?!=)")
_VARIABLE = re.compile(r"\$\(([A-Z]+)\)")
_HIDDEN = {"PY", "PYTHON", "LOCK"}
_CALLED = {"PERSON": "USER"}

SHELL = """
_home_cluster() {
  # Only in a checkout of home-cluster; elsewhere make is completed as it was before.
  [ -f tools/completion.py ] && [ -x .venv/bin/python ] || return 1
  .venv/bin/python -m tools.completion --line "$1" 2>/dev/null
}
if [ -n "${ZSH_VERSION:-}" ]; then
  _home_cluster_zsh() {
    local -a found
    found=(${(f)"$(_home_cluster "$LBUFFER")"}) || { _make "$@"; return; }
    compadd -Q -- ${found:#*=}
    compadd -Q -S '' -- ${(M)found:#*=}
  }
  whence compdef >/dev/null || { autoload -Uz compinit && compinit -u; }
  compdef _home_cluster_zsh make
else
  _home_cluster_bash() {
    local line="${COMP_LINE:0:COMP_POINT}" found cut
    if ! found="$(_home_cluster "$line")"; then
      declare -F _make >/dev/null && _make "$@"
      return
    fi
    # Bash breaks words at the = of STACK=name, unless told otherwise, and replaces what stands behind it.
    cut="${line##*[[:space:]]}"
    case "$COMP_WORDBREAKS" in *=*) case "$cut" in *=*) cut="${cut%%=*}=" ;; *) cut="" ;; esac ;; *) cut="" ;; esac
    COMPREPLY=($(for word in $found; do printf '%s\\n' "${word#"$cut"}"; done))
    case "${COMPREPLY[0]:-}" in *=) compopt -o nospace 2>/dev/null ;; esac
  }
  complete -F _home_cluster_bash make
fi
""".lstrip()


def targets(makefile: str) -> dict[str, set[str]]:
    """The targets that `make help` lists, each with the variables that a person may give it."""
    found: dict[str, set[str]] = {}
    names: list[str] = []
    for line in makefile.splitlines():
        rule = _RULE.match(line)
        if rule:
            names = rule[1].split() if "## " in line else []
            found |= {name: found.get(name, set()) for name in names}
        for name in names:
            if line.startswith("\t"):
                found[name] |= {_CALLED.get(one, one) for one in _VARIABLE.findall(line)} - _HIDDEN
    return found


def _stacks(root: Path) -> list[str]:
    return sorted(path.name.split(".")[1] for path in root.glob("Pulumi.*.yaml"))


_OF_THE_STACK: Mapping[str, Callable[[Settings], Iterable[str]]] = {
    "PHASE": lambda _: PHASES,
    "CHAIN": lambda settings: settings.chains,
    "SERVICE": lambda settings: (one.slug for one in SERVICES if one.enabled(settings)),
    "SECRET": lambda settings: (one.path for one in declare(settings) if not one.permanent),
    "WHAT": lambda settings: ("all", *Part, *settings.enabled_services),
    "USER": lambda settings: settings.identity.users,
}


def _values(name: str, given: Mapping[str, str], root: Path) -> Iterable[str]:
    if name == "STACK":
        return _stacks(root)
    if name == "DISASTER":
        return Disaster
    if name not in _OF_THE_STACK:
        return ()
    file = root / f"Pulumi.{given.get('STACK') or next(iter(_stacks(root)), '')}.yaml"
    try:
        return _OF_THE_STACK[name](load_stack_file(file))
    except (OSError, ValueError):
        return ()  # a defective file is told by whatever is run


def candidates(line: str, root: Path) -> Iterator[str]:
    """Words that may stand at the end of `line`, a command line up to the cursor, in place of the one begun there."""
    *before, begun = re.split(r"\s+", line)
    given = dict(word.split("=", 1) for word in before if "=" in word)
    name, is_value, _ = begun.partition("=")
    known = targets((root / "Makefile").read_text(encoding="utf-8"))
    if is_value:
        words = [f"{name}={value}" for value in _values(name, given, root)]
    else:
        chosen = [word for word in before if word in known]
        variables = set[str]().union(*(known[word] for word in chosen or known))
        words = sorted(known.keys() - set(chosen)) if not chosen else []
        words += [f"{one}=" for one in sorted(variables - given.keys())]
    yield from (word for word in words if word.startswith(begun))


def main(arguments: Sequence[str] | None = None, root: Path | None = None) -> None:
    """Print the script for the shell, or with `--line` what completes that line."""
    parser = argparse.ArgumentParser(prog="python -m tools.completion", description=__doc__, allow_abbrev=False)
    parser.add_argument("--line", help="complete this command line instead")
    line = parser.parse_args(arguments).line
    print(SHELL if line is None else "\n".join(candidates(line, root or Path.cwd())), end="" if line is None else "\n")


if __name__ == "__main__":
    main()

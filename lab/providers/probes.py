"""What the program's Jobs find: each script of lib/probes, known by its text, answered from the simulated world.

The lab runs no script: it answers the question that the script asks. A script, a module or a variable that it does not
know is an error, as a Job that succeeds has to have proven something.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from lab.checkout import ROOT
from lab.providers import gitea, harbor, logins
from lab.providers.authentik import gates as authentik
from lab.providers.kubernetes import gates as kubernetes
from lab.providers.kubernetes.cluster import Cluster
from lab.providers.kubernetes.jobs import Container, Outcome
from lab.providers.vault import gates as vault


@dataclass(frozen=True)
class Script:
    """What running a script comes to, and the variables that it can do without."""

    answer: Callable[[Cluster, Container], Outcome]
    optional: frozenset[str] = frozenset()


_SECRET: Final = frozenset(
    {
        *("SECRET_FILE", "SECRET_GENERATION_FILE", "SECRET_GENERATION"),
        *("CLIENT_ID", "REDIRECT_URI", "TOKEN_IDENTIFIER"),
    }
)

# Of the module that both take their last words from.
_LOOP: Final = frozenset({"SECONDS"})

SCRIPTS: Final[Mapping[str, Script]] = {
    "authentik_api": Script(authentik.api),
    "blueprint_apply": Script(authentik.apply, _SECRET),
    "blueprint_visible": Script(authentik.visible, _SECRET),
    "conditions": Script(kubernetes.conditions, _LOOP),
    "discovery": Script(authentik.discovery),
    "forward_auth": Script(authentik.forward_auth),
    "gitea_content": Script(gitea.content),
    "harbor_content": Script(harbor.content),
    "login_offered": Script(logins.offered),
    "storage": Script(kubernetes.storage, _LOOP),
    "vault_listening": Script(vault.listening),
    "vault_login": Script(vault.login),
    "vault_unsealed": Script(vault.unsealed),
}

_FROM_LIBRARY: Final = frozenset({"SSL_CERT_FILE"})  # read by Python's ssl
_FROM_KUBELET: Final = frozenset({"KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"})
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]+")


def run(cluster: Cluster, container: Container) -> Outcome | None:
    """`python3 <script>`: the answer to a script of lib/probes; None for another command."""
    if container.words[:1] != ["python3"]:
        return None
    texts = list(_mounted(cluster, container))
    names = [_names().get(text, "") for text in texts]
    if not texts or names[0] not in SCRIPTS or "" in names:
        return Outcome(failed=f"{' '.join(container.words)}: the lab knows the scripts of lib/probes and no other")
    script, (needed, known) = SCRIPTS[names[0]], variables(*texts)
    missing = sorted(needed - script.optional - container.env.keys())
    if missing:
        return Outcome(failed=f"{names[0]} needs the variable {missing[0]}")
    unknown = sorted(container.env.keys() - known - script.optional - _FROM_LIBRARY)
    if unknown:
        return Outcome(failed=f"{names[0]} reads no variable {unknown[0]}")
    return script.answer(cluster, container)


def _mounted(cluster: Cluster, container: Container) -> Iterator[str]:
    """Text of the script and of the modules beside it."""
    files, main = container.files(cluster), container.words[1]
    if main in files:
        yield files[main]
        yield from (text for path, text in files.items() if path.startswith(f"{PurePosixPath(main).parent}/lib/"))


@functools.cache
def _names() -> Mapping[str, str]:
    """Text of a script of lib/probes -> its name."""
    return {path.read_text(encoding="utf-8"): path.stem for path in (ROOT / "lib" / "probes").glob("*.py")}


@functools.cache
def variables(*texts: str) -> tuple[frozenset[str], frozenset[str]]:
    """Variables that a script and its modules subscript, and all whose names stand in them."""
    nodes = [node for text in texts for node in ast.walk(ast.parse(text))]
    known = {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _VARIABLE.fullmatch(node.value)
    }
    needed = {
        node.slice.value
        for node in nodes
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    }
    return frozenset(needed & known) - _FROM_KUBELET, frozenset(known)

"""No resource is made or looked up inside an `apply`, by whatever name: a preview would not show it."""

import ast
import importlib
import inspect
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from tests.invariants.test_conventions import ROOT, SOURCES


def _imported(tree: ast.AST) -> dict[str, Any]:
    """What the imports of a file bind, by the name that it uses."""
    names: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                module = importlib.import_module(one.name)
                names |= (
                    {one.asname: module}
                    if one.asname
                    else {one.name.partition(".")[0]: sys.modules[one.name.partition(".")[0]]}
                )
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            module = importlib.import_module(node.module)
            names |= {one.asname or one.name: getattr(module, one.name, None) for one in node.names}
    return names


def _meant(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """What a dotted name stands for; None where only a run could tell."""
    if isinstance(node, ast.Attribute):
        return getattr(_meant(node.value, names), node.attr, None)
    return names.get(node.id) if isinstance(node, ast.Name) else None


def _is_resource(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, pulumi.Resource)


def _is_lookup(value: Any) -> bool:
    """Whether it asks a provider (all that an SDK has of functions), or is how one is asked."""
    module = value.__module__ if inspect.isfunction(value) else ""
    return module.startswith(("pulumi_", "pulumiverse_")) or module == "pulumi.runtime.invoke"


def _is_of_the_program(value: Any) -> bool:
    return inspect.isfunction(value) and value.__module__.startswith(("components.", "stacks."))


def _creates_resources(body: ast.AST, names: Mapping[str, Any], seen: frozenset[str] = frozenset()) -> list[str]:
    """Calls that make or read a resource or ask a provider, also in functions of the program on the way."""
    made: list[str] = []
    for node in ast.walk(body):
        if not isinstance(node, ast.Call):
            continue
        called, owner = _meant(node.func, names), getattr(node.func, "value", None)
        if _is_resource(called) or _is_lookup(called) or (owner is not None and _is_resource(_meant(owner, names))):
            made.append(ast.unparse(node.func))
        elif isinstance(called, ast.AST) and ast.unparse(node.func) not in seen:
            made += _creates_resources(called, names, seen | {ast.unparse(node.func)})
        elif _is_of_the_program(called) and called.__qualname__ not in seen:
            function = ast.parse(textwrap.dedent(inspect.getsource(called)))
            made += _creates_resources(function, called.__globals__, seen | {called.__qualname__})
    return made


def _hidden(tree: ast.AST) -> list[str]:
    """Resources that a file makes inside an apply."""
    own = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    # A method is meant by `self.<name>`, a function of the file by its name.
    names = {**_imported(tree), **own, "self": SimpleNamespace(**own)}
    hidden = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "apply":
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                call = ast.Call(argument, [], [])  # what apply does with it
                hidden += _creates_resources(call, names)
    return hidden


@pytest.mark.failure("read-at-planning")
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_resource_is_made_inside_an_apply(path: Path) -> None:
    assert _hidden(ast.parse(path.read_text(encoding="utf-8"))) == [], "a preview would not show it"


@pytest.mark.parametrize(
    "text",
    [
        "from pulumiverse_talos import machine; output.apply(lambda name: machine.get_configuration(name))",
        "import pulumi; output.apply(lambda name: pulumi.runtime.invoke('vault:generic/getSecret:getSecret', name))",
        "import pulumi_kubernetes as k8s; output.apply(lambda name: k8s.core.v1.Secret(name))",
        "import pulumi_kubernetes as kube; output.apply(func=lambda name: kube.core.v1.Secret(name))",
        "import pulumi_kubernetes; output.apply(lambda name: pulumi_kubernetes.core.v1.Secret.get(name, name))",
        "from pulumi_kubernetes.core import v1 as core; output.apply(core.Secret)",
        "from pulumi_random import RandomPassword as Value; output.apply(lambda name: Value(name, length=8))",
        "from components.script_job import ScriptJob as Gate; output.apply(lambda name: Gate(name, None))",
        "from components.helm import release as install; output.apply(lambda name: install(name, None, None))",
        "from pulumi_vault import Mount as M\ndef make(name):\n    return M(name)\noutput.apply(make)",
        "from pulumi_vault import Mount as M\nclass A:\n    def make(self, name):\n        return M(name)\n"
        "    def run(self):\n        return output.apply(lambda name: self.make(name))",
    ],
)
def test_a_resource_inside_an_apply_is_found_under_whatever_name(text: str) -> None:
    assert len(_hidden(ast.parse(text))) == 1, "the check above can fail"


@pytest.mark.parametrize("text", ["from pulumi_vault import MountArgs as M; output.apply(lambda name: M(path=name))"])
def test_arguments_inside_an_apply_are_no_resource(text: str) -> None:
    assert _hidden(ast.parse(text)) == [], "values may be computed there"

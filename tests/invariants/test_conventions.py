"""Every component keeps the conventions of docs/architecture.md: what a reader may rely on without reading it."""

import ast
import dataclasses
import importlib
import inspect
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from register.services import SERVICES
from tests.support.engine import Recording
from tests.support.recording import PHASE, STASH

ROOT = Path(__file__).resolve().parents[2]
COMPONENTS = sorted((ROOT / "components").rglob("*.py"))
SOURCES = [*COMPONENTS, *sorted((ROOT / "stacks").glob("*.py"))]
PROGRAM = [
    ROOT / "__main__.py",
    *SOURCES,
    *(
        path
        for room in ("declarations", "lib", "settings", "stack_file")
        for path in sorted((ROOT / room).rglob("*.py"))
    ),
]


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _classes() -> Iterator[tuple[Path, type[pulumi.ComponentResource]]]:
    for path in COMPONENTS:
        module = importlib.import_module(_module(path))
        for value in vars(module).values():
            if (
                inspect.isclass(value)
                and issubclass(value, pulumi.ComponentResource)
                and value.__module__ == _module(path)
            ):
                yield path, value


CLASSES = list(_classes())
each_class = pytest.mark.parametrize(
    ("path", "component"), CLASSES, ids=[component.__name__ for _, component in CLASSES]
)
each_source = pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))


def _definition(component: type) -> ast.ClassDef:
    (tree,) = ast.parse(inspect.getsource(component)).body
    assert isinstance(tree, ast.ClassDef), "the source of a class is a class"
    return tree


def _constructor(definition: ast.ClassDef) -> ast.FunctionDef:
    return next(node for node in definition.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")


def _super_call(definition: ast.ClassDef) -> ast.Call:
    return next(
        node
        for node in ast.walk(_constructor(definition))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__"
    )


def _token(component: type) -> ast.expr:
    return _super_call(_definition(component)).args[0]


def test_there_are_components_to_look_at() -> None:
    assert len(CLASSES) > 20, "a walk that finds nothing would pass every test below"


@each_class
def test_the_token_is_a_literal_that_names_file_and_class(path: Path, component: type) -> None:
    token, file = _token(component), "/".join(path.relative_to(ROOT / "components").with_suffix("").parts)
    assert isinstance(token, ast.Constant), "a token is public: it stands in the state of every stack"
    assert token.value == f"home-cluster:{file}:{component.__name__}", "so that a URN leads to its source"


def test_a_urn_leads_to_the_file_that_makes_the_resource(update: Recording) -> None:
    """Providers lie in a phase and in no component, and so do its barriers."""
    astray = []
    for one in update.resources:
        tokens = [token for token in one.urn.split("::")[2].split("$") if token.startswith("home-cluster:")]
        if not tokens or (tokens[-1] == PHASE and one.type != PHASE):
            astray += [] if one.type == STASH or one.type.startswith("pulumi:providers:") else [one.urn]
            continue
        _, file, name = tokens[-1].split(":")
        if f"class {name}(" not in (ROOT / "components" / f"{file}.py").read_text(encoding="utf-8"):
            astray.append(one.urn)
    assert astray == [], "docs/architecture.md, From a resource to its file"


def test_what_a_service_makes_is_named_after_its_folder(update: Recording) -> None:
    for service in SERVICES:
        mark = f"$home-cluster:{service.slug}/"
        made = [one.name for one in update.resources if mark in one.urn]
        assert made, f"{service.slug} is on in this stack, and its token begins with its folder"
        strangers = [name for name in made if name.partition("-")[0] != service.slug]
        assert strangers == [], "the name of a resource is enough to know whose it is"
        assert service.component.startswith(f"components.{service.slug}."), "and the folder has that name"


def test_no_two_components_share_a_token() -> None:
    tokens = Counter(ast.unparse(_token(component)) for _, component in CLASSES)
    assert [token for token, count in tokens.items() if count > 1] == [], "the engine tells resources apart by it"


@each_class
def test_the_constructor_takes_name_arguments_and_options(path: Path, component: type) -> None:
    del path
    parameters = list(inspect.signature(component).parameters.values())
    assert [parameter.name for parameter in parameters] == ["name", "args", "opts"], "one signature for all"
    assert parameters[2].default is None, "options may be left out"


@each_class
def test_the_arguments_are_a_frozen_keyword_only_dataclass_beside_the_class(path: Path, component: type) -> None:
    arguments: Any = getattr(importlib.import_module(_module(path)), f"{component.__name__}Args", None)
    assert arguments is not None, f"{component.__name__}Args stands in the same file"
    parameters: Any = getattr(arguments, "__dataclass_params__", None)
    assert parameters is not None, "a dataclass: fields with types"
    assert parameters.frozen, "what was handed over stays as it was"
    assert all(field.kw_only for field in dataclasses.fields(arguments)), "a call names what it gives"
    assert arguments.__doc__, "documented"
    assert not arguments.__doc__.startswith(f"{arguments.__name__}("), "in words, not by the signature"


@each_class
def test_the_docstring_tells_what_is_created(path: Path, component: type) -> None:
    del path
    assert "reates" in str(component.__doc__), "the resources of a component are its contract"


@each_class
def test_outputs_are_registered_last(path: Path, component: type) -> None:
    del path
    last = ast.unparse(_constructor(_definition(component)).body[-1])
    assert last.startswith("self.register_outputs("), "the engine shows a component as done only then"


@each_class
def test_typed_attributes_are_documented(path: Path, component: type) -> None:
    del path
    public = [name for name in inspect.get_annotations(component) if not name.startswith("_")]
    untold = [
        name for name in public if f"{name}:" not in str(component.__doc__) and f"{name}`" not in str(component.__doc__)
    ]
    assert untold == [], "an attribute is an interface"


def test_a_file_holds_one_component() -> None:
    crowded = [str(path) for path, count in Counter(path for path, _ in CLASSES).items() if count > 1]
    assert crowded == [], "the file is found by the name of the class"


@each_class
def test_options_of_the_caller_are_not_handed_to_children(path: Path, component: type) -> None:
    del path
    definition = _definition(component)
    own = {id(node) for node in ast.walk(_super_call(definition))}
    merged = [
        ast.unparse(node)
        for node in ast.walk(definition)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("ResourceOptions.merge")
        and any(isinstance(argument, ast.Name) and argument.id == "opts" for argument in node.args)
        and id(node) not in own
    ]
    assert merged == [], "aliases, parent and dependencies of the component are not those of its children"


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


def _is_of_the_program(value: Any) -> bool:
    return inspect.isfunction(value) and value.__module__.startswith(("components.", "stacks."))


def _creates_resources(body: ast.AST, names: Mapping[str, Any], seen: frozenset[str] = frozenset()) -> list[str]:
    """Calls that make or read a resource, also in functions of the program that are called on the way."""
    made: list[str] = []
    for node in ast.walk(body):
        if not isinstance(node, ast.Call):
            continue
        called, owner = _meant(node.func, names), getattr(node.func, "value", None)
        if _is_resource(called) or (owner is not None and _is_resource(_meant(owner, names))):
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


@each_source
def test_no_resource_is_made_inside_an_apply(path: Path) -> None:
    assert _hidden(ast.parse(path.read_text(encoding="utf-8"))) == [], "a preview would not show it"


@pytest.mark.parametrize(
    "text",
    [
        "import pulumi_kubernetes as k8s; output.apply(lambda name: k8s.core.v1.Secret(name))",
        "import pulumi_kubernetes as kube; output.apply(func=lambda name: kube.core.v1.Secret(name))",
        "import pulumi_kubernetes; output.apply(lambda name: pulumi_kubernetes.core.v1.Secret.get(name, name))",
        "from pulumi_kubernetes.core import v1 as core; output.apply(core.Secret)",
        "from pulumi_random import RandomPassword as Value; output.apply(lambda name: Value(name, length=8))",
        "from components.probe import Probe as Gate; output.apply(lambda name: Gate(name, None))",
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


@each_source
def test_a_constructor_neither_waits_nor_looks_around(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    forbidden = (
        "time.sleep",
        "os.environ",
        "os.getenv",
        "subprocess.",
        "requests.",
        "urllib.request",
        "datetime.now",
        "uuid.uuid4",
        "secrets.token_",
    )
    found = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith(forbidden)
    ]
    assert found == [], "the same stack file gives the same plan on every machine"
    assert "pulumi.dynamic" not in ast.unparse(tree), "a dynamic provider cannot be imported and loses objects"


@pytest.mark.parametrize("path", PROGRAM, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_stays_short_enough_to_be_read_at_once(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 300, "split it by what it does"
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None and node.end_lineno - node.lineno >= 70
    ]
    assert long == [], "split it by what it does"


def test_the_entry_point_only_connects() -> None:
    text = (ROOT / "__main__.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 40, "settings, phases, outputs"

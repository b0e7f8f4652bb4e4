"""Every component keeps the conventions of docs/architecture.md: what a reader may rely on without reading it."""

import ast
import dataclasses
import importlib
import inspect
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
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

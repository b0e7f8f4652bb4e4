"""Every component keeps the conventions of docs/architecture.md: what a reader may rely on without reading it."""

import ast
import dataclasses
import importlib
import inspect
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
_FORBIDDEN = (
    *("time.sleep", "os.environ", "os.getenv", "subprocess.", "requests.", "urllib.request", "datetime.now"),
    *("uuid.uuid4", "secrets.token_"),
)
"""What waits or looks around."""


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


def test_there_are_components_to_look_at_and_each_has_a_file_of_its_own() -> None:
    assert len(CLASSES) > 20, "a walk that finds nothing would pass the next test"
    assert len({path for path, _ in CLASSES}) == len(CLASSES), "which is found by the name of the class"


def _broken(path: Path, component: type) -> Iterator[str]:
    """The conventions that a component does not keep."""
    definition, words = _definition(component), str(component.__doc__)
    constructor, call = _constructor(definition), _super_call(definition)
    file = "/".join(path.relative_to(ROOT / "components").with_suffix("").parts)
    if ast.unparse(call.args[0]) != repr(f"home-cluster:{file}:{component.__name__}"):
        yield "its token is a literal that names file and class, so that a URN leads to its source"
    parameters = list(inspect.signature(component).parameters.values())
    if [parameter.name for parameter in parameters] != ["name", "args", "opts"] or parameters[2].default is not None:
        yield "one signature for all, whose options may be left out"
    arguments: Any = getattr(importlib.import_module(_module(path)), f"{component.__name__}Args", None)
    given: Any = getattr(arguments, "__dataclass_params__", None)
    if given is None or not given.frozen or not all(field.kw_only for field in dataclasses.fields(arguments)):
        yield f"{component.__name__}Args stands beside it: a frozen dataclass whose fields are named in a call"
    elif not arguments.__doc__ or arguments.__doc__.startswith(f"{arguments.__name__}("):
        yield "its arguments are documented, in words and not by the signature"
    if "reates" not in words:
        yield "its docstring lists what it creates, which is its contract"
    if not ast.unparse(constructor.body[-1]).startswith("self.register_outputs("):
        yield "outputs are registered last: the engine shows it as done only then"
    public = [name for name in inspect.get_annotations(component) if not name.startswith("_")]
    untold = [name for name in public if f"{name}:" not in words and f"{name}`" not in words]
    if untold:
        yield f"attributes are an interface, and {untold} are not documented"
    own = {id(node) for node in ast.walk(call)}
    for node in ast.walk(definition):
        if not isinstance(node, ast.Call) or id(node) in own:
            continue
        merges = ast.unparse(node.func).endswith("ResourceOptions.merge")
        if merges and any(ast.unparse(argument) == "opts" for argument in node.args):
            yield "aliases, parent and dependencies of the component are not those of its children"


@each_class
def test_a_component_keeps_the_conventions(path: Path, component: type) -> None:
    assert list(_broken(path, component)) == [], "docs/architecture.md"


class Lax(pulumi.ComponentResource):
    """Keeps none of them."""

    found: int

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("lax", name, None, opts)
        pulumi.ResourceOptions.merge(opts, None)


def test_a_component_that_keeps_none_is_told_of_each() -> None:
    assert len(list(_broken(ROOT / "components" / "helm.py", Lax))) == 7, "the check can fail"


def test_a_source_is_short_and_neither_waits_nor_looks_around() -> None:
    """The same stack file gives the same plan on every machine, and a file is read at once."""
    wrong = []
    for path in PROGRAM:
        text, is_source = path.read_text(encoding="utf-8"), path in SOURCES
        wrong += [f"{path}: split it by what it does"] if len(text.splitlines()) >= 300 else []
        wrong += [f"{path}: a dynamic provider cannot be imported"] if "pulumi.dynamic" in text else []
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.end_lineno and node.end_lineno - node.lineno >= 70:
                wrong.append(f"{path}: split {node.name} by what it does")
            if is_source and isinstance(node, ast.Attribute) and ast.unparse(node).startswith(_FORBIDDEN):
                wrong.append(f"{path}: {ast.unparse(node)}")
    assert wrong == [], "see the docstring"


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


def test_the_entry_point_only_connects() -> None:
    text = (ROOT / "__main__.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 40, "settings, phases, outputs"

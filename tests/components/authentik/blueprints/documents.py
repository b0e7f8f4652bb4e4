"""Blueprint documents as tests look at them: loaded with their tags, and the questions asked about them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True)
class Tag:
    """A custom YAML tag with its argument."""

    name: str
    value: Any


_Loader: Any = type("_Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})
"""Knows the tags that the program uses, and no other."""


def _tag(name: str) -> None:
    def construct(loader: yaml.SafeLoader, node: yaml.Node) -> Tag:
        if isinstance(node, yaml.SequenceNode):
            return Tag(name, loader.construct_sequence(node, deep=True))
        assert isinstance(node, yaml.ScalarNode), f"!{name} takes a text or a list"
        return Tag(name, loader.construct_scalar(node))

    _Loader.add_constructor(f"!{name}", construct)


for _name in ("KeyOf", "Find", "File"):
    _tag(_name)


def load(text: str) -> dict[str, Any]:
    """The document of a blueprint."""
    document: dict[str, Any] = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with three tags
    return document


def tags(value: Any) -> Iterator[Tag]:
    """Every tag anywhere below a value."""
    if isinstance(value, Tag):
        yield value
        value = value.value
    children = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for child in children:
        yield from tags(child)


def entries(document: Mapping[str, Any], model: str) -> list[dict[str, Any]]:
    """Entries of a model, identifiers and attributes as one mapping, with the rest of the entry beside them."""
    return [
        {**entry, "fields": {**entry.get("identifiers", {}), **entry.get("attrs", {})}}
        for entry in document["entries"]
        if entry["model"] == model
    ]


def the(document: Mapping[str, Any], model: str) -> dict[str, Any]:
    """The only entry of a model."""
    (found,) = entries(document, model)
    return found


def evaluate(expression: str, **context: Any) -> Any:
    """An expression as Authentik runs it: the body of a function."""
    body = "\n".join(f"    {line}" for line in expression.splitlines())
    scope: dict[str, Any] = {}
    exec(f"def handler({', '.join(context)}):\n{body}", scope)  # noqa: S102 - text that this program wrote
    return scope["handler"](**context)

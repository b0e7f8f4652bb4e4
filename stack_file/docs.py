"""`python -m stack_file.docs [--check]`: the configuration reference, from the model."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from settings.rules import KEYWORD
from stack_file.load import PROJECT
from stack_file.schema import model_schema, write_or_check
from stack_file.secrets import SECRET_KEYS

TARGET = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"

_INTRODUCTION = f"""# Configuration

A stack is one cluster, and `Pulumi.<stack>.yaml` says everything about it that may vary. `Pulumi.test-cluster.yaml` is
a complete example. Its sections stand under `config` with the prefix `{PROJECT}:`. Editors that read the first line of
that file complete keys from `docs/stack.schema.json`.

`.venv/bin/python -m stack_file.check Pulumi.<stack>.yaml` refuses a defective file before the engine starts. It names
the key, its value, what it clashes with and the fix. `make preview` and `make up` run it first.

In the tables `nodes[].name` is the key `name` of each entry of the list `nodes`, and `users.<name>.email` the key
`email` below each name of your choice. `later` says whether a value may change once it was applied.
"""

_RULES = """## Settings that do not change freely

Each update writes down what it applies of these (`applied-settings-record` in the state) and compares it with what was
applied before: `make preview` and `make up` before the engine starts, the program in every preview and update. What a
service stored that keeps nothing (`keepData: false`) is free again. After a change by hand:
[runbook](runbooks/fixed-settings.md).

| setting | later | why | instead |
| --- | --- | --- | --- |
"""

_SECRETS = f"""## Secrets

Secrets are never part of a section. Each is a key of its own, which Pulumi encrypts:

    pulumi config set --secret {PROJECT}:NAME --stack STACK

| name | needed | purpose |
| --- | --- | --- |
"""


@dataclass(frozen=True)
class Row:
    """One key of a section."""

    key: str
    type: str
    default: str
    later: str
    description: str

    def __str__(self) -> str:
        return f"| `{self.key}` | {self.type} | {self.default} | {self.later} | {self.description} |"


def text() -> str:
    """The whole page."""
    schema = model_schema()
    sections = [_section(schema, name) for name in schema["properties"]]
    secrets = "".join(f"| `{key.name}` | {key.when} | {key.purpose} |\n" for key in SECRET_KEYS)
    rules = "".join(line for name in schema["properties"] for line in _rules(schema, schema["properties"][name], name))
    return "\n".join([_INTRODUCTION, *sections, _RULES + rules, _SECRETS + secrets])


def _section(schema: dict[str, Any], name: str) -> str:
    section = _resolved(schema, schema["properties"][name])
    presence = "Required." if name in schema["required"] else "May be omitted."
    inner, suffix = _inner(schema, section)
    rows = "\n".join(str(row) for row in _rows(schema, inner, f"{suffix[1:]}." if suffix else ""))
    return (
        f"## {name}\n\n{_prose(section['description'])} {presence}\n\n"
        f"| key | type | default | later | meaning |\n| --- | --- | --- | --- | --- |\n{rows}\n"
    )


def _rows(schema: dict[str, Any], section: dict[str, Any], prefix: str) -> Iterator[Row]:
    for name, declared in section["properties"].items():
        field = _resolved(schema, declared)
        key = f"{prefix}{name}"
        required = name in section.get("required", ())
        inner, suffix = _inner(schema, field)
        # Of a section its keys say it, one by one.
        later = field[KEYWORD]["how"] if KEYWORD in field else "" if "properties" in inner else "free"
        description = _prose(field.get("description", ""))
        yield Row(key, _type(schema, field), _default(field, required), later, description)
        if "properties" in inner:
            yield from _rows(schema, inner, f"{key}{suffix}.")


def _rules(schema: dict[str, Any], declared: dict[str, Any], key: str) -> Iterator[str]:
    """Lines of the settings that have a rule, at or below a key."""
    field = _resolved(schema, declared)
    if KEYWORD in field:
        rule = field[KEYWORD]
        yield f"| `{key}` | {rule['how']} | {_prose(rule['because'])} | {_prose(rule['instead'])} |\n"
    inner, suffix = _inner(schema, field)
    for name, below in inner.get("properties", {}).items():
        yield from _rules(schema, below, f"{key}{suffix}.{name}")


def _inner(schema: dict[str, Any], field: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """What a field holds, and how a key of that is written: `nodes[].name`, `users.<name>.email`."""
    if field.get("type") == "array":
        return _resolved(schema, field["items"]), "[]"
    for values in (field.get("additionalProperties"), *field.get("patternProperties", {}).values()):
        if isinstance(values, dict):
            return _resolved(schema, values), ".<name>"
    return field, ""


def _resolved(schema: dict[str, Any], field: dict[str, Any]) -> dict[str, Any]:
    """The field with its reference replaced by what it refers to; its own words win."""
    if "$ref" not in field:
        return field
    target: dict[str, Any] = schema["$defs"][field["$ref"].removeprefix("#/$defs/")]
    return target | {key: value for key, value in field.items() if key != "$ref"}


_FORMATS = {"ipv4": "IPv4 address", "uri": "URL"}
_AFTER_THE_NOUN = (" of ", " in ", ", ")
_IRREGULAR = {"directory or URL": "directories or URLs", "host or address": "hosts or addresses"}
_PLURALS = {"string": "texts", "object": "sections", "integer": "whole numbers"}


def _type(schema: dict[str, Any], field: dict[str, Any]) -> str:
    inner, suffix = _inner(schema, field)
    if suffix == "[]":
        return f"list of {_plural(schema, inner)}"
    if suffix:
        return f"{_plural(schema, inner)} by name"
    if "enum" in field or "const" in field:
        return " or ".join(f"`{choice}`" for choice in field.get("enum", [field.get("const")]))
    if "title" in field and field["type"] == "string":
        return "".join([field["title"], *(f", such as `{example}`" for example in field.get("examples", ()))])
    if field.get("format") in _FORMATS:
        return _FORMATS[field["format"]]
    words = {"string": "text", "integer": "whole number", "boolean": "`true` or `false`", "object": "section"}
    return words[field["type"]] + _bounds(field)


def _plural(schema: dict[str, Any], field: dict[str, Any]) -> str:
    inner, suffix = _inner(schema, field)
    if suffix == "[]":
        return f"lists of {_plural(schema, inner)}"
    if field.get("format") in _FORMATS:
        return {"ipv4": "IPv4 addresses", "uri": "URLs"}[field["format"]]
    named = field.get("title") if field["type"] == "string" else None
    return _several(named) if named else _PLURALS[field["type"]]


def _several(title: str) -> str:
    """The plural of a title, whose noun is its first word or stands before `of`, `in`, a comma or a bracket."""
    if title in _IRREGULAR:
        return _IRREGULAR[title]
    noun, mark, rest = next(((*title.partition(mark),) for mark in _AFTER_THE_NOUN if mark in title), (title, "", ""))
    return f"{noun}{'es' if noun.endswith(('s', 'x', 'h')) else 's'}{mark}{rest}"


def _bounds(field: dict[str, Any]) -> str:
    least, most = field.get("minimum"), field.get("maximum")
    if least is None:
        return ""
    return f", at least {least}" if most is None else f", {least} to {most}"


def _default(field: dict[str, Any], required: bool) -> str:
    if required:
        return "required"
    if "default" not in field:
        return "none"
    return f"`{json.dumps(field['default']).strip(chr(34))}`"


def _prose(description: str) -> str:
    """The first paragraph of a docstring on one line, safe inside a table."""
    return " ".join(description.split("\n\n", maxsplit=1)[0].split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(write_or_check(TARGET, text(), sys.argv[1:]))

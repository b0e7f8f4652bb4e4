"""Raising the generation of a secret in the text of a stack file; comments and layout stay as they are."""

from typing import Any

import yaml

_SECTION, _KEY = "home-cluster:rotation", "generations"
_INDENT = 2


class EditError(Exception):
    """The text cannot be edited safely. The message says what to write by hand."""


def raised(text: str, path: str, generation: int) -> str:
    """The stack file with `rotation.generations.<path>` set to `generation`.

    Only that value is written, or the line and the sections that it needs. The result is read again: it must say what
    the file said before and this generation.

    Raises:
        EditError: when the file is written in a way that this cannot edit (YAML anchors, for example).
    """
    document = yaml.compose(text, Loader=yaml.SafeLoader)
    edited = _set(text, document, ("config", _SECTION, _KEY, path), generation)
    wanted = _with(yaml.safe_load(text), ("config", _SECTION, _KEY, path), generation)
    try:
        sound = yaml.safe_load(edited) == wanted
    except yaml.YAMLError:
        sound = False
    if not sound:
        raise EditError(f"write `{path}: {generation}` below `{_SECTION}` and `{_KEY}` yourself; the file is unchanged")
    return edited


def _with(document: Any, keys: tuple[str, ...], value: int) -> Any:
    """A copy with one value set, so that a part that stands in two places changes in one."""
    if not keys:
        return value
    inner = document or {}
    return {**inner, keys[0]: _with(inner.get(keys[0]), keys[1:], value)}


def _set(text: str, node: yaml.Node | None, keys: tuple[str, ...], value: int) -> str:
    if not isinstance(node, yaml.MappingNode):
        return text  # found unsound by the caller
    for key, inner in node.value:
        if key.value == keys[0]:
            if len(keys) > 1:
                return _set(text, inner, keys[1:], value)
            return text[: inner.start_mark.index] + str(value) + text[inner.end_mark.index :]
    if node.flow_style or not node.value:
        return _insert_inline(text, node, keys, value)
    if keys[0] == _SECTION:
        return _append_section(text, node, keys, value)
    first = node.value[0][0].start_mark
    return text[: first.index] + _block(keys, value, first.column) + text[first.index :]


def _insert_inline(text: str, node: yaml.MappingNode, keys: tuple[str, ...], value: int) -> str:
    """After the opening brace of `{…}`."""
    inside = node.start_mark.index + 1
    entry = f"{keys[-1]}: {value}"
    for key in reversed(keys[:-1]):
        entry = f"{key}: {{ {entry} }}"
    return f"{text[:inside]} {entry}{',' if node.value else ' '}{text[inside:]}"


def _append_section(text: str, node: yaml.MappingNode, keys: tuple[str, ...], value: int) -> str:
    """After the last line of the last section."""
    end = _last(node).end_mark.index
    line_end = text.find("\n", end - 1)
    before, after = (text, "") if line_end < 0 else (text[: line_end + 1], text[line_end + 1 :])
    column = node.value[0][0].start_mark.column
    separator = "" if before.endswith("\n") else "\n"
    return f"{before}{separator}\n{' ' * column}{_block(keys, value, column).rstrip(' ')}{after}"


def _block(keys: tuple[str, ...], value: int, column: int) -> str:
    """The keys one below the other, from a place that is indented already; ends where the next key of it begins."""
    lines = [f"{' ' * (column + _INDENT * depth)}{key}:" for depth, key in enumerate(keys)]
    return "\n".join(lines).lstrip(" ") + f" {value}\n{' ' * column}"


def _last(node: yaml.Node) -> yaml.Node:
    """The scalar, or the closing of a `{…}` or `[…]`, that ends a block."""
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        return _last(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        return _last(node.value[-1])
    return node

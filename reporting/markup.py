"""HTML that cannot contain what was not meant as such: all text is escaped, except what `element` itself made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


class Markup(str):
    """Text that is HTML."""

    __slots__ = ()


def joined(parts: Iterable[str]) -> Markup:
    """Parts in a row; text among them is escaped."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def element(name: str, *content: str, **attributes: str) -> Markup:
    """An element; `class_` stands for `class`, `data_label` for `data-label`, and an empty attribute is left out."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items() if value
    )
    return Markup(f"<{name}{words}>{joined(content)}</{name}>")


def table(headings: Sequence[str], rows: Iterable[Sequence[tuple[str, str]]]) -> Markup:
    """A table; each cell is its content and its class. On a narrow screen a row is a block, with its headings in it."""
    head = element("thead", element("tr", *(element("th", heading, scope="col") for heading in headings)))
    body = [
        element(
            "tr",
            *(
                element("td", content, class_=kind, data_label=heading if number else "")
                for number, (heading, (content, kind)) in enumerate(zip(headings, row, strict=True))
            ),
        )
        for row in rows
    ]
    return element("table", head, element("tbody", *body))


def folded(summary: str, *content: str) -> Markup:
    """What is shown when somebody asks for it."""
    return element("details", element("summary", summary), *content)


def names(found: Iterable[str]) -> Markup:
    """A list of names of resources."""
    return element("ul", *(element("li", element("code", name)) for name in found), class_="names")

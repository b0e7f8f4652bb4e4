"""Values that the model takes, made from its JSON Schema, and values that nobody would write."""

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from stack_file import schema

Schema = Mapping[str, Any]
DOCUMENT: Schema = schema.document()
_ASCII = st.characters(codec="ascii")
SECRET = "hunter2-Correct-Horse"
"""Stands where secrets might: no message repeats it."""

_TYPED = r"""
null true ~ - 0 01 1e3 NaN Infinity ../../etc/passwd ${HOME} $(id) `id` [] {} {"a":1} [1,2] "x" . .. -a a- {{ * &a
!x ' " \ # 0.0.0.0 255.255.255.255 127.0.0.1 10.2.0.0 10.2.255.255 169.254.169.254 010.2.0.1 10.2.0.1/16 0.0.0.0/0
10.2.0.1/33 224.0.0.1 ::1 fe80::1%eth0 ::ffff:10.2.0.1 2001:db8::/32 https://[::1/ https://h:0/ ssh:// http:// //
https://host.example.com:99999/ xn--e1afmkfd.example EXAMPLE.com a..b example.com. _a.example.com 1.2.3 v1 %s {0}
home-cluster:gitea
kube-system default vault platform gitea admin akadmin root system:masters __proto__
"""
ODD_TEXTS = (
    *(
        "",
        " ",
        "\n",
        "\t",
        "\x00",
        "\x85",
        "\u2028",
        "\ufeff",
        "\u202e",
        "ß",
        "\u0130",
        "\u0435",
        "\U0001d7d9",
        "a\u0301",
    ),
    *(
        "\r\n",
        "a\nb: c",
        "a: b",
        "a b",
        "[" * 3000,
        "a" * 70_000,
        "a" * 64,
        "a." * 130,
        "9" * 400,
        "-----BEGIN PRIVATE KEY-----",
    ),
    *(f"https://user:{SECRET}@host.example.com/", f"https://host/?token={SECRET}"),
    *_TYPED.split(),
)
ODD_NUMBERS = (
    *(0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, 10**20, 10**30, -(2**63), 65535, 65536, 4095, 100, 999_999_999, 5000),
    *(0.5, 1.0, -0.0, 1e300, 1e-9),
)
odd = st.recursive(
    st.none() | st.booleans() | st.sampled_from(ODD_TEXTS) | st.sampled_from(ODD_NUMBERS) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(ODD_TEXTS) | st.text(max_size=6), inner, max_size=3)
        | st.dictionaries(st.sampled_from(("secure", "name", "address")), inner, max_size=2)
    ),
    max_leaves=4,
)


@dataclass(frozen=True)
class Place:
    """A value in a document: where it is kept, and what the model says of it."""

    holder: Any
    key: Any
    schema: Schema

    @property
    def value(self) -> Any:
        return self.holder[self.key]


def resolved(of: Schema) -> Schema:
    """The schema itself, whatever it is called."""
    while "$ref" in of:
        of = DOCUMENT["$defs"][of["$ref"].rpartition("/")[2]]
    return of


def below(of: Schema, key: Any) -> Schema:
    """What the model says of an entry; nothing where it does not know it."""
    of = resolved(of)
    for one in of.get("anyOf", ()):
        if found := below(one, key):
            return found
    if isinstance(key, int):
        entry: Schema = of.get("items", {})
        return entry
    named = of.get("properties", {}).get(key)
    others = [*of.get("patternProperties", {}).values(), of.get("additionalProperties")]
    return named or next((one for one in others if isinstance(one, dict) and one), {})


def places(value: Any, of: Schema = DOCUMENT) -> list[Place]:
    """Every value inside a value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for key, inner in entries:
        found += [Place(value, key, below(of, key)), *places(inner, below(of, key))]
    return found


def fitting(of: Schema) -> st.SearchStrategy[Any]:
    """Values that the model takes, or nearly: numbers at their bounds and just beyond."""
    return _fitting(json.dumps(of, sort_keys=True))


def _later(of: Schema) -> st.SearchStrategy[Any]:
    return st.deferred(lambda: fitting(of))


@functools.cache
def _fitting(text: str) -> st.SearchStrategy[Any]:
    of = resolved(json.loads(text))
    if "enum" in of or "const" in of:
        return st.sampled_from(of.get("enum") or [of["const"]])
    if "anyOf" in of:
        return st.one_of(*map(fitting, of["anyOf"]))
    kinds: Mapping[str, Callable[[Schema], st.SearchStrategy[Any]]] = {
        "object": _sections,
        "array": lambda of: st.lists(_later(of["items"]), min_size=of.get("minItems", 0), max_size=3),
        "integer": _numbers,
        "number": _numbers,
        "boolean": lambda of: st.booleans(),
        "string": _texts,
    }
    kind = str(of.get("type"))
    return kinds[kind](of) if kind in kinds else odd


def _numbers(of: Schema) -> st.SearchStrategy[int]:
    low, high = of.get("minimum", 0), of.get("maximum", 1 << 20)
    return st.integers(low - 1, high + 1) | st.sampled_from((low, high, low - 1, high + 1))


def _texts(of: Schema) -> st.SearchStrategy[str]:
    kinds = [st.sampled_from(of["examples"])] if of.get("examples") else []
    if "pattern" in of:
        kinds.append(st.from_regex(of["pattern"], fullmatch=True, alphabet=_ASCII))
    if of.get("format") == "ipv4":
        kinds.append(st.integers(0, 300).map(lambda host: f"10.2.{host % 4}.{host}"))
    return st.one_of(*kinds) if kinds else st.text(max_size=20)


def _sections(of: Schema) -> st.SearchStrategy[dict[str, Any]]:
    known = {name: _later(one) for name, one in of.get("properties", {}).items()}
    required = {name: known[name] for name in of.get("required", ())}
    whole = st.fixed_dictionaries(required, optional={one: kept for one, kept in known.items() if one not in required})
    others = [*of.get("patternProperties", {}).items()]
    if not others and isinstance(of.get("additionalProperties"), dict):
        others = [(resolved(of.get("propertyNames", {})).get("pattern", "[a-z]{1,9}"), of["additionalProperties"])]
    if not others or not isinstance(others[0][1], dict):
        return whole
    pattern, inner = others[0]
    names = st.from_regex(pattern, fullmatch=True, alphabet=_ASCII) | st.sampled_from(("home", "shop", "people"))
    entries = st.dictionaries(names, _later(inner), max_size=3)
    return st.builds(lambda one, two: one | two, entries, whole)

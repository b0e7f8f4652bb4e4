"""What Pulumi reads for a scalar without quotes: resolve.go of gopkg.in/yaml.v3 3.0.1, neither YAML 1.1 nor 1.2."""

import datetime
import math
import re
from typing import Any

_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]{0,19}))")
_BASES = (16, 2, 8, 10)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_AS_READ = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_DATE = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"([Tt][0-9]{1,2}(:[0-9]{1,2}){2}(\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})| [0-9]{1,2}(:[0-9]{1,2}){2}(\.[0-9]+)?)?"
)
_WHOLE = 1e21


def plain(text: str) -> tuple[Any, str]:
    """What Pulumi reads for a scalar without quotes, and what is wrong with that."""
    if text in _WORDS:
        return _WORDS[text], ""
    if _NO_NUMBER.fullmatch(text):
        return text, f"{text} is read as a number that is none; put it in quotes"
    if _is_date(text):
        return text, f"{text} is read as a date; put it in quotes"
    number = _number(text.replace("_", "")) if text[0] in "+-0123456789" else _number(text)
    if number is None:
        return text, ""
    if _AS_READ.fullmatch(text) is None:
        return number, f"{text} is read as {number}; write {number}, or put it in quotes"
    return number, ""


def _number(text: str) -> int | float | None:
    found = _INTEGER.fullmatch(text)
    if found is not None:
        sign, *digits = found.groups()
        value = next(int(sign + one, base) for one, base in zip(digits, _BASES, strict=True) if one is not None)
        if -(2**63) <= value < 2**64:
            return value
    if _FLOAT.fullmatch(text) is None or math.isinf(float(text)):
        return None
    fraction = float(text)
    # Written as JSON and read again, it is a whole number up to where encoding/json changes to an exponent.
    return int(fraction) if fraction.is_integer() and abs(fraction) < _WHOLE else fraction


def _is_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    try:
        datetime.date(*map(int, found.groups()[:3]))
    except ValueError:
        return False
    return True

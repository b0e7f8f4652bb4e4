"""What the records of a zone may say, by their type: the text as in a zone file (RFC 1035, section 5.1)."""

import re
from collections.abc import Callable, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = rf"(?=.{{1,254}}( |$))({_LABEL}\.)+"
_NUMBER = r"(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}|0)"
_STRING = 255
"""Octets of one string of a TXT record (RFC 1035, section 3.3)."""
_LONGEST_TXT = 4000
"""PowerDNS keeps it; longer ones fit into few answers."""


def _address(kind: type[IPv4Address] | type[IPv6Address]) -> Callable[[str], bool]:
    def fits(value: str) -> bool:
        try:
            return bool(kind(value))
        except AddressValueError:
            return False

    return fits


def _pattern(pattern: str) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(pattern, value) is not None


def _text(value: str) -> bool:
    return re.fullmatch(rf"[ !#-\[\]-~]{{1,{_LONGEST_TXT}}}", value) is not None


FORMS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "A": (_address(IPv4Address), "an IPv4 address, such as 10.2.0.5"),
    "AAAA": (_address(IPv6Address), "an IPv6 address, such as fd00::5"),
    "CAA": (_pattern(r'(0|128) (issue|issuewild|iodef) "[ !#-\[\]-~]*"'), '0 issue "letsencrypt.org"'),
    "CNAME": (_pattern(_NAME), "a whole name with a dot at its end, such as nas.example.com."),
    "DS": (
        _pattern(r"(0|[1-9][0-9]{0,4}) [0-9]{1,3} [1-4] [0-9a-f]{40,96}"),
        "what the nameserver of the child prints",
    ),
    "MX": (_pattern(rf"{_NUMBER} ({_NAME}|\.)"), "preference and whole name, such as 10 mail.example.com."),
    "NS": (_pattern(_NAME), "a whole name with a dot at its end, such as ns1.example.com."),
    "PTR": (_pattern(_NAME), "a whole name with a dot at its end, such as nas.example.com."),
    "SRV": (
        _pattern(rf"{_NUMBER} {_NUMBER} {_NUMBER} ({_NAME}|\.)"),
        "priority, weight, port and whole name, such as 0 5 5060 sip.example.com.",
    ),
    "SSHFP": (_pattern(r"[1-46] [12] [0-9a-f]{40,64}"), "algorithm, type and fingerprint, such as 4 2 1f0c…"),
    "TLSA": (_pattern(r"[0-3] [01] [0-2] [0-9a-f]{2,}"), "usage, selector, type and data, such as 3 1 1 9f86…"),
    "TXT": (_text, f"at most {_LONGEST_TXT} characters of ASCII without quotes, backslashes and line breaks"),
}
"""By type: whether a value is one, and what to write."""

TARGETS = frozenset({"MX", "NS", "SRV"})
"""Types whose last word names a host with addresses; an alias is none (RFC 2181, section 10.3; RFC 2782)."""


def content(kind: str, value: str) -> str:
    """The value as PowerDNS keeps it: TXT in quotes, in strings of at most 255 octets."""
    if kind != "TXT":
        return value
    return " ".join(f'"{value[at : at + _STRING]}"' for at in range(0, len(value), _STRING))

"""What PowerDNS takes for records, and how it refuses others."""

import ipaddress
import re
from typing import Any

from doubles.loopback import Reply

Entry = dict[str, Any]

_NUMBER = r"(0|[1-9]\d*)"
_NAME = r"([\w*-]+\.)+"
_CONTENTS = {
    "CNAME": _NAME,
    "MX": rf"{_NUMBER} {_NAME}",
    "NS": _NAME,
    "PTR": _NAME,
    "SOA": rf"{_NAME} ([\w\\.-]+\.)+( {_NUMBER}){{5}}",
    "SRV": rf"{_NUMBER} {_NUMBER} {_NUMBER} {_NAME}",
    "TXT": r'("[^"]{0,255}"( |$))+',
}


class RefusalError(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.reply = Reply(status, {"error": words} if status == 422 else words)


def unprocessable(words: str) -> RefusalError:
    return RefusalError(422, words)


def canonical(name: str) -> str:
    if not name.endswith("."):
        raise unprocessable(f"DNS Name '{name}' is not canonical")
    return name


def alone(change: Entry, others: list[str]) -> None:
    kind, of = change["type"], f"RRset {change['name']} IN {change['type']}"
    if (kind == "CNAME" and others) or "CNAME" in others:
        raise unprocessable(f"{of}: Conflicts with pre-existing RRset")
    if kind == "CNAME" and len(change["records"]) > 1:
        raise unprocessable(f"{of} has more than one record")


def rrset(change: Entry) -> Entry:
    """The records as PowerDNS keeps them."""
    kind, contents = change["type"], []
    for record in change["records"]:
        content = _content(record["content"], kind, f"Record {change['name']}/{kind} '{record['content']}'")
        if content in contents:
            raise unprocessable(f'Duplicate record in RRset {change["name"]} IN {kind} with content "{content}"')
        contents.append(content)
    records = [{"content": content, "disabled": False} for content in contents]
    return {"name": canonical(change["name"]), "type": kind, "ttl": change["ttl"], "records": records}


def _content(content: str, kind: str, of: str) -> str:
    if kind in ("CNAME", "NS", "PTR", "MX", "SRV") and not content.endswith("."):
        raise unprocessable(f"{of}: Not in expected format (parsed as '{content}.')")
    try:
        if kind in ("A", "AAAA"):
            return str(ipaddress.ip_address(content))
    except ValueError:
        pass
    else:
        if re.fullmatch(_CONTENTS.get(kind, ".+"), content) is not None:
            return content
    raise unprocessable(f"{of}: Parsing record content (try 'pdnsutil check-zone')")

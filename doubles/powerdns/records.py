"""What PowerDNS takes for records, and how it refuses others."""

import re
from typing import Any

from doubles.loopback import Reply

Entry = dict[str, Any]

_NUMBER = r"(0|[1-9]\d*)"
_NAME = r"([\w*-]+\.)+"
_CONTENTS = {
    "A": r"\d{1,3}(\.\d{1,3}){3}",
    "AAAA": r"[0-9a-f:]+",
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
    contents = [one["content"] for one in change["records"]]
    for content in contents:
        if contents.count(content) > 1:
            of = f"RRset {change['name']} IN {change['type']}"
            raise unprocessable(f'Duplicate record in {of} with content "{content}"')
        if re.fullmatch(_CONTENTS.get(change["type"], ".+"), content) is None:
            raise unprocessable(f"Record {change['name']}/{change['type']} '{content}': Parsing record content")
    return {key: change[key] for key in ("name", "type", "ttl", "records")}

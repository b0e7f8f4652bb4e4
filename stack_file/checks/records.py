"""Checks of the records of the stack file: what no nameserver would serve as it was meant."""

from collections import Counter
from collections.abc import Iterator

from settings.dns import Record, Side, Zone
from settings.model import Settings
from settings.problem import Problem
from settings.record_values import FORMS, TARGETS

_LONGEST = 253
"""Characters of a name, which is 255 octets on the wire (RFC 1035, section 2.3.4)."""

_Entry = tuple[str, str, Zone, Record]
"""Key in the stack file, whole name, zone and record."""


def _records(settings: Settings) -> Iterator[_Entry]:
    for zone, declared in settings.dns.zones.items():
        for record in declared.records:
            whole = zone if record.name == "@" else f"{record.name}.{zone}"
            yield f"dns.zones.{zone}.records[{record.name} {record.type}]", whole, declared, record


def records_say_what_their_type_does(settings: Settings) -> Iterator[Problem]:
    for key, _, _, record in _records(settings):
        fits, wanted = FORMS[record.type]
        for value in record.values:
            if not fits(value):
                yield Problem(f"{key}.values", value, f"is no value of {record.type}", f"write {wanted}")


def records_are_in_their_zone(settings: Settings) -> Iterator[Problem]:
    zones = settings.dns.zones
    named = {whole for _, whole, _, _ in _records(settings)}
    for key, whole, declared, record in _records(settings):
        zone = next(name for name, one in zones.items() if one is declared)
        if record.name == zone or record.name.endswith(f".{zone}"):
            fix = f"write {record.name.removesuffix(zone).rstrip('.') or '@'}"
            yield Problem(f"{key}.name", record.name, f"repeats the zone, and would be {whole}", fix)
        elif settings.dns.zone_of(whole) != zone:
            clash = f"is {whole}, which lies in the zone {settings.dns.zone_of(whole)}"
            yield Problem(f"{key}.name", record.name, clash, "declare it there")
        if len(whole) > _LONGEST:
            clash = f"makes a name of {len(whole)} characters, and none has more than {_LONGEST}"
            yield Problem(f"{key}.name", record.name, clash, "shorten it")
        if record.type == "NS":
            yield from _delegation(key, whole, record, named)


def _delegation(key: str, whole: str, record: Record, named: set[str]) -> Iterator[Problem]:
    if record.name == "@":
        clash = "would be nameservers of the zone itself, which are dns.nameservers"
        yield Problem(f"{key}.name", record.name, clash, "leave it out")
        return
    for value in record.values:
        target = value.rstrip(".")
        if target.endswith(f".{whole}") and target not in named:
            clash = f"lies in {whole}, which it is asked for, and nobody says where it is"
            yield Problem(f"{key}.values", value, clash, f"add its A record: {target}")


def names_have_one_meaning(settings: Settings) -> Iterator[Problem]:
    """An alias stands alone (RFC 1034, section 3.6.2), and what the program names itself is not named again."""
    own = dict.fromkeys(settings.dns.nameservers, "a nameserver")
    if settings.dns.enabled:
        own |= dict.fromkeys(settings.addresses, "a name of the platform")
        own |= {host: key for key, host in settings.own_hosts.items()}
    for side in Side:
        entries = [one for one in _records(settings) if side in one[2].sides and side.value in one[3].sides]
        kinds = Counter((whole, record.type) for _, whole, _, record in entries)
        aliases = {whole for whole, kind in kinds if kind == "CNAME"}
        for key, whole, _, record in entries:
            if side is Side.INTERNET and Side.LAN.value in record.sides:
                continue  # is told of the LAN
            if kinds[whole, record.type] > 1:
                yield Problem(key, whole, "is declared more than once", "put all values into one record")
            if whole in own and record.type in ("A", "AAAA", "CNAME"):
                yield Problem(key, whole, f"is already {own[whole]}, which names itself", "leave it out")
            elif record.type == "CNAME":
                yield from _alias(key, whole, record, {kind for name, kind in kinds if name == whole})
            for target in (value.rpartition(" ")[2].rstrip(".") for value in record.values):
                if record.type in TARGETS and target in aliases:
                    clash = f"is an alias in {settings.dns.zone_of(target)}, and {record.type} leads to none"
                    yield Problem(f"{key}.values", target, clash, "name the host itself")


def _alias(key: str, whole: str, record: Record, kinds: set[str]) -> Iterator[Problem]:
    if len(record.values) > 1:
        yield Problem(f"{key}.values", ", ".join(record.values), "are several names for one alias", "keep one")
    if record.name == "@":
        yield Problem(key, whole, "is the zone itself, which has NS and SOA records", "use A or AAAA")
    elif others := sorted(kinds - {"CNAME"}):
        clash = f"has {' and '.join(others)} beside it, and an alias stands alone"
        yield Problem(key, whole, clash, "remove one of them")


ALL = (records_say_what_their_type_does, records_are_in_their_zone, names_have_one_meaning)

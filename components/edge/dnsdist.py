"""Configuration of dnsdist on an edge server: questions about the zones, by UDP and TCP, to the cluster's nameservers.

Names: docs/reference of dnsdist 1.7, which Debian 12 has, and 1.9 of Debian 13.
"""

from collections.abc import Sequence
from dataclasses import dataclass

PORT = 53


@dataclass(frozen=True, kw_only=True)
class DnsdistConfiguration:
    """What differs from one cluster to another.

    Attributes:
        zones: Names of the zones that the internet is told of.
        nameserver: `address:port` of the cluster's for the internet.
        queries_per_client: Questions of one address within a second; who asks more is told to ask by TCP.
        listen: `address:port` of each socket.
    """

    zones: Sequence[str]
    nameserver: str
    queries_per_client: int
    listen: Sequence[str] = (f"0.0.0.0:{PORT}", f"[::]:{PORT}")


def configuration(args: DnsdistConfiguration) -> str:
    """Text of dnsdist.conf, which is Lua. It holds no secret."""
    return "\n".join(
        [
            "-- Written by home-cluster; a change by hand lasts until the next update.",
            *(f"{'setLocal' if index == 0 else 'addLocal'}('{one}')" for index, one in enumerate(args.listen)),
            "setACL({'0.0.0.0/0', '::/0'})",
            f"newServer({{address='{args.nameserver}', name='cluster', checkName='{args.zones[0]}.', "
            "checkType='SOA', mustResolve=true})",
            "zones = newSuffixMatchNode()",
            *(f"zones:add('{zone}.')" for zone in args.zones),
            "addAction(NotRule(SuffixMatchNodeRule(zones)), RCodeAction(DNSRCode.REFUSED))",
            "addAction(NotRule(OpcodeRule(DNSOpcode.Query)), RCodeAction(DNSRCode.REFUSED))",
            "addAction(OrRule({QTypeRule(DNSQType.AXFR), QTypeRule(DNSQType.IXFR)}), RCodeAction(DNSRCode.REFUSED))",
            f"addAction(MaxQPSIPRule({args.queries_per_client}, 32, 64), TCAction())",
            "",
        ]
    )

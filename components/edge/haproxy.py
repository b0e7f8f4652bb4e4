"""Configuration of HAProxy on an edge server: TCP by the name that TLS asks for, to whichever path works.

Names of keywords: doc/configuration.txt of HAProxy 2.6, which Debian 12 has, and 3.0 of Debian 13.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from settings.edge import Limits

SOCKET = "/run/haproxy/admin.sock"
"""Debian's unit makes the folder; `socat` talks to it (docs/edge.md)."""
BACKEND = "ingress"


@dataclass(frozen=True, kw_only=True)
class HaproxyConfiguration:
    """What differs from one cluster to another.

    Attributes:
        paths: Where the cluster lets edge servers in, as `host:port` by name.
        domain: Every host below it, and it itself, leads there.
        hosts: Other hosts that do.
        unpublished: Hosts that do not, although they are below the domain.
        probe: Host that is asked for when a path is examined.
        git_ssh: Port here, and `host:port` of Gitea's SSH; None without.
        addresses: Where it listens; every address of IPv4 and IPv6.
        https, http: Ports for TLS, and for those who are told to use it.
        socket: Where it takes commands.
        user: Of Debian's package; None to stay who it was started as.
    """

    paths: Mapping[str, str]
    domain: str
    hosts: Sequence[str]
    unpublished: Sequence[str]
    probe: str
    limits: Limits
    git_ssh: tuple[int, str] | None = None
    addresses: str = "[::]"
    https: int = 443
    http: int = 80
    socket: str = SOCKET
    user: str | None = "haproxy"


def configuration(args: HaproxyConfiguration, mark: str) -> str:
    """Text of haproxy.cfg. It holds no secret.

    Args:
        mark: By which a running process is known to have taken this text (`description` in `show info`).
    """
    sections = [_global(args, mark), _DEFAULTS, _https(args), _backend(args), _http(args)]
    if args.git_ssh is not None:
        sections.append(_git_ssh(args, *args.git_ssh))
    return "\n".join(sections)


def _bind(args: HaproxyConfiguration, port: int) -> str:
    # One socket for both families, whatever the system's default is.
    return f"    bind {args.addresses}:{port}{' v4v6' if args.addresses == '[::]' else ''}\n"


def _global(args: HaproxyConfiguration, mark: str) -> str:
    user = f"    user {args.user}\n    group {args.user}\n" if args.user else ""
    return (
        "# Written by home-cluster; a change by hand lasts until the next update.\n"
        "global\n"
        f"    description {mark}\n"
        f"    maxconn {2 * args.limits.connections}\n"
        f"{user}"
        f"    stats socket {args.socket} mode 660 level admin\n"
        "    log stdout format raw local0 notice\n"
        # After a reload the old process serves its connections for as long as they last, up to here.
        "    hard-stop-after 1h\n"
    )


_DEFAULTS = """\
defaults
    mode tcp
    log global
    option dontlognull
    # A path that does not answer is left for another one within a client's patience.
    timeout connect 2s
    retries 3
    option redispatch 1
    timeout check 1500ms
    timeout client 10m
    timeout server 10m
    timeout client-fin 30s
    timeout server-fin 30s
    # Streams of chat, uploads, terminals.
    timeout tunnel 1h
"""


def _limited(limits: Limits) -> str:
    return (
        "    stick-table type ipv6 size 200k expire 1m store conn_cur,conn_rate(10s)\n"
        "    tcp-request connection track-sc0 src\n"
        f"    tcp-request connection reject if {{ sc0_conn_cur gt {limits.per_client} }}\n"
        f"    tcp-request connection reject if {{ sc0_conn_rate gt {limits.new_per_client} }}\n"
    )


def _https(args: HaproxyConfiguration) -> str:
    others = f"    acl ours req.ssl_sni -i {' '.join(args.hosts)}\n" if args.hosts else ""
    hidden = f"    acl hidden req.ssl_sni -i {' '.join(args.unpublished)}\n" if args.unpublished else ""
    unless = " !hidden" if args.unpublished else ""
    return (
        "frontend https\n"
        f"{_bind(args, args.https)}"
        f"    maxconn {args.limits.connections}\n"
        f"{_limited(args.limits)}"
        f"    acl ours req.ssl_sni -i {args.domain}\n"
        f"    acl ours req.ssl_sni -i -m end .{args.domain}\n"
        f"{others}{hidden}"
        "    tcp-request inspect-delay 5s\n"
        f"    tcp-request content accept if {{ req.ssl_hello_type 1 }} ours{unless}\n"
        "    tcp-request content reject if { req.ssl_hello_type 1 }\n"
        "    tcp-request content reject if WAIT_END\n"
        f"    default_backend {BACKEND}\n"
    )


def _backend(args: HaproxyConfiguration) -> str:
    servers = "".join(f"    server {name} {address}\n" for name, address in args.paths.items())
    return (
        f"backend {BACKEND}\n"
        "    balance leastconn\n"
        # A path works when the cluster's ingress answers TLS over it, not when something accepts connections.
        f"    default-server check check-ssl verify none check-sni {args.probe} send-proxy-v2 check-send-proxy\n"
        "    default-server inter 1s fastinter 500ms downinter 1s fall 2 rise 2\n"
        # Who hangs on a dead path begins anew. Not `observe`: marked down by who could not connect, the path would take
        # those along that are just being led to another one.
        "    default-server on-marked-down shutdown-sessions\n"
        f"{servers}"
    )


def _http(args: HaproxyConfiguration) -> str:
    return (
        "frontend http\n"
        "    mode http\n"
        f"{_bind(args, args.http)}"
        f"    maxconn {args.limits.connections}\n"
        "    timeout http-request 5s\n"
        f"{_limited(args.limits)}"
        "    http-request redirect scheme https code 301\n"
    )


def _git_ssh(args: HaproxyConfiguration, port: int, target: str) -> str:
    return (
        "frontend git-ssh\n"
        f"{_bind(args, port)}"
        f"    maxconn {args.limits.connections}\n"
        f"{_limited(args.limits)}"
        "    default_backend git-ssh\n"
        "\n"
        "backend git-ssh\n"
        f"    server gitea {target} check inter 5s\n"
    )

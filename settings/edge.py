"""Section `edge` of the stack file: servers in the internet that lead to the cluster, without ending TLS."""

from ipaddress import IPv4Address
from typing import Annotated

from pydantic import Field

from settings import shapes
from settings.chain_types import Port
from settings.dns import AnyAddress
from settings.shapes import Shape
from settings.types import Address, Hostname, Name, Server, Strict, Username

NodePort = Annotated[int, Field(ge=30_000, le=32_767)]
"""The range of Kubernetes (`service-node-port-range`)."""

HostKey = Annotated[
    str,
    Shape(
        shapes.HOST_KEY,
        "the public key of an SSH server; write its kind and the key, as in ssh-ed25519 AAAA…, without the host before",
        "public key of an SSH server",
    ),
]


class Ssh(Strict):
    """How this program reaches an edge server, with the key in the secret edgeSshKey."""

    host: Server = Field(description="Where it answers: a name or an address, in a tunnel or in the internet.")
    port: Port = Field(default=22, description="Port of its SSH server.")
    user: Username = Field(
        default="root", description="Who may change it: root, or someone with sudo without password."
    )
    host_key: HostKey = Field(description="Its public key, as `ssh-keyscan -t ed25519 HOST` prints it behind the name.")


class EdgeServer(Strict):
    """A server with Debian or Ubuntu in the internet."""

    ssh: Ssh
    addresses: tuple[AnyAddress, ...] = Field(min_length=1, description="Its addresses in the internet.")
    sources: tuple[Address, ...] = Field(
        min_length=1,
        description="Addresses from which its connections arrive at the nodes: its own in the tunnel, or that of a "
        "router that translates it. What they say about whom they speak for is believed.",
    )


class Limits(Strict):
    """What one client, and all of them, may take of a server."""

    connections: Annotated[int, Field(ge=100, le=100_000)] = Field(
        default=4000, description="Connections of all clients at once."
    )
    per_client: Annotated[int, Field(ge=1)] = Field(default=200, description="Connections of one address at once.")
    new_per_client: Annotated[int, Field(ge=1)] = Field(
        default=300, description="New connections of one address within ten seconds."
    )
    queries_per_client: Annotated[int, Field(ge=1)] = Field(
        default=50, description="DNS questions of one address within a second."
    )


class EdgeSettings(Strict):
    """Public entry by one or more servers (HAProxy). Without this section there is none."""

    servers: dict[Name, EdgeServer] = Field(default_factory=dict, description="Edge servers, by name.")
    workers: dict[Name, Address] = Field(
        default_factory=dict,
        description="Nodes by which the servers come in, with the address at which they reach each; every node that "
        "takes pods, at its own address, if omitted.",
    )
    node_port: NodePort = Field(default=30_443, description="Port on every node by which they come in.")
    unpublished: tuple[Hostname, ...] | None = Field(
        default=None, description="Hosts that the internet does not reach this way; that of Vault if omitted."
    )
    git_ssh_port: Port | None = Field(
        default=None, description="Port on the servers that leads to Gitea's SSH; none if omitted."
    )
    dns: bool = Field(
        default=False,
        description="Whether the servers answer for the zones, by asking network.loadBalancers.dnsInternet.",
    )
    limits: Limits = Field(default_factory=Limits)

    @property
    def sources(self) -> tuple[IPv4Address, ...]:
        """Addresses of all servers, as nodes see them."""
        return tuple(dict.fromkeys(address for server in self.servers.values() for address in server.sources))

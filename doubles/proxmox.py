"""The API of Proxmox VE as far as doctor and status ask it.

Paths, permissions and errors are those of pve-manager (PVE/API2, PVE/HTTPServer.pm), pve-access-control
(src/PVE/RPCEnvironment.pm) and pve-storage (src/PVE/API2/Storage/Status.pm) 9.1; 8.4 answers alike.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from doubles.loopback import Reply, Request
from doubles.web import Asked

GIB = 1024**3
_BASE = "/api2/json/"
_NO_ROUTE = 595
"""What AnyEvent::HTTP says of a host of the cluster that does not answer."""


@dataclass
class Host:
    """A node of the cluster. `internet`: what its client says of a URL, empty where it reaches it."""

    memory: int = 64
    bridges: tuple[str, ...] = ("vmbr0",)
    storages: dict[str, dict[str, Any]] = field(default_factory=dict)
    online: bool = True
    internet: str = "405 Method Not Allowed"


def storage(content: str, free: int = 500, **more: Any) -> dict[str, Any]:
    """An entry of /nodes/{node}/storage; sizes in GiB."""
    return {"content": content, "active": 1, "enabled": 1, "shared": 0, "avail": free * GIB, "type": "dir", **more}


@dataclass
class Proxmox:
    """One cluster.

    Attributes:
        tokens: Secret by `user@realm!name`.
        acl: Privileges by path, by token; those of a path go down, those of a longer one replace them.
        guests: Entries of /cluster/resources.
        pending: What a guest waits to be started with, by its id: entries of /nodes/{node}/qemu/{vmid}/pending.
    """

    tokens: Mapping[str, str]
    acl: dict[str, dict[str, set[str]]]
    hosts: dict[str, Host]
    guests: list[dict[str, Any]] = field(default_factory=list)
    pending: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    version: str = "9.1.4"
    date: str | None = None

    def __call__(self, request: Request) -> Reply:
        asked = Asked(request)
        who, _, secret = asked.header("Authorization").removeprefix("PVEAPIToken=").partition("=")
        if not who:
            return _error(401, "No ticket")
        if self.tokens.get(who) != secret:
            return _error(401, "Authentication failed!" if self.version >= "9.1" else "invalid token value!")
        path = asked.path.removeprefix(_BASE)
        for pattern, answer in _ANSWERS:
            found = re.fullmatch(pattern, path)
            if found and request.method == "GET" and asked.path.startswith(_BASE):
                return answer(self, who, asked, **found.groupdict())
        return _error(501, f"Method '{request.method} /{path}' not implemented")

    def privileges(self, who: str, path: str) -> set[str]:
        """What a token may do on a path: what stands on the longest part of it (roles in AccessControl.pm)."""
        parts = path.rstrip("/").split("/")
        places = ["/".join(parts[:count]) or "/" for count in range(len(parts), 0, -1)]
        return next((self.acl[who][place] for place in places if place in self.acl[who]), set())

    def lacks(self, who: str, path: str, privilege: str) -> Reply | None:
        """The refusal of `raise_perm_exc`."""
        if privilege in self.privileges(who, path):
            return None
        return _error(403, f"Permission check failed ({path}, {privilege})")

    def _version(self, who: str, asked: Asked) -> Reply:
        data = {"version": self.version, "release": self.version.rsplit(".", 1)[0], "repoid": "0123456789abcdef"}
        return _data(data, {"Date": self.date} if self.date else {})

    def _permissions(self, who: str, asked: Asked) -> Reply:
        path = asked.query.get("path", "/")
        held = self.privileges(who, path)
        return _data({path: dict.fromkeys(sorted(held), 1)} if held else {})

    def _nodes(self, who: str, asked: Asked) -> Reply:
        status = {name: "online" if host.online else "offline" for name, host in self.hosts.items()}
        return _data([{"node": name, "status": found, "type": "node"} for name, found in status.items()])

    def _node(self, who: str, asked: Asked, node: str, what: str) -> Reply:
        # Permissions are judged before the request goes to the other host.
        needed = {"status": f"/nodes/{node}", "query-url-metadata": "/"}
        refusal = self.lacks(who, needed[what], "Sys.Audit") if what in needed else None
        host = self.hosts.get(node)
        if refusal or host is None:
            return refusal or _error(500, f"unable to get remote IP address for node '{node}'")
        return _OF_HOSTS[what](self, who, host) if host.online else _error(_NO_ROUTE, "No route to host")

    def _status(self, who: str, host: Host) -> Reply:
        return _data({"memory": {"total": host.memory * GIB}, "pveversion": f"pve-manager/{self.version}/0"})

    def _storages(self, who: str, host: Host) -> Reply:
        seen = (name for name in host.storages if self._sees(who, name))
        return _data([{"storage": name, **host.storages[name]} for name in seen])

    def _network(self, who: str, host: Host) -> Reply:
        zone, any_of = "/sdn/zones/localnetwork", {"SDN.Use", "SDN.Audit"}
        usable = (bridge for bridge in host.bridges if any_of & self.privileges(who, f"{zone}/{bridge}"))
        return _data([{"iface": bridge, "type": "bridge"} for bridge in usable])

    def _url(self, who: str, host: Host) -> Reply:
        return _error(500, f"invalid server response: '{host.internet}'") if host.internet else _data({"size": 1})

    def _sees(self, who: str, name: str) -> bool:
        return bool({"Datastore.Audit", "Datastore.AllocateSpace"} & self.privileges(who, f"/storage/{name}"))

    def _resources(self, who: str, asked: Asked) -> Reply:
        return _data([one for one in self.guests if "VM.Audit" in self.privileges(who, f"/vms/{one['vmid']}")])

    def _pending(self, who: str, asked: Asked, node: str, vmid: str) -> Reply:
        refusal = self.lacks(who, f"/vms/{vmid}", "VM.Audit")
        if refusal or not any(str(one["vmid"]) == vmid and one["node"] == node for one in self.guests):
            return refusal or _error(500, f"Configuration file 'nodes/{node}/qemu-server/{vmid}.conf' does not exist")
        return _data([{"key": "cores", "value": "4"}, *self.pending.get(int(vmid), ())])

    def _nextid(self, who: str, asked: Asked) -> Reply:
        wanted = int(asked.query["vmid"])
        if any(one["vmid"] == wanted for one in self.guests):
            return _error(400, "Parameter verification failed.", {"vmid": f"VM {wanted} already exists"})
        return _data(str(wanted))


_OF_HOSTS: Mapping[str, Callable[[Proxmox, str, Host], Reply]] = {
    "status": Proxmox._status,
    "storage": Proxmox._storages,
    "network": Proxmox._network,
    "query-url-metadata": Proxmox._url,
}

_ANSWERS: tuple[tuple[str, Callable[..., Reply]], ...] = (
    ("version", Proxmox._version),
    ("access/permissions", Proxmox._permissions),
    ("nodes", Proxmox._nodes),
    (f"nodes/(?P<node>[^/]+)/(?P<what>{'|'.join(_OF_HOSTS)})", Proxmox._node),
    ("cluster/resources", Proxmox._resources),
    ("cluster/nextid", Proxmox._nextid),
    ("nodes/(?P<node>[^/]+)/qemu/(?P<vmid>[0-9]+)/pending", Proxmox._pending),
)


def _data(data: Any, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(200, {"data": data}, {"Content-Type": "application/json;charset=UTF-8", **(headers or {})})


def _error(status: int, message: str, errors: Mapping[str, str] | None = None) -> Reply:
    """The message is also that of the status line."""
    body = {"data": None, "message": f"{message}\n", **({"errors": errors} if errors else {})}
    return Reply(status, body, {"Content-Type": "application/json;charset=UTF-8"}, reason=message)

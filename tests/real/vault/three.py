"""Three servers of the program, as in the mode `ha`."""

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from components.vault.server_config import replica_addresses
from tests.real.proxy import proxying
from tests.real.vault.server import ACTIVE, STANDBY, Server, serving
from tests.real.vault.site import Site
from tests.support.engine import Recording
from tests.support.variants import changed

SECONDS = 60


@contextlib.contextmanager
def three_servers(site: Site, directory: Path) -> Iterator[list[Server]]:
    """Servers of the program in the mode `ha`, which find each other by their names as pods do; none is initialised."""
    program: Recording = changed("    mode: standalone", "    mode: ha")
    names = [address.removeprefix("https://") for address in replica_addresses(3)]
    routes: dict[str, int] = {}
    with contextlib.ExitStack() as stack:
        proxy = stack.enter_context(proxying(routes))
        servers = []
        for number, name in enumerate(names):
            place = directory / name.partition(".")[0]
            place.mkdir()
            # The chart gives each its own name (setNodeId).
            variables = {"HTTPS_PROXY": proxy.url, "VAULT_RAFT_NODE_ID": f"vault-{number}"}
            server = serving(program, site.authority, site.server.binary, place, **variables)
            servers.append(stack.enter_context(server))
            routes[name] = servers[-1].port
        yield servers


def keep_unsealing(server: Server, keys: dict[str, str]) -> None:
    """What the sidecar does: try again until it works, also while the server has not been let in yet."""
    deadline = time.monotonic() + SECONDS
    while server.api.ask("GET", "sys/health").status not in (ACTIVE, STANDBY):
        assert time.monotonic() < deadline, f"a server stays sealed: {server.api.ask('GET', 'sys/seal-status').body}"
        server.api.ask("PUT", "sys/unseal", {"key": keys["vault-unseal-0"]})
        time.sleep(0.2)


def follow(server: Server, keys: dict[str, str]) -> None:
    """Unseal it; one that was taken for removed begins anew, as vault-recovery.md has people do."""
    deadline = time.monotonic() + SECONDS
    while server.api.ask("GET", "sys/health").status not in (ACTIVE, STANDBY) and time.monotonic() < deadline:
        server.api.ask("PUT", "sys/unseal", {"key": keys["vault-unseal-0"]})
        if server.api.ask("GET", "sys/seal-status").body.get("removed_from_cluster"):
            _begin_anew(server)
            break
        time.sleep(0.2)
    keep_unsealing(server, keys)


def _begin_anew(server: Server) -> None:
    server.stop()
    shutil.rmtree(server.directory / "data")
    (server.directory / "data").mkdir()
    server.start()


def gathered(servers: list[Server], keys: dict[str, str]) -> Server:
    """The one that leads, once all three vote; of the others, one that the leader does not know begins anew, too."""
    first = leader(servers)
    for server in servers:
        follow(server, keys)
    for number in sorted({0, 1, 2} - {int(name[-1]) for name in voters(first, keys["vault-root"])}):
        assert servers[number] is not first
        _begin_anew(servers[number])
        keep_unsealing(servers[number], keys)
    assert voters(first, keys["vault-root"]) == {"vault-0", "vault-1", "vault-2"}
    return first


@contextlib.contextmanager
def sidecars(servers: list[Server], keys: dict[str, str]) -> Iterator[None]:
    """What unseals each of them all the time, with what is in the Secret."""
    ended = threading.Event()

    def run(server: Server) -> None:
        while not ended.wait(0.2):
            with contextlib.suppress(OSError):
                server.api.ask("PUT", "sys/unseal", {"key": keys["vault-unseal-0"]})

    threads = [threading.Thread(target=run, args=(server,)) for server in servers]
    for one in threads:
        one.start()
    try:
        yield
    finally:
        ended.set()
        for one in threads:
            one.join()


def leader(servers: list[Server]) -> Server:
    """The one that is active, once there is one."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        for server in servers:
            if server.api.ask("GET", "sys/health").status == ACTIVE:
                return server
        time.sleep(0.1)
    raise AssertionError("the servers found no leader")


def voters(server: Server, token: str) -> set[str]:
    """Members that vote, once all three do: a new one first has to catch up."""
    deadline = time.monotonic() + SECONDS
    voters: set[str] = set()
    while len(voters) < 3 and time.monotonic() < deadline:
        found = server.api.using(token).read("sys/storage/raft/configuration")["config"]["servers"]
        voters = {one["node_id"] for one in found if one["voter"]}
        time.sleep(0.2)
    return voters

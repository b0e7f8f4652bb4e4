"""What PowerDNS may use of Postgres: a database for each side."""

from collections.abc import Mapping

from components.dns import names
from declarations.databases import ConnectionPool, Database

REPLICAS = 2
_CONNECTIONS = 10
"""Of each pod: three distributors of a receiver, one thread for TCP, the web server, and what sends NOTIFY; each
transfer has its own while it lasts (pdns/distributor.hh, tcpreceiver.cc, ws-auth.cc, communicator.cc)."""

DATABASES: Mapping[str, Database] = {
    names.DATABASES[side]: Database(
        namespace=namespace, pools={"nameservers": ConnectionPool(size=REPLICAS * _CONNECTIONS)}
    )
    for side, namespace in names.NAMESPACES.items()
}

"""What Gitea may use of Postgres and Valkey."""

from components.gitea.names import NAMESPACE
from declarations.databases import ConnectionPool, Database, ValkeyUser

POOL = 20
DATABASES = {"gitea": Database(namespace=NAMESPACE, pools={"gitea": ConnectionPool(size=POOL)})}
VALKEY = ValkeyUser(namespace=NAMESPACE, databases={"cache": 8, "session": 9, "queue": 10})

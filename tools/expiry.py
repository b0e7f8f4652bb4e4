"""Operations that cannot renew the cluster's credentials, after a year in which nothing did."""

from datetime import UTC, datetime
from pathlib import Path

from lib.last_update import EXPIRY
from lib.secret_state import outputs
from tools.state import StateError, exported


def refusal(operation: str, binary: Path, stack: str, root: Path) -> str | None:
    """Why the operation cannot reach the cluster, and what to do; None where it can, or is itself to say why not."""
    if operation not in ("refresh", "destroy"):
        return None  # an update renews them first, a preview shows that
    try:
        ended = outputs(exported(binary, stack, root) or {}).get(EXPIRY)
    except StateError:
        return None
    if not ended or datetime.now(UTC) < datetime.fromisoformat(str(ended)):
        return None
    return (
        f"the credentials of the cluster ended at {ended}, and only an update renews them: run `make up STACK={stack}` "
        f"first, then `make {operation} STACK={stack}` again."
    )

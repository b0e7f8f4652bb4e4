"""Puts Secrets of an earlier cluster back where there are none: certificates that need not be ordered again.

What is there stays as it is. Environment: KEPT_FILE (a JSON list of Secrets), NAMESPACE (where they belong), and what
every pod knows of the API server.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts import gate
from scripts.cluster_api import ClusterApi


def main(environment: Mapping[str, str], account: Path | None = None) -> int:
    """Exit code 0 once each Secret is there."""
    api = ClusterApi(environment, account)
    secrets = json.loads(Path(environment["KEPT_FILE"]).read_text(encoding="utf-8"))
    path = f"/api/v1/namespaces/{environment['NAMESPACE']}/secrets"

    def problem() -> str:
        for secret in secrets:
            made = api.create(path, secret)
            print(f"{secret['metadata']['name']}: {'put back' if made else 'is there already'}", flush=True)
        return ""

    return gate.wait(problem, f"{len(secrets)} Secrets are there")


if __name__ == "__main__":
    sys.exit(main(os.environ))

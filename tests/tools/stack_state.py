"""A checkout whose CLI hands out a state, with secrets in plain text when it is asked for them."""

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

from tests.stack_file.stacks import SHIPPED
from tests.tools.conftest import script
from tools.operate import LANGUAGE_HOST

STACK = "test-cluster"


def secret(value: Any) -> dict[str, str]:
    """A secret as `pulumi stack export --show-secrets` writes it (apitype.SecretV1 of pulumi/pulumi)."""
    return {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps(value)}


def brought_up(root: Path, outputs: dict[str, Any], *resources: dict[str, Any]) -> None:
    """Make `root` a checkout whose stack has these outputs and resources; without outputs it has no state."""
    shutil.copy(SHIPPED, root)
    (root / ".tools").mkdir()
    state = root / "state.json"
    stack = {"type": "pulumi:pulumi:Stack", "outputs": outputs}
    if outputs:
        state.write_text(json.dumps({"deployment": {"resources": [stack, *resources]}}), encoding="utf-8")
    quoted = shlex.quote(str(state))
    text = f"""case "$*" in
*--show-secrets*) test -e {quoted} && exec cat {quoted}; echo "error: no stack named '{STACK}' found" >&2; exit 255 ;;
esac
echo "secrets are encrypted" >&2; exit 1"""
    script(root / ".tools" / "pulumi", text)
    script(root / ".tools" / LANGUAGE_HOST, "exit 0")

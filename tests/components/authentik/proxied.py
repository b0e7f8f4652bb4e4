"""The program under the shipped stack file with applications behind the login, and tokens of a service account."""

from tests.support.engine import Recorded, Recording
from tests.support.variants import changed

BEFORE = "    users:\n      agentydragon:\n"
DOMAIN = "test-cluster.agentydragon.com"
WIKI = f"      wiki: {{ name: Wiki, host: wiki.{DOMAIN}, groups: [gitea-users, matrix-users] }}\n"
PRINTER = f"      printer: {{ name: Printer, host: printer.{DOMAIN}, groups: [vault-admins] }}\n"
ACCOUNT = "    serviceAccounts: { reader: { name: Reads the list of people, groups: [vault-users] } }\n"
LISTED = "      list: { account: reader, reflectTo: [gitea, matrix] }\n"
PUSHED = "      push: { account: reader, intent: app_password, reflectTo: [gitea] }\n"


def stack(*lines: str) -> Recording:
    """The program with these lines in section `identity`."""
    return changed(BEFORE, f"{''.join(lines)}{BEFORE}")


def behind_the_login(*applications: str) -> Recording:
    return stack("    proxied:\n", *applications)


def with_tokens(*tokens: str) -> Recording:
    return stack(ACCOUNT, "    tokens:\n", *tokens)


def plain(job: Recorded) -> dict[str, str]:
    """Variables of a Job in plain text."""
    entries = job.get("spec", "template", "spec", "containers", 0, "env")
    return {entry["name"]: entry["value"] for entry in entries if "value" in entry}

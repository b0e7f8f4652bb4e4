"""The shipped stack file with all that `identity` may declare besides people: applications of both kinds, tokens."""

from tests.support.engine import Recording
from tests.support.variants import changed

BEFORE = "    users:\n      agentydragon:\n"
DOMAIN = "test-cluster.agentydragon.com"
HOST = f"grafana.{DOMAIN}"
APPLICATION = f"""\
      grafana:
        name: Grafana
        host: {HOST}
        redirectUris: [https://{HOST}/login/generic_oauth]
        groups: [gitea-users]
        namespaces: [monitoring]
"""
_OTHERS = f"""\
      notes:
        name: Notes
        host: notes.{DOMAIN}
        redirectUris: [https://notes.{DOMAIN}/callback]
        groups: [matrix-users]
        namespaces: [monitoring]
      tool:
        name: Tool
        host: tool.{DOMAIN}
        client: public
        redirectUris: [http://localhost:4711/callback]
        groups: [matrix-users]
"""
_WIKI = f"      wiki: {{ name: Wiki, host: wiki.{DOMAIN}, groups: [gitea-users, matrix-users] }}\n"
_PRINTER = f"      printer: {{ name: Printer, host: printer.{DOMAIN}, groups: [vault-admins] }}\n"
_ACCOUNT = "    serviceAccounts: { reader: { name: Reads the list of people, groups: [vault-users] } }\n"
_LIST = "      list: { account: reader, reflectTo: [gitea, matrix] }\n"
_PUSH = "      push: { account: reader, intent: app_password, reflectTo: [gitea] }\n"

_TOKENS = f"    tokens:\n{_LIST}{_PUSH}"

DECLARED = f"    applications:\n{APPLICATION}{_OTHERS}    proxied:\n{_WIKI}{_PRINTER}{_ACCOUNT}{_TOKENS}{BEFORE}"
_FEWER = (
    f"    applications:\n{_OTHERS}    proxied:\n{_WIKI}{_ACCOUNT}    tokens:\n{_PUSH}"
    f"    removed: {{ applications: [grafana, printer], tokens: [list] }}\n{BEFORE}"
)


def declared() -> Recording:
    """The program with all of them."""
    return changed(BEFORE, DECLARED)


def fewer() -> Recording:
    """Without the application `grafana`, the application `printer` behind the login, and the token `list`."""
    return changed(BEFORE, _FEWER)

"""What proves that a service offers the login: its gate asks from inside the cluster, `make smoke` from outside.

scripts/login_offered.py says what the keys of a check mean, and asks them.
"""

import re
from typing import TypedDict
from urllib.parse import quote

from declarations.oidc import OidcApplication


class LoginCheck(TypedDict, total=False):
    """One question; scripts/login_offered.py says what the keys mean."""

    url: str
    body: str
    location: str


def leads_to_login(url: str, application: OidcApplication) -> LoginCheck:
    """`url` redirects to Authentik as the client that was declared, and back to the URI that was declared."""
    authorize = re.escape(f"https://{application.auth_host}/application/o/authorize/?")
    client = rf"(?=.*\bclient_id={re.escape(application.client_id)}(&|$))"
    back = rf"(?=.*\bredirect_uri={re.escape(quote(application.redirect_uris[0], safe=''))}(&|$))"
    return LoginCheck(url=url, location=f"^{authorize}{client}{back}")


def has_field(key: str, value: str) -> str:
    """Pattern of a JSON document with that field."""
    return rf'"{key}"\s*:\s*"{re.escape(value)}/?"'

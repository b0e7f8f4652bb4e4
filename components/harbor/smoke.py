"""The account that a login to Harbor leads to: /api/v2.0/users/current (UserResp in api/v2.0/swagger.yaml)."""

from components.harbor.settings import HarborSettings
from smoke.authentik import Session
from smoke.check import Failed
from smoke.checks.accounts import the_account
from smoke.site import Site


def account(site: Site, session: Session, back: str) -> str:
    """The account in Harbor, and whether it is a system administrator's exactly when the stack file says so."""
    base = f"https://{site.settings.section(HarborSettings).host}"
    page = session.browser.follow(back)
    if "/oidc-onboard" in page.url:
        raise Failed("Harbor asks the person for a user name: oidc_auto_onboard is not in force")
    user = session.browser.get(f"{base}/api/v2.0/users/current").json()
    # Only the session of the login knows of the admin group; the flag is for who was made one by hand.
    administrator = bool(user["sysadmin_flag"] or user.get("admin_role_in_auth"))
    return the_account(
        site, session, user["username"], administrator, site.settings.section(HarborSettings).admin_group
    )

"""Section `gitea` of the stack file: git hosting."""

from pydantic import Field

from settings.types import Email, Hostname, Name, Quantity, Strict


class Gitea(Strict):
    """Git hosting."""

    enabled: bool = Field(default=True, description="Whether the service is brought up.")
    host: Hostname = Field(description="Host of Gitea.")
    size: Quantity = Field(default="10Gi", description="Volume of the repositories.")
    user_group: Name = Field(description="Group that may log in.")
    admin_group: Name = Field(description="Group of administrators; its members are in the user group too.")
    admin_email: Email = Field(description="Address of the break-glass administrator.")

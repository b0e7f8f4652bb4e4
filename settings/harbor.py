"""Section `harbor` of the stack file: the container registry."""

from pydantic import Field

from settings.types import Hostname, Name, Quantity, Strict


class Harbor(Strict):
    """Container registry."""

    enabled: bool = Field(default=True, description="Whether the service is brought up.")
    host: Hostname = Field(description="Host of Harbor and of its registry.")
    registry_size: Quantity = Field(default="20Gi", description="Volume of the images.")
    user_group: Name = Field(description="Group that may log in.")
    admin_group: Name = Field(description="Group of system administrators.")

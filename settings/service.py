"""What the sections of the services of phase 4 have in common."""

from pydantic import Field

from settings.types import Strict


class Service(Strict):
    """A service that may be switched off."""

    enabled: bool = Field(default=True, description="Whether the service is brought up.")
    keep_data: bool = Field(
        default=True,
        description="Whether its namespace with the volumes, and the keys of what is stored, stay while it is off; its "
        "database stays in any case.",
    )

    @property
    def kept(self) -> bool:
        """Whether what it stores has a place in the cluster."""
        return self.enabled or self.keep_data

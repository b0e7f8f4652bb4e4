"""Section `matrix` of the stack file: chat."""

from pydantic import Field

from settings.types import Hostname, Name, Quantity, Strict


class Matrix(Strict):
    """Chat: Synapse, Matrix Authentication Service and Element Web."""

    enabled: bool = Field(default=True, description="Whether the service is brought up.")
    host: Hostname = Field(description="Host of Element Web.")
    server_name: Hostname = Field(description="Domain part of user ids; can never change after the first start.")
    synapse_host: Hostname = Field(description="Host of Synapse, which clients and other servers talk to.")
    account_host: Hostname = Field(description="Host of the Matrix Authentication Service.")
    media_size: Quantity = Field(default="20Gi", description="Volume of uploaded media.")
    user_group: Name = Field(description="Group that may log in.")

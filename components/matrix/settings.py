"""Section `matrix` of the stack file: chat."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from settings import rules
from settings.service import ServiceSection
from settings.service_types import Lifetime, UploadSize
from settings.types import Hostname, Name, Quantity, Strict
from settings.user_names import UserNames

USER_NAMES = UserNames(
    impossible=(re.compile(r"^\d+$"), "has digits only, which Synapse keeps for guests"),
)
"""Names of people (synapse/handlers/register.py, `check_username`)."""


class ChatRetention(Strict):
    """After what time chat forgets. What is absent stays for ever."""

    messages: Lifetime | None = Field(
        default=None, description="Age at which messages are deleted; a room may ask for less, never for more."
    )
    local_media: Lifetime | None = Field(
        default=None, description="Time without use after which files that people here uploaded are deleted."
    )
    remote_media: Lifetime | None = Field(
        default=None, description="Time without use after which copies of other servers' files are deleted."
    )


class MatrixSettings(ServiceSection):
    """Chat: Synapse, Matrix Authentication Service and Element Web."""

    host: Hostname = Field(description="Host of Element Web.")
    server_name: Annotated[Hostname, rules.SERVER_NAME] = Field(description="Domain part of user ids.")
    synapse_host: Hostname = Field(description="Host of Synapse, which clients and other servers talk to.")
    account_host: Hostname = Field(description="Host of the Matrix Authentication Service.")
    media_size: Annotated[Quantity, rules.VOLUME] = Field(default="20Gi", description="Volume of uploaded media.")
    max_upload_size: UploadSize = Field(default="100M", description="Largest file that people may upload.")
    retention: ChatRetention = Field(default_factory=ChatRetention)
    url_previews: bool = Field(
        default=False, description="Whether Synapse fetches pages that people link to, to show what is behind the link."
    )
    federation: bool = Field(default=False, description="Whether other Matrix servers are talked to.")
    federation_servers: tuple[Hostname, ...] = Field(
        default=(), description="Server names that are talked to, and no others; when empty, all are."
    )
    user_group: Name = Field(description="Group that may log in.")
    admin_group: Name | None = Field(
        default=None, description="Group whose members may administer the server; they are in the user group too."
    )
    admin_host: Hostname | None = Field(
        default=None, description="Host of Element Admin, the interface for administrators; absent: not brought up."
    )

    @property
    def hosts(self) -> Mapping[str, str]:
        found = {"host": self.host, "synapseHost": self.synapse_host, "accountHost": self.account_host}
        return found | ({"adminHost": self.admin_host} if self.admin_host is not None else {})

    @property
    def delegated(self) -> Mapping[str, str]:
        """The domain of the user ids, where clients and other servers look for the delegation."""
        return {"serverName": self.server_name}

    @property
    def volumes(self) -> Mapping[str, str]:
        return {"mediaSize": self.media_size}

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that the certificate of chat holds."""
        return tuple(dict.fromkeys((*self.hosts.values(), self.server_name)))

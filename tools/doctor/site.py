"""What the checks look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from lib.secret_state import outputs, resources
from settings.infrastructure import TalosSettings
from settings.model import Settings
from settings.proxmox import ProxmoxSettings
from stack_file.machines import VM
from tools.doctor.findings import UnaskedError
from tools.doctor.proxmox_api import ProxmoxApi, ProxmoxError, api
from tools.doctor.reach import FromHere, Reach
from tools.state import State

_BOOTSTRAP = "talos:machine/bootstrap:Bootstrap"


@dataclass(frozen=True, kw_only=True)
class Site:
    """A stack as it stands: what is wanted, what was made of it so far, and the world around it.

    Attributes:
        secrets: Values by key; empty where nobody could open them.
        state: As exported, secrets encrypted; empty before the first update.
        clock: The time of this machine.
    """

    settings: Settings
    secrets: Mapping[str, str] = field(default_factory=dict)
    state: State = field(default_factory=dict)
    reach: Reach = field(default_factory=FromHere)
    clock: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def made(self) -> frozenset[int]:
        """Ids of the VMs that are in the state."""
        machines = (one for one in resources(self.state) if one["type"] == VM and not one.get("delete"))
        return frozenset(int(one["inputs"]["vmId"]) for one in machines if "vmId" in one["inputs"])

    @property
    def bootstrapped(self) -> bool:
        """Whether etcd was started once, so that somebody holds the VIP."""
        return any(one["type"] == _BOOTSTRAP for one in resources(self.state))

    @property
    def brought_up(self) -> bool:
        """Whether an update came to its end once, so that services have URLs."""
        return bool(outputs(self.state).get("urls"))

    @property
    def machines(self) -> tuple[ProxmoxSettings, TalosSettings]:
        """The two sections that describe machines; raises UnaskedError."""
        if self.settings.proxmox is None or self.settings.talos is None:
            raise UnaskedError("the stack uses a cluster that is already there")
        return self.settings.proxmox, self.settings.talos

    @cached_property
    def refusal(self) -> ProxmoxError | None:
        """Why the API of Proxmox does not take the token of the program; None where it does. Raises UnaskedError."""
        try:
            self.api.get("version")
        except ProxmoxError as error:
            return error
        return None

    @property
    def proxmox(self) -> ProxmoxApi:
        """The API by the token of the program, which it takes; raises UnaskedError."""
        if self.refusal is not None:
            raise UnaskedError("Proxmox does not let the program in, see above")
        return self.api

    @property
    def api(self) -> ProxmoxApi:
        """The API by the token of the program, whether it answers or not; raises UnaskedError."""
        proxmox, _ = self.machines
        token = self.secrets.get("proxmoxApiToken")
        if not token:
            raise UnaskedError("proxmoxApiToken is not known")
        return api(proxmox, token)

    @property
    def csi(self) -> ProxmoxApi:
        """The API by the token of the CSI plugin; raises UnaskedError."""
        proxmox, _ = self.machines
        secret = self.secrets.get("proxmoxCsiTokenSecret")
        if not secret:
            raise UnaskedError("proxmoxCsiTokenSecret is not known")
        return api(proxmox, f"{proxmox.csi.token_id}={secret}")

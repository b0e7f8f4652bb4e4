"""What a service does not take as the name of an account: people keep the name that they have in `identity.users`."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class UserNames:
    """Rules of one service.

    Attributes:
        reserved: Names that it keeps for itself.
        endings: Ends of names that it keeps for itself.
        impossible: What no name may contain, as a pattern, and why not in its words.
    """

    reserved: frozenset[str] = frozenset()
    endings: tuple[str, ...] = ()
    impossible: tuple[re.Pattern[str], str] | None = None

    def refusal(self, name: str) -> str | None:
        """Why an account cannot have the name; None when it can."""
        if name in self.reserved or name.endswith(self.endings):
            return "is a name that it keeps for itself"
        if self.impossible is not None and self.impossible[0].search(name):
            return self.impossible[1]
        return None

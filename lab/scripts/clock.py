"""The time of a script."""

from __future__ import annotations

import datetime as dates
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from lab.scripts.replaced import replaced


class Clock:
    """Stands still until the script sleeps, which takes `least` seconds at least; `meanwhile` is what happens then."""

    def __init__(self, begun: dates.datetime, least: float, meanwhile: Callable[[], object]) -> None:
        self._begun, self._passed, self._least, self._meanwhile = begun, 0.0, least, meanwhile

    @property
    def slept(self) -> bool:
        """Whether any time has passed."""
        return self._passed > 0

    def modules(self) -> dict[str, ModuleType]:
        """`time` and `datetime` of this clock."""
        clock = self

        class Now(dates.datetime):
            @classmethod
            def now(cls, tz: dates.tzinfo | None = None) -> Any:
                return (clock._begun + dates.timedelta(seconds=clock._passed)).astimezone(tz)

        own = replaced(time, monotonic=lambda: clock._passed, sleep=self._sleep)
        calendar = replaced(dates, *dates.__all__, datetime=Now)
        return {"time": own, "datetime": calendar}

    def _sleep(self, seconds: float) -> None:
        self._passed += max(seconds, self._least)
        self._meanwhile()

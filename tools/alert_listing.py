"""`python -m tools.alert_listing [--check]`: docs/alerts.md, from the alerts that the program declares."""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from components.monitoring.alert import Alert
from components.monitoring.alerts import declared
from settings.backup import BackupSchedules
from stack_file.schema import write_or_check

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "alerts.md"

_INTRODUCTION = """# Alerts

What [the monitoring](monitoring.md) tells, each with the runbook that its annotation `runbook` names. **critical**: the
platform does not do what it is for, or soon will not, or data are at risk. An alert speaks once its expression has
given a series for that long; what is in angle brackets comes from the series. *Metric* is where upstream says what it
reads. That each speaks and is silent when it should, promtool shows (`make test-rules`).

The age of a base backup follows from `backup.schedules.databases`; here it is that of the default. Alerts of backups
that a stack file does not have never speak. `make generate` writes this page.
"""
_TEMPLATE = re.compile(r"\{\{ \$(?:labels\.)?(\w+)(?: \| (\w+))? \}\}")
_VALUES = {"humanizeDuration": "duration", "humanizePercentage": "percentage", "humanize": "number"}


def described(alert: Alert) -> str:
    """The sentence of the alert, with what differs in angle brackets."""
    return _TEMPLATE.sub(lambda found: f"`<{_VALUES.get(found[2], found[1])}>`", alert.description)


def _section(alert: Alert) -> str:
    lasting = f"after {alert.minutes} minutes" if alert.minutes else "at once"
    return f"""
### {alert.name}

{described(alert)}

**{alert.severity}**, {lasting}. Runbook: [{alert.runbook}](runbooks/{alert.runbook})

```text
{alert.expression}
```

Metric: {alert.source}
"""


def text(alerts: Mapping[str, Sequence[Alert]]) -> str:
    """The whole page."""
    groups = (f"\n## {about}\n{''.join(map(_section, several))}" for about, several in alerts.items())
    return _INTRODUCTION + "".join(groups)


if __name__ == "__main__":
    sys.exit(write_or_check(TARGET, text(declared(BackupSchedules().databases)), sys.argv[1:]))

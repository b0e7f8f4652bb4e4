"""Writes what psql has to do so that a database has the schema of the PowerDNS in whose image this runs.

The image brings the schema, and for each change of it a file `<from>_to_<to>_schema.pgsql.sql` (modules/gpgsqlbackend
of PowerDNS). An empty database gets the schema; every other one the changes that it has not had yet, in their order.
Which it has had stands in a table of its own. Two pods that start at once wait for each other.

Environment: SCHEMA (folder of the image), TARGET (folder that psql reads).
"""

import os
import shutil
import sys
from pathlib import Path

_WHOLE, _CHANGE = "schema.pgsql.sql", "_schema.pgsql.sql"
_LOCK = 5300
_BEGIN = f"""\\set ON_ERROR_STOP on
SELECT pg_advisory_lock({_LOCK}) \\g /dev/null
SELECT to_regclass('domains') IS NULL AS empty \\gset
\\if :empty
BEGIN;
\\ir {_WHOLE}
CREATE TABLE home_cluster_schema (change text PRIMARY KEY);
"""
_INCLUDED = """\\set change {name}
INSERT INTO home_cluster_schema VALUES (:'change');
"""
_MISSING = """\\set change {name}
SELECT NOT EXISTS (SELECT FROM home_cluster_schema WHERE change = :'change') AS missing \\gset
\\if :missing
\\ir {name}
INSERT INTO home_cluster_schema VALUES (:'change');
\\endif
"""


def changes(folder: Path) -> list[str]:
    """Names of the files that change an older schema, from the oldest release to the youngest."""
    return sorted((one.name for one in folder.glob(f"*_to_*{_CHANGE}")), key=_release)


def _release(name: str) -> list[int]:
    """Of `4.3.0_to_4.7.0_schema.pgsql.sql` [4, 7, 0]."""
    return [int(digits) for digits in name.partition("_to_")[2].removesuffix(_CHANGE).split(".")]


def program(names: list[str]) -> str:
    """What psql is told; it reads the files beside this text."""
    included = "".join(_INCLUDED.format(name=name) for name in names)
    return f"{_BEGIN}{included}COMMIT;\n\\endif\n" + "".join(_MISSING.format(name=name) for name in names)


def main() -> int:
    """Exit code 0 once everything lies in TARGET."""
    source, target = Path(os.environ["SCHEMA"]), Path(os.environ["TARGET"])
    names = changes(source)
    for name in (_WHOLE, *names):
        shutil.copy(source / name, target / name)
    (target / "main.sql").write_text(program(names), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m settings.check FILE...`: refuse a defective stack file before the engine starts."""

import sys
from pathlib import Path

from lib.secret_registry import declare
from settings.load import load_stack_file


def main(arguments: list[str]) -> int:
    """Exit code 0 when every file is sound, 1 with one line per defect otherwise."""
    defects = 0
    for path in map(Path, arguments):
        try:
            declare(load_stack_file(path))
        except FileNotFoundError:
            defects += 1
            print(f"{path}: no such stack file; copy Pulumi.test-cluster.yaml and edit it", file=sys.stderr)
        except ValueError as error:
            for line in str(error).splitlines():
                defects += 1
                print(f"{path}: {line}", file=sys.stderr)
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

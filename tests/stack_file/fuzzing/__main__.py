"""`make fuzz`: stack files by the thousand. Prints how many were tried, accepted, refused (by class) and lost."""

import argparse
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.stack_file.fuzzing.files import Case, cases
from tests.stack_file.fuzzing.verdict import ACCEPTED, CLASSES, RECORDED, judge
from tests.stack_file.stacks import ROOT

BATCH = 100
"""Cases that one seed gives."""
_RECORDED = 4
"""One in so many that are accepted is recorded, too, which takes as long as a hundred that are not."""
KEPT = ROOT / "build" / "fuzz"
"""Where the files of lost cases are left."""


@dataclass
class Tally:
    """What came of the cases so far; `lost` has the seed, the file and the end of the traceback of each that failed."""

    counts: Counter[str] = field(default_factory=Counter)
    lost: dict[str, str] = field(default_factory=dict)

    def batch(self, number: int, folder: Path) -> None:
        """The cases of one seed, until one of them is lost; hypothesis then looks for the smallest that is."""
        failed: list[tuple[Case, str]] = []

        @seed(number)
        @settings(
            max_examples=BATCH,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )
        @given(cases())
        def run(case: Case) -> None:
            recording = hash_of(case) % _RECORDED == 0
            try:
                found = judge(case, folder, recording=recording)
            except Exception:
                failed.append((case, traceback.format_exc()))
                raise
            if not failed:
                self.counts[found] += 1

        try:
            run()
        except Exception:
            if not failed:
                raise
            self._keep(number, *failed[-1])

    def _keep(self, number: int, case: Case, trace: str) -> None:
        last = trace.strip().splitlines()[-1][:200]
        place = [line.strip() for line in trace.splitlines() if line.strip().startswith("File ")][-1]
        self.counts["lost"] += 1
        KEPT.mkdir(parents=True, exist_ok=True)
        file = KEPT / f"Pulumi.seed-{number}.yaml"
        file.write_text(case.text, encoding="utf-8", errors="surrogatepass")
        file.with_suffix(".objects.yaml").write_text(case.objects, encoding="utf-8", errors="surrogatepass")
        secrets = f", secrets {case.secrets!r:.300}" if case.secrets else ""
        self.lost.setdefault(f"{place} {last}", f"seed {number}: {last}\n  {place}\n  {file}{secrets}")

    def lines(self) -> list[str]:
        accepted = self.counts[ACCEPTED] + self.counts[RECORDED]
        refused = {name: self.counts[name] for name in CLASSES}
        return [
            f"{sum(self.counts.values()):8} tried",
            f"{accepted:8} accepted, {self.counts[RECORDED]} of them recorded as programs",
            f"{sum(refused.values()):8} refused: " + ", ".join(f"{name} {count}" for name, count in refused.items()),
            f"{self.counts['lost']:8} lost",
        ]


def hash_of(case: Case) -> int:
    """A number that is the same in every process."""
    return sum(case.text.encode("utf-8", "surrogatepass"))


def main(arguments: list[str]) -> int:
    """Exit code 1 when a case was lost."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, help="how long to go on (60 where neither is said)")
    parser.add_argument("--examples", type=int, help="how many cases to try, in batches of 100")
    parser.add_argument("--seed", type=int, help="of the first batch: repeats a run")
    asked = parser.parse_args([one for one in arguments if not one.endswith("=")])
    first = asked.seed if asked.seed is not None else int(time.time())
    until = time.monotonic() + (asked.seconds or (float("inf") if asked.examples else 60))
    tally, number = Tally(), first
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < until and sum(tally.counts.values()) < (asked.examples or float("inf")):
            tally.batch(number, Path(folder))
            number += 1
    print(f"seeds {first} to {number - 1}; again: make fuzz SEED=<seed> EXAMPLES={BATCH}")
    print("\n".join([*tally.lines(), *tally.lost.values()]))
    return 1 if tally.counts["lost"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

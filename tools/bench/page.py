"""The page of a run: build/bench.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any


def page(told: Mapping[str, Any]) -> str:
    """The document as Markdown."""
    parts = [
        "# Benchmarks",
        *_operations(told, {}),
        f"Imports: {told['imports']['product']:.2f} s of the program, {told['imports']['floor']:.2f} s of the floor. "
        + ", ".join(f"{name}: {size:,} bytes" for name, size in told["bytes"].items())
        + ".",
        "## Bring-up, simulated",
        _bring_up(told["bringUp"]),
        "## Growth",
        _table(
            ("", "resources each", "time ÷ trivial", "memory ÷ trivial", "second ÷ first half", "ms each", "KiB each"),
            (_growth(kind, one) for kind, one in told["growth"].items()),
        ),
    ]
    return "\n\n".join(parts) + "\n"


def official_page(told: Mapping[str, Any]) -> str:
    """The document of `tests/real/rig/bench.py` as Markdown."""
    parts = [
        "# Benchmarks with the official Kubernetes provider",
        *_operations(told, {"official": "official provider"}),
        "The first up is one pair. The program's has the simulated rest of the site beside it, for which it waits: its "
        "wall seconds and memory say nothing, and its CPU seconds are without that. All others have the official "
        "provider alone before the engine.",
    ]
    return "\n\n".join(parts) + "\n"


_PARTS = {"engine": "engine", "program": "program, SDK"}
_SIMULATED = {"providers": "simulated providers"}


def _operations(told: Mapping[str, Any], real: Mapping[str, str]) -> Iterator[str]:
    """Goals, ratios and seconds; of `real` providers too, by their key."""
    yield (
        f"{told['rounds']} rounds on {told['machine']['cpus']} CPUs. Ratios are medians over pairs of one run; seconds "
        "compare with nothing outside it. docs/benchmarks.md says what is measured and what bounds it."
    )
    yield "## Goals"
    yield _table(
        ("", "observed", "goal", ""),
        (
            (one["name"], f"{one['observed']:.2f}", f"≤ {one['goal']:.2f}", "held" if one["held"] else "**missed**")
            for one in told["goals"]
        ),
    )
    yield "## Operations, program ÷ floor"
    parts = {**_PARTS, **real}
    yield _table(
        ("", "CPU", "from … to", *parts.values(), "CPU with imports", "wall", "memory"),
        (_operation(name, one, parts) for name, one in told["operations"].items()),
    )
    yield "## CPU seconds of this run"
    parts |= _SIMULATED
    yield _table(
        ("", *(f"{who}: {part}" for who in ("floor", "product") for part in parts.values())),
        (
            (name, *(f"{one[who][part]:.2f}" for who in ("floor", "product") for part in parts))
            for name, one in told["operations"].items()
        ),
    )


def _operation(name: str, one: Mapping[str, Any], parts: Iterable[str]) -> Sequence[str]:
    low, high = one["spread"]
    keys = (*parts, "cpuWithImports", "wall", "memory")
    return (name, f"{one['cpu']:.2f}", f"{low:.2f} … {high:.2f}", *(f"{one[key]:.2f}" for key in keys))


def _bring_up(one: Mapping[str, Any]) -> str:
    rows = [
        (f"engine on {cpus} CPUs", f"{one['secondsByCpus'][cpus]:.0f}", f"{over:.3f}")
        for cpus, over in one["overCritical"].items()
    ]
    table = _table(("", "seconds", "÷ critical path"), [("critical path", f"{one['criticalSeconds']:.0f}", "1"), *rows])
    return (
        f"{table}\n\nOn 2 CPUs: ÷ four phases at intervals of ten minutes {one['overPhasesAtIntervals']:.2f}, ÷ four "
        f"phases that look again after 30 seconds {one['overPhasesAtRetries']:.2f}. With other latencies the critical "
        f"path is exceeded by at most {one['overCriticalWorstOfTables'] - 1:.1%}."
    )


def _growth(kind: str, one: Mapping[str, Any]) -> Sequence[str]:
    keys = ("resources", "time", "memory", "bend", "milliseconds", "kibibytes")
    return (kind, *(f"{one[key]:.2f}" for key in keys))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    line = "| " + " | ".join("---" for _ in head) + " |"
    return "\n".join(["| " + " | ".join(head) + " |", line, *("| " + " | ".join(row) + " |" for row in rows)])

"""Checks of releases that must fit each other (lib/compatibility.py)."""

from collections.abc import Iterator

from lib.charts import TABLE
from lib.compatibility import CHARTS, KUBERNETES, NEWEST_CONTRACT, Takes, is_within, line_of, release, said
from settings.model import Settings
from settings.problem import Problem

_TABLE = "lib/compatibility.py"


def charts_exist(settings: Settings) -> Iterator[Problem]:
    for name in settings.charts.versions:
        if name not in TABLE:
            yield Problem(
                f"charts.versions.{name}", name, "is no chart of this program", f"use one of {', '.join(TABLE)}"
            )


def charts_take_what_goes_with_them(settings: Settings) -> Iterator[Problem]:
    for name, takes in CHARTS.items():
        version = settings.charts.versions.get(name, TABLE[name].version)
        key = f"charts.versions.{name}"
        line = line_of(takes.lines, version)
        if line is None:
            known = ", ".join(map(said, takes.lines))
            clash = f"is of a release line that {_TABLE} does not know; known are {known}"
            yield Problem(key, version, clash, "use one of these, or add the line after reading its notes")
            continue
        first, last = map(said, takes.lines[line])
        if not takes.image and not is_within(settings.gitops.flux_version, takes.lines[line]):
            clash = f"is not among what flux-operator {version} installs, {first} to {last}"
            yield Problem(
                "gitops.fluxVersion", settings.gitops.flux_version, clash, f"use one of them, or another {key}"
            )
        elif takes.image and not is_within(_tag(takes), takes.lines[line]):
            clash = f"takes {takes.what} {first} to {last}, and lib/images.py pins another"
            yield Problem(key, version, clash, "change both, or neither")


def talos_is_known_and_runs_its_kubernetes(settings: Settings) -> Iterator[Problem]:
    talos = settings.talos
    if talos is None:
        return
    line = line_of(KUBERNETES, talos.version)
    if line is None:
        clash = f"is of a release line for which this program writes no configuration; {_TABLE} knows"
        known = ", ".join(map(said, KUBERNETES))
        yield Problem("talos.version", talos.version, f"{clash} {known}", "use a release of one of these")
    elif not is_within(talos.kubernetes_version, KUBERNETES[line]):
        first, last = map(said, KUBERNETES[line])
        clash = f"does not run on talos.version {talos.version}, which takes {first} to {last}"
        yield Problem("talos.kubernetesVersion", talos.kubernetes_version, clash, "use a release of one of these")


def contract_fits_talos(settings: Settings) -> Iterator[Problem]:
    if settings.talos is None:
        return
    contract, talos = settings.talos.version_contract, settings.talos.version
    fix = "use the release the cluster was born with"
    if release(contract) > release(talos)[:2]:
        clash = f"is newer than talos.version {talos}, which does not know it"
        yield Problem("talos.versionContract", contract, clash, fix)
    elif release(contract) > NEWEST_CONTRACT:
        clash = f"is a format in which this program writes no configuration ({_TABLE})"
        yield Problem("talos.versionContract", contract, clash, f"use v{said(NEWEST_CONTRACT)}")


def _tag(takes: Takes) -> str:
    return takes.image.rpartition(":")[2]

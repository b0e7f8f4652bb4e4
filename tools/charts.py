"""`make charts`: put the pinned charts into `build/charts`, where the tests look for their values and definitions.

Each comes with `helm pull` from its own repository, and stays until its pin changes. What cannot be reached is said,
and the tests that need it are skipped with the reason.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from lib.charts import TABLE, Chart
from tools.files import SetupError
from tools.real_programs import HELM
from tools.real_servers import ROOT, ensure
from tools.refusal import refusal

VARIABLE = "HOME_CLUSTER_CHARTS"
"""Names another place for the charts than `build/charts`."""

_SECONDS = 120


def directory(root: Path = ROOT) -> Path:
    """Where charts are looked for, a folder for each."""
    return Path(os.environ.get(VARIABLE) or root / "build" / "charts")


def main(root: Path = ROOT, helm: Path | None = None) -> int:
    """Exit code 0 when every chart is there."""
    place = root / "build" / "charts"
    try:
        program = helm or ensure(HELM, root).binary
    except SetupError as error:
        print(refusal("charts", f"no Helm to pull them with ({error})"), file=sys.stderr)
        return 1
    missing = {chart.name: problem for chart in TABLE.values() if (problem := _pulled(chart, place, program))}
    for name, problem in missing.items():
        print(f"charts: no {name} {TABLE[name].version}: {problem}", file=sys.stderr)
    print(f"charts: {len(TABLE) - len(missing)} of {len(TABLE)} in {place.relative_to(root)}")
    return 1 if missing else 0


def _pulled(chart: Chart, place: Path, helm: Path) -> str:
    """Why the chart is not there now; empty when it is."""
    if _version(place / chart.name) == chart.version:
        return ""
    inputs = chart.release_inputs
    source = [f"--repo={inputs['repository_opts']['repo']}"] if "repository_opts" in inputs else []
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{chart.name}-", dir=place) as directory:
        command = [*(str(helm), "pull", inputs["chart"], *source, f"--version={chart.version}")]
        command += ["--untar", f"--untardir={directory}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return f"no answer within {_SECONDS} s"
        if done.returncode:
            return next(iter(done.stderr.strip().splitlines()[-1:]), "helm pull failed")
        pulled = Path(directory) / chart.name
        if _version(pulled) != chart.version:
            return f"the repository gave {_version(pulled)}"
        shutil.rmtree(place / chart.name, ignore_errors=True)
        pulled.rename(place / chart.name)
    return ""


def _version(chart: Path) -> str | None:
    file = chart / "Chart.yaml"
    return str(yaml.safe_load(file.read_text(encoding="utf-8"))["version"]) if file.is_file() else None


if __name__ == "__main__":
    sys.exit(main())

"""Upstream data of charts: default values and schema of the values.

The data are not part of this repository. They are looked for where HOME_CLUSTER_CHARTS points, else in build/charts,
where `make charts` puts them, else in ../shared/reference/charts beside the checkout.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from tests.support.program import ROOT
from tests.support.wire import Path as ValuePath
from tools.chart_values import Image, image_names, images, merged

__all__ = ["Image", "image_names", "images", "merged"]

VARIABLE = "HOME_CLUSTER_CHARTS"
WITHOUT = f"no chart data: run `make charts`, or set {VARIABLE} to a directory of charts from `helm pull --untar`"
"""Reason of a test that needs them to be skipped."""

# Charts whose Chart.yaml in version control carries a placeholder that is stamped at release.
_STAMPED_AT_RELEASE = {"0.1.0", "26.8.1-dev"}


def directory() -> Path | None:
    """Where the data are; None where there are none."""
    given = os.environ.get(VARIABLE)
    places = (Path(given),) if given else (ROOT / "build" / "charts", ROOT.parent / "shared" / "reference" / "charts")
    return next((place for place in places if place.is_dir()), None)


@dataclass(frozen=True)
class ChartData:
    """What the upstream chart says about itself."""

    path: Path

    @property
    def version(self) -> str:
        return str(yaml.safe_load((self.path / "Chart.yaml").read_text(encoding="utf-8"))["version"])

    def is_of(self, version: str) -> bool:
        """Whether they speak of that release: of its patches, values and their schema are the same."""
        return self.version in _STAMPED_AT_RELEASE or _minor(self.version) == _minor(version)

    @cached_property
    def values(self) -> dict[str, Any]:
        values: dict[str, Any] = yaml.safe_load(self.text) or {}
        return values

    @cached_property
    def text(self) -> str:
        """values.yaml as it is written: some keys stand only in its comments."""
        return (self.path / "values.yaml").read_text(encoding="utf-8")

    @cached_property
    def schema(self) -> dict[str, Any] | None:
        file = self.path / "values.schema.json"
        if not file.exists():
            return None
        schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return schema


def _minor(version: str) -> list[str]:
    return version.removeprefix("v").split(".")[:2]


# Objects of the Kubernetes API that charts copy into their manifests as they are.
_PARTS_OF_A_POD = frozenset(
    {
        "podSecurityContext",
        "securityContext",
        "containerSecurityContext",
        "resources",
        "readinessProbe",
        "livenessProbe",
    }
)
_HANDLERS = frozenset({"httpGet", "tcpSocket", "exec", "grpc"})


@cache
def chart_data(name: str) -> ChartData | None:
    base = directory()
    return ChartData(base / name) if base is not None and (base / name / "Chart.yaml").exists() else None


def unknown_keys(data: ChartData, ours: Mapping[str, Any]) -> Iterator[ValuePath]:
    """Paths of our values that the chart's values.yaml does not have.

    Below an empty mapping, a list or null everything goes, and so does it below the parts of a pod: there the chart
    passes on what it is given. A key that stands only in a comment of values.yaml, such as `# caBundleSecretName:`,
    counts as known.
    """
    commented = set(re.findall(r"^\s*#+\s*([A-Za-z][\w.-]*):", data.text, re.MULTILINE))
    yield from _unknown(data.values, ours, (), commented)


def _unknown(
    defaults: Mapping[str, Any], ours: Mapping[str, Any], path: ValuePath, known: set[str]
) -> Iterator[ValuePath]:
    for key, value in ours.items():
        here = (*path, key)
        if key not in defaults:
            if key not in known:
                yield here
        elif key in _PARTS_OF_A_POD or not isinstance(value, dict):
            continue
        elif isinstance(defaults[key], dict) and defaults[key]:
            yield from _unknown(defaults[key], value, here, known)


def schema_errors(data: ChartData, ours: Mapping[str, Any]) -> list[str]:
    """What the chart's schema says against the merged values."""
    if data.schema is None:
        return []
    # Several charts name their draft in a way the library does not know; all of them mean draft 7.
    validator = jsonschema.validators.validator_for(data.schema, default=jsonschema.Draft7Validator)
    errors = validator(data.schema).iter_errors(merged(data.values, dict(ours)))
    return [f"{error.json_path}: {error.message[:300]}" for error in errors]


def probes_with_two_handlers(values: Any, path: ValuePath = ()) -> Iterator[str]:
    """Probes that the API server would refuse: a default of the chart stands beside what we chose."""
    if isinstance(values, dict):
        for key, value in values.items():
            here = (*path, key)
            if str(key).endswith("Probe") and isinstance(value, dict):
                handlers = sorted(name for name in _HANDLERS & set(value) if value[name])
                if len(handlers) > 1:
                    yield f"{'.'.join(map(str, here))} has {' and '.join(handlers)}"
            yield from probes_with_two_handlers(value, here)

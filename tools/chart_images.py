"""Images that a chart runs: from its manifests where Helm can render them, else from its values."""

import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.chart_values import images, merged

_SECONDS = 120
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RUNS = frozenset({"image", "imageName", "fullOverride"})


class RenderError(Exception):
    """Helm does not render the chart. The message is its own."""


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A chart as it is installed.

    Attributes:
        directory: Where it is unpacked, with or without its templates.
        kubernetes: Release of Kubernetes that it is rendered for.
    """

    directory: Path
    release: str
    namespace: str
    values: Mapping[str, Any]
    kubernetes: str

    @property
    def has_templates(self) -> bool:
        """Whether Helm can render it."""
        return (self.directory / "templates").is_dir()

    @property
    def version(self) -> str:
        """Release of the chart that is unpacked."""
        return str(self._about["version"])

    @property
    def _about(self) -> Mapping[str, Any]:
        about: Mapping[str, Any] = yaml.safe_load((self.directory / "Chart.yaml").read_text(encoding="utf-8"))
        return about

    def rendered(self, helm: Path) -> set[str]:
        """Images of its manifests; raises RenderError."""
        with tempfile.TemporaryDirectory() as place:
            values = Path(place) / "values.yaml"
            values.write_text(yaml.safe_dump(dict(self.values)), encoding="utf-8")
            command = [str(helm), "template", self.release, str(self.directory), f"--namespace={self.namespace}"]
            command += [f"--values={values}", f"--kube-version={self.kubernetes}"]
            homes = {f"HELM_{kind}_HOME": place for kind in ("CACHE", "CONFIG", "DATA")}
            done = subprocess.run(command, env=homes, capture_output=True, text=True, timeout=_SECONDS, check=False)
        if done.returncode:
            raise RenderError(next(iter(done.stderr.strip().splitlines()[-1:]), "helm template failed"))
        return {image for one in yaml.load_all(done.stdout, Loader=_LOADER) for image in named(one)}

    def told(self) -> set[str]:
        """Images of its values, under ours; where they name no tag, that of the chart's own release."""
        defaults = yaml.safe_load((self.directory / "values.yaml").read_text(encoding="utf-8")) or {}
        values = merged(defaults, dict(self.values))
        common = (values.get("global") or {}).get("imageRegistry") or values.get("imageRegistry") or ""
        found = set()
        for image in images(values):
            registry, repository = image.spec.get("registry") or common, image.spec.get("repository")
            if repository and not image.spec.get("fullOverride"):
                tag = image.spec.get("tag") or self._about.get("appVersion", "")
                found.add(f"{registry}/{repository}:{tag}" if registry else f"{repository}:{tag}")
        return found | set(named(values))


def named(value: Any) -> Iterator[str]:
    """Images that containers, or resources of operators, name whole."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            if key in _RUNS and isinstance(below, str) and re.search(r":[\w.-]+(@sha256:[0-9a-f]{64})?$", below):
                yield below
            else:
                yield from named(below)
    elif isinstance(value, list):
        for below in value:
            yield from named(below)

"""`make sbom STACK=home`: build/sbom.cdx.json, a CycloneDX document of everything that a stack is made of.

The Python packages and Go modules of the lock files, with their hashes; the plugins of providers; and the charts,
images and files of `make images`, whose flag it takes: ARGS=--digests asks the registries for the digest of each
image. What is needed for checks and tests alone has the scope `excluded`. The document holds no time, so that the same
checkout makes the same one, and is checked against the schema of CycloneDX before it is written.
"""

import argparse
import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lab.checkout import LabError
from lib.images import registry
from tools.audit import ENVIRONMENT
from tools.images import of_stack, told_digests
from tools.listing import Image, Listing
from tools.operate import ROOT, OperateError
from tools.refusal import refusal
from tools.waiting import interruptible, ticking

TARGET = Path("build") / "sbom.cdx.json"
_PROGRAM = frozenset({"requirements.txt", "tools/pulumi/go.sum"})
"""What an operation on a stack needs; the other lock files are for checks, tests and pages."""
_CHECK = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
defect = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
sys.exit(f"{defect.data.message} at {defect.data.json_path}" if defect else 0)
"""


@dataclass(frozen=True, kw_only=True)
class Component:
    """A part of the document.

    Attributes:
        purl: Package URL (github.com/package-url/purl-spec), which also is its reference; one for each component.
        kind: Type of CycloneDX.
        scope: `required`, or `excluded` for what is no part of an operation.
        hashes: SHA-256, in hexadecimal digits; of a Python package, of each of its files.
        sources: Where it is named: lock files, or resources.
    """

    purl: str
    name: str
    version: str
    kind: str = "library"
    scope: str = "required"
    hashes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def entry(self) -> dict[str, Any]:
        """As CycloneDX has it."""
        named = {"type": self.kind, "bom-ref": self.purl, "name": self.name, "version": self.version}
        return {
            **{key: value for key, value in named.items() if value},
            "scope": self.scope,
            "purl": self.purl,
            **({"hashes": [{"alg": "SHA-256", "content": one} for one in self.hashes]} if self.hashes else {}),
            "properties": [{"name": "home-cluster:named-by", "value": one} for one in self.sources],
        }


def of_python(root: Path) -> Iterator[Component]:
    """Packages of the lock files."""
    for lock in sorted(root.glob("requirements*.txt")):
        for entry in re.split(r"\n(?=[A-Za-z0-9])", lock.read_text(encoding="utf-8")):
            if match := re.match(r"([\w.-]+)==([^\s;]+)", entry):
                purl = f"pkg:pypi/{re.sub(r'[-_.]+', '-', match[1]).lower()}@{match[2]}"
                hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", entry))
                yield Component(purl=purl, name=match[1], version=match[2], hashes=hashes, **_named_by(lock, root))


def of_go(root: Path) -> Iterator[Component]:
    """Modules of which the code is fetched; their hash is that of go.sum (golang.org/x/mod/sumdb/dirhash, Hash1)."""
    for lock in sorted(root.glob("tools/*/go.sum")):
        for module, version, digest in re.findall(r"^(\S+) (\S+) h1:(\S+)$", lock.read_text("utf-8"), re.MULTILINE):
            if not version.endswith("/go.mod"):
                purl = f"pkg:golang/{quote(module.lower(), safe='/.-_~')}@{quote(version, safe='.-_~')}"
                hashes = (base64.b64decode(digest).hex(),)
                yield Component(purl=purl, name=module, version=version, hashes=hashes, **_named_by(lock, root))


def _named_by(lock: Path, root: Path) -> dict[str, Any]:
    source = str(lock.relative_to(root))
    return {"scope": "required" if source in _PROGRAM else "excluded", "sources": (source,)}


def of_listing(found: Listing) -> Iterator[Component]:
    """What `make images` knows of a stack."""
    for plugin in found.plugins:
        name, _, version = plugin.partition(" ")
        purl = f"pkg:generic/pulumi-resource-{name}@{version}"
        yield Component(purl=purl, name=f"pulumi-resource-{name}", version=version, kind="application")
    for one in found.charts:
        purl = f"pkg:helm/{one['chart']}@{one['version']}?repository_url={quote(one['source'], safe='')}"
        hashes = tuple(filter(None, (one.get("digest", "").removeprefix("sha256:"),)))
        yield Component(purl=purl, name=one["chart"], version=one["version"], hashes=hashes, sources=(one["reader"],))
    yield from map(_image, found.images)
    for file in found.files:
        purl = f"pkg:generic/{quote(file.rpartition('/')[2].replace(':', '@'), safe='@.-_~')}"
        yield Component(purl=f"{purl}?download_url={quote(file, safe='')}", name=file, version="", kind="file")


def _image(one: Image) -> Component:
    """By its digest where that is known (purl-spec, types/oci), else by its tag (types/docker)."""
    named, _, digest = one.image.partition("@")
    digest = digest or one.digest or ""
    repository, colon, tag = named.rpartition(":") if ":" in named.rpartition("/")[2] else (named, "", "")
    host, short = registry(named), repository.rpartition("/")[2]
    path = repository.removeprefix(f"{host}/")
    whole = quote(f"{host}/{path}", safe="")
    if digest:
        purl = f"pkg:oci/{short.lower()}@{quote(digest, safe='')}?repository_url={whole}{f'&tag={tag}' if tag else ''}"
    else:
        purl = f"pkg:docker/{path}{f'@{tag}' if colon else ''}?repository_url={quote(host, safe='')}"
    hashes = (digest.removeprefix("sha256:"),) if digest.startswith("sha256:") else ()
    return Component(
        purl=purl, name=f"{host}/{path}", version=tag, kind="container", hashes=hashes, sources=tuple(one.readers)
    )


def document(found: Listing, root: Path) -> dict[str, Any]:
    """The whole, as CycloneDX 1.6; a component that several lock files name stands once."""
    merged: dict[str, Component] = {}
    for one in (*of_python(root), *of_go(root), *of_listing(found)):
        other = merged.get(one.purl, one)
        merged[one.purl] = Component(
            purl=one.purl,
            name=one.name,
            version=one.version,
            kind=one.kind,
            scope=min(one.scope, other.scope, key=["required", "excluded"].index),
            hashes=tuple(sorted({*one.hashes, *other.hashes})),
            sources=tuple(sorted({*one.sources, *other.sources})),
        )
    about = {"type": "application", "bom-ref": "home-cluster", "name": "home-cluster"}
    unknown = [{"name": "home-cluster:not-known", "value": line} for line in found.unknown]
    stack = {"name": "home-cluster:stack", "value": found.stack}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": about, "properties": [stack, *unknown]},
        "components": [merged[purl].entry for purl in sorted(merged)],
        "dependencies": [{"ref": "home-cluster", "dependsOn": sorted(merged)}],
    }


def defect(text: str, *options: str) -> str:
    """What the schema of CycloneDX has against a document, or why it was not asked; empty when it is well."""
    command = [str(ROOT / ".venv/bin/uv"), *ENVIRONMENT[:1], *options, *ENVIRONMENT[1:], "python", "-c", _CHECK]
    run = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=False)
    return run.stderr.strip() or "no reason" if run.returncode else ""


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when the document is written, with every digest that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tools.sbom", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    parser.add_argument("--digests", action="store_true", help="ask the registries for the digest of each")
    options = parser.parse_args(arguments)
    try:
        found = of_stack("sbom", options.stack, root)
    except (LabError, OperateError, ValueError) as error:
        print(refusal("sbom", error), file=sys.stderr)
        return 1
    wrong = told_digests(found, root) if options.digests else []
    text = json.dumps(made := document(found, root), indent=1) + "\n"
    with ticking("sbom: asking the schema of CycloneDX"):
        problem = defect(text)
    if problem:
        print(refusal("sbom", f"nothing was written, the document is not as it must be: {problem}"), file=sys.stderr)
        return 1
    (root / TARGET).parent.mkdir(exist_ok=True)
    (root / TARGET).write_text(text, encoding="utf-8")
    print(f"sbom: {len(made['components'])} components in {TARGET}")
    for line in (*wrong, *(f"not known: {one}" for one in found.unknown)):
        print(f"sbom: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    with interruptible("interrupted"):
        sys.exit(main())

"""What is known is told, and what was not asked is never taken for clean. The services are doubles, the askers real."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from doubles.loopback import Reply, Request, serving
from tests.support.program import ROOT
from tools import audit
from tools.binaries import Found
from tools.files import UnavailableError
from tools.real_programs import ACTIONLINT, GOVULNCHECK
from tools.real_servers import find

LOCK = "requirements-docs.txt"
ADVISORY = {
    "schema_version": "1.3.1",
    "id": "GO-2099-0001",
    "modified": "2026-11-27T00:00:00Z",
    "published": "2026-11-27T00:00:00Z",
    "aliases": [],
    "details": "planted",
    "affected": [
        {
            "package": {"name": "github.com/fatih/color", "ecosystem": "Go"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "99.0.0"}]}],
            "ecosystem_specific": {"imports": [{"path": "github.com/fatih/color"}]},
        }
    ],
}
"""In the form of the database (go.dev/doc/security/vuln/database), against a module that actionlint has."""


def osv(request: Request) -> Reply:
    """One vulnerability, of one package (google.github.io/osv.dev/post-v1-query)."""
    asked = json.loads(request.body)["package"]["name"]
    affected = [{"package": {"name": "jinja2", "ecosystem": "PyPI"}, "ranges": []}]
    planted: dict[str, Any] = {"id": "PYSEC-2099-1", "aliases": [], "affected": affected, "summary": "planted"}
    return Reply(body={"vulns": [planted]} if asked == "jinja2" else {})


def test_a_vulnerable_package_is_told_unless_it_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "ENVIRONMENT", (*audit.ENVIRONMENT[:1], "--offline", *audit.ENVIRONMENT[1:]))
    with serving(osv) as double:
        try:
            known = list(audit.of_python(LOCK, [f"--osv-url={double.url}/v1/query"]))
        except audit.NotAskedError as error:
            if double.requests:
                raise
            pytest.skip(f"{error}: make audit fetches its environment")
        assert len(known) == 1
        assert "jinja2 3.1.6: PYSEC-2099-1" in known[0]
        monkeypatch.setattr(audit, "IGNORED", {"PYSEC-2099-1": "planted"})
        assert list(audit.of_python(LOCK, [f"--osv-url={double.url}/v1/query"])) == []


@pytest.mark.parametrize(
    ("code", "told", "reason"),
    [
        (0, {"dependencies": [{"name": "x", "skip_reason": "Dependency not found"}], "fixes": []}, "not found"),
        (0, {"dependencies": [], "fixes": []}, "it names no package"),
        (1, None, "cannot be reached"),
    ],
)
def test_what_was_not_asked_is_not_clean(code: int, told: Any, reason: str, tmp_path: Path) -> None:
    uv = tmp_path / ".venv" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    shown = f"echo '{json.dumps(told)}'" if told else "echo 'cannot be reached' >&2"
    uv.write_text(f"#!/bin/sh\n{shown}\nexit {code}\n")
    uv.chmod(0o755)
    with pytest.raises(audit.NotAskedError, match=reason):
        list(audit.of_python(LOCK, root=tmp_path))


def database(place: Path, advisories: Sequence[Any]) -> str:
    """A database of Go in files."""
    modified = "2026-11-27T00:00:00Z"
    rows = [{"id": one["id"], "modified": modified, "fixed": "99.0.0"} for one in advisories]
    modules = [{"path": one["affected"][0]["package"]["name"], "vulns": rows} for one in advisories]
    for name, content in {
        "index/db.json": {"modified": modified},
        "index/modules.json": modules,
        "index/vulns.json": [{"id": row["id"], "modified": modified, "aliases": []} for row in rows],
        **{f"ID/{one['id']}.json": one for one in advisories},
    }.items():
        (file := place / name).parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
    return f"-db={place.as_uri()}"


def test_a_vulnerable_module_of_a_program_is_told(tmp_path: Path) -> None:
    try:
        program, govulncheck = find(ACTIONLINT).binary, find(GOVULNCHECK).binary
    except UnavailableError as error:
        pytest.skip(str(error))
    planted, clean = database(tmp_path / "planted", [ADVISORY]), database(tmp_path / "clean", [])
    (told,) = audit.of_go(program, govulncheck, [planted])
    assert told == "actionlint: github.com/fatih/color v1.19.0: GO-2099-0001, fixed in v99.0.0"
    assert list(audit.of_go(program, govulncheck, [clean])) == []
    with pytest.raises(audit.NotAskedError):
        list(audit.of_go(program, govulncheck, [f"-db={(tmp_path / 'nowhere').as_uri()}"]))


def test_the_audit_ends_with_what_was_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements.txt").touch()
    monkeypatch.setattr(audit, "of_python", lambda name, root: iter([f"{name}: x 1.0: PYSEC-2099-1"]))
    monkeypatch.setattr(audit, "programs", lambda root: iter([Path("pulumi")]))
    monkeypatch.setattr(audit, "ensure", lambda program, root: Found(ROOT, ""))
    monkeypatch.setattr(audit, "of_go", lambda program, govulncheck: iter(()))
    assert audit.main(tmp_path) == 1, "something is known"

    def offline(program: Path, govulncheck: Path) -> Any:
        raise audit.NotAskedError("no such host")

    monkeypatch.setattr(audit, "of_go", offline)
    assert audit.main(tmp_path) == 2, "and not everything was asked"
    told = capsys.readouterr()
    assert "PYSEC-2099-1" in told.out
    assert "not asked: Go programs: no such host" in told.err

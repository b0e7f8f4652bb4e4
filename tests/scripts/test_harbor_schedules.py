"""The schedule of the garbage collection holds Valkey's password as core had it when the schedule was written."""

import pytest

from tests.scripts.harbor_site import Site

OLD, NEW = "redis://harbor:first@valkey/3", "redis://harbor:second@valkey/3"
LATER = "2099-02-01T00:00:"


def _rotate(site: Site) -> None:
    """Valkey has another password, External Secrets wrote it; core has not started anew."""
    site.cluster.generations, site.cluster.written = "valkey/harbor=2", f"{LATER}10Z"
    site.set_environment("VALKEY_GENERATIONS", "valkey/harbor=2")
    site.harbor.now = f"{LATER}12.000Z"


def _restart(site: Site) -> None:
    site.cluster.started, site.harbor.now, site.harbor.cache_url = f"{LATER}15Z", f"{LATER}30.000Z", NEW


def _url(site: Site) -> str:
    return str(site.harbor.schedules["gc"]["redis_url_reg"])


def test_a_rotated_password_reaches_the_schedule(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.run()
    assert _url(site) == OLD, "core's"
    _rotate(site)
    _restart(site)
    site.writes()
    site.set_environment("SCHEDULED", "true")
    assert site.run() == 0, "nobody had changed anything by hand"
    assert _url(site) == NEW, "the schedule was written again"
    assert site.writes() == ["PUT /api/v2.0/system/gc/schedule"], "once, and nothing else"
    assert "changed: PUT /system/gc/schedule, for core was started after it" in capsys.readouterr().out, "says so"


def test_a_core_that_still_runs_with_the_old_password_writes_no_schedule(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.run()
    _rotate(site)
    site.writes()
    assert site.run(seconds=3) == 1, "it would copy the old one"
    assert site.writes() == [], "and nothing is written"
    assert "Reloader has to restart it" in capsys.readouterr().err, "what is waited for"


def test_what_an_old_core_wrote_after_the_rotation_is_written_again(site: Site) -> None:
    site.run()
    _rotate(site)
    site.harbor.schedules["gc"]["creation_time"] = site.harbor.now  # by somebody in the UI, say
    _restart(site)
    assert site.run() == 0, "it looks as declared"
    assert _url(site) == NEW, "but is older than the core that runs"


def test_a_secret_of_another_generation_is_waited_for(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.set_environment("VALKEY_GENERATIONS", "valkey/harbor=2")
    assert site.run(seconds=3) == 1, "External Secrets has not read it"
    assert "is of valkey/harbor=1 yet, not of valkey/harbor=2" in capsys.readouterr().err, "says so"
    assert "gc" not in site.harbor.schedules, "nothing is written before"


@pytest.mark.parametrize(("reaches_cache", "code"), [(True, 0), (False, 1)])
def test_a_secret_that_changed_long_ago_in_its_metadata_alone_stops_nothing(
    site: Site, reaches_cache: bool, code: int
) -> None:
    site.cluster.written, site.cluster.started = "2020-01-02T00:00:00Z", "2020-01-01T00:00:00Z"
    site.harbor.reaches_cache = reaches_cache
    assert site.run(seconds=12) == code, "a core that reaches Valkey has the password that Valkey takes"


def test_a_collection_that_failed_is_told_with_its_reason(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    log = f"[INFO] delete blobs\n[ERROR] failed to clean registry cache: {OLD}: WRONGPASS\n[INFO] exit"
    site.harbor.collections.append(({"id": 0, "job_status": "Error"}, log))
    assert site.run(seconds=200) == 0, "no reason to hold back an update"
    site.set_environment("SCHEDULED", "true")
    capsys.readouterr()
    assert site.run(seconds=200) == 1, "but it is seen each hour"
    said = capsys.readouterr().err
    assert "garbage collection 0 failed: [ERROR] failed to clean registry cache: redis://valkey/3: WRONGPASS" in said, (
        "why, without the password"
    )
    site.harbor.collections.append(({"id": 1, "job_status": "Success"}, ""))
    assert site.run() == 0, "until one has succeeded"

"""What the Job makes of Harbor, against a double of its API."""

import pytest

from tests.scripts.harbor_site import DECLARED, Clock, Site

GIBI = 2**30


def test_everything_that_is_declared_comes_to_be(site: Site) -> None:
    assert site.run() == 0, "the gate opens"
    assert site.roles("shop") == {"admin": 1, "people": 2, "owners": 1}, "groups with their roles"
    assert site.quota("shop") == 20 * GIBI, "in bytes"
    assert site.quota("library") == -1, "no quota is no limit, not Harbor's default"
    assert site.rules("shop") == {"latestPushedK": 10, "nDaysSinceLastPush": 30}, "any rule keeps an artifact"
    assert site.rules("proxy-docker") == {"nDaysSinceLastPull": 7}, "as Harbor itself gives to a proxy cache"
    assert site.rules("proxy-quay") == {"nDaysSinceLastPull": 90}, "unless the file says otherwise"
    hub = next(one for one in site.harbor.registries.values() if one["name"] == "hub")
    assert site.project("proxy-docker")["registry_id"] == hub["id"], "the cache is one of its registry"
    assert sorted(site.harbor.passwords.values()) == ["Builder0Password", "Puller0Password"], (
        "the registry's, not made up"
    )
    assert {job: one["schedule"]["cron"] for job, one in site.harbor.schedules.items()} == {
        "gc": "0 30 3 * * 6",
        "scanAll": "0 0 4 * * *",
    }, "both, with the seconds that Harbor wants"


def test_a_project_that_harbor_brings_along_is_taken_over(site: Site) -> None:
    assert site.project("library")["metadata"]["public"] == "true", "as Harbor makes it"
    site.run()
    settings = {"public": "false", "auto_scan": "true", "prevent_vul": "true", "severity": "high"}
    assert site.project("library")["metadata"] == settings, "as the file says"


def test_a_second_run_changes_nothing(site: Site) -> None:
    site.run()
    site.writes()
    assert site.run() == 0, "all is there"
    assert site.writes() == [], "so nothing is written, every hour anew"


def test_what_the_file_does_not_name_stays(site: Site) -> None:
    site.run()
    site.writes()
    assert site.run({}) == 0, "a file that names nothing"
    assert {one["name"] for one in site.harbor.projects.values()} >= {"shop", "library"}, "deletes no images"
    assert site.writes() == [], "and changes nothing"


def test_a_retention_that_leaves_the_file_keeps_everything(site: Site) -> None:
    site.run()
    without = {**DECLARED["projects"], "shop": {"members": {"people": "developer"}}}
    assert site.run({**DECLARED, "projects": without}) == 0, "the run"
    assert "retention_id" not in site.project("shop")["metadata"], "nothing deletes any more"
    assert site.quota("shop") == -1, "and the quota goes with it"


def test_what_is_removed_is_deleted_robots_first(site: Site) -> None:
    site.run()
    site.writes()
    gone = {"robots": ["puller", "builder"], "projects": ["proxy-docker"], "registries": ["hub"]}
    assert site.run({"removed": gone}) == 0, "a registry goes once no cache needs it"
    assert not site.harbor.robots, "the robots"
    assert [one["name"] for one in site.harbor.registries.values()] == ["quay"], "and no other registry"
    assert site.run({"removed": gone}) == 0, "and what is gone already is no error"


def test_a_project_with_images_is_not_deleted_and_it_is_said_why(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.run()
    site.harbor.images.append("shop")
    assert site.run({"removed": {"projects": ["shop"]}}, seconds=0) == 1, "data is never deleted"
    words = capsys.readouterr().err
    assert "removed.projects shop" in words, "names it"
    assert "the project contains repositories, can not be deleted" in words, "in Harbor's words"


def test_a_registry_that_cannot_be_reached_keeps_nothing_else_from_being_made(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.harbor.unreachable.add("https://quay.io")
    rights = {"shop": ["push"], "proxy-quay": ["pull"]}
    robots = {
        **DECLARED["robots"],
        "builder": {"permissions": rights},
        "cacher": {"permissions": {"proxy-quay": ["pull"]}},
    }
    site.passwords["cacher"] = "Cacher0Password"
    site.mount()
    declared = {**DECLARED, "robots": robots}
    assert site.run(declared, seconds=200) == 0, "somebody else's outage holds back no update"
    words = capsys.readouterr().out
    assert "registry quay: POST /registries was answered 400: the registry is unhealthy" in words, "the reason"
    assert "project proxy-quay: needs the registry quay, which is not there yet" in words, "and what follows"
    assert "robot builder: has no rights yet in proxy-quay" in words, "for everybody"
    assert site.roles("shop") == {"admin": 1, "people": 2, "owners": 1}, "all others are complete"
    assert {"Builder0Password", "Puller0Password"} <= set(site.harbor.passwords.values()), "robots, too"
    site.set_environment("SCHEDULED", "true")
    assert site.run(declared, seconds=200) == 1, "every hour it is tried again, and seen"
    site.harbor.unreachable.clear()
    site.run(declared)
    assert site.run(declared) == 0, "until it answers"
    assert len(site.harbor.robots) == 3, "then everything is there"


def test_what_only_a_person_can_mend_stays_a_failure(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.harbor.unreachable.add("https://hub.docker.com")
    site.harbor.registries[99] = {"id": 99, "name": "quay", "type": "harbor", "url": "https://quay.io"}
    assert site.run(seconds=200) == 1, "waiting would not help"
    assert "registry quay: is of type harbor, which cannot change" in capsys.readouterr().err, "the last words"


def test_a_cache_never_becomes_one_of_another_registry(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.run()
    other = {**DECLARED["projects"], "proxy-docker": {"public": True, "proxyCache": "quay"}}
    assert site.run({**DECLARED, "projects": other}, seconds=0) == 1, "Harbor cannot change it"
    assert "project proxy-docker: is a cache of another registry" in capsys.readouterr().err, "says so"


def test_a_rotated_password_is_told_to_harbor_once_its_secret_is_mounted(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.run()
    assert site.run(seconds=0, generation=2) == 1, "the mounted Secret is still the old one"
    assert "robot puller: its Secret as mounted here is still generation 1" in capsys.readouterr().err, "says so"
    site.passwords = {name: f"{password}Anew" for name, password in site.passwords.items()}
    site.mount(generation=2)
    assert site.run(generation=2) == 0, "now it is there"
    assert sorted(site.harbor.passwords.values()) == ["Builder0PasswordAnew", "Puller0PasswordAnew"], "and works"


def test_a_secret_that_is_not_mounted_is_named(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    (site.directory / "puller" / "generation").unlink()
    assert site.run(seconds=0) == 1, "no password"
    assert "robot puller: " in capsys.readouterr().err, "no robot"
    assert "robot$builder" in [one["name"] for one in site.harbor.robots.values()], "the other is there"


def test_a_password_that_harbor_refuses_is_told_in_its_words(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.passwords["puller"] = "allsmallletters"
    site.mount()
    assert site.run(seconds=3) == 1, "Harbor wants capitals and digits"
    assert "answered 400: the secret must be 8-128" in capsys.readouterr().err, "says so"


def test_a_changed_password_of_the_administrator_is_named_and_nothing_is_touched(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARBOR_PASSWORD", "wrong")
    assert site.run(seconds=0) == 1, "nobody may look"
    assert "was the administrator's password changed by hand?" in capsys.readouterr().err, "the likely cause"
    assert site.writes() == [], "least of all for want of seeing what is there"


def test_the_secrets_are_in_no_line_of_the_log(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.run()
    words = capsys.readouterr().out
    assert "changed: PATCH /robots/" in words, "what was done is"
    assert not [secret for secret in (*site.passwords.values(), site.harbor.password) if secret in words], (
        "with what is not"
    )


def test_lists_of_more_than_a_page_are_read_to_the_end(site: Site) -> None:
    many = {f"team{number}": {"members": {"people": "guest"}} for number in range(120)}
    assert site.run({"projects": many}) == 0, "none is asked for twice"
    site.writes()
    assert site.run({"projects": many}) == 0, "again"
    assert site.writes() == [], "all were seen"


def test_it_waits_for_a_harbor_that_is_not_there_yet(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site.harbor.down = True
    monkeypatch.setattr(Clock, "sleep", lambda *_: setattr(site.harbor, "down", False))
    assert site.run() == 0, "it comes up"
    assert "Harbor: GET /registries?page=1&page_size=100 was answered 503" in capsys.readouterr().out, "while it waits"


def test_a_setting_that_never_stays_is_no_success(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "sleep", lambda *_: site.harbor.schedules.pop("gc", None))
    assert site.run({}, seconds=3) == 1, "answered 200, and not kept"

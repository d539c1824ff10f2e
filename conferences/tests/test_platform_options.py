"""What an administrator may write about a connection, and what he is told when it is wrong."""

import datetime as dt
from typing import Any

import pytest

from common.errors import Invalid
from conferences.choices import Platform
from conferences.models import Connection
from conferences.platforms.registry import FIELDS, PATHS, check_options, get_driver
from conferences.platforms.trueconf.moments import moment
from conferences.platforms.trueconf.scopes import NEEDED, missing
from conferences.platforms.unstated import path_of, reader

GOOD = {
    "platform": Platform.TRUECONF,
    "url": "https://tcs.example",
    "client_id": "id",
    "client_secret": "secret",
}


def connection(**more: Any) -> Connection:
    return Connection(**{**GOOD, **more})


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"url": "tcs.example"},
        {"url": "http://127.0.0.1:8080/"},
        {"paths": dict(PATHS), "fields": dict.fromkeys(FIELDS, "a.b-c")},
        {"paths": {"tracks": "/x/{session_id}?a=1"}},
        {"options": {"generation": "v3", "list_all": True, "roles": {"5": "moderator"}}},
        {"platform": Platform.FOLDER, "url": "/srv/meetings", "options": {"settle_seconds": 5}},
        {"platform": Platform.FAKE, "url": "fake", "options": {"conferences": [{"id": "1"}]}},
    ],
)
def test_what_makes_sense(more: dict[str, Any]) -> None:
    check_options(connection(**more))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("url", "ftp://tcs.example", "https://"),
        ("url", "https://a:b@tcs.example", "password"),
        ("url", "", "https://"),
        ("client_id", "", "client id"),
        ("ca_bundle", "hello", "certificates"),
        ("ca_bundle", "/etc/ssl/certs/ca-certificates.crt", "certificates"),
        ("ca_bundle", "-----BEGIN CERTIFICATE-----\nxx", "certificates"),
        ("paths", [], "paths"),
        ("paths", {"trakcs": "/x"}, "trakcs"),
        ("paths", {"tracks": 5}, "paths"),
        ("paths", {"tracks": "/x/{session_id"}, "broken"),
        ("paths", {"tracks": "/x/{session}"}, "session_id"),
        ("paths", {"tracks": "/x/{session_id.__class__}"}, "session_id"),
        ("paths", {"tracks": "/x/{session_id!r}"}, "session_id"),
        ("paths", {"tracks": "/x/{session_id:>9}"}, "session_id"),
        ("paths", {"tracks": "/x/{0}{session_id}"}, "session_id"),
        ("paths", {"tracks": "/x/{}{session_id}"}, "session_id"),
        ("paths", {"tracks": "/api/tracks"}, "session_id"),
        ("paths", {"tracks": "https://evil/{session_id}"}, "begin with /"),
        ("paths", {"tracks": "//evil/{session_id}"}, "begin with /"),
        ("paths", {"tracks": "/x y/{session_id}"}, "begin with /"),
        ("fields", {"tracks.name": "x"}, "tracks.name"),
        ("fields", {"tracks.id": "a b"}, "name of a field"),
        ("fields", {"tracks.id": ""}, "name of a field"),
        ("fields", "x", "fields"),
        ("options", [], "options"),
        ("options", {"generatoin": "v4"}, "generatoin"),
        ("options", {"generation": "v5"}, "v5"),
        ("options", {"generation": ["v4"]}, "v4"),
        ("options", {"list_all": "yes"}, "list_all"),
        ("options", {"roles": {"1": "king"}}, "roles"),
        ("options", {"roles": []}, "roles"),
    ],
)
def test_what_makes_none(field: str, value: Any, said: str) -> None:
    with pytest.raises(Invalid) as wrong:
        check_options(connection(**{field: value}))
    assert list(wrong.value.details) == [field]
    assert said in wrong.value.message


def test_known_names_are_told() -> None:
    with pytest.raises(Invalid) as wrong:
        check_options(connection(paths={"x": "/"}))
    assert all(name in wrong.value.next_action for name in PATHS)
    with pytest.raises(Invalid) as wrong:
        check_options(connection(fields={"x": "y"}))
    assert all(name in wrong.value.next_action for name in FIELDS)


@pytest.mark.parametrize(
    "more",
    [
        {"url": "meetings"},
        {"url": "/"},
        {"url": "/x", "options": {"settle": 1}},
        {"url": "/x", "options": {"settle_seconds": -1}},
        {"url": "/x", "options": {"settle_seconds": True}},
    ],
)
def test_a_folder_that_makes_no_sense(more: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        check_options(connection(platform=Platform.FOLDER, **more))


def test_a_platform_that_does_not_exist() -> None:
    for ask in (check_options, get_driver):
        with pytest.raises(Invalid) as wrong:
            ask(connection(platform="zoom"))
        assert "trueconf" in wrong.value.next_action


def test_templates_and_fields() -> None:
    ids = {"conference_id": "a/b", "session_id": "1@s#v"}
    assert path_of("tracks", {}, **ids) == "/api/v4/conferences/a%2Fb/sessions/1%40s%23v/tracks"
    assert path_of("tracks", {"tracks": "/s/{session_id}"}, **ids) == "/s/1%40s%23v"
    old = path_of("notify", {}, prefix="/api/v3.3", conference_id="1")
    assert old == "/api/v3.3/conferences/1/notify"
    read = reader("tracks", {"tracks.display_name": "user.name"})
    assert read({"user": {"name": "Anna"}, "id": 5}, "display_name") == "Anna"
    assert read({"user": "Anna"}, "display_name") is None
    assert read({"id": 5}, "id") == 5


UTC = dt.UTC


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-01T10:00:00+03:00", dt.datetime(2026, 3, 1, 7, tzinfo=UTC)),
        ("2026-03-01T10:00:00Z", dt.datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01 10:00:00", dt.datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (1_772_359_200, dt.datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (1_772_359_200.5, dt.datetime(2026, 3, 1, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("1772359200", dt.datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (
            {"date": "2020-10-31 23:05:45.000000", "timezone_type": 3, "timezone": "Europe/London"},
            dt.datetime(2020, 10, 31, 23, 5, 45, tzinfo=UTC),
        ),
        (
            {"date": "2020-07-31 23:05:45.000000", "timezone_type": 3, "timezone": "Europe/London"},
            dt.datetime(2020, 7, 31, 22, 5, 45, tzinfo=UTC),
        ),
        (
            {"date": "2020-07-31 23:05:45.000000", "timezone_type": 1, "timezone": "+05:30"},
            dt.datetime(2020, 7, 31, 17, 35, 45, tzinfo=UTC),
        ),
        (
            {"date": "2020-07-31 23:05:45", "timezone_type": 2, "timezone": "MSK"},
            dt.datetime(2020, 7, 31, 20, 5, 45, tzinfo=UTC),
        ),
        ({"date": "2020-07-31 23:05:45", "timezone": "Mars/Base"}, None),
        ({"date": "2020-07-31 23:05:45", "timezone": "../etc/passwd"}, None),
        ({"date": "2020-07-31 23:05:45", "timezone": "+99:00"}, None),
        ({"date": 5, "timezone": "UTC"}, None),
        ({}, None),
        (None, None),
        (0, None),
        (True, None),
        (-5, None),
        (1e300, None),
        (float("nan"), None),
        ("", None),
        ("soon", None),
        ("9" * 400, None),
        ("0001-01-01T00:00:00+14:00", None),
        ([], None),
    ],
)
def test_times_of_all_kinds(value: Any, expected: dt.datetime | None) -> None:
    assert moment(value) == expected


def test_scopes_without_a_kind_are_both() -> None:
    assert missing(NEEDED) == ()
    assert missing([one.partition(":")[0] for one in NEEDED]) == ()
    assert missing(["conferences:write", *NEEDED[1:]]) == ("conferences:read",)
    assert missing([]) == NEEDED

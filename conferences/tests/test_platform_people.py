"""Whose token it is, signing in with the server's page, and its own notices."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.platforms.base import (
    Driver,
    PlatformError,
    TokenRefused,
)
from conferences.tests.platforms import asked_for_tokens, driver, tcs

__all__ = ["driver", "tcs"]
pytestmark = pytest.mark.django_db


def test_whose_token_it_is(tcs: FakeServer, driver: Driver) -> None:
    tcs.add_user("anna", name="Anna Bell")
    anna = driver.verify(tcs.token_for("anna"))
    assert (anna.call_id, anna.display_name) == ("anna@tcs.example", "Anna Bell")
    assert anna.email == "anna@example.org"
    assert not anna.is_administrator
    assert driver.verify(tcs.token_for("olga")).is_administrator
    assert asked_for_tokens(tcs) == 0  # ours was never needed


def test_tokens_that_stand_for_nobody_are_refused(tcs: FakeServer, driver: Driver) -> None:
    list(driver.conferences())
    ours = Connection.objects.get().access_token
    before = len(tcs.requests)
    for token in ("", "a\r\nX: y", "мой", "x" * 5000, ours):
        with pytest.raises(TokenRefused):
            driver.verify(token)
    assert len(tcs.requests) == before
    expired = tcs.token_for("olga", seconds=-1)
    for token in ("unknown", expired, tcs.server_token(), tcs.state.secret_key):
        with pytest.raises(TokenRefused):
            driver.verify(token)


def test_a_server_that_is_away_refuses_nobody(tcs: FakeServer, driver: Driver) -> None:
    token = tcs.token_for("olga")
    tcs.faults.add("html_502", path="/api/v4/me")
    with pytest.raises(PlatformError) as away:
        driver.verify(token)
    assert not isinstance(away.value, TokenRefused)
    assert away.value.retryable


def test_people_sign_in_with_the_page_of_the_server(tcs: FakeServer, driver: Driver) -> None:
    back = "https://sai.example/callback/?x=1"
    tcs.add_user("anna")
    tcs.state.signed_in = "anna"
    url = driver.sign_in_url(redirect_uri=back, state="s t")
    answer = httpx2.get(url, follow_redirects=False)
    given = parse_qs(urlsplit(answer.headers["location"]).query)
    assert given["state"] == ["s t"]
    pair = driver.exchange_code(given["code"][0], redirect_uri=back)
    assert driver.verify(pair.access_token).call_id == "anna@tcs.example"
    assert pair.refresh_token
    assert pair.expires_in_s == 3600
    with pytest.raises(TokenRefused):
        driver.exchange_code(given["code"][0], redirect_uri=back)


def test_a_notice_to_these_people(tcs: FakeServer, driver: Driver) -> None:
    meeting = tcs.add_meeting(tracks=2)
    driver.tell(meeting.id, call_ids=["person1@tcs.example"], message="Ready")
    [notice] = tcs.notified
    assert (notice.recipients, notice.message) == (["person1@tcs.example"], "Ready")

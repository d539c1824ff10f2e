"""Signing in by REST: pairs of tokens, rotation, copies found out, throttling, the audit trail."""

from datetime import timedelta
from time import perf_counter

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts import conf
from accounts.choices import Action, TokenKind
from accounts.models import AuditEntry, LimitBucket, Token, User
from accounts.tests.people import PASSWORD, Caller, person
from accounts.tests.test_limits import in_parallel

pytestmark = pytest.mark.django_db


def sign_in(name="ann", password=PASSWORD):
    return Caller()("post", "auth/login/", {"username": name, "password": password})


def refresh(text):
    return Caller()("post", "auth/refresh/", {"refresh": text})


def actions():
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_a_person_signs_in_and_reads_himself():
    user = person()
    answer = sign_in()
    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh", "expires_at"}
    left = parse_datetime(answer.json()["expires_at"]) - timezone.now()
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    me = Caller(answer.json()["access"])("get", "me/").json()
    assert (me["username"], me["role"]) == ("ann", "user")
    user.refresh_from_db()
    assert user.last_login is not None
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_name, entry.address) == ("sign_in", "ann", "127.0.0.1")


def test_a_refresh_token_is_no_access_token_and_rotates():
    person()
    first = sign_in().json()
    assert Caller(first["refresh"])("get", "me/").status_code == 401
    second = refresh(first["refresh"])
    assert second.status_code == 200
    assert second.json()["refresh"] != first["refresh"]
    assert Caller(second.json()["access"])("get", "me/").status_code == 200
    third = refresh(second.json()["refresh"])
    assert third.status_code == 200


def test_a_refresh_token_used_twice_ends_the_whole_family_and_no_other():
    person()
    other = sign_in().json()
    first = sign_in().json()
    second = refresh(first["refresh"]).json()
    copied = refresh(first["refresh"])
    assert (copied.status_code, copied.json()["code"]) == (401, "session_ended")
    assert Caller(second["access"])("get", "me/").status_code == 401
    assert refresh(second["refresh"]).status_code == 401
    assert Caller(other["access"])("get", "me/").status_code == 200
    assert refresh(other["refresh"]).status_code == 200
    assert actions().count(Action.TOKEN_REUSED) == 1


@pytest.mark.django_db(transaction=True)
def test_a_refresh_token_sent_ten_times_at_once_leaves_no_session_alive():
    person()
    first = sign_in().json()
    answers = in_parallel(10, lambda _number: refresh(first["refresh"]))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 9
    winner = next(answer.json() for answer in answers if answer.status_code == 200)
    assert Caller(winner["access"])("get", "me/").status_code == 401
    assert not Token.objects.filter(revoked_at=None).exists()


@pytest.mark.parametrize("why", ["expired", "inactive", "an access token", "nonsense"])
def test_a_refresh_that_is_no_longer_good(why):
    person()
    first = sign_in().json()
    text = first["refresh"]
    if why == "expired":
        Token.objects.update(expires_at=timezone.now())
    elif why == "inactive":
        User.objects.update(is_active=False)
    else:
        text = first["access"] if why == "an access token" else "sai_r_nonsense"
    before = Token.objects.count()
    assert refresh(text).status_code == 401
    assert Token.objects.count() == before


@pytest.mark.parametrize("by", ["access", "refresh"])
def test_signing_out_ends_the_pair(by):
    person()
    pair = sign_in().json()
    if by == "access":
        answer = Caller(pair["access"])("post", "auth/logout/")
    else:
        answer = Caller()("post", "auth/logout/", {"refresh": pair["refresh"]})
    assert answer.status_code == 204
    assert Caller(pair["access"])("get", "me/").status_code == 401
    assert refresh(pair["refresh"]).status_code == 401
    assert actions() == [Action.SIGN_IN, Action.SIGN_OUT]


@pytest.mark.parametrize("why", ["wrong password", "unknown name", "inactive"])
def test_a_refused_sign_in_says_the_same_whatever_the_reason(why):
    person()
    if why == "inactive":
        User.objects.update(is_active=False)
    name = "hunter2" if why == "unknown name" else "ann"
    answer = sign_in(name, PASSWORD if why == "inactive" else "wrong")
    assert answer.status_code == 401
    assert answer.json() == {
        "code": "wrong_credentials",
        "message": "The name or the password is wrong.",
    }
    assert not Token.objects.exists()
    entry = AuditEntry.objects.get()
    assert entry.action == Action.SIGN_IN_REFUSED
    assert entry.actor_name == ("" if why == "unknown name" else "ann")
    assert "hunter2" not in str(AuditEntry.objects.values())


def test_an_unknown_name_takes_as_long_as_a_wrong_password():
    person()

    def seconds(name):
        started = perf_counter()
        assert sign_in(name, "wrong").status_code == 401
        return perf_counter() - started

    sign_in("ann", "wrong")
    known = min(seconds("ann") for _ in range(3))
    unknown = min(seconds("nobody") for _ in range(3))
    assert 0.5 < unknown / known < 2


def test_guessing_is_throttled_and_the_right_password_has_to_wait_too():
    person()
    burst = int(conf.SIGN_IN_BY_PERSON.burst)
    assert {sign_in(password="wrong").status_code for _ in range(burst)} == {401}
    refused = sign_in()
    assert refused.status_code == 429
    assert refused.json()["code"] == "too_many"
    assert 1 <= refused.json()["details"]["wait_seconds"] <= 12
    assert int(refused["Retry-After"]) == refused.json()["details"]["wait_seconds"]
    assert not Token.objects.exists()
    person("bob")
    assert sign_in("bob").status_code == 200
    assert "ann" not in str(list(LimitBucket.objects.values()))


@pytest.mark.django_db(transaction=True)
def test_fifty_guesses_at_once_are_compared_only_as_often_as_allowed():
    person()
    LimitBucket.objects.all().delete()
    answers = in_parallel(50, lambda _number: sign_in(password="wrong").status_code)
    allowed = int(conf.SIGN_IN_BY_PERSON.burst)
    # The bucket gains one token in twelve seconds; fifty hashes may take that long.
    assert allowed <= answers.count(401) <= allowed + 1
    assert answers.count(401) + answers.count(429) == 50
    assert actions() == [Action.SIGN_IN_REFUSED] * answers.count(401)


def test_right_sign_ins_are_not_throttled():
    person()
    count = int(conf.SIGN_IN_BY_PERSON.burst) + 3
    assert {sign_in().status_code for _ in range(count)} == {200}


def test_a_changed_password_ends_every_other_session_and_not_this_one():
    person()
    here, there = sign_in().json(), sign_in().json()
    lasting = Caller.of(User.objects.get(), TokenKind.API)
    caller = Caller(here["access"])
    wrong = caller(
        "post", "auth/password/", {"current_password": "no", "new_password": "another good 7"}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (400, "wrong_password")
    weak = caller("post", "auth/password/", {"current_password": PASSWORD, "new_password": "12345"})
    assert (weak.status_code, weak.json()["code"]) == (400, "weak_password")
    assert Caller(there["access"])("get", "me/").status_code == 200
    right = {"current_password": PASSWORD, "new_password": "another good 7"}
    assert caller("post", "auth/password/", right).status_code == 204
    assert Caller(there["access"])("get", "me/").status_code == 401
    assert refresh(there["refresh"]).status_code == 401
    assert caller("get", "me/").status_code == 200
    assert refresh(here["refresh"]).status_code == 200
    assert lasting("get", "me/").status_code == 200
    assert sign_in().status_code == 401
    assert sign_in(password="another good 7").status_code == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"username": "ann"}, {"username": "a\0b", "password": "x"}, [], "text", {"username": {}}],
)
def test_a_bad_body_is_a_clear_400(body):
    answer = Caller()("post", "auth/login/", body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"

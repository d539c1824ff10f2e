"""What was said can be found: in Russian and English, by whoever may see it, and by nobody else."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.models import User
from recognition import selectors
from recognition.tests.factories import transcript
from recordings import services
from recordings.models import Access, Recording
from recordings.selectors import visible_to
from recordings.tests import factories

pytestmark = pytest.mark.django_db
SAID = [
    ("Анна", "Ёлку поставили у входа"),
    ("Борис", "Договоры отправим в пятницу, код АБ-17"),
    ("Clara", "The customers are waiting for the contract"),
]


@pytest.fixture
def owner() -> User:
    return factories.user()


@pytest.fixture
def talk(owner: User) -> Recording:
    recording = factories.recording(owner)
    Recording.objects.filter(pk=recording.pk).update(title="Планёрка отдела продаж")
    recording.refresh_from_db()
    transcript(recording, SAID)
    return recording


def found(user: User, text: str) -> list[str]:
    return [row["snippet"] for row in selectors.search(user, text)]


@pytest.mark.parametrize(
    ("asked", "marked"),
    [
        ("елка", "\x02Ёлку\x03"),
        ("ёлки", "\x02Ёлку\x03"),
        ("ЁЛКУ", "\x02Ёлку\x03"),
        ("договор пятница", "\x02Договоры\x03"),
        ("customer", "\x02customers\x03"),
        ("планёрки", "\x02Планёрка\x03"),
        ('"отправим в пятницу"', "\x02отправим\x03"),
    ],
)
def test_words_are_found_in_their_forms(
    owner: User, talk: Recording, asked: str, marked: str
) -> None:
    assert any(marked in snippet for snippet in found(owner, asked)), found(owner, asked)


@pytest.mark.parametrize(
    "asked", ["", "   ", "слон", "договор -пятница", "\x00", "'; --", "(", "!"]
)
def test_nothing_is_found_and_nothing_breaks(owner: User, talk: Recording, asked: str) -> None:
    assert found(owner, asked) == []


def test_the_second_to_play(owner: User, talk: Recording) -> None:
    (row,) = selectors.search(owner, "contract")
    assert (row["kind"], row["start"], row["recording"]) == ("phrase", 8.0, talk.pk)


def test_a_new_version_replaces_the_old_words(owner: User, talk: Recording) -> None:
    transcript(talk, [("Анна", "Совсем другие слова")])
    assert found(owner, "договор") == []
    assert len(found(owner, "другое слово")) == 1
    assert talk.transcripts.count() == 2


def test_only_whoever_may_see_it_finds_it(talk: Recording) -> None:
    stranger, invited, member, late = (factories.user() for _ in range(4))
    admin = factories.user(role="admin")
    group = Group.objects.create(name="sales")
    member.groups.add(group)
    Access.objects.create(recording=talk, user=invited, rights=["view"])
    Access.objects.create(recording=talk, group=group, rights=["view"])
    Access.objects.create(
        recording=talk,
        user=late,
        rights=["view"],
        expires_at=timezone.now() - timedelta(minutes=1),
    )
    for user, sees in [
        (stranger, False),
        (invited, True),
        (member, True),
        (late, False),
        (admin, True),
    ]:
        assert bool(found(user, "contract")) is sees
        assert visible_to(user).filter(pk=talk.pk).exists() is sees
    invited.is_active = False
    invited.save()
    assert found(invited, "contract") == []


def test_a_recording_is_found_by_its_title_as_it_is_now() -> None:
    owner = factories.user()
    talk = factories.recording(owner)
    services.describe(talk, title="Quetzal plans")
    assert [row["title"] for row in selectors.search(owner, "quetzal")] == ["Quetzal plans"]
    services.describe(talk, title="Wolfram plans")
    assert selectors.search(owner, "quetzal") == []
    assert [row["recording"] for row in selectors.search(owner, "wolfram")] == [talk.pk]

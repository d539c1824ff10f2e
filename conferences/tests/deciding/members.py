"""People of a conference: how they join it, and what they may do with its recording."""

from accounts.models import User
from conferences import rights
from conferences.models import Conference, Connection, Participant
from conferences.services import people
from recordings.models import Recording
from recordings.selectors import rights_of


def join(login: str, role: str) -> Participant:
    return Participant.objects.create(
        conference=Conference.objects.get(), call_id=call_id(login), role=role
    )


def written() -> None:
    Conference.objects.update(access_due=True)
    rights.write(Conference.objects.get().pk)


def call_id(login: str) -> str:
    return f"{login}@north.example"


def who(login: str) -> User:
    return people.person_of(Connection.objects.get(), call_id(login))


def held(login: str) -> set[str]:
    return {right.value for right in rights_of(who(login), Recording.objects.get())}


def texts(recording: Recording) -> list[str]:
    newest = recording.transcripts.order_by("-pk")[0]
    return list(newest.phrases.order_by("position").values_list("text", flat=True))

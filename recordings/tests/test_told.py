"""What people are told of recordings: access that was given, and what a notice may show."""

import pytest
from django.contrib.auth.models import Group

from notifications import making, selectors
from notifications.models import Event, Notice
from recordings import services
from recordings.choices import Right, StepStatus
from recordings.models import Recording
from recordings.subjects import subjects_of
from recordings.tests import factories

pytestmark = pytest.mark.django_db


def given() -> list[Event]:
    return list(Event.objects.filter(type="access.given").order_by("id"))


def test_whoever_is_given_access_hears_of_it() -> None:
    made, ann = factories.recording(), factories.user("ann")
    services.grant(made, by=made.owner, rights=[Right.VIEW], to=ann)
    (event,) = given()
    assert (event.object_type, event.object_id) == ("access", str(made.access.get().pk))
    assert str(made.pk) not in str(event.data)  # it can be read when the access is over
    assert (event.topic, event.audience) == (f"user:{ann.pk}", [ann.pk])
    assert event.data["by"] == made.owner_id
    assert event.data["rights"] == ["view"]


def test_it_becomes_a_notice_of_the_recording() -> None:
    made, ann = factories.recording(), factories.user("ann")
    services.grant(made, by=made.owner, rights=[Right.VIEW], to=ann)
    while making.make_notices():
        pass
    notice = Notice.objects.get()
    assert (notice.recipient, notice.fact) == (ann, "access_given")
    assert (notice.object_type, notice.object_id) == ("recording", str(made.pk))
    ((_notice, subject),) = selectors.shown_to(ann, [notice])
    assert subject
    assert subject.title == "A talk"
    services.revoke(made.access.get(), by=made.owner)
    assert selectors.shown_to(ann, [notice]) == [(notice, None)]


def test_of_a_group_everybody_but_the_giver() -> None:
    made, ann = factories.recording(), factories.user("ann")
    group = Group.objects.create(name="sales")
    group.user_set.add(ann, made.owner)
    services.grant(made, by=made.owner, rights=[Right.VIEW], to=group)
    (event,) = given()
    assert (event.topic, event.audience) == (f"recording:{made.pk}", [ann.pk])


def test_only_what_is_new_to_him() -> None:
    made, ann = factories.recording(), factories.user("ann")
    for rights in ([Right.VIEW], [Right.VIEW], [Right.EDIT], [Right.VIEW]):
        services.grant(made, by=made.owner, rights=rights, to=ann)
    assert [event.data["rights"] for event in given()] == [["view"], ["view", "edit"]]


def test_nobody_hears_of_a_link() -> None:
    made = factories.recording()
    services.grant(made, by=made.owner, rights=[Right.VIEW], to=None)
    assert given() == []


def test_how_a_notice_names_a_recording() -> None:
    made = factories.recording(kind="meeting", status="failed", error={"code": "no_model"})
    (subject,) = subjects_of([str(made.pk), "nonsense", "7", f"{made.pk}x"]).values()
    assert subject.title == "A talk"
    assert subject.path == f"/recordings/{made.pk}/"
    assert (subject.kind, subject.status) == ("meeting", "failed")
    assert subject.error == {"code": "no_model"}


def test_of_one_that_is_tried_again_the_reason_is_still_known() -> None:
    made = factories.recording()
    run = services.process(made)
    run.steps.filter(position=0).update(status=StepStatus.CANCELLED, error=None)
    step = run.steps.order_by("-pk").first()
    assert step
    ended = {"status": StepStatus.RUNNING, "lease_until": "2030-01-01T00:00Z"}
    run.steps.filter(pk=step.pk).update(**ended)
    run.steps.filter(pk=step.pk).update(
        status=StepStatus.FAILED, error={"code": "truncated"}, finished_at="2026-01-01T00:00Z"
    )
    (subject,) = subjects_of([str(made.pk)]).values()
    assert subject.error == {"code": "truncated"}


def test_what_is_in_the_trash_has_no_name() -> None:
    made = factories.recording()
    Recording.objects.filter(pk=made.pk).update(trashed_at="2026-01-01T00:00Z")
    assert subjects_of([str(made.pk)]) == {}

"""Who is looking, and what he may do: a person signed in, or somebody who came by a link.

A link's secret is taken at `/l/<secret>/` and kept in the session, so that no later address of a
page contains it. It is asked again at every request: taking the link back works at once.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from common.errors import Invalid, NotAllowed, NotFound, NotSignedIn, SaiError
from recordings import selectors
from recordings.choices import Right
from recordings.models import Access, Recording
from recordings.pages import errors

LINKS = "recording_links"
View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def page(view: View) -> View:
    """A door of the pages: what is refused on purpose becomes a page, or a notice for HTMX."""

    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            _refuse_zero_characters(request)
            return view(request, *args, **kwargs)
        except SaiError as error:
            return errors.answer(request, error)

    return door  # type: ignore[return-value]  # the same view, guarded


def _refuse_zero_characters(request: HttpRequest) -> None:
    """PostgreSQL stores none, so nothing that is asked for can contain one."""
    given = [request.GET, request.POST] if request.method == "POST" else [request.GET]
    if any("\x00" in text for fields in given for _name, texts in fields.lists() for text in texts):
        raise Invalid(_("Zero characters can't be stored or searched for."))


def person(request: HttpRequest) -> Any:
    """The user who is signed in; NotSignedIn leads to the sign-in page."""
    if isinstance(request.user, AnonymousUser):
        raise NotSignedIn(_("Sign in to see this page."))
    return request.user


def find(request: HttpRequest, recording_id: UUID, right: Right = Right.VIEW) -> Recording:
    """The recording, if this visitor has `right`; what he may not see does not exist for him."""
    secret = link_secret(request, recording_id)
    held = selectors.open_to(request.user, recording_id, secret=secret)
    if held is None:
        person(request)
        raise NotFound(_("There is no such recording, or it was not shared with you."))
    if right != Right.VIEW and right not in rights(request, held):
        raise NotAllowed(_("You may look at this recording, but not do this with it."))
    return held


def rights(request: HttpRequest, recording: Recording) -> frozenset[Right]:
    """What this visitor may do with the recording."""
    if not isinstance(request.user, AnonymousUser):
        found = selectors.rights_of(request.user, recording)
        if found:
            return found
    secret = link_secret(request, recording.pk)
    access = selectors.by_link(secret) if secret else None
    if access is None or access.recording_id != recording.pk:
        return frozenset()
    return frozenset(Right(right) for right in access.rights)


def link_secret(request: HttpRequest, recording_id: UUID) -> str:
    """The secret of the link by which this visitor came; empty where he did not."""
    return str(request.session.get(LINKS, {}).get(str(recording_id), ""))


def remember(request: HttpRequest, access: Access, secret: str) -> None:
    """The visitor came by this link."""
    links = request.session.get(LINKS, {})
    request.session[LINKS] = {**links, str(access.recording_id): secret}

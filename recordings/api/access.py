"""GET, POST and DELETE recordings/{id}/access/: who else may see it."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.reading import user_of
from accounts.models import User
from accounts.selectors import groups_known_to, people_known_to
from common.api import given
from common.errors import Invalid, NotFound
from recordings import selectors, services
from recordings.api import find, shapes
from recordings.api.schemas import AccessPage, GrantInput, NewAccessShape, RevokeInput
from recordings.choices import Right
from recordings.models import Access as AccessRow
from recordings.models import Recording


class Access(find.RecordingView):
    @extend_schema(operation_id="recordings_access", responses={200: AccessPage})
    def get(self, request: Request, id: str) -> Response:
        """Everybody who was given rights."""
        recording = find.recording(request, id, Right.SHARE)
        return Response({"results": shapes.access(selectors.access_to(recording)), "next": None})

    @extend_schema(
        operation_id="recordings_grant", request=GrantInput, responses={201: NewAccessShape}
    )
    def post(self, request: Request, id: str) -> Response:
        """Give rights to a user, a group, or whoever has the link; they replace earlier ones."""
        recording = find.recording(request, id, Right.SHARE)
        found = given(GrantInput, request)
        granted = services.grant(
            recording,
            by=user_of(request),
            rights=found["rights"],
            to=_whom(user_of(request), found),
            expires_at=found["expires_at"],
            request=request,
        )
        shape = shapes.access([granted.access])[0]
        return Response(shape | _link(granted), status=201)

    @extend_schema(
        operation_id="recordings_revoke",
        request=RevokeInput,
        parameters=[
            OpenApiParameter("user"),
            OpenApiParameter("group"),
            OpenApiParameter("id", OpenApiTypes.INT),
        ],
        responses={204: None},
    )
    def delete(self, request: Request, id: str) -> Response:
        """Take rights back: of a user, a group, or the access with that id (a link)."""
        recording = find.recording(request, id, Right.SHARE)
        body = request.data if isinstance(request.data, dict) else {}
        checked = RevokeInput(data={**request.query_params.dict(), **body})
        checked.is_valid(raise_exception=True)
        row = _row(user_of(request), recording, dict(checked.validated_data))
        services.revoke(row, by=user_of(request), request=request)
        return Response(status=204)


def _link(granted: services.Granted) -> dict[str, str]:
    if not granted.secret:
        return {}
    path = reverse("recording-link", args=[granted.secret])
    return {"secret": granted.secret, "url": f"{settings.PUBLIC_URL}{path}"}


def _whom(by: User, found: dict[str, Any]) -> User | Group | None:
    if [bool(found.get("user")), bool(found.get("group")), found["link"]].count(True) != 1:
        raise Invalid(_("Say for whom: exactly one of “user”, “group” or “link”."), code="for_whom")
    if name := found.get("user"):
        return _named(people_known_to(by), "username", name)
    name = found.get("group")
    return _named(groups_known_to(by), "name", name) if name else None


def _named(known: QuerySet[Any], field: str, name: str) -> Any:
    """By id or by name; a name made of digits wins over an id."""
    found = known.filter(**{field: name}).first()
    if found is None and name.isascii() and name.isdigit() and len(name) < 19:
        found = known.filter(pk=int(name)).first()
    if found is None:
        raise Invalid(
            _("Nobody is called “%(name)s” here.") % {"name": name}, code="unknown_grantee"
        )
    return found


def _row(by: User, recording: Recording, found: dict[str, Any]) -> AccessRow:
    rows = recording.access.all()
    if "id" in found:
        rows = rows.filter(pk=found["id"])
    elif found.get("user"):
        rows = rows.filter(user=_named(people_known_to(by), "username", found["user"]))
    elif found.get("group"):
        rows = rows.filter(group=_named(groups_known_to(by), "name", found["group"]))
    else:
        raise Invalid(_("Say whose: “user”, “group” or the “id” of the access."), code="whose")
    if (row := rows.first()) is None:
        raise NotFound(_("There is no such access."))
    return row

"""Rights by role, consent, and leaving somebody out: what people of a conference decide."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.reading import user_of
from common.api import given
from common.errors import NotAllowed
from conferences import leaving_out, role_rules, roles, selectors
from conferences.api.conferences import VisibleConference
from conferences.choices import ConferenceRole
from conferences.role_rules import Rules
from recordings.api import find
from recordings.choices import Right


def _rights(**more: Any) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.ChoiceField(choices=Right.choices), required=False, **more
    )


class RolesInput(serializers.Serializer):
    """Roles that are not named stay as they are; null takes the word back, [] gives nothing."""

    owner = _rights(allow_null=True)
    moderator = _rights(allow_null=True)
    participant = _rights(allow_null=True)
    invited = _rights(allow_null=True)
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Of every role that is named."
    )


class RoleSaidShape(serializers.Serializer):
    role = serializers.ChoiceField(choices=ConferenceRole.choices)
    said_by = serializers.ChoiceField(
        choices=["recording", "conference", "connection"], help_text="Whose word it is."
    )
    expires_at = serializers.DateTimeField(allow_null=True)


class RolesShape(serializers.Serializer):
    owner = _rights()
    moderator = _rights()
    participant = _rights()
    invited = _rights()
    details = RoleSaidShape(many=True)


def shape(rules: Rules) -> dict[str, Any]:
    rows = [
        {"role": role, "said_by": rule.source, "expires_at": rule.expires_at}
        for role, rule in rules.items()
    ]
    named = {role: rule.rights for role, rule in rules.items()}
    return dict(RolesShape({**named, "details": rows}).data)


def _wishes(request: Request) -> dict[str, Any]:
    found = given(RolesInput, request)
    end = found.pop("expires_at", None)
    return {"wishes": found, "expires_at": end, "by": user_of(request), "request": request}


class RecordingRoles(find.RecordingView):
    @extend_schema(
        tags=["conferences"], operation_id="recording_roles", responses={200: RolesShape}
    )
    def get(self, request: Request, id: str) -> Response:
        """What each role of the conference may do with this recording."""
        return Response(shape(roles.shown(find.recording(request, id, Right.SHARE))))

    @extend_schema(
        tags=["conferences"],
        operation_id="change_recording_roles",
        request=RolesInput,
        responses={200: RolesShape},
    )
    def put(self, request: Request, id: str) -> Response:
        """Change it, no further than your own rights go; who comes later gets the same."""
        recording = find.recording(request, id, Right.SHARE)
        return Response(shape(roles.change(recording, **_wishes(request))))


class ConferenceRoles(VisibleConference):
    serializer_class = RolesShape

    @extend_schema(tags=["conferences"], operation_id="conference_roles")
    def get(self, request: Request, pk: int) -> Response:
        """What each role may do with its recordings, where they have no word of their own."""
        conference = self.get_object()
        if Right.SHARE not in selectors.rights_over(request.user, conference):
            raise NotAllowed(_(roles.NOT_YOURS))
        return Response(shape(role_rules.rules_of(conference, [None])[None]))

    @extend_schema(tags=["conferences"], operation_id="change_conference_roles", request=RolesInput)
    def put(self, request: Request, pk: int) -> Response:
        """For all its recordings, those to come as well."""
        return Response(shape(roles.change_conference(self.get_object(), **_wishes(request))))


class LeaveOutInput(serializers.Serializer):
    """Whom: one of the two."""

    call_id = serializers.CharField(required=False, max_length=200, help_text="login@server")
    track = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class LeftOutShape(serializers.Serializer):
    run = serializers.UUIDField(
        allow_null=True, help_text="Puts the transcript together again; null: nothing to do."
    )


class LeaveOut(find.RecordingView):
    @extend_schema(
        tags=["conferences"],
        operation_id="leave_participant_out",
        request=LeaveOutInput,
        responses={200: LeftOutShape},
    )
    def post(self, request: Request, id: str) -> Response:
        """His sound and his words go for good, and are never brought again. It needs the right to
        delete the recording, or to be him."""
        recording = find.recording(request, id)
        run = leaving_out.leave_out(
            recording, **given(LeaveOutInput, request), by=user_of(request), request=request
        )
        return Response(LeftOutShape({"run": run.pk if run else None}).data)

"""licence/: what may be done here, how much of it is used, a new file. For administrators."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import licences
from accounts.api.reading import user_of
from accounts.licences import files
from accounts.permissions import Administrator
from common.api import given


class LicenceInput(serializers.Serializer):
    """The file itself (multipart), or its text."""

    file = serializers.FileField(required=False)
    text = serializers.CharField(required=False, max_length=files.LONGEST, trim_whitespace=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError(_("Send either a file or its text."))
        return attrs


class TermsOutput(serializers.Serializer):
    id = serializers.CharField()
    customer = serializers.CharField()
    installation = serializers.CharField(help_text="This one's id, or `*`: any.")
    issued_at = serializers.DateTimeField()
    valid_from = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    grace_until = serializers.DateTimeField(help_text="From here on new work is refused.")
    features = serializers.ListField(child=serializers.CharField())


class LimitOutput(serializers.Serializer):
    limit = serializers.CharField()
    used = serializers.FloatField()
    allowed = serializers.IntegerField(allow_null=True, help_text="null: no limit.")
    percent = serializers.IntegerField(allow_null=True)
    warning = serializers.BooleanField(help_text="80 % and more are used.")


class LicenceOutput(serializers.Serializer):
    installation = serializers.UUIDField(source="standing.installation")
    state = serializers.ChoiceField(choices=licences.State.choices)
    licence = TermsOutput(source="terms", allow_null=True, help_text="null: the free licence.")
    limits = LimitOutput(many=True)
    warnings = serializers.ListField(child=serializers.CharField())


class Licence(APIView):
    permission_classes = [Administrator]

    @extend_schema(tags=["licence"], operation_id="licence", responses=LicenceOutput)
    def get(self, request: Request) -> Response:
        """What counts now. The installation's id is what a licence is issued for."""
        return Response(LicenceOutput(licences.status()).data)

    @extend_schema(
        tags=["licence"],
        operation_id="install_licence",
        request={"multipart/form-data": LicenceInput, "application/json": LicenceInput},
        responses={200: LicenceOutput, 201: LicenceOutput},
    )
    def post(self, request: Request) -> Response:
        """Installs a file: 201; 200 when it was installed already; 400 with its reason as code."""
        found = given(LicenceInput, request)
        text = files.text_of(found["file"]) if "file" in found else found["text"]
        _row, new = licences.install(text, actor=user_of(request), request=request._request)
        return Response(LicenceOutput(licences.status()).data, status=201 if new else 200)

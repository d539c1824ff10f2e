"""Where the API is and what it can do: what a client of the shipping product had to be told."""

from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import NotFound
from conferences import tokens
from conferences.user_api.base import UserApiView
from conferences.user_api.schemas import answers
from conferences.user_api.statuses import NUMBERS

BASE = "/api/user/v1/"
ENDPOINTS = {
    "exchange_token": f"POST {BASE}auth/from-tcs",
    "refresh_token": f"POST {BASE}auth/refresh",
    "transcriptions": f"GET {BASE}transcriptions",
    "transcription": f"GET {BASE}transcriptions/{{id}}",
    "lines": f"GET {BASE}transcriptions/{{id}}/lines",
    "summaries": f"GET {BASE}transcriptions/{{id}}/summary",
    "audio": f"GET {BASE}transcriptions/{{id}}/audio",
    "recognize": f"POST {BASE}transcriptions/{{id}}/recognize",
}


class Discovery(UserApiView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        tags=["user api"],
        auth=[],
        operation_id="user_api_discovery",
        parameters=[
            OpenApiParameter("domain", description="Host of a server: is it registered here?")
        ],
        responses=answers({200: OpenApiTypes.OBJECT}),
    )
    def get(self, request: Request) -> Response:
        """Versions, addresses and status numbers. Which servers are known is told by name only."""
        base = settings.PUBLIC_URL
        answer: dict[str, Any] = {
            "product": "SAI",
            "user_api": {"version": "v1", "versions": ["v1"], "url": f"{base}{BASE}"},
            "rest_api": {"version": "v1", "url": f"{base}/api/v1/"},
            "events": {"url": f"{base}/api/v1/events/", "socket": "/ws/v1/events"},
            "description": f"{base}/api/schema/",
            "documentation": f"{base}/api/docs/",
            "authentication": {
                "type": "bearer",
                "server_header": "X-TCS-Domain",
                "sign_in": f"{base}/login/",
            },
            "endpoints": ENDPOINTS,
            "statuses": NUMBERS,
        }
        if domain := request.query_params.get("domain", ""):
            answer["registered"] = _is_registered(domain)
        return Response(answer)


@extend_schema(exclude=True)
class WellKnown(Discovery):
    """The same at `/.well-known/sai.json`."""


def _is_registered(domain: str) -> bool:
    try:
        tokens.connection_named(domain)
    except NotFound:
        return False
    return True

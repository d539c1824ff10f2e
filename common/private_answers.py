"""Answers are for who asked: no proxy and no disk of a shared computer keeps them.

Stands below WhiteNoise, whose static files may be kept. An answer that says for itself how it may
be kept (sound, whose player comes back for parts) stays as it is.
"""

from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin


class PrivateAnswersMiddleware(MiddlewareMixin):
    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

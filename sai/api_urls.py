"""Addresses of the REST API under /api/v1/: each app brings its own."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("accounts.api.urls")),
    path("", include("notifications.api.urls")),
    path("", include("recordings.api.urls")),
    path("", include("recognition.api.urls")),
    path("", include("analytics.api.urls")),
    path("", include("conferences.api.urls")),
]

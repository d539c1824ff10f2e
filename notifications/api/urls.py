"""Addresses under /api/v1/."""

from django.urls import path

from notifications.api.notices import Notices, Preferences, Read
from notifications.api.views import EventStreamView, EventsView

urlpatterns = [
    path("events/", EventsView.as_view(), name="events"),
    path("events/stream", EventStreamView.as_view(), name="events-stream"),
    path("notices/", Notices.as_view(), name="api-notices"),
    path("notices/read/", Read.as_view(), name="api-notices-read"),
    path("me/notices/", Preferences.as_view(), name="api-notice-preferences"),
]

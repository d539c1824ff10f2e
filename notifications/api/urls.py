"""Addresses under /api/v1/."""

from django.urls import path

from notifications.api.views import EventStreamView, EventsView

urlpatterns = [
    path("events/", EventsView.as_view(), name="events"),
    path("events/stream", EventStreamView.as_view(), name="events-stream"),
]

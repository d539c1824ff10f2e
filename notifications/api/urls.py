"""Addresses under /api/v1/."""

from django.urls import path

from notifications.api import deliveries, webhooks
from notifications.api.notices import Notices, Preferences, Read
from notifications.api.views import EventStreamView, EventsView

urlpatterns = [
    path("events/", EventsView.as_view(), name="events"),
    path("events/stream", EventStreamView.as_view(), name="events-stream"),
    path("notices/", Notices.as_view(), name="api-notices"),
    path("notices/read/", Read.as_view(), name="api-notices-read"),
    path("notices/deliveries/", deliveries.Messages.as_view()),
    path("notices/deliveries/retry/", deliveries.SendAgain.as_view()),
    path("me/notices/", Preferences.as_view(), name="api-notice-preferences"),
    path("webhooks/", webhooks.Webhooks.as_view(), name="api-webhooks"),
    path("webhooks/<int:pk>/", webhooks.OneWebhook.as_view(), name="api-webhook"),
    path("webhooks/<int:pk>/test/", webhooks.TestWebhook.as_view()),
    path("webhooks/<int:pk>/rotate/", webhooks.RotateSecret.as_view()),
    path("webhooks/<int:pk>/resume/", webhooks.ResumeWebhook.as_view()),
    path("webhooks/<int:pk>/replay/", webhooks.ReplayWebhook.as_view()),
    path("webhooks/<int:pk>/deliveries/", webhooks.Deliveries.as_view()),
    path("webhooks/deliveries/<int:pk>/replay/", webhooks.ReplayDelivery.as_view()),
]

"""Addresses of connections and conferences under /api/v1/."""

from django.urls import path

from conferences.api import conferences, connections, deciding

urlpatterns = [
    path("connections/", connections.Connections.as_view()),
    path("connections/downloads/", connections.Downloads.as_view()),
    path("connections/<int:pk>/", connections.OneConnection.as_view()),
    path("connections/<int:pk>/check/", connections.Check.as_view()),
    path("connections/<int:pk>/poll/", connections.Poll.as_view()),
    path("connections/<int:pk>/health/", connections.Health.as_view()),
    path("conferences/", conferences.Conferences.as_view()),
    path("conferences/<int:pk>/", conferences.OneConference.as_view()),
    path("conferences/<int:pk>/consent/", conferences.ConferenceConsent.as_view()),
    path("conferences/<int:pk>/retry/", conferences.ConferenceRetry.as_view()),
    path("conferences/<int:pk>/roles/", deciding.ConferenceRoles.as_view()),
    path("recordings/<str:id>/roles/", deciding.RecordingRoles.as_view()),
    path("recordings/<str:id>/participants/leave-out/", deciding.LeaveOut.as_view()),
    path("recordings/<str:id>/join/", conferences.Join.as_view()),
]

"""Addresses of this app's pages."""

from django.urls import path

from conferences.pages import panel

urlpatterns = [
    path("recordings/<uuid:recording_id>/join/", panel.join, name="recording-join"),
]

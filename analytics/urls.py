"""Addresses of the summary's parts of a recording's page."""

from django.urls import path

from analytics import pages

urlpatterns = [
    path("recordings/<uuid:recording_id>/summaries/", pages.ask, name="summary-ask"),
]

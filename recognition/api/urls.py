"""Addresses of transcripts under /api/v1/."""

from django.urls import path

from recognition.api import views

urlpatterns = [
    path("recordings/<str:id>/transcript/", views.TranscriptView.as_view(), name="transcript"),
    path(
        "recordings/<str:id>/transcript/export/",
        views.ExportView.as_view(),
        name="transcript-export",
    ),
    path("recordings/<str:id>/speakers/", views.SpeakersView.as_view(), name="speakers"),
    path("search/", views.SearchView.as_view(), name="search"),
]

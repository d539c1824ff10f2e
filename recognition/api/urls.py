"""Addresses of transcripts under /api/v1/."""

from django.urls import path

from recognition.api import editing, engines, made, views

urlpatterns = [
    path("recordings/<str:id>/transcript/", views.TranscriptView.as_view(), name="transcript"),
    path(
        "recordings/<str:id>/transcript/export/",
        views.ExportView.as_view(),
        name="transcript-export",
    ),
    path(
        "recordings/<str:id>/transcript/lines/<int:line>/",
        editing.LineView.as_view(),
        name="transcript-line",
    ),
    path(
        "recordings/<str:id>/transcript/lines/<int:line>/split/",
        editing.SplitView.as_view(),
        name="transcript-line-split",
    ),
    path(
        "recordings/<str:id>/transcript/lines/<int:line>/join/",
        editing.JoinView.as_view(),
        name="transcript-line-join",
    ),
    path(
        "recordings/<str:id>/transcript/difference/",
        editing.DifferenceView.as_view(),
        name="transcript-difference",
    ),
    path("recordings/<str:id>/edits/", editing.EditsView.as_view(), name="recording-edits"),
    path(
        "recordings/<str:id>/edits/<int:edit>/",
        editing.EditView.as_view(),
        name="recording-edit",
    ),
    path("recordings/<str:id>/speakers/", views.SpeakersView.as_view(), name="speakers"),
    path("recordings/<str:id>/made/", made.Made.as_view(), name="recording-made"),
    path("recordings/<str:id>/made/<int:pk>/", made.MadeFile.as_view(), name="recording-made-file"),
    path("engines/", engines.Engines.as_view(), name="engines"),
    path("engines/<int:pk>/drain/", engines.DrainEngine.as_view(), name="engine-drain"),
    path(
        "engines/<int:pk>/disconnect/", engines.DisconnectEngine.as_view(), name="engine-disconnect"
    ),
    path("search/", views.SearchView.as_view(), name="search"),
]

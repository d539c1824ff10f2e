"""Addresses of the transcript's parts of a recording's page."""

from django.urls import path

from recognition.api.engine_files import engine_file
from recognition.pages import editing, history, panel

_ONE = "recordings/<uuid:recording_id>/transcript/"

urlpatterns = [
    path(f"{_ONE}lines/", panel.lines, name="transcript-lines"),
    path(f"{_ONE}lines/<int:line>/", editing.line, name="transcript-line-edit"),
    path(f"{_ONE}dropped/", panel.dropped, name="transcript-dropped"),
    path(f"{_ONE}speakers/", panel.rename, name="speaker-rename"),
    path(f"{_ONE}edits/", history.edits, name="transcript-edits"),
    path(f"{_ONE}edits/<int:edit>/undo/", history.undo, name="transcript-edit-undo"),
    path(f"{_ONE}difference/", history.difference, name="transcript-versions"),
    path("engines/files/<str:permission>/<str:name>", engine_file, name="engine-file"),
]

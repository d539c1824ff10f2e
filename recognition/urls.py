"""Addresses of the transcript's parts of a recording's page."""

from django.urls import path

from recognition import pages
from recognition.api.engine_files import engine_file

_ONE = "recordings/<uuid:recording_id>/transcript/"

urlpatterns = [
    path(f"{_ONE}lines/", pages.lines, name="transcript-lines"),
    path(f"{_ONE}dropped/", pages.dropped, name="transcript-dropped"),
    path(f"{_ONE}speakers/", pages.rename, name="speaker-rename"),
    path("engines/files/<str:permission>/<str:name>", engine_file, name="engine-file"),
]

"""Addresses of the pages about recordings."""

from django.urls import path

from recordings.pages import (
    actions,
    detail,
    listing,
    sharing,
    theme,
    trash,
    upload,
)

_ONE = "recordings/<uuid:recording_id>/"

urlpatterns = [
    path("", listing.index, name="recordings"),
    path("rows/", listing.changed, name="recording-rows"),
    path("upload/", upload.upload, name="upload"),
    path("theme/", theme.switch, name="theme"),
    path("trash/", trash.index, name="trash"),
    path("trash/<uuid:recording_id>/restore/", trash.restore, name="trash-restore"),
    path("trash/<uuid:recording_id>/delete/", trash.delete, name="trash-delete"),
    path(f"{_ONE}tags/", actions.tags, name="recording-tags"),
    path(f"{_ONE}purge/", actions.purge, name="recording-purge"),
    path(_ONE, detail.show, name="recording"),
    path(f"{_ONE}status/", detail.status, name="recording-status"),
    path(f"{_ONE}runs/", detail.runs, name="recording-runs"),
    path(f"{_ONE}panels/<slug:slug>/", detail.panel, name="recording-panel"),
    path(f"{_ONE}title/", actions.title, name="recording-title"),
    path(f"{_ONE}process/", actions.process, name="recording-process"),
    path(f"{_ONE}cancel/", actions.cancel, name="recording-cancel"),
    path(f"{_ONE}delete/", actions.delete, name="recording-delete"),
    path(f"{_ONE}access/", sharing.grant, name="recording-grant"),
    path(f"{_ONE}access/<int:access_id>/revoke/", sharing.revoke, name="recording-revoke"),
    path("l/<str:secret>/", sharing.by_link, name="recording-link"),
]

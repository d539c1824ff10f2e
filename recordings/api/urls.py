"""Addresses under /api/v1/recordings/.

Ids are taken as text: what is no UUID gets our own 404, in JSON.
"""

from django.urls import path

from recordings.api.access import Access
from recordings.api.audio import Audio
from recordings.api.life import Life, PurgeSound, Trash, Trashed
from recordings.api.listing import Recordings
from recordings.api.one import OneRecording
from recordings.api.retention import OneRule, Preview, Rules
from recordings.api.work import Cancel, Process, Runs

urlpatterns = [
    path("recordings/", Recordings.as_view(), name="api-recordings"),
    path("recordings/<str:id>/", OneRecording.as_view(), name="api-recording"),
    path("recordings/<str:id>/process/", Process.as_view(), name="api-recording-process"),
    path("recordings/<str:id>/cancel/", Cancel.as_view(), name="api-recording-cancel"),
    path("recordings/<str:id>/runs/", Runs.as_view(), name="api-recording-runs"),
    path("recordings/<str:id>/audio/", Audio.as_view(), name="api-recording-audio"),
    path("recordings/<str:id>/life/", Life.as_view(), name="api-recording-life"),
    path("recordings/<str:id>/purge/", PurgeSound.as_view(), name="api-recording-purge"),
    path("trash/", Trash.as_view(), name="api-trash"),
    path("trash/<str:id>/", Trashed.as_view(), name="api-trashed"),
    path("retention/", Rules.as_view(), name="api-retention"),
    path("retention/preview/", Preview.as_view(), name="api-retention-preview"),
    path("retention/<int:pk>/", OneRule.as_view(), name="api-retention-rule"),
    path("recordings/<str:id>/access/", Access.as_view(), name="api-recording-access"),
]

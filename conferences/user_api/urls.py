"""Addresses under /api/user/v1/, without a slash at their end, as the shipping product has them.

Ids are taken as text: what is no number gets our own 404.
"""

from django.urls import path, re_path

from conferences.user_api import auth, base, discovery, listing, one

urlpatterns = [
    path("", discovery.Discovery.as_view(), name="user-api"),
    path("auth/from-tcs", auth.FromTcs.as_view(), name="user-api-from-tcs"),
    path("auth/refresh", auth.Refresh.as_view(), name="user-api-refresh"),
    path("transcriptions", listing.Transcriptions.as_view(), name="user-api-transcriptions"),
    path("transcriptions/<str:number>", one.Transcription.as_view(), name="user-api-card"),
    path("transcriptions/<str:number>/lines", one.Lines.as_view(), name="user-api-lines"),
    path("transcriptions/<str:number>/summary", one.Summaries.as_view(), name="user-api-summary"),
    path("transcriptions/<str:number>/audio", one.Audio.as_view(), name="user-api-audio"),
    path(
        "transcriptions/<str:number>/recognize", one.Recognize.as_view(), name="user-api-recognize"
    ),
    re_path(r"^.*$", base.NoSuchAddress.as_view(), name="user-api-nowhere"),
]

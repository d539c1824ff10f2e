"""Addresses of the pages of notices."""

from django.urls import path

from notifications import pages

urlpatterns = [
    path("notices/", pages.Notices.as_view(), name="notices"),
    path("notices/count/", pages.Count.as_view(), name="notice-count"),
    path("profile/notices/", pages.Preferences.as_view(), name="notice-preferences"),
]

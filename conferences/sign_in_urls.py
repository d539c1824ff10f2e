"""Addresses of signing in with the account of a meeting server."""

from django.urls import path

from conferences.pages import sign_in

urlpatterns = [
    path("sign-in/<int:pk>/", sign_in.begin, name="server-sign-in"),
    path("sign-in/<int:pk>/callback/", sign_in.callback, name="server-sign-in-callback"),
    path("sign-in/<int:pk>/confirm/", sign_in.confirm, name="server-sign-in-confirm"),
]

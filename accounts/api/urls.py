"""Addresses of people under /api/v1/."""

from django.urls import path

from accounts.api import audit, licence, me, people, sessions

urlpatterns = [
    path("auth/login/", sessions.SignIn.as_view()),
    path("auth/refresh/", sessions.Refresh.as_view()),
    path("auth/logout/", sessions.SignOut.as_view()),
    path("auth/password/", sessions.Password.as_view()),
    path("me/", me.Me.as_view()),
    path("tokens/", me.Tokens.as_view()),
    path("tokens/revoke/", me.RevokeAll.as_view()),
    path("tokens/<int:pk>/", me.OneToken.as_view()),
    path("users/", people.Users.as_view()),
    path("users/<int:pk>/", people.OneUser.as_view()),
    path("groups/", people.Groups.as_view()),
    path("groups/<int:pk>/", people.OneGroup.as_view()),
    path("licence/", licence.Licence.as_view()),
    path("audit/", audit.Audit.as_view()),
    path("audit/export/", audit.AuditExport.as_view()),
]

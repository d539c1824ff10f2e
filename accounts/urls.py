"""Addresses of the pages of people. The admin signs in through the same throttled page."""

from django.urls import path

from accounts import pages

urlpatterns = [
    path("login/", pages.SignIn.as_view(), name="login"),
    path("logout/", pages.SignOut.as_view(), name="logout"),
    path("password/", pages.ChangePassword.as_view(), name="password_change"),
    path("profile/", pages.Profile.as_view(), name="profile"),
    path("profile/tokens/", pages.MakeToken.as_view(), name="token-make"),
    path("profile/tokens/<int:pk>/revoke/", pages.RevokeToken.as_view(), name="token-revoke"),
    # In front of the admin's own addresses, which would let anybody guess without a limit.
    path("admin/login/", pages.SignIn.as_view()),
    path("admin/logout/", pages.SignOut.as_view()),
    path("admin/password_change/", pages.ChangePassword.as_view()),
]

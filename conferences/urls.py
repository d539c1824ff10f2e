"""Addresses of this app's pages."""

from django.urls import path

from conferences.pages import deciding, panel

_ONE = "recordings/<uuid:recording_id>/"

urlpatterns = [
    path(f"{_ONE}join/", panel.join, name="recording-join"),
    path(f"{_ONE}consent/", deciding.say_consent, name="recording-consent"),
    path(f"{_ONE}roles/", deciding.change_roles, name="recording-roles"),
    path(f"{_ONE}leave-out/<int:participant>/", deciding.leave_out, name="recording-leave-out"),
]

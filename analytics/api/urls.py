"""Addresses of summaries under /api/v1/."""

from django.urls import path

from analytics.api import views

urlpatterns = [
    path("recordings/<str:id>/summaries/", views.SummariesView.as_view(), name="summaries"),
]

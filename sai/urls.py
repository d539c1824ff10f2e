"""Addresses of the web process."""

from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from conferences.user_api.discovery import WellKnown
from sai import dashboard, health, metrics

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("", include("accounts.urls")),
    path("admin/dashboard/", dashboard.live, name="admin-dashboard"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("sai.api_urls")),
    path("api/user/v1/", include("conferences.user_api.urls")),
    path(".well-known/sai.json", WellKnown.as_view(), name="well-known"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("i18n/", set_language, name="set_language"),
    path("", include("notifications.urls")),
    path("", include("conferences.sign_in_urls")),
    path("", include("recordings.urls")),
    path("", include("recognition.urls")),
    path("", include("analytics.urls")),
    path("", include("conferences.urls")),
]

handler400 = "sai.refusals.bad_request"
handler403 = "sai.refusals.forbidden"
handler404 = "sai.refusals.not_found"
handler500 = "sai.refusals.broken"

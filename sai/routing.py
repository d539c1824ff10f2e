"""WebSocket addresses."""

from django.urls import URLPattern, path

from notifications.consumers import serve_events

websocket_urlpatterns: list[URLPattern] = [
    path("ws/v1/events", serve_events),  # type: ignore[arg-type]  # ASGI, not a view
]

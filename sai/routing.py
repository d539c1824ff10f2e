"""WebSocket addresses."""

from django.urls import URLPattern, path

from notifications.consumers import serve_events
from recognition.consumers import serve_engine

websocket_urlpatterns: list[URLPattern] = [
    path("ws/v1/events", serve_events),  # type: ignore[arg-type]  # ASGI, not a view
    path("ws/supervisor", serve_engine),  # type: ignore[arg-type]  # ASGI, not a view
]

"""The web process: pages, admin, REST, event sockets."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sai.settings")
django = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from notifications.api.doors import EventDoors  # noqa: E402
from notifications.origins import OwnPagesOnly  # noqa: E402
from recordings.storage.guard import BodyGuard  # noqa: E402
from sai.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": BodyGuard(EventDoors(django)),
        "websocket": OwnPagesOnly(URLRouter(websocket_urlpatterns)),
    }
)

"""The media process: voice sockets, past Django and Channels.

A frame of sound may not wait behind a database query: Channels runs blocking calls of every socket
in one shared thread (p99 of 20 streams rose from 1.5 ms to 198 ms). So this is a bare ASGI
application. Carriers of later floors add their addresses to `SOCKETS`.
"""

import json

from common.asgi import Application, Receive, Scope, Send

SOCKETS: dict[str, Application] = {}
"""Beginning of a path -> the application that speaks there."""

UNKNOWN_LINE = 4404


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "http":
        await _answer(send, scope["path"] == "/healthz")
    elif scope["type"] == "websocket":
        await _dispatch(scope, receive, send)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _answer(send: Send, found: bool) -> None:
    body = json.dumps({"status": "ok"} if found else {"code": "not_found"}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    status = 200 if found else 404
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _dispatch(scope: Scope, receive: Receive, send: Send) -> None:
    for beginning, speak in SOCKETS.items():
        if scope["path"].startswith(beginning):
            await speak(scope, receive, send)
            return
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": UNKNOWN_LINE, "reason": "no such line"})

"""An ASGI application on a real socket, in a thread of its own, that can be cut off at once."""

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

import uvicorn

START_SECONDS = 10.0


class Listening:
    """uvicorn on one port. `client` is the peer's (host, port), as the application sees it."""

    def __init__(self, host: str, port: int, *, certificates: Path | None = None) -> None:
        """Raises OSError where the port is taken. `certificates` is a folder: serve HTTPS."""
        self._socket = _listener(host, port)
        self.port: int = self._socket.getsockname()[1]
        self._certificates = certificates
        self._ready = threading.Event()
        self._thread = threading.Thread(name=f"fake-tcs-{self.port}", daemon=True)
        self._server: uvicorn.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def start(self, application: Any) -> None:
        self._thread = threading.Thread(
            target=self._run, args=(application,), name=self._thread.name, daemon=True
        )
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise RuntimeError("The fake TCS did not start.")

    def halt(self) -> None:
        """Nobody listens any more, and every connection is reset."""
        if self._loop and self._stop and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)

    def reset(self, client: Any) -> None:
        """Only from the application's own loop."""
        for connection in self._connections():
            if getattr(connection, "client", None) == client:
                _abort(connection)

    def drop_websockets(self) -> int:
        """Reset them all; how many there were."""
        sockets = [one for one in self._connections() if hasattr(one, "handshake_complete")]
        for one in sockets:
            if self._loop:
                self._loop.call_soon_threadsafe(_abort, one)
        return len(sockets)

    def _connections(self) -> list[Any]:
        return list(self._server.server_state.connections) if self._server else []

    def _run(self, application: Any) -> None:
        folder = self._certificates
        config = uvicorn.Config(
            application,
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            date_header=False,
            server_header=False,
            ws_max_size=1 << 20,
            ssl_certfile=str(folder / "certificate.pem") if folder else None,
            ssl_keyfile=str(folder / "key.pem") if folder else None,
        )
        config.load()
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(self._serve(config))

    async def _serve(self, config: uvicorn.Config) -> None:
        """Not `Server.serve`: it looks for the end only ten times a second."""
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._server = server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[self._socket])
        self._ready.set()
        await self._stop.wait()
        for one in server.servers:
            one.close()
        self._socket.close()
        for connection in self._connections():
            _abort(connection)
        await asyncio.sleep(0)


def _abort(connection: Any) -> None:
    """Reset, not close: what was not sent yet is lost, as with a pulled cable."""
    transport = getattr(connection, "transport", None)
    if transport is not None:
        transport.abort()


def _listener(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=512)
    except OverflowError:
        raise OSError(f"{port} is no port: 0 to 65535.") from None
    except OSError as error:
        said = f"{host}:{port} can't be listened at: {error.strerror}. Choose another --port."
        raise OSError(error.errno, said) from None

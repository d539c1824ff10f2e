"""A real web server in a thread of this process."""

import threading
import time

import uvicorn


class Server:
    """uvicorn with the whole application: real sockets, this process's database."""

    def __init__(self) -> None:
        from sai.asgi import application

        config = uvicorn.Config(
            application, port=0, log_level="warning", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(15)

"""A gateway for tests: a real WebSocket server that can misbehave, and a server of files.

Every message of the engine is held against the JSON Schema that other people read.
"""

import asyncio
import json
import threading
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jsonschema
import websockets
from websockets.asyncio.server import ServerConnection, serve

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((ROOT / "docs" / "engine-protocol.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
TOKEN = "engine-token-5f1c"
PATIENCE_S = 20.0
BEAT_S, LEASE_S = 0.3, 1.2


class Peer:
    """One connection of an engine, seen from the gateway."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket
        self.hello: dict = {}
        self.said: list[dict] = []
        self._inbox: asyncio.Queue[dict] = asyncio.Queue()
        self.deaf = False
        self.closed = asyncio.Event()
        self.close_code = 0

    async def send(self, **message: object) -> None:
        await self._socket.send(json.dumps(message))

    async def send_raw(self, text: str) -> None:
        await self._socket.send(text)

    async def offer(self, request_id: str, attempt: int = 1, **more: object) -> None:
        offer = {"kind": "transcribe", "params": {"language": "en"}, **more}
        await self.send(type="offer", request_id=request_id, attempt=attempt, **offer)

    async def expect(self, kind: str, request_id: str = "", *, within: float = PATIENCE_S) -> dict:
        """The next message of that type; what else comes meanwhile is passed over."""
        async with asyncio.timeout(within):
            while True:
                message = await self._inbox.get()
                if message["type"] == kind and request_id in ("", message.get("request_id")):
                    return message

    async def accepted(self, request_id: str, attempt: int = 1, **more: object) -> None:
        await self.offer(request_id, attempt, **more)
        answer = await self.expect("accept", request_id)
        assert answer["attempt"] == attempt

    async def acknowledge(self, done: dict) -> None:
        await self.send(type="accepted", request_id=done["request_id"], attempt=done["attempt"])

    def count(self, kind: str) -> int:
        return sum(message["type"] == kind for message in self.said)

    def drop(self) -> None:
        """The network is gone: no closing handshake."""
        self._socket.transport.abort()

    async def listen(self) -> None:
        try:
            async for frame in self._socket:
                message = json.loads(frame)
                VALIDATOR.validate(message)
                self.said.append(message)
                if message["type"] == "ping" and not self.deaf:
                    await self.send(type="pong")
                self._inbox.put_nowait(message)
        except websockets.ConnectionClosed:
            pass
        finally:
            self.close_code = self._socket.close_code or 0
            self.closed.set()


class Gateway:
    """`silent`: accepts connections and says nothing. `refusing`: 401 for everybody."""

    def __init__(self) -> None:
        self.url = ""
        self.silent = self.refusing = False
        self.handshakes: list[str] = []
        self._peers: asyncio.Queue[Peer] = asyncio.Queue()

    async def engine(self, *, within: float = PATIENCE_S) -> Peer:
        """The next engine that connected and was welcomed."""
        async with asyncio.timeout(within):
            return await self._peers.get()

    def check(self, connection, request):
        self.handshakes.append(request.headers.get("Authorization", ""))
        if self.refusing or self.handshakes[-1] != f"Bearer {TOKEN}":
            return connection.respond(401, "no such token\n")
        return None

    async def serve_one(self, socket: ServerConnection) -> None:
        if self.silent:
            await socket.wait_closed()
            return
        peer = Peer(socket)
        peer.hello = json.loads(await socket.recv())
        VALIDATOR.validate(peer.hello)
        assert peer.hello["type"] == "hello"
        await peer.send(type="welcome", heartbeat_s=BEAT_S, lease_s=LEASE_S)
        self._peers.put_nowait(peer)
        await peer.listen()


@asynccontextmanager
async def gateway():
    made = Gateway()
    async with serve(made.serve_one, "127.0.0.1", 0, process_request=made.check) as server:
        port = server.sockets[0].getsockname()[1]
        made.url = f"ws://127.0.0.1:{port}/ws/supervisor"
        yield made


class Files(ThreadingHTTPServer):
    """Signed URLs: GET with Range and PUT. `cuts`: how many answers break off in the middle."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content: dict[str, bytes] = {}
        self.received: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.cuts = 0
        self.status = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Files

    def do_GET(self) -> None:
        files = self.server
        files.asked.append((self.path, self.headers.get("Range", "")))
        assert "Authorization" not in self.headers
        content = files.content.get(self.path.partition("?")[0])
        if files.status or content is None:
            self.send_error(files.status or 404)
            return
        begin = int((self.headers.get("Range") or "bytes=0-")[6:].rstrip("-"))
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        end = len(content)
        if files.cuts:
            files.cuts -= 1
            end = begin + (len(content) - begin) // 2
            self.close_connection = True
        self.wfile.write(content[begin:end])

    def do_PUT(self) -> None:
        assert "Authorization" not in self.headers
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received[self.path.partition("?")[0]] = body
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return None


@contextmanager
def files():
    server = Files()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

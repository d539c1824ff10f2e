"""A web server for tests that says exactly what it is told to, well or badly, over real sockets."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Behaviour = Callable[[socket.socket, "Asked"], None]


@dataclass
class Asked:
    line: str
    headers: dict[str, str]
    body: bytes
    server_name: str = ""


def answer(raw: bytes) -> Behaviour:
    return lambda connection, _asked: connection.sendall(raw)


def status(code: int, body: bytes = b"", *headers: str) -> Behaviour:
    lines = [f"HTTP/1.1 {code} X", f"Content-Length: {len(body)}", *headers]
    return answer("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def slow(seconds: float) -> Behaviour:
    """A byte of the head now and then, for ever."""

    def behave(connection: socket.socket, _asked: Asked) -> None:
        end = time.monotonic() + seconds
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while time.monotonic() < end:
            connection.sendall(b"x")
            time.sleep(0.05)

    return behave


def huge(connection: socket.socket, _asked: Asked) -> None:
    """A body without end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
    for _ in range(10_000):
        connection.sendall(b"y" * 65536)


def closes(_connection: socket.socket, _asked: Asked) -> None:
    """Says nothing and hangs up."""


@dataclass
class HttpServer:
    """`behaviour` may be changed between requests; `asked` holds what came."""

    behaviour: Behaviour = field(default_factory=lambda: answer(OK))
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    tls: ssl.SSLContext | None = None

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _peer = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=[connection], daemon=True).start()

    def _one(self, raw: socket.socket) -> None:
        raw.settimeout(10)
        with suppress(OSError), raw:
            name: list[str] = []
            connection = raw
            if self.tls is not None:
                self.tls.sni_callback = lambda _s, said, _c: name.append(said or "")
                connection = self.tls.wrap_socket(raw, server_side=True)
            with connection:
                if asked := _read(connection):
                    asked.server_name = name[0] if name else ""
                    self.asked.append(asked)
                    self.behaviour(connection, asked)

    def url(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"


def _read(connection: socket.socket) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    line, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): text.strip() for name, _, text in (row.partition(":") for row in rest)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    return Asked(line, headers, body)


@contextmanager
def http_server(
    behaviour: Behaviour | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[HttpServer]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = HttpServer(port=listening.getsockname()[1], tls=tls)
    if behaviour is not None:
        server.behaviour = behaviour
    thread = threading.Thread(target=server.serve, args=[listening], daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def own_certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, str]:
    """A server's context and the PEM text that trusts it: signed by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = dt.datetime.now(dt.UTC)
    alternatives: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
        for name in names
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "server.pem").write_bytes(pem + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context, pem.decode()

"""A mail server over a real socket that behaves, or doesn't."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message


@dataclass
class MailServer:
    """`replies` answers a command in its own way: {"RCPT": "550 no such person"}; the reply
    "hang up" closes the connection instead. `taken` holds what was accepted."""

    port: int = 0
    replies: dict[str, str] = field(default_factory=dict)
    taken: list[Message] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _peer = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=[connection], daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        with suppress(OSError, EOFError), connection, connection.makefile("rb") as lines:
            self._say(connection, "220 here")
            for line in lines:
                word = line.decode().split(" ")[0].strip().upper()
                self.commands.append(word)
                if not self._answer(connection, lines, word):
                    return

    def _answer(self, connection, lines, word: str) -> bool:
        if (reply := self.replies.get(word)) is not None:
            if reply != "hang up":
                self._say(connection, reply)
            return reply != "hang up"
        if word == "DATA":
            self._say(connection, "354 go on")
            body = b"".join(iter(lambda: self._line(lines), b".\r\n"))
            self.taken.append(message_from_bytes(body))
            if self.replies.get("AFTER DATA") == "hang up":
                return False
        self._say(connection, {"QUIT": "221 bye", "EHLO": "250 stand-in"}.get(word, "250 yes"))
        return word != "QUIT"

    @staticmethod
    def _line(lines) -> bytes:
        line = lines.readline()
        if not line:
            raise EOFError
        return line

    @staticmethod
    def _say(connection: socket.socket, text: str) -> None:
        connection.sendall(f"{text}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = MailServer(port=listening.getsockname()[1])
    thread = threading.Thread(target=server.serve, args=[listening], daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)

"""Writing to people as the bot of a connection: signed in once, reused, signed in anew at need."""

from collections import OrderedDict
from contextlib import closing
from typing import Final

from django.utils.translation import gettext as _

from conferences.models import Connection
from conferences.platforms.base import PlatformError
from conferences.platforms.trueconf.chat_socket import (
    CHAT_NOT_FOUND,
    EXPIRED,
    ChatLost,
    ChatRefused,
    ChatSocket,
)
from conferences.platforms.trueconf.chat_tokens import bot_token
from conferences.platforms.trueconf.transport import Transport

LONGEST: Final = 4096
"""Visible characters of one message."""
_MOST_CHATS: Final = 1000


class Chat:
    """The bot of one connection. For one thread at a time; close it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._socket: ChatSocket | None = None
        self._chats: OrderedDict[str, str] = OrderedDict()
        """Call id -> the chat with that person, as the server named it."""

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def write(self, call_id: str, text: str) -> None:
        """One message to one person. Raises PlatformError.

        ChatLost: nobody knows whether it arrived. What the server refused did not arrive, so a
        token that is over and a chat that is gone are made anew and it is sent once more.
        """
        try:
            self._write(call_id, text)
        except ChatRefused as error:
            if error.number == CHAT_NOT_FOUND:
                self._chats.pop(call_id, None)
            elif error.number == EXPIRED:
                self.close()
            else:
                raise
            self._write(call_id, text)

    def _write(self, call_id: str, text: str) -> None:
        chat = self._chat_with(call_id)
        content = {"text": text, "parseMode": "text"}
        self._signed_in().ask("sendMessage", chatId=chat, content=content)

    def _chat_with(self, call_id: str) -> str:
        """Asking for it changes nothing there, so a socket that was closed is opened again."""
        if not self._is_open:
            self.close()
        if call_id not in self._chats:
            try:
                answer = self._signed_in().ask("createP2PChat", userId=call_id)
            except ChatLost:
                answer = self._signed_in().ask("createP2PChat", userId=call_id)
            self._keep(call_id, str(answer.get("chatId") or ""))
        return self._chats[call_id]

    def _keep(self, call_id: str, chat: str) -> None:
        if not chat:
            raise PlatformError(_("The server's answer names no chat."), code="chat_answer")
        self._chats[call_id] = chat
        if len(self._chats) > _MOST_CHATS:
            self._chats.popitem(last=False)

    @property
    def _is_open(self) -> bool:
        return self._socket is not None and self._socket.is_open

    def _signed_in(self) -> ChatSocket:
        if self._socket is not None and self._socket.is_open:
            return self._socket
        self.close()
        with closing(Transport(self._connection)) as transport:
            token = bot_token(self._connection, transport)
        opened = ChatSocket(self._connection)
        try:
            opened.ask(
                "auth",
                token=token,
                tokenType="JWT",
                receiveUnread=False,
                receiveSystemMessageEnvelopes=False,
            )
        except BaseException:
            opened.close()
            raise
        self._socket = opened
        return opened

"""Bots that stay signed in for a while: one for each connection in a process.

Processes take turns with a lock of the database, so that a server that lets a bot in only once does
not throw one out while it speaks. A bot that was not let in waits, longer each time.
"""

import os
import threading
import time
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext as _

from conferences.models import Connection
from conferences.platforms.base import PlatformError
from conferences.platforms.trueconf import locks
from conferences.platforms.trueconf.chat import Chat

IDLE_S: Final = 60.0
TURN_S: Final = 30.0
"""How long one waits for whoever speaks as this bot elsewhere."""
LONGEST_PAUSE_S: Final = 60.0


@dataclass
class Bot:
    """The signed-in bot of a connection, with what its settings were."""

    chat: Chat
    settings: tuple[object, ...]
    pid: int
    lock: threading.Lock = field(default_factory=threading.Lock)
    failures: int = 0
    not_before: float = 0.0
    timer: threading.Timer | None = None


_bots: dict[int, Bot] = {}
_guard = threading.Lock()


def write(connection: Connection, call_id: str, text: str) -> None:
    """One message as the connection's bot. Raises PlatformError, ChatLost where it may or may not
    have arrived."""
    bot = _bot_of(connection)
    with bot.lock:
        _check_pause(bot)
        with locks.one_at_a_time(connection.pk, space=locks.CHATTING, wait_s=TURN_S):
            _write(bot, call_id, text)
        _close_later(bot)


def forget_all() -> None:
    """Close every socket of this process; the next message signs in anew."""
    with _guard:
        found = list(_bots.values())
        _bots.clear()
    for bot in found:
        _retire(bot)


def _bot_of(connection: Connection) -> Bot:
    """The one there is, unless its connection was changed or this process is a child of its."""
    settings = (
        connection.url,
        connection.chat_bot_user,
        connection.chat_bot_password,
        connection.verify_tls,
        connection.ca_bundle,
    )
    with _guard:
        bot = _bots.get(connection.pk)
        if bot and bot.settings == settings and bot.pid == os.getpid():
            return bot
        _bots[connection.pk] = fresh = Bot(Chat(connection), settings, os.getpid())
    if bot and bot.pid == os.getpid():
        _retire(bot)
    return fresh


def _write(bot: Bot, call_id: str, text: str) -> None:
    try:
        bot.chat.write(call_id, text)
    except PlatformError as error:
        if error.retryable:
            bot.chat.close()
            bot.failures += 1
            bot.not_before = time.monotonic() + min(2.0**bot.failures / 2, LONGEST_PAUSE_S)
        raise
    bot.failures, bot.not_before = 0, 0.0


def _check_pause(bot: Bot) -> None:
    if time.monotonic() < bot.not_before:
        raise PlatformError(
            _("The server's chat failed a moment ago."), code="chat_paused", retryable=True
        )


def _close_later(bot: Bot) -> None:
    if bot.timer is not None:
        bot.timer.cancel()
    bot.timer = threading.Timer(IDLE_S, _retire, args=(bot,))
    bot.timer.daemon = True
    bot.timer.start()


def _retire(bot: Bot) -> None:
    with bot.lock:
        if bot.timer is not None:
            bot.timer.cancel()
        bot.chat.close()

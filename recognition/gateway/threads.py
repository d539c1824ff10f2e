"""The gateway's database work and files: in threads of its own, never in the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

from django.db import close_old_connections

Answer = TypeVar("Answer")
THREADS: Final = ThreadPoolExecutor(4, thread_name_prefix="gateway")
"""Offers, leases and arrivals: short."""
IMPORTS: Final = ThreadPoolExecutor(2, thread_name_prefix="gateway-import")
"""Results may be large; nobody's lease waits for them."""


async def in_thread(work: Callable[..., Answer], *args: Any, **named: Any) -> Answer:
    return await _run(THREADS, partial(work, *args, **named))


async def in_import_thread(work: Callable[..., Answer], *args: Any, **named: Any) -> Answer:
    return await _run(IMPORTS, partial(work, *args, **named))


async def _run(pool: ThreadPoolExecutor, work: Callable[[], Answer]) -> Answer:
    def run() -> Answer:
        close_old_connections()
        try:
            return work()
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(pool, run)

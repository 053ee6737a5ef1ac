"""The waits of event loops.

A grant may come from any thread, and a task may be cancelled at any moment: also
when the grant is decided and its future is settled, but the task has not run yet.
So nothing here belongs to a task, and every way out that is not an acquired lock
goes through ``_abandon``, which cancels or releases, whichever is due.
"""

from __future__ import annotations

import asyncio
from asyncio.events import _get_running_loop
from typing import TYPE_CHECKING

from oarlock._errors import Timeout

if TYPE_CHECKING:
    from oarlock._core import Lock, Pending


def settle(future: asyncio.Future[None]) -> None:
    """Ends the wait for this future, however often it is called."""
    if not future.done():
        future.set_result(None)


def wake(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
    """Settles a future of a loop from any thread; raises if the loop is closed."""
    if _get_running_loop() is loop:
        settle(future)
    else:
        loop.call_soon_threadsafe(settle, future)


async def outcome(pending: Pending, seconds: float | None, sole: bool) -> None:
    """Returns when the request has its outcome or the time is up."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    if not pending._watch(loop, future, sole):
        return
    timer = None if seconds is None else loop.call_later(seconds, settle, future)
    try:
        await future
    finally:
        if timer is not None:
            timer.cancel()
        pending._unwatch(future)


async def acquire(lock: Lock, timeout: float | None) -> bool:
    """``Lock.acquire_async``."""
    started = lock._start(timeout)
    if started is None:
        return True
    pending, seconds = started
    if pending is None:
        return False
    try:
        await outcome(pending, seconds, sole=True)
        while (acquired := lock._take(pending)) is None:
            await outcome(pending, None, sole=True)
        return acquired
    except BaseException:
        lock._abandon(pending)
        raise


async def enter(lock: Lock) -> Lock:
    """``Lock.__aenter__``, when the lock was not free."""
    if not await acquire(lock, None):
        raise Timeout("the lock was not granted in time")
    return lock


async def wait(pending: Pending, timeout: float | None) -> bool:
    """``Pending.wait_async``."""
    seconds = pending._seconds(timeout)
    if not pending.wait(0) and seconds != 0:
        await outcome(pending, seconds, sole=False)
    return pending.wait(0)


async def enter_pending(pending: Pending) -> Pending:
    """``Pending.__aenter__``."""
    try:
        while not await wait(pending, None):
            pass
        return pending
    except BaseException:
        pending._abandon()
        raise

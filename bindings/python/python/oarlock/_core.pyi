"""The native half of the oarlock package; import ``oarlock`` instead."""

import asyncio
from collections.abc import Awaitable, Coroutine, Iterable, Sequence
from types import TracebackType
from typing import Any, Final, Literal, TypeAlias, final

from typing_extensions import Self

__all__ = ["TIMEOUT_MAX", "Lock", "Manager", "Pending", "__version__", "_after_fork_in_child"]

# Text split at "/", or a list or tuple of segments taken as they are. (`Sequence`
# since a `list[str]` is no `list[str | bytes]`.)
_Path: TypeAlias = str | bytes | Sequence[str | bytes]
_Paths: TypeAlias = str | bytes | Iterable[_Path]
# The mode is "read" or "write", or "r" or "w"; or "read_entry" or "write_entry".
_Claim: TypeAlias = tuple[str, _Path]

__version__: Final[str]
"""The version of the package."""

TIMEOUT_MAX: Final[float]
"""The longest timeout in seconds, some 292 years; a longer one is TimeoutTooLarge."""

@final
class Manager:
    """A lock manager: one tree of paths, shared by all who use this object.

    A path is text split at "/" (str or bytes; "" is the root) or a list or tuple
    of segments (str or bytes), taken as they are. A claim on a path covers all
    below it. Claims asked for together are granted together, all or nothing;
    conflicting requests are served first in, first out.

    Every path, the root too, has an entry: the path itself, as a directory's list of
    names, and not what is below it. A claim on an entry conflicts with claims on that
    entry, on its path and above. A write of the path or above covers it, and a read
    covers a read of it.

    Any thread and any asyncio task may use it. No method blocks.
    """

    def __new__(
        cls,
        *,
        max_claims: int | None = None,
        max_segments: int | None = None,
        max_request_segments: int | None = None,
        max_path_bytes: int | None = None,
    ) -> Self:
        """A manager with locks of its own, and bounds on each request.

        max_claims: claims in one request, 4,096 if None.
        max_segments: segments in one path, 1,024 if None.
        max_request_segments: segments in all paths of one request, each entry counted
        as one more, 16,384 if None.
        max_path_bytes: bytes in one path, separators not counted, 65,536 if None.

        Raises OverflowError for a limit below 0.
        """

    @staticmethod
    def named(name: str) -> Manager:
        """The manager of this name: the same one for all who ask in this process
        while any of them, or any of its locks, is alive. It has the default limits.
        In a forked child the names start anew.
        """

    @property
    def name(self) -> str | None:
        """The name that it was asked for with `named`, else None."""

    def write(self, *paths: _Path, timeout: float | None = None) -> Lock:
        """A Lock that writes these paths: nobody else may hold them, nor anything
        above or below them. Nothing is acquired or queued yet.

        timeout: the seconds that each `with`, `async with` and acquire of the Lock
        waits at most; None or -1 is for ever, 0 only tries.

        Raises NoClaims, EmptySegment, TooManyClaims, TooManySegments,
        RequestTooLarge, PathTooLong, NegativeTimeout (below 0, not -1),
        TimeoutTooLarge (above TIMEOUT_MAX), InvalidTimeout (NaN), Forked;
        TypeError for what is no path or no number.
        """

    def read(self, *paths: _Path, timeout: float | None = None) -> Lock:
        """A Lock that reads these paths: others may read them, nobody may write them
        or anything above or below them. Timeout and errors as for `write`.
        """

    def write_entry(self, *paths: _Path, timeout: float | None = None) -> Lock:
        """A Lock that writes these paths' own entries, and not what is below the paths:
        nobody else may hold the entries, or the paths or anything above them. Timeout
        and errors as for `write`.
        """

    def read_entry(self, *paths: _Path, timeout: float | None = None) -> Lock:
        """A Lock that reads these paths' own entries: others may read them, nobody may
        write them, or the paths or anything above them. Timeout and errors as for
        `write`.
        """

    def lock(
        self,
        *claims: _Claim,
        write: _Paths | None = None,
        read: _Paths | None = None,
        write_entry: _Paths | None = None,
        read_entry: _Paths | None = None,
        timeout: float | None = None,
    ) -> Lock:
        """A Lock of several claims, granted together.

        claims: tuples of a mode, "read", "write", "read_entry" or "write_entry", and a
        path.
        write, read, write_entry, read_entry: one path of text, or an iterable of paths.

        Timeout and errors as for `write`; UnknownMode for another mode.
        """

    def enqueue(
        self,
        *claims: _Claim,
        write: _Paths | None = None,
        read: _Paths | None = None,
        write_entry: _Paths | None = None,
        read_entry: _Paths | None = None,
    ) -> Pending:
        """Takes a place in the queue now, without blocking. Claims as for `lock`.

        Raises what `lock` raises, Closed and TooManyRequests.
        """

    def close(self) -> None:
        """Who waits gets Closed, and so does who asks from now on. What is held stays
        held until it is released. Never blocks; closing again does nothing.

        Raises Forked in a forked child.
        """

    @property
    def closed(self) -> bool:
        """Whether it was closed. Raises Forked in a forked child."""

    @property
    def max_claims(self) -> int:
        """The most claims in one request. Raises Forked in a forked child."""

    @property
    def max_segments(self) -> int:
        """The most segments in one path. Raises Forked in a forked child."""

    @property
    def max_request_segments(self) -> int:
        """The most segments in all paths of one request together, each entry counted as
        one more. Raises Forked in a forked child.
        """

    @property
    def max_path_bytes(self) -> int:
        """The most bytes in one path, separators not counted. Raises Forked in a forked child."""

@final
class Lock:
    """Claims of a manager, to be acquired and released like a threading.Lock.

    Made by Manager.write, Manager.read and Manager.lock. Any thread and any
    asyncio task may acquire it, and any other may release it. Each acquire is a
    request of its own: a second one waits its turn behind the first, unless the
    Lock only reads, which several may hold at once, each with a release of its
    own. It is not reentrant. A Lock that is collected while held is released.

    ``with`` blocks the thread, ``async with`` only the task; both wait as long as
    the Lock's timeout says and then raise Timeout, with nothing held or queued.
    """

    def acquire(self, blocking: bool = True, timeout: float | None = -1) -> bool:
        """True if the lock is held now, False if the time was up.

        Blocks the thread, with the interpreter free for others.

        timeout: seconds to wait at most; 0 tries without queueing; -1 or None waits
        as long as the Lock's own timeout says, for ever if it has none.
        blocking: False is the same as a timeout of 0, and takes no timeout.

        A signal handler that raises, such as Ctrl-C's, ends the wait at once with
        nothing held. Raises Closed, Forked, TooManyRequests, NegativeTimeout (below
        0, not -1), TimeoutTooLarge (above TIMEOUT_MAX), InvalidTimeout (NaN, or a
        timeout without blocking); TypeError for what is no number.
        """

    def release(self) -> None:
        """Releases the lock, whoever acquired it. Never blocks.

        Raises NotHeld when it is not held, Forked in a forked child.
        """

    def locked(self) -> bool:
        """Whether this Lock is held, by whomever. Another Lock's claims on the same
        paths do not count. Raises Forked in a forked child.
        """

    @property
    def token(self) -> int:
        """The fencing token: of two conflicting grants the later has the greater.

        Of a Lock that several hold (it only reads), the token of the latest grant.
        Raises NotHeld when it is not held, Forked in a forked child.
        """

    def acquire_async(self, timeout: float | None = None) -> Coroutine[Any, Any, bool]:
        """True if the lock is held now, False if the time was up.

        Never blocks the event loop. The request takes its place in the queue when
        the coroutine first runs.

        timeout: seconds to wait at most; 0 tries without queueing; None or -1 waits
        as long as the Lock's own timeout says, for ever if it has none.

        A task that is cancelled while it waits holds nothing and leaves nothing
        behind. Raises what `acquire` raises.
        """

    def __enter__(self) -> Self:
        """Acquires as `acquire` does; raises Timeout when the Lock's time is up."""

    def __exit__(
        self,
        *_exception: type[BaseException] | BaseException | TracebackType | None,
    ) -> None:
        """Releases. Raises NotHeld when that was done before."""

    def __aenter__(self) -> Awaitable[Self]:
        """Acquires as `acquire_async` does; raises Timeout when the Lock's time is up."""

    def __aexit__(
        self,
        *_exception: type[BaseException] | BaseException | TracebackType | None,
    ) -> Awaitable[None]:
        """Releases. Raises NotHeld when that was done before."""

    # Private from here on: what `oarlock._asyncio` needs. Not for other callers.
    def _start(self, timeout: float | None) -> tuple[Pending | None, float | None] | None: ...
    def _take(self, pending: Pending) -> bool | None: ...
    def _abandon(self, pending: Pending) -> None: ...

@final
class Pending:
    """One request, queued at once by Manager.enqueue, which does not block.

    It can be waited for by `with`, `async with`, `wait` and `wait_async`, from
    several threads and tasks, and is released once. A Pending that is collected
    leaves the queue, or releases what it holds.

    ``with`` and ``async with`` wait for ever. If that wait ends with an exception,
    the request has left the queue.
    """

    @property
    def state(self) -> Literal["waiting", "acquired", "cancelled", "closed", "released"]:
        """Where the request stands now. Raises Forked in a forked child."""

    @property
    def token(self) -> int:
        """The fencing token: of two conflicting grants the later has the greater.

        Raises NotHeld while it waits and when it has ended, Forked in a child.
        """

    def wait(self, timeout: float | None = -1) -> bool:
        """True as soon as it is granted, False if the time was up first: the request
        then keeps its place in the queue.

        Blocks the thread, with the interpreter free for others.

        timeout: seconds to wait at most; 0 only looks; -1 or None waits for ever.

        When a signal handler raises, the request keeps its place. Raises Cancelled,
        Closed, NotHeld (it was released), Forked, NegativeTimeout (below 0, not -1),
        TimeoutTooLarge (above TIMEOUT_MAX), InvalidTimeout (NaN); TypeError for what
        is no number.
        """

    def wait_async(self, timeout: float | None = None) -> Coroutine[Any, Any, bool]:
        """As `wait`, but never blocks the event loop.

        timeout: seconds to wait at most; 0 only looks; None or -1 waits for ever.

        A task that is cancelled meanwhile leaves the request in its place.
        """

    def cancel(self) -> bool:
        """True: the request has left the queue. False: the grant came first, and the
        lock is held now.

        Never blocks. Raises NotHeld when it has ended before, Forked in a child.
        """

    def release(self) -> None:
        """Releases it. Never blocks.

        Raises NotHeld when it is not granted or was released, Forked in a child.
        """

    def __enter__(self) -> Self:
        """Waits for ever as `wait` does."""

    def __exit__(
        self,
        *_exception: type[BaseException] | BaseException | TracebackType | None,
    ) -> None:
        """Releases. Raises NotHeld when that was done before."""

    def __aenter__(self) -> Awaitable[Self]:
        """Waits for ever as `wait_async` does."""

    def __aexit__(
        self,
        *_exception: type[BaseException] | BaseException | TracebackType | None,
    ) -> Awaitable[None]:
        """Releases. Raises NotHeld when that was done before."""

    # Private from here on: what `oarlock._asyncio` needs. Not for other callers.
    @staticmethod
    def _seconds(timeout: float | None) -> float | None: ...
    def _watch(
        self,
        event_loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[None],
        sole: bool,
    ) -> bool: ...
    def _unwatch(self, future: asyncio.Future[None]) -> None: ...
    def _abandon(self) -> None: ...

# Private: `oarlock/__init__.py` has it called in a forked child.
def _after_fork_in_child() -> None: ...

"""The host's locks, for plugins: the C interface of the one liboarlock in this process.

    locks = oarlock_host.Manager.named("editor")
    with locks.acquire(write=["document/intro"], timeout=2, label="reformat") as guard:
        ...                                 # guard.token is the fencing token

The package `oarlock` from the package index is not used here, on purpose: it holds an
engine of its own, so its manager "editor" would be another one than the host's, and
neither would see the other's locks.

Every call that can wait releases the GIL while it does: ctypes does that around the
functions of a CDLL. A thread that waits for a lock so never holds up the other threads
of Python, nor a host thread that wants the GIL while it holds that lock. (Ctrl-C does not
end a wait: give it a timeout.)
"""

from __future__ import annotations

import ctypes
import os
import warnings
from collections.abc import Iterable
from ctypes import POINTER, byref, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from typing import NamedTuple, Union

__all__ = [
    "Cancelled", "Closed", "Deadlock", "Error", "Guard", "Manager", "Party", "Path", "Request",
    "Timeout",
]  # fmt: skip

# A text that is split at "/", or segments that are taken as they are.
Path = Union[str, "tuple[str, ...]"]

SONAME = "liboarlock.so.0"
# The ABI that the structs below are written for; it may change with the minor version.
VERSION = (0, 1)

READ, WRITE, READ_LIMITED = 1, 2, 3
GRANTED = 2
FOREVER = -1
OK, WOULD_BLOCK = 0, -1


# --- what oarlock.h declares ---------------------------------------------------


class _Str(ctypes.Structure):
    _fields_ = [("ptr", c_void_p), ("len", c_size_t)]

    def text(self) -> str:
        return ctypes.string_at(self.ptr, self.len).decode() if self.len else ""


class _Path(ctypes.Structure):
    _fields_ = [
        ("text", _Str),
        ("segments", POINTER(_Str)),
        ("segment_count", c_size_t),
        ("entry", c_int32),
        ("reserved", c_uint32),
    ]


class _Claim(ctypes.Structure):
    _fields_ = [("mode", c_int32), ("limit", c_uint32), ("path", _Path)]


class _RequestOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("owner", c_void_p),
        ("label", _Str),
    ]


class _RequestInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("state", c_int32),
        ("lock", c_uint64),
        ("token", c_uint64),
        ("owner", c_uint64),
        ("label", _Str),
        ("age_ns", c_uint64),
        ("claims", POINTER(_Claim)),
        ("claim_count", c_size_t),
        ("upgrading", c_int32),
        ("reserved", c_uint32),
    ]


class _Party(ctypes.Structure):
    _fields_ = [
        ("lock", c_uint64),
        ("owner", c_uint64),
        ("label", _Str),
        ("state", c_int32),
        ("reserved", c_uint32),
    ]


# Each function's result and parameters. Pointers to opaque objects are c_void_p.
_FUNCTIONS = {
    "oarlock_version": (ctypes.c_char_p, []),
    "oarlock_version_number": (c_uint32, []),
    "oarlock_status_name": (ctypes.c_char_p, [c_int32]),
    "oarlock_status_message": (ctypes.c_char_p, [c_int32]),
    "oarlock_error_message": (ctypes.c_char_p, [c_void_p]),
    "oarlock_error_parties": (POINTER(_Party), [c_void_p, POINTER(c_size_t)]),
    "oarlock_error_free": (None, [c_void_p]),
    "oarlock_manager_named": (c_int32, [_Str, POINTER(c_void_p), POINTER(c_void_p)]),
    "oarlock_manager_free": (None, [c_void_p]),
    "oarlock_acquire": (
        c_int32,
        [c_void_p, POINTER(_Claim), c_size_t, POINTER(_RequestOptions), c_int64]
        + [POINTER(c_uint64), POINTER(c_uint64), POINTER(c_void_p)],
    ),
    "oarlock_try_acquire": (
        c_int32,
        [c_void_p, POINTER(_Claim), c_size_t, POINTER(_RequestOptions)]
        + [POINTER(c_uint64), POINTER(c_uint64), POINTER(c_void_p)],
    ),
    "oarlock_release": (c_int32, [c_void_p, c_uint64]),
    "oarlock_inspect": (c_int32, [c_void_p, _Path, POINTER(c_void_p), POINTER(c_void_p)]),
    "oarlock_snapshot_count": (c_size_t, [c_void_p]),
    "oarlock_snapshot_get": (c_int32, [c_void_p, c_size_t, POINTER(_RequestInfo)]),
    "oarlock_snapshot_free": (None, [c_void_p]),
}

_library: ctypes.CDLL | None = None


def load(path: str | None = None) -> ctypes.CDLL:
    """Finds the library that the host has loaded: by its path, if the host tells it
    (dladdr knows it), else by its soname. Never loads another copy, which would have
    managers of its own. The host calls this once; else the first use does."""
    global _library
    if _library is not None and path is None:
        return _library
    name = path or SONAME
    try:
        library = ctypes.CDLL(name, mode=os.RTLD_NOW | os.RTLD_NOLOAD)
    except OSError as error:
        raise ImportError(f"this process has not loaded {name}: there is no host") from error
    for function, (result, parameters) in _FUNCTIONS.items():
        entry = getattr(library, function)
        entry.restype = result
        entry.argtypes = parameters
    number = library.oarlock_version_number()
    if (number // 1_000_000, number // 1_000 % 1_000) != VERSION:
        raise ImportError(f"the host has oarlock {library.oarlock_version().decode()}")
    _library = library
    return library


# --- failures --------------------------------------------------------------------


class Party(NamedTuple):
    """Somebody else who has a part in a failure."""

    label: str
    lock: int
    owner: int


class Error(Exception):
    """A failure. `code` is its status, `name` that in words ("empty-segment"), `parties`
    the others: after a timeout those in the way, of a deadlock the cycle."""

    def __init__(self, code: int, name: str, message: str, parties: list[Party]) -> None:
        super().__init__(message)
        self.code = code
        self.name = name
        self.parties = parties


class Timeout(Error, TimeoutError):
    """The time was up before the lock was granted."""


class Cancelled(Error):
    """The request was cancelled while it waited."""


class Deadlock(Error):
    """What others hold would have kept it waiting for ever."""


class Closed(Error):
    """The host has closed the manager."""


_ERRORS: dict[int, type[Error]] = {-2: Timeout, -3: Cancelled, -4: Deadlock, -5: Closed}


def _check(library: ctypes.CDLL, status: int, error: c_void_p) -> None:
    """Raises what the status stands for; frees the error."""
    if status == OK:
        return
    message: bytes = library.oarlock_error_message(error)
    count = c_size_t()
    parties = library.oarlock_error_parties(error, byref(count))
    copied = [Party(p.label.text(), p.lock, p.owner) for p in parties[: count.value]]
    library.oarlock_error_free(error)
    name: bytes = library.oarlock_status_name(status)
    message = message or library.oarlock_status_message(status)
    raise _ERRORS.get(status, Error)(status, name.decode(), message.decode(), copied)


# --- requests ----------------------------------------------------------------------


class _Call:
    """What one call borrows from Python. It must live until the call has returned."""

    def __init__(self) -> None:
        self._kept: list[object] = []

    def string(self, text: str) -> _Str:
        data = text.encode()
        self._kept.append(data)
        return _Str(ctypes.cast(ctypes.c_char_p(data), c_void_p), len(data))

    def path(self, path: Path) -> _Path:
        if isinstance(path, str):
            return _Path(self.string(path), None, 0)
        segments = (_Str * len(path))(*(self.string(segment) for segment in path))
        self._kept.append(segments)
        return _Path(_Str(), segments, len(path))

    def claims(self, read: Iterable[Path], write: Iterable[Path]) -> ctypes.Array[_Claim]:
        wanted = [_Claim(READ, 0, self.path(path)) for path in _several(read)]
        wanted += [_Claim(WRITE, 0, self.path(path)) for path in _several(write)]
        return (_Claim * len(wanted))(*wanted)

    def options(self, label: str) -> _RequestOptions:
        size = ctypes.sizeof(_RequestOptions)
        return _RequestOptions(size, 0, None, self.string(label))


def _several(paths: Iterable[Path]) -> Iterable[Path]:
    """One text is one path, not its letters."""
    return [paths] if isinstance(paths, str) else paths


def _nanoseconds(timeout: float | None) -> int:
    return FOREVER if timeout is None else max(0, round(timeout * 1e9))


class Request(NamedTuple):
    """One request as it stood at a look."""

    label: str
    granted: bool
    read: list[tuple[str, ...]]
    write: list[tuple[str, ...]]
    token: int


class Guard:
    """What was granted. `with` releases it at its end."""

    def __init__(self, manager: Manager, lock: int, token: int) -> None:
        self._manager = manager
        self._lock = lock
        self.token = token

    def release(self) -> None:
        """Releases now. Once more is an Error: stale."""
        lock, self._lock = self._lock, 0
        self._manager._release(lock)

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock:
            self.release()

    def __del__(self) -> None:
        if self._lock:
            warnings.warn("a guard was dropped without a release", ResourceWarning, source=self)
            self.release()


class Manager:
    """A manager that the host has, too. For any number of threads."""

    def __init__(self, library: ctypes.CDLL, handle: c_void_p) -> None:
        self._library = library
        self._handle = handle

    @classmethod
    def named(cls, name: str) -> Manager:
        """The manager of this name in this process; made if there is none."""
        library, call = load(), _Call()
        handle, error = c_void_p(), c_void_p()
        status = library.oarlock_manager_named(call.string(name), byref(handle), byref(error))
        _check(library, status, error)
        return cls(library, handle)

    def acquire(
        self,
        *,
        read: Iterable[Path] = (),
        write: Iterable[Path] = (),
        timeout: float | None = None,
        label: str = "",
    ) -> Guard:
        """All of it together, or Timeout after so many seconds; None waits for as long
        as it takes. Releases the GIL while it waits."""
        call = _Call()
        claims, options = call.claims(read, write), call.options(label)
        lock, token, error = c_uint64(), c_uint64(), c_void_p()
        status = self._library.oarlock_acquire(
            self._handle, claims, len(claims), byref(options), _nanoseconds(timeout),
            byref(lock), byref(token), byref(error),
        )  # fmt: skip
        _check(self._library, status, error)
        return Guard(self, lock.value, token.value)

    def try_acquire(
        self, *, read: Iterable[Path] = (), write: Iterable[Path] = (), label: str = ""
    ) -> Guard | None:
        """All of it at once, or None."""
        call = _Call()
        claims, options = call.claims(read, write), call.options(label)
        lock, token, error = c_uint64(), c_uint64(), c_void_p()
        status = self._library.oarlock_try_acquire(
            self._handle, claims, len(claims), byref(options),
            byref(lock), byref(token), byref(error),
        )  # fmt: skip
        if status == WOULD_BLOCK:
            self._library.oarlock_error_free(error)
            return None
        _check(self._library, status, error)
        return Guard(self, lock.value, token.value)

    def inspect(self, path: Path = "") -> list[Request]:
        """Who holds or waits for something at the path, below it or above it: the
        host's requests, too. For people and their tools."""
        snapshot, error = c_void_p(), c_void_p()
        call = _Call()
        status = self._library.oarlock_inspect(
            self._handle, call.path(path), byref(snapshot), byref(error)
        )
        _check(self._library, status, error)
        try:
            count: int = self._library.oarlock_snapshot_count(snapshot)
            return [self._request(snapshot, index) for index in range(count)]
        finally:
            self._library.oarlock_snapshot_free(snapshot)

    def _request(self, snapshot: c_void_p, index: int) -> Request:
        info = _RequestInfo(struct_size=ctypes.sizeof(_RequestInfo))
        status = self._library.oarlock_snapshot_get(snapshot, index, byref(info))
        _check(self._library, status, c_void_p())
        paths: dict[bool, list[tuple[str, ...]]] = {False: [], True: []}
        for claim in info.claims[: info.claim_count]:
            segments = claim.path.segments[: claim.path.segment_count]
            paths[claim.mode == WRITE].append(tuple(segment.text() for segment in segments))
        granted = info.state == GRANTED
        return Request(info.label.text(), granted, paths[False], paths[True], info.token)

    def _release(self, lock: int) -> None:
        _check(self._library, self._library.oarlock_release(self._handle, lock), c_void_p())

    def __del__(self) -> None:
        self._library.oarlock_manager_free(self._handle)

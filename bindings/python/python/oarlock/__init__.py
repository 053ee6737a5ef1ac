"""Locks on paths: fair, several at once, all or nothing.

    import oarlock

    manager = oarlock.Manager()
    with manager.write("accounts/1", "accounts/2"):
        ...  # nobody else reads or writes the two, nor anything below them

A path is text split at "/" (``str`` or ``bytes``; ``""`` is the root) or a list
or tuple of segments, taken as they are. ``async with`` works the same.
"""

import os

from oarlock import _core
from oarlock._core import TIMEOUT_MAX, Lock, Manager, Pending, __version__
from oarlock._errors import (
    Cancelled,
    Closed,
    EmptySegment,
    Error,
    Forked,
    InvalidRequest,
    InvalidTimeout,
    LimitExceeded,
    NegativeTimeout,
    NoClaims,
    NotHeld,
    PathTooLong,
    RequestTooLarge,
    Timeout,
    TimeoutTooLarge,
    TooManyClaims,
    TooManyRequests,
    TooManySegments,
    UnknownMode,
)

__all__ = [
    "TIMEOUT_MAX",
    "Cancelled",
    "Closed",
    "EmptySegment",
    "Error",
    "Forked",
    "InvalidRequest",
    "InvalidTimeout",
    "LimitExceeded",
    "Lock",
    "Manager",
    "NegativeTimeout",
    "NoClaims",
    "NotHeld",
    "PathTooLong",
    "Pending",
    "RequestTooLarge",
    "Timeout",
    "TimeoutTooLarge",
    "TooManyClaims",
    "TooManyRequests",
    "TooManySegments",
    "UnknownMode",
    "__version__",
]

# A forked child must not touch what it inherited: see `Forked`.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_core._after_fork_in_child)

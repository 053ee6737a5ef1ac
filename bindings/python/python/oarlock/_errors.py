"""The exceptions, one class a kind; ``kind`` names it in a word."""

from typing import ClassVar


class Error(Exception):
    """Everything that this package raises of its own."""

    kind: ClassVar[str] = "error"


class InvalidRequest(Error, ValueError):
    """The request makes no sense or is over a limit. Nothing was queued."""

    kind = "invalid-request"


class NoClaims(InvalidRequest):
    """A request needs at least one claim."""

    kind = "no-claims"


class UnknownMode(InvalidRequest):
    """A mode is "read" or "write"."""

    kind = "unknown-mode"


class EmptySegment(InvalidRequest):
    """Text such as ``a//b``, ``/a`` or ``a/`` holds an empty segment."""

    kind = "empty-segment"


class LimitExceeded(InvalidRequest):
    """The request is over a limit of its manager."""

    kind = "limit-exceeded"


class TooManyClaims(LimitExceeded):
    """More claims than the manager's ``max_claims``."""

    kind = "too-many-claims"


class TooManySegments(LimitExceeded):
    """A path with more segments than the manager's ``max_segments``."""

    kind = "too-many-segments"


class RequestTooLarge(LimitExceeded):
    """More segments in all paths together than the manager's ``max_request_segments``."""

    kind = "request-too-large"


class PathTooLong(LimitExceeded):
    """A path with more bytes than the manager's ``max_path_bytes``."""

    kind = "path-too-long"


class TooManyRequests(LimitExceeded):
    """The manager holds as many live requests as it can number."""

    kind = "too-many-requests"


class InvalidTimeout(InvalidRequest):
    """The timeout is no number, or goes with an acquire that does not block."""

    kind = "invalid-timeout"


class NegativeTimeout(InvalidTimeout):
    """The timeout is below 0 and not -1."""

    kind = "negative-timeout"


class TimeoutTooLarge(InvalidTimeout, OverflowError):
    """The timeout is above ``TIMEOUT_MAX`` seconds."""

    kind = "timeout-too-large"


class Timeout(Error, TimeoutError):
    """A ``with`` or ``async with`` was not granted in time. Nothing is queued."""

    kind = "timeout"


class Cancelled(Error):
    """The request was cancelled while it waited."""

    kind = "cancelled"


class Closed(Error):
    """The manager is closed, or was closed while the request waited."""

    kind = "closed"


class NotHeld(Error, RuntimeError):
    """What is to be released is not held: it never was, or was released before."""

    kind = "stale"


class Forked(Error, RuntimeError):
    """This process is a fork of the one that made the manager.

    Locks that other threads of the parent held would never be released here.
    """

    kind = "forked"


# Tracebacks and pickles name the classes as users do.
for _class in [found for found in vars().values() if isinstance(found, type)]:
    if issubclass(_class, Error):
        _class.__module__ = "oarlock"
del _class

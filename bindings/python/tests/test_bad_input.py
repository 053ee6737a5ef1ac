"""Each mistake has an error of its own kind, and hurts nobody else."""

import itertools
import math
import threading

import pytest
from support import is_free

import oarlock
from oarlock import Manager

# What is wrong, the class, a built-in base of it, its kind.
MISTAKES = [
    ("no paths", lambda m: m.write(), oarlock.NoClaims, "no-claims"),
    ("no reads", lambda m: m.read(), oarlock.NoClaims, "no-claims"),
    ("no claims", lambda m: m.lock(), oarlock.NoClaims, "no-claims"),
    ("empty lists", lambda m: m.lock(write=[], read=()), oarlock.NoClaims, "no-claims"),
    ("no claims to queue", lambda m: m.enqueue(), oarlock.NoClaims, "no-claims"),
    ("unknown mode", lambda m: m.lock(("delete", "a")), oarlock.UnknownMode, "unknown-mode"),
    ("odd mode", lambda m: m.enqueue(("\ud800", "a")), oarlock.UnknownMode, "unknown-mode"),
    ("a//b", lambda m: m.write("a//b"), oarlock.EmptySegment, "empty-segment"),
    ("/a", lambda m: m.read(b"/a"), oarlock.EmptySegment, "empty-segment"),
    ("a/", lambda m: m.lock(read=["x", "a/"]), oarlock.EmptySegment, "empty-segment"),
    ("/", lambda m: m.enqueue(write="/"), oarlock.EmptySegment, "empty-segment"),
    (
        "too many claims",
        lambda m: m.write(*map(str, range(4_097))),
        oarlock.TooManyClaims,
        "too-many-claims",
    ),
    (
        "a million resources",
        lambda m: m.lock(write=[f"r/{n}" for n in range(1_000_000)]),
        oarlock.TooManyClaims,
        "too-many-claims",
    ),
    (
        "endless claims",
        lambda m: m.lock(read=map(str, itertools.count())),
        oarlock.TooManyClaims,
        "too-many-claims",
    ),
    (
        "too deep a text",
        lambda m: m.write("/".join("s" * 1_025)),
        oarlock.TooManySegments,
        "too-many-segments",
    ),
    (
        "too deep a list",
        lambda m: m.write(["s"] * 100_000),
        oarlock.TooManySegments,
        "too-many-segments",
    ),
    (
        "too large a request of text",
        lambda m: m.write(*(f"{n}" + "/s" * 1_023 for n in range(17))),
        oarlock.RequestTooLarge,
        "request-too-large",
    ),
    (
        "too large a request of lists",
        lambda m: m.enqueue(read=[["s"] * 1_024] * 17),
        oarlock.RequestTooLarge,
        "request-too-large",
    ),
    ("too long a text", lambda m: m.write("s" * 65_537), oarlock.PathTooLong, "path-too-long"),
    ("too long a list", lambda m: m.write([b"s" * 70_000]), oarlock.PathTooLong, "path-too-long"),
    (
        "negative timeout",
        lambda m: m.write("a").acquire(timeout=-2),
        oarlock.NegativeTimeout,
        "negative-timeout",
    ),
    (
        "slightly negative timeout",
        lambda m: m.write("a", timeout=-0.001),
        oarlock.NegativeTimeout,
        "negative-timeout",
    ),
    (
        "hugely negative timeout",
        lambda m: m.write("a").acquire(timeout=-(10**400)),
        oarlock.NegativeTimeout,
        "negative-timeout",
    ),
    (
        "-inf",
        lambda m: m.enqueue(write="a").wait(-math.inf),
        oarlock.NegativeTimeout,
        "negative-timeout",
    ),
    (
        "too large a timeout",
        lambda m: m.write("a").acquire(timeout=oarlock.TIMEOUT_MAX * 2),
        oarlock.TimeoutTooLarge,
        "timeout-too-large",
    ),
    (
        "a huge int",
        lambda m: m.write("a").acquire(timeout=10**400),
        oarlock.TimeoutTooLarge,
        "timeout-too-large",
    ),
    (
        "inf",
        lambda m: m.read("a", timeout=math.inf),
        oarlock.TimeoutTooLarge,
        "timeout-too-large",
    ),
    (
        "nan",
        lambda m: m.write("a").acquire(timeout=math.nan),
        oarlock.InvalidTimeout,
        "invalid-timeout",
    ),
    (
        "a timeout without blocking",
        lambda m: m.write("a").acquire(False, 1),
        oarlock.InvalidTimeout,
        "invalid-timeout",
    ),
    ("release of nothing", lambda m: m.write("a").release(), oarlock.NotHeld, "stale"),
    ("token of nothing", lambda m: m.write("a").token, oarlock.NotHeld, "stale"),
]


@pytest.mark.parametrize(
    ("mistake", "error", "kind"),
    [mistake[1:] for mistake in MISTAKES],
    ids=[mistake[0] for mistake in MISTAKES],
)
def test_a_mistake_has_its_own_kind(manager: Manager, mistake, error, kind) -> None:
    with manager.write("theirs"):
        with pytest.raises(oarlock.Error) as caught:
            mistake(manager)
        assert type(caught.value) is error
        assert caught.value.kind == kind
        assert str(caught.value)
        # Everybody else goes on.
        assert not is_free(manager.write("theirs"))
        assert is_free(manager.write("a"))


def test_kinds_have_the_builtin_bases_that_callers_expect() -> None:
    for error, base in [
        (oarlock.InvalidRequest, ValueError),
        (oarlock.NoClaims, ValueError),
        (oarlock.NegativeTimeout, ValueError),
        (oarlock.TimeoutTooLarge, OverflowError),
        (oarlock.TooManyClaims, oarlock.LimitExceeded),
        (oarlock.RequestTooLarge, oarlock.LimitExceeded),
        (oarlock.Timeout, TimeoutError),
        (oarlock.NotHeld, RuntimeError),
        (oarlock.Forked, RuntimeError),
    ]:
        assert issubclass(error, base)
        assert issubclass(error, oarlock.Error)


def test_each_kind_is_named_once() -> None:
    classes = [c for c in vars(oarlock).values() if isinstance(c, type)]
    kinds = [c.kind for c in classes if issubclass(c, oarlock.Error)]
    assert len(kinds) == len(set(kinds)) == 19
    assert all(c.__module__ == "oarlock" for c in classes)


@pytest.mark.parametrize(
    "mistake",
    [
        lambda m: m.write(7),
        lambda m: m.write(None),
        lambda m: m.write({"a"}),
        lambda m: m.write(["a", 7]),
        lambda m: m.write([["a"], ["b"]]),
        lambda m: m.write(bytearray(b"a")),
        lambda m: m.lock(write=7),
        lambda m: m.lock("a"),
        lambda m: m.lock(("write",)),
        lambda m: m.lock((7, "a")),
        lambda m: m.lock(delete="a"),
        lambda m: m.write("a").acquire(timeout="1"),
        lambda m: m.write("a", timeout=object()),
        lambda m: m.write("a").acquire_async(timeout="1").send(None),
        lambda m: oarlock.Lock(),
        lambda m: oarlock.Pending(),
        lambda m: oarlock.Manager.named(7),
        lambda m: oarlock.Manager(max_claims="x"),
        lambda m: oarlock.Manager(4),
    ],
)
def test_a_wrong_type_is_a_type_error(manager: Manager, mistake) -> None:
    with pytest.raises(TypeError):
        mistake(manager)


def test_a_second_release_is_refused(manager: Manager) -> None:
    lock = manager.write("a")
    lock.acquire()
    lock.release()
    with pytest.raises(oarlock.NotHeld):
        lock.release()
    with pytest.raises(oarlock.NotHeld), lock:
        lock.release()


def test_an_iterable_that_raises_leaves_nothing(manager: Manager) -> None:
    def paths():
        yield "a"
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        manager.lock(write=paths())
    with pytest.raises(KeyError, match="mine"):
        manager.enqueue(write=paths())


def test_timeouts_up_to_the_largest_are_fine(manager: Manager) -> None:
    assert oarlock.TIMEOUT_MAX <= threading.TIMEOUT_MAX
    for timeout in [oarlock.TIMEOUT_MAX, 10**6, 0.5, 1e-9, True, None, -1, -1.0]:
        lock = manager.write("a", timeout=timeout)
        assert lock.acquire(timeout=timeout)
        assert not lock.acquire(timeout=1e-9)
        lock.release()


def test_limits_can_be_set() -> None:
    manager = Manager(max_claims=3, max_segments=2, max_request_segments=3, max_path_bytes=3)
    limits = manager.max_claims, manager.max_segments, manager.max_request_segments
    assert (*limits, manager.max_path_bytes) == (3, 2, 3, 3)
    manager.write("a/b", "c", "")
    for mistake, error in [
        (lambda: manager.write("a", "b", "c", "d"), oarlock.TooManyClaims),
        (lambda: manager.write("a/b/c"), oarlock.TooManySegments),
        (lambda: manager.write("a/b", "c/d"), oarlock.RequestTooLarge),
        (lambda: manager.lock(read=["a/b"], write=[["c", "d"]]), oarlock.RequestTooLarge),
        (lambda: manager.enqueue(write=[("a", "b"), ["c", "d"]]), oarlock.RequestTooLarge),
        (lambda: manager.write("abcd"), oarlock.PathTooLong),
    ]:
        with pytest.raises(error):
            mistake()
    with pytest.raises(OverflowError):
        Manager(max_claims=-1)
    assert Manager().max_request_segments == 16_384

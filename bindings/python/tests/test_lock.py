"""A Lock is used like a threading.Lock."""

import gc
import threading
import weakref
from importlib import metadata

import pytest
from support import PATIENCE, assert_idle, is_free, threads, until, until_queued

import oarlock


def test_with_holds_and_releases(manager: oarlock.Manager) -> None:
    lock = manager.write("a")
    for _ in range(3):
        assert not lock.locked()
        with lock as held:
            assert held is lock
            assert lock.locked()
            assert not is_free(manager.read("a/b"))
    assert is_free(manager.write("a"))


def test_with_releases_when_the_body_raises(manager: oarlock.Manager) -> None:
    with pytest.raises(KeyError), manager.write("a"):
        raise KeyError
    assert is_free(manager.write("a"))


def test_acquire_and_release(manager: oarlock.Manager) -> None:
    lock = manager.write("a")
    assert lock.acquire() is True
    assert lock.acquire(blocking=False) is False
    assert lock.acquire(False) is False
    assert lock.acquire(0) is False  # type: ignore[arg-type]  # as threading.Lock
    assert lock.acquire(timeout=0) is False
    assert lock.acquire(True, 0.001) is False
    lock.release()
    assert lock.acquire(True, -1) is True
    lock.release()


def test_several_paths_are_taken_as_a_whole(manager: oarlock.Manager) -> None:
    with manager.write("b"):
        assert not manager.write("a", "b").acquire(False)
        assert is_free(manager.write("a"))
    with manager.lock(write=["a", "b"], read="c"):
        assert not is_free(manager.write("a"))
        assert not is_free(manager.write("b"))
        assert not is_free(manager.write("c"))
        assert is_free(manager.read("c"))


def test_a_release_may_come_from_another_thread(manager: oarlock.Manager) -> None:
    lock = manager.write("a")
    lock.acquire()
    with threads(lock.release):
        assert lock.acquire(timeout=PATIENCE)
    lock.release()


def test_a_second_acquire_of_one_lock_waits_its_turn(manager: oarlock.Manager) -> None:
    lock, order = manager.write("a"), []
    lock.acquire()

    def second() -> None:
        with lock:
            order.append("second")

    gate = manager.read("gate")
    gate.acquire()

    def first() -> None:
        # Queues for both at once, so that its place is seen at the gate.
        with manager.write("gate", "a"):
            order.append("first")

    with threads(first, lambda: (until_queued(manager, "gate"), second())):
        until_queued(manager, "gate")
        gate.release()
        lock.release()
    assert order == ["first", "second"]
    assert not lock.locked()


def test_a_lock_that_reads_may_be_held_several_times(manager: oarlock.Manager) -> None:
    lock = manager.read("a")
    with lock, lock:
        first = lock.token
        with threads(lambda: lock.acquire(timeout=PATIENCE)):
            pass
        assert lock.token >= first
        lock.release()
        assert not is_free(manager.write("a"))
    assert not lock.locked()
    with pytest.raises(oarlock.NotHeld):
        lock.release()


def test_tokens_grow_with_every_conflicting_grant(manager: oarlock.Manager) -> None:
    last = 0
    for path in ["a", "a/b", "", "a/b/c", "a"] * 20:
        with manager.write(path) as lock:
            assert lock.token > last
            last = lock.token


def test_only_a_held_lock_has_a_token(manager: oarlock.Manager) -> None:
    lock = manager.write("a")
    with pytest.raises(oarlock.NotHeld):
        _ = lock.token
    with lock:
        assert isinstance(lock.token, int)


def test_a_lock_that_is_collected_is_released(manager: oarlock.Manager) -> None:
    lock = manager.write("a")
    lock.acquire()
    gone = weakref.ref(lock)
    del lock
    gc.collect()
    assert gone() is None
    assert is_free(manager.write("a"))


def test_a_collected_lock_lets_the_next_one_in(manager: oarlock.Manager) -> None:
    holder = [manager.read("a")]
    holder[0].acquire()
    with threads(lambda: manager.write("a").acquire(timeout=PATIENCE)):
        until_queued(manager, "a")
        holder.clear()
        gc.collect()


def test_a_finalizer_may_use_locks_itself(manager: oarlock.Manager) -> None:
    seen = []

    class Owner:
        def __init__(self) -> None:
            self.lock = manager.write("a")
            self.lock.acquire()
            self.itself = self

        def __del__(self) -> None:
            self.lock.release()
            with manager.write("a"):
                seen.append(self.lock.locked())

    for _ in range(10):
        Owner()
        gc.collect()
    assert seen == [False] * 10


def test_a_timeout_of_with_raises(manager: oarlock.Manager) -> None:
    with manager.read("a"):
        late = manager.write("a", timeout=0.01)
        with pytest.raises(oarlock.Timeout) as caught, late:
            pass
        assert isinstance(caught.value, TimeoutError)
        assert caught.value.kind == "timeout"
        # It has left the queue, so that a reader passes.
        assert is_free(manager.read("a"))
        # The Lock's own timeout holds for an acquire that names none.
        assert late.acquire() is False
        assert late.acquire(timeout=-1) is False
        with pytest.raises(oarlock.Timeout), manager.write("a", timeout=0):
            pass
    with late:
        pass


def test_a_request_that_times_out_lets_others_pass(manager: oarlock.Manager) -> None:
    passed = threading.Event()
    with manager.read("a"):

        def reader() -> None:
            until_queued(manager, "a")
            with manager.read("a", "b"):
                passed.set()

        def writer() -> None:
            while not passed.is_set():
                assert not manager.write("a").acquire(timeout=0.05)

        with threads(writer, reader):
            assert passed.wait(PATIENCE)


def test_a_thread_that_waits_leaves_the_interpreter_to_others(manager: oarlock.Manager) -> None:
    with manager.read("a") as held:
        waiting = [lambda: manager.write("a").acquire(timeout=PATIENCE) for _ in range(1)]
        with threads(*waiting):
            # This very loop is Python code that runs while the other waits.
            until_queued(manager, "a")
            held.release()
            held.acquire()


def test_close_ends_waits_and_keeps_what_is_held() -> None:
    manager = oarlock.Manager()
    lock = manager.read("a")
    lock.acquire()
    errors = []

    def waits() -> None:
        try:
            manager.write("a").acquire()
        except oarlock.Closed as error:
            errors.append(error)

    with threads(waits):
        until_queued(manager, "a")
        manager.close()
    assert len(errors) == 1 and errors[0].kind == "closed"
    assert manager.closed
    manager.close()
    assert lock.locked()
    lock.release()
    for use in [lock.acquire, lambda: lock.acquire(False), lambda: manager.enqueue(write="a")]:
        with pytest.raises(oarlock.Closed):
            use()


def test_named_managers_are_the_same(manager: oarlock.Manager) -> None:
    one, other = oarlock.Manager.named("test"), oarlock.Manager.named("test")
    assert one.name == "test"
    assert manager.name is None
    with one.write("a"):
        assert not other.write("a").acquire(False)
        assert is_free(oarlock.Manager.named("another").write("a"))
        assert is_free(manager.write("a"))
    # It lives as long as any lock of it.
    lock = oarlock.Manager.named("short").write("a")
    lock.acquire()
    assert not is_free(oarlock.Manager.named("short").write("a"))
    lock.release()


def test_limits_are_shown() -> None:
    manager = oarlock.Manager(max_claims=3, max_segments=4, max_path_bytes=5)
    assert (manager.max_claims, manager.max_segments, manager.max_path_bytes) == (3, 4, 5)
    assert oarlock.Manager().max_claims == 4096


def test_objects_say_what_they_are(manager: oarlock.Manager) -> None:
    lock = manager.write("a", "b")
    assert repr(lock) == "<oarlock.Lock of 2 claims, not held>"
    with lock:
        assert repr(lock) == f"<oarlock.Lock of 2 claims, held, token {lock.token}>"
        assert repr(manager.enqueue(write="a")) == "<oarlock.Pending, waiting>"
    assert repr(manager) == "<oarlock.Manager>"
    assert repr(oarlock.Manager.named("x")) == '<oarlock.Manager "x">'


def test_the_version_is_that_of_the_package() -> None:
    assert oarlock.__version__ == metadata.version("oarlock")


def test_nothing_is_left_of_many_locks(manager: oarlock.Manager) -> None:
    locks = [manager.write(f"a/{number}") for number in range(1_000)]
    for lock in locks:
        lock.acquire()
    del locks, lock
    gc.collect()
    assert_idle(manager)
    until(lambda: is_free(manager.write("")))

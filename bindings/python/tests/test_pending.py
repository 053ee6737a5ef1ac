"""A Pending has its place in the queue from the start."""

import gc

import pytest
from support import PATIENCE, is_free, threads, until

import oarlock
from oarlock import Manager


def test_a_free_lock_is_granted_at_once(manager: Manager) -> None:
    pending = manager.enqueue(write=["a", "b"], read="c")
    assert pending.state == "acquired"
    assert pending.token > 0
    assert pending.wait() is True
    pending.release()
    assert pending.state == "released"


def test_first_in_first_out(manager: Manager) -> None:
    reader = manager.enqueue(read="a")
    writer = manager.enqueue(write="a/b")
    late = manager.enqueue(("read", "a"), ("read", ""))
    beside = manager.enqueue(read="a/c")
    states = [pending.state for pending in (reader, writer, late, beside)]
    assert states == ["acquired", "waiting", "waiting", "acquired"]
    reader.release()
    assert (writer.state, late.state) == ("acquired", "waiting")
    assert writer.token > 0
    writer.release()
    assert late.state == "acquired"
    late.release()
    beside.release()


def test_a_cancelled_writer_lets_readers_pass(manager: Manager) -> None:
    reader = manager.enqueue(read="a")
    writer = manager.enqueue(write="a")
    late = manager.enqueue(read="a")
    assert late.state == "waiting"
    assert writer.cancel() is True
    assert (writer.state, late.state) == ("cancelled", "acquired")
    with pytest.raises(oarlock.Cancelled):
        writer.wait()
    late.release()
    reader.release()


def test_cancel_says_when_the_grant_won(manager: Manager) -> None:
    pending = manager.enqueue(write="a")
    assert pending.cancel() is False
    assert pending.state == "acquired"
    pending.release()


def test_what_has_ended_is_stale(manager: Manager) -> None:
    with manager.write("a"):
        pending = manager.enqueue(write="a")
        with pytest.raises(oarlock.NotHeld):
            pending.release()
        with pytest.raises(oarlock.NotHeld):
            _ = pending.token
        assert pending.cancel()
        with pytest.raises(oarlock.NotHeld):
            pending.cancel()
        with pytest.raises(oarlock.NotHeld):
            pending.release()
    pending = manager.enqueue(write="a")
    pending.release()
    for use in [pending.release, pending.cancel, pending.wait]:
        with pytest.raises(oarlock.NotHeld):
            use()


def test_a_wait_that_times_out_keeps_its_place(manager: Manager) -> None:
    with manager.write("a"):
        pending = manager.enqueue(write="a")
        late = manager.enqueue(write="a")
        assert pending.wait(timeout=0) is False
        assert pending.wait(timeout=0.005) is False
        assert pending.wait(0.005) is False
        assert pending.state == "waiting"
    assert (pending.state, late.state) == ("acquired", "waiting")
    pending.release()
    late.release()


def test_several_threads_may_wait_for_one(manager: Manager) -> None:
    results = []
    with manager.write("a"):
        pending = manager.enqueue(write="a")
    # Granted by now; and the same while it is not.
    pending.release()
    holder = manager.write("a")
    holder.acquire()
    pending = manager.enqueue(write="a")
    waits = [lambda: results.append(pending.wait(PATIENCE)) for _ in range(4)]
    with threads(*waits):
        holder.release()
    assert results == [True] * 4
    pending.release()


def test_with_waits_and_releases(manager: Manager) -> None:
    holder = manager.write("a")
    holder.acquire()
    with threads(lambda: (until(lambda: not is_free(manager.write("a"))), holder.release())):
        with manager.enqueue(write="a") as pending:
            assert pending.state == "acquired"
    assert pending.state == "released"


def test_a_collected_pending_leaves_the_queue_or_releases(manager: Manager) -> None:
    granted = manager.enqueue(write="a")
    waiting = manager.enqueue(write="a")
    last = manager.enqueue(write="a")
    del waiting
    gc.collect()
    del granted
    gc.collect()
    assert last.state == "acquired"
    last.release()


def test_close_ends_what_waits() -> None:
    manager = Manager()
    granted, waiting = manager.enqueue(write="a"), manager.enqueue(write="a")
    manager.close()
    assert (granted.state, waiting.state) == ("acquired", "closed")
    with pytest.raises(oarlock.Closed):
        waiting.wait()
    with pytest.raises(oarlock.Closed), waiting:
        pass
    with pytest.raises(oarlock.NotHeld):
        waiting.release()
    granted.release()


def test_a_long_queue_of_dropped_requests_ends_flat(manager: Manager) -> None:
    holder = manager.enqueue(write="a")
    queue = [manager.enqueue(write="a") for _ in range(20_000)]
    holder.release()
    assert queue[0].state == "acquired"
    queue.reverse()
    while queue:
        queue.pop().release()

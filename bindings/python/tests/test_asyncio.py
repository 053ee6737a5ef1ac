"""Locks in event loops: nothing belongs to a task, and a cancelled one leaves
nothing behind. Every test runs on asyncio's own loop and, if it is there, uvloop."""

import asyncio
import gc
import importlib.util
import random
import threading
import warnings
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from support import PATIENCE, assert_idle, is_free, threads, until_queued

import oarlock
from oarlock import Manager

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def asyncio_loop() -> asyncio.AbstractEventLoop:
    return asyncio.SelectorEventLoop()


def uvloop_loop() -> asyncio.AbstractEventLoop:
    uvloop = pytest.importorskip("uvloop")
    return uvloop.new_event_loop()


@pytest.fixture(params=[asyncio_loop, uvloop_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest):
    """Runs a coroutine on a new loop, within PATIENCE."""
    loops = []

    def run(coroutine):
        loop = request.param()
        loops.append(loop)
        try:
            return loop.run_until_complete(asyncio.wait_for(coroutine, PATIENCE))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    return run


async def eventually(condition: Callable[[], bool]) -> None:
    async def wait() -> None:
        while not condition():
            await asyncio.sleep(0)

    await asyncio.wait_for(wait(), PATIENCE)


async def tick(times: int = 3) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


def test_async_with(manager: Manager, run: Run) -> None:
    async def main() -> None:
        lock = manager.write("a")
        for _ in range(3):
            async with lock as held:
                assert held is lock and lock.locked() and lock.token > 0
            assert not lock.locked()
        with pytest.raises(KeyError):
            async with lock:
                raise KeyError
        assert not lock.locked()

    run(main())


def test_what_is_free_takes_no_trip_through_the_loop(manager: Manager) -> None:
    lock = manager.write("a")

    async def use() -> str:
        async with lock as held:
            assert held is lock
            assert not await lock.acquire_async(0)
        assert await lock.acquire_async()
        lock.release()
        async with manager.enqueue(write="a") as pending:
            pass
        return pending.state

    with pytest.raises(StopIteration) as done:
        use().send(None)
    assert done.value.value == "released"


def test_tasks_take_turns(manager: Manager, run: Run) -> None:
    async def main() -> None:
        lock, order, inside = manager.write("a"), [], 0

        async def work(number: int) -> None:
            nonlocal inside
            async with lock:
                inside += 1
                assert inside == 1
                order.append(number)
                await tick()
                inside -= 1

        await asyncio.gather(*(work(number) for number in range(50)))
        assert order == list(range(50))

    run(main())


def test_readers_run_together(manager: Manager, run: Run) -> None:
    async def main() -> None:
        together = asyncio.Event()
        inside = 0

        async def work() -> None:
            nonlocal inside
            async with manager.read("a"):
                inside += 1
                if inside == 5:
                    together.set()
                await together.wait()

        await asyncio.gather(*(work() for _ in range(5)))

    run(main())


def test_acquire_async_with_timeouts(manager: Manager, run: Run) -> None:
    async def main() -> None:
        lock = manager.write("a")
        assert await lock.acquire_async()
        assert not await lock.acquire_async(0)
        assert not await lock.acquire_async(timeout=0.002)
        with pytest.raises(oarlock.Timeout):
            async with manager.read("a", timeout=0.002):
                pass
        assert not await manager.write("a", timeout=0.002).acquire_async()
        late = asyncio.ensure_future(lock.acquire_async(oarlock.TIMEOUT_MAX))
        await tick()
        lock.release()
        assert await late
        lock.release()
        with pytest.raises(oarlock.NegativeTimeout):
            await lock.acquire_async(-5)
        with pytest.raises(oarlock.TimeoutTooLarge):
            await lock.acquire_async(float("inf"))
        assert not lock.locked()

    run(main())


def test_a_cancelled_task_lets_others_pass(manager: Manager, run: Run) -> None:
    async def main() -> None:
        with manager.read("a"):
            writer = asyncio.ensure_future(manager.write("a").acquire_async())
            await eventually(lambda: not is_free(manager.read("a")))
            reader = asyncio.ensure_future(manager.read("a").acquire_async())
            await tick()
            assert not reader.done()
            writer.cancel()
            assert await reader
            with pytest.raises(asyncio.CancelledError):
                await writer

    run(main())


@pytest.mark.parametrize("ticks", range(6))
def test_a_cancel_after_the_grant_holds_nothing(manager: Manager, run: Run, ticks: int) -> None:
    """The lock is granted, and then the task is cancelled before it runs."""

    async def main() -> None:
        lock = manager.write("a")
        lock.acquire()

        async def work() -> None:
            async with lock:
                await asyncio.sleep(PATIENCE)

        task = asyncio.ensure_future(work())
        await eventually(lambda: not is_free(manager.read("a")))
        await tick()
        lock.release()
        await tick(ticks)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not lock.locked()
        assert is_free(lock)

    run(main())


def test_wait_for_that_times_out_leaves_nothing(manager: Manager, run: Run) -> None:
    async def main() -> None:
        lock = manager.write("a")
        with manager.read("a"):
            for _ in range(5):
                with pytest.raises((asyncio.TimeoutError, TimeoutError)):
                    await asyncio.wait_for(lock.acquire_async(), 0.002)
                assert is_free(manager.read("a"))
        assert not lock.locked()

        # The lock is not bound to the task that `wait_for` makes.
        assert await asyncio.wait_for(lock.acquire_async(), PATIENCE)
        await asyncio.ensure_future(release(lock))

    async def release(lock: oarlock.Lock) -> None:
        lock.release()

    run(main())


@pytest.mark.parametrize("seed", range(4))
def test_cancels_that_race_with_grants(manager: Manager, run: Run, seed: int) -> None:
    async def main() -> None:
        chance = random.Random(seed)
        lock, inside, outcomes = manager.write("a"), 0, {"held": 0, "cancelled": 0, "late": 0}

        async def work() -> None:
            nonlocal inside
            try:
                async with lock:
                    inside += 1
                    assert inside == 1
                    try:
                        await tick(chance.randrange(3))
                    finally:
                        inside -= 1
                outcomes["held"] += 1
            except asyncio.CancelledError:
                outcomes["cancelled"] += 1

        async def with_a_timeout() -> None:
            try:
                if await lock.acquire_async(timeout=chance.random() * 0.0005):
                    lock.release()
                else:
                    outcomes["late"] += 1
            except asyncio.CancelledError:
                outcomes["cancelled"] += 1

        for _ in range(40):
            kinds = [work, with_a_timeout]
            tasks = [asyncio.ensure_future(chance.choice(kinds)()) for _ in range(12)]
            for _ in range(12):
                await tick(chance.randrange(2))
                chance.choice(tasks).cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert not lock.locked()
            assert inside == 0
        assert outcomes["held"] and outcomes["cancelled"]

    run(main())
    assert_idle(manager)


@pytest.mark.parametrize("seed", range(3))
def test_threads_and_loops_race(manager: Manager, run: Run, seed: int) -> None:
    """Grants come from threads while tasks are cancelled and time out."""
    inside = [0]
    stop = threading.Event()

    def other(seed: int) -> None:
        chance = random.Random(seed)
        while not stop.is_set():
            lock = manager.write("a")
            if lock.acquire(timeout=chance.random() * 0.001):
                inside[0] += 1
                assert inside[0] == 1
                inside[0] -= 1
                lock.release()

    async def main() -> None:
        chance = random.Random(seed)

        async def work() -> None:
            async with manager.write("a"):
                inside[0] += 1
                assert inside[0] == 1
                inside[0] -= 1

        for _ in range(30):
            tasks: list[Awaitable[None]] = []
            for _ in range(8):
                task = asyncio.ensure_future(work())
                tasks.append(task)
                if chance.random() < 0.5:
                    asyncio.get_running_loop().call_later(chance.random() * 0.001, task.cancel)
                else:
                    tasks[-1] = asyncio.wait_for(task, 1e-6 + chance.random() * 0.001)
            await asyncio.gather(*tasks, return_exceptions=True)

    with threads(*[lambda n=n: other(n) for n in range(3)]):
        try:
            run(main())
        finally:
            stop.set()


def test_a_thread_hands_over_to_a_task_and_back(manager: Manager, run: Run) -> None:
    async def main() -> None:
        lock = manager.write("a")
        lock.acquire()
        with threads(lock.release):
            async with lock:
                pass
        lock = manager.read("a")
        lock.acquire()
        with threads(lambda: (until_queued(manager, "a"), lock.release())):
            async with manager.write("a"):
                pass
        async with manager.read("a"):
            waiting = threading.Thread(target=manager.write("a").acquire)
            waiting.start()
            await eventually(lambda: not is_free(manager.read("a")))
        waiting.join(PATIENCE)
        assert not waiting.is_alive()

    run(main())


def test_two_loops_in_two_threads(manager: Manager, run: Run) -> None:
    counter = [0]

    async def main() -> None:
        async def work() -> None:
            for _ in range(20):
                async with manager.write("a"):
                    seen = counter[0]
                    await asyncio.sleep(0)
                    counter[0] = seen + 1

        await asyncio.gather(*(work() for _ in range(5)))

    with threads(lambda: run(main()), lambda: run(main())):
        pass
    assert counter == [200]


def test_one_lock_object_in_threads_and_tasks(manager: Manager, run: Run) -> None:
    lock, counter = manager.write("a"), [0]

    async def main() -> None:
        async def work() -> None:
            for _ in range(30):
                async with lock:
                    counter[0] += 1

        await asyncio.gather(*(work() for _ in range(4)))

    def thread() -> None:
        for _ in range(120):
            with lock:
                counter[0] += 1

    with threads(lambda: run(main()), thread):
        pass
    assert counter == [240]


def test_close_ends_the_waits_of_tasks(run: Run) -> None:
    async def main() -> None:
        manager = Manager()
        manager.write("a").acquire()
        held = manager.write("b")
        held.acquire()
        tasks = [asyncio.ensure_future(manager.write("b").acquire_async()) for _ in range(3)]
        await tick()
        manager.close()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [oarlock.Closed] * 3
        with pytest.raises(oarlock.Closed):
            async with manager.read("c"):
                pass

    run(main())


def test_a_closed_loop_holds_nothing(manager: Manager) -> None:
    """The loop is gone when the grant comes: the next in the queue gets it."""
    lock = manager.read("a")
    lock.acquire()
    loop = asyncio_loop()

    async def work() -> None:
        async with manager.write("a"):
            pytest.fail("ran on a closed loop")

    tasks = [loop.create_task(work()) for _ in range(5_000)]
    loop.run_until_complete(tick())
    loop.close()
    last = manager.enqueue(write="a")
    assert last.state == "waiting"
    lock.release()
    assert last.state == "acquired"
    last.release()
    assert_idle(manager)
    drop_quietly(tasks)


def test_a_loop_that_closes_between_grant_and_wake_up(manager: Manager) -> None:
    lock = manager.read("a")
    lock.acquire()
    loop = asyncio_loop()

    async def work() -> None:
        async with manager.write("a"):
            pytest.fail("ran on a closed loop")

    tasks = [loop.create_task(work())]
    loop.run_until_complete(tick())
    lock.release()  # granted: the wake-up lies in the loop
    assert not is_free(manager.write("a"))
    loop.close()
    drop_quietly(tasks)
    assert_idle(manager)


def test_a_task_that_is_collected_leaves_nothing(manager: Manager) -> None:
    with manager.read("a"):
        coroutine = manager.write("a").acquire_async()
        loop = asyncio_loop()
        task = loop.create_task(coroutine)
        loop.run_until_complete(tick())
        assert not is_free(manager.read("a"))
        coroutine.close()
        assert is_free(manager.read("a"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            task.cancel()
            loop.run_until_complete(asyncio.wait([task]))
        loop.close()


def test_a_lock_dropped_while_an_exception_is_on_its_way(manager: Manager, run: Run) -> None:
    """Its release tells a task, by Python code, which must not meet the exception."""

    def held() -> oarlock.Lock:
        lock = manager.read("a")
        lock.acquire()
        return lock

    def use(lock: oarlock.Lock, number: float) -> None: ...

    async def main() -> None:
        for _ in range(10):
            holder = held()
            task = asyncio.ensure_future(manager.write("a").acquire_async())
            await tick()
            assert not task.done()
            stack = [holder]
            del holder
            with pytest.raises(ZeroDivisionError):
                # The only reference is on the interpreter's stack.
                use(stack.pop(), 1 / 0)
            assert await task

    run(main())


def drop_quietly(tasks: list[asyncio.Task[None]]) -> None:
    """Collects tasks that never ended, without asyncio's complaints."""
    for task in tasks:
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    tasks.clear()
    del task
    gc.collect()


def test_pending_in_tasks(manager: Manager, run: Run) -> None:
    async def main() -> None:
        holder = manager.enqueue(write="a")
        pending = manager.enqueue(write="a")
        assert not await pending.wait_async(0)
        assert not await pending.wait_async(timeout=0.002)
        waits = [asyncio.ensure_future(pending.wait_async()) for _ in range(3)]
        await tick()
        waits[0].cancel()
        await tick()
        assert pending.state == "waiting"  # a wait was cancelled, not the request
        holder.release()
        assert await asyncio.gather(*waits[1:]) == [True, True]
        last = manager.enqueue(write="a")
        asyncio.get_running_loop().call_soon(pending.release)
        async with last as held:
            assert held.state == "acquired"
        assert last.state == "released"

    run(main())


def test_async_with_a_pending_that_is_cancelled(manager: Manager, run: Run) -> None:
    async def main() -> None:
        holder = manager.enqueue(write="a")
        pending = manager.enqueue(write="a")

        async def work() -> None:
            async with pending:
                pytest.fail("granted")

        task = asyncio.ensure_future(work())
        await tick()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert pending.state == "released"
        holder.release()

    run(main())


def test_a_loop_of_another_make(manager: Manager) -> None:
    """Only what AbstractEventLoop promises is used."""

    class Loop(asyncio.SelectorEventLoop):
        """Wakes up by its own means, and is in debug mode."""

        woken = 0

        def call_soon_threadsafe(self, callback, *args, **options):
            self.woken += 1
            return super().call_soon_threadsafe(callback, *args, **options)

    loop = Loop()
    loop.set_debug(True)
    lock = manager.read("a")
    lock.acquire()

    async def main() -> None:
        async with manager.write("a"):
            pass

    task = loop.create_task(main())
    loop.run_until_complete(tick())
    with threads(lambda: (until_queued(manager, "a"), lock.release())):
        loop.run_until_complete(asyncio.wait_for(task, PATIENCE))
    assert loop.woken == 1
    loop.close()


def cancels(pending: oarlock.Pending) -> None:
    assert pending.cancel() is False
    assert pending.token > 0
    assert pending.state == "acquired"


def releases(pending: oarlock.Pending) -> None:
    pending.release()
    assert pending.state == "released"


def waits(pending: oarlock.Pending) -> None:
    assert pending.wait() and pending.wait(0)
    with pending:
        pass


@pytest.mark.parametrize("action", [cancels, releases, waits, None])
def test_a_grant_that_is_on_its_way(manager: Manager, action) -> None:
    """One release grants two requests. While the first is told, which runs Python
    code, the second is granted but not told yet."""
    queue: list[oarlock.Pending] = []

    class Loop(asyncio.SelectorEventLoop):
        def call_soon_threadsafe(self, callback, *args, **options):
            if queue:
                assert queue[0].state == "acquired"
                if action is None:
                    queue.clear()  # leaves it to the collector
                else:
                    action(queue[0])
            return super().call_soon_threadsafe(callback, *args, **options)

    loop = Loop()
    holder = manager.enqueue(write="a")
    task = loop.create_task(manager.read("a").acquire_async())
    loop.run_until_complete(tick())
    queue.append(manager.enqueue(read="a"))
    holder.release()
    assert loop.run_until_complete(asyncio.wait_for(task, PATIENCE))
    loop.close()
    if action is cancels:
        assert queue[0].wait()
        queue[0].release()
    queue.clear()
    assert_idle(manager)


@pytest.mark.skipif(importlib.util.find_spec("uvloop") is None, reason="no uvloop")
def test_a_closed_uvloop_holds_nothing(manager: Manager) -> None:
    lock = manager.read("a")
    lock.acquire()
    loop = uvloop_loop()
    tasks = [loop.create_task(manager.write("a").acquire_async()) for _ in range(3)]
    loop.run_until_complete(tick())
    loop.close()
    lock.release()
    assert_idle(manager)
    drop_quietly(tasks)  # type: ignore[arg-type]

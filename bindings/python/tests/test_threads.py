"""Many threads at once: exclusion, all or nothing, and nothing left behind."""

import gc
import random
import sys
import threading

import pytest
from support import PATIENCE, threads

import oarlock
from oarlock import Manager

THREADS = 8
ROUNDS = 150


@pytest.fixture(autouse=True)
def switch_often():
    """Makes races likely: the interpreter switches threads all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_one_lock_object_excludes_all_threads(manager: Manager) -> None:
    lock, counter = manager.write("a"), [0]

    def work() -> None:
        for _ in range(ROUNDS):
            with lock:
                seen = counter[0]
                hash(object())  # a place to switch
                counter[0] = seen + 1

    with threads(*[work] * THREADS):
        pass
    assert counter == [THREADS * ROUNDS]
    assert not lock.locked()


def test_writers_and_readers_of_a_tree(manager: Manager) -> None:
    paths = [f"{a}/{b}" for a in "xyz" for b in "123"]
    values = dict.fromkeys(paths, (0, 0))

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(ROUNDS):
            chosen = chance.sample(paths, chance.randint(1, 3))
            if chance.random() < 0.6:
                with manager.write(*chosen):
                    for path in chosen:
                        first, second = values[path]
                        assert first == second
                        values[path] = (first + 1, second)
                    for path in chosen:
                        first, second = values[path]
                        values[path] = (first, second + 1)
            else:
                top = chance.choice("xyz")
                with manager.read(top):
                    for path in paths:
                        if path.startswith(top):
                            first, second = values[path]
                            assert first == second, "a torn read"

    with threads(*[lambda seed=seed: work(seed) for seed in range(THREADS)]):
        pass


def test_every_way_in_and_out(manager: Manager) -> None:
    """Tries, timeouts, cancels, collections and releases, all racing."""
    holders: dict[str, int] = dict.fromkeys("abc", 0)
    guard = threading.Lock()

    def hold(path: str) -> None:
        with guard:
            holders[path] += 1
            assert holders[path] == 1, "two writers at once"
        with guard:
            holders[path] -= 1

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(ROUNDS):
            path = chance.choice("abc")
            match chance.randrange(5):
                case 0:
                    lock = manager.write(path)
                    if lock.acquire(blocking=False):
                        hold(path)
                        lock.release()
                case 1:
                    lock = manager.write(path)
                    if lock.acquire(timeout=chance.random() * 0.001):
                        hold(path)
                        lock.release()
                case 2:
                    pending = manager.enqueue(write=path)
                    if pending.wait(chance.random() * 0.001) or not pending.cancel():
                        hold(path)
                        pending.release()
                case 3:
                    with manager.enqueue(write=path):
                        hold(path)
                case 4:
                    # Left to the collector, waiting or granted.
                    manager.enqueue(write=path)
                    lock = manager.write(path)
                    if lock.acquire(timeout=0.0005):
                        hold(path)
                    del lock

    with threads(*[lambda seed=seed: work(seed) for seed in range(THREADS)]):
        pass


def test_conflicting_tokens_grow_in_the_order_of_grants(manager: Manager) -> None:
    tokens: list[int] = []

    def work() -> None:
        for _ in range(ROUNDS):
            with manager.write("a") as lock:
                tokens.append(lock.token)

    with threads(*[work] * THREADS):
        pass
    assert tokens == sorted(set(tokens))
    assert len(tokens) == THREADS * ROUNDS


def test_releases_by_other_threads(manager: Manager) -> None:
    lock = manager.write("a")
    turns = threading.Semaphore(0)

    def taker() -> None:
        for _ in range(ROUNDS):
            assert lock.acquire(timeout=PATIENCE)
            turns.release()

    def releaser() -> None:
        for _ in range(ROUNDS):
            assert turns.acquire(timeout=PATIENCE)
            lock.release()

    with threads(taker, releaser):
        pass


def test_finalizers_that_lock_while_locks_are_released(manager: Manager) -> None:
    class Noise:
        def __init__(self) -> None:
            self.itself = self
            self.lock = manager.read("noise")

        def __del__(self) -> None:
            with self.lock, manager.read("a/b", timeout=0):
                pass

    def work() -> None:
        for _ in range(ROUNDS):
            Noise()
            with manager.read("a", timeout=PATIENCE):
                Noise()

    thresholds = gc.get_threshold()
    gc.set_threshold(5)
    try:
        with threads(*[work] * THREADS):
            pass
    finally:
        gc.set_threshold(*thresholds)


def test_a_close_in_the_middle_ends_every_wait() -> None:
    manager = Manager()
    started = threading.Barrier(THREADS + 1)

    def work() -> None:
        lock = manager.write("a")
        started.wait(PATIENCE)
        with pytest.raises(oarlock.Closed):
            while True:
                with lock:
                    pass

    with threads(*[work] * THREADS):
        started.wait(PATIENCE)
        manager.close()

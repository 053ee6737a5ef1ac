"""The interpreter may end at any moment: no hang, no crash."""

import sys
import textwrap

import pytest
from support import python

PRELUDE = """
import asyncio, atexit, faulthandler, sys, threading, time
faulthandler.dump_traceback_later(50, exit=True)
import oarlock

manager = oarlock.Manager()
holder = manager.read("a")
holder.acquire()

def queued(path="a"):
    while True:
        lock = manager.read(path)
        if not lock.acquire(False):
            return
        lock.release()
        time.sleep(0.0005)

def waiter():
    manager.write("a").acquire()
"""

CASES = {
    "daemons wait": """
        for _ in range(4):
            threading.Thread(target=waiter, daemon=True).start()
        queued()
    """,
    "daemons wait and are woken at exit": """
        for _ in range(4):
            threading.Thread(target=waiter, daemon=True).start()
        queued()
        atexit.register(holder.release)
    """,
    "daemons are woken by the collection of the last module": """
        class Late:
            def __del__(self, release=holder.release):
                release()
        for _ in range(4):
            threading.Thread(target=waiter, daemon=True).start()
        queued()
        sys.late = Late()
    """,
    "daemons work": """
        def work():
            while True:
                with manager.write("b"):
                    pass
        for _ in range(4):
            threading.Thread(target=work, daemon=True).start()
    """,
    "a wait with a timeout ends during shutdown": """
        def work():
            while True:
                manager.write("a").acquire(timeout=0.0001)
        for _ in range(4):
            threading.Thread(target=work, daemon=True).start()
        queued()
    """,
    "held locks and waiting requests are left over": """
        left = [manager.enqueue(write="a") for _ in range(100)]
        named = oarlock.Manager.named("x")
        named.write("a").acquire()
        waiting = named.enqueue(write="a")
    """,
    "a loop in a daemon waits": """
        async def task():
            async with manager.write("a"):
                pass
        threading.Thread(target=lambda: asyncio.run(task()), daemon=True).start()
        queued()
        atexit.register(holder.release)
    """,
    "a loop is dropped with tasks that wait": """
        async def task():
            async with manager.write("a"):
                pass
        loop = asyncio.new_event_loop()
        tasks = [loop.create_task(task()) for _ in range(10)]
        loop.run_until_complete(asyncio.sleep(0))
        queued()
        loop.close()
    """,
    "main ends by an exception while it holds": """
        threading.Thread(target=waiter, daemon=True).start()
        queued()
        try:
            raise KeyError
        except KeyError as error:
            sys.last_value = error
    """,
}


# Daemons that run Python code while the interpreter ends now and then crash
# CPython 3.10, with a threading.Lock just the same.
BUSY = {"daemons work", "a wait with a timeout ends during shutdown"}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("run", range(3))
def test_shutdown(case: str, run: int) -> None:
    if case in BUSY and sys.version_info < (3, 11):
        pytest.skip("CPython 3.10 may crash by itself")
    python(PRELUDE + textwrap.dedent(CASES[case]))


def test_a_thread_that_is_joined_at_exit_is_let_in() -> None:
    done = python(
        PRELUDE
        + """
def work():
    with manager.write("a"):
        print("done")

threading.Thread(target=work).start()
queued()
threading.Timer(0, holder.release).start()
"""
    )
    assert done.stdout == "done\n"

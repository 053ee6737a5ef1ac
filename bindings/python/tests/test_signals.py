"""A signal ends a wait at once, and a race with the grant leaves nothing held.

Each case has an interpreter of its own: signals go to a whole process.
"""

import pytest
from support import python

# Sends a signal to the main thread once that has parked: its request is queued,
# and the system says that the thread sleeps.
PRELUDE = """
import os, signal, sys, threading, time, faulthandler
faulthandler.dump_traceback_later(50, exit=True)
import oarlock

manager = oarlock.Manager()
MAIN = threading.main_thread().native_id

def parked():
    free = manager.read("a")
    if free.acquire(False):
        free.release()
        return False
    if not os.path.exists("/proc"):
        time.sleep(0.2)
        return True
    with open(f"/proc/self/task/{MAIN}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] == "S"

def when_parked(action):
    def run():
        while not parked():
            time.sleep(0.0005)
        action()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread

def send(number=signal.SIGINT):
    global sent
    sent = time.monotonic()
    os.kill(os.getpid(), number)

def assert_idle():
    lock = manager.write("")
    assert lock.acquire(timeout=20), "something is held or queued"
    lock.release()

holder = manager.read("a")
holder.acquire()
"""


@pytest.mark.parametrize(
    "wait",
    [
        "manager.write('a').acquire()",
        "manager.write('a').acquire(timeout=40)",
        "manager.write('a').__enter__()",
        "manager.write('a', timeout=40).__enter__()",
        "manager.enqueue(write='a').wait()",
        "manager.enqueue(write='a').wait(40)",
        "manager.enqueue(write='a').__enter__()",
    ],
)
def test_ctrl_c_ends_a_wait(wait: str) -> None:
    python(
        PRELUDE
        + f"""
when_parked(send)
try:
    {wait}
except KeyboardInterrupt:
    took = time.monotonic() - sent
else:
    sys.exit("not interrupted")
assert took < 10, took
holder.release()
assert_idle()
"""
    )


def test_ctrl_c_ends_a_loop_that_waits() -> None:
    python(
        PRELUDE
        + """
import asyncio

async def main():
    async with manager.write("a"):
        sys.exit("granted")

when_parked(send)
try:
    asyncio.run(main())
except KeyboardInterrupt:
    assert time.monotonic() - sent < 10
else:
    sys.exit("not interrupted")
holder.release()
assert_idle()
"""
    )


def test_a_handler_that_returns_lets_the_wait_go_on() -> None:
    python(
        PRELUDE
        + """
def handler(*_):
    handled.append(threading.current_thread())
    holder.release()

handled = []
signal.signal(signal.SIGUSR1, handler)
when_parked(lambda: send(signal.SIGUSR1))
with manager.write("a"):
    assert handled == [threading.main_thread()]
assert_idle()
"""
    )


def test_what_a_handler_raises_ends_the_wait() -> None:
    python(
        PRELUDE
        + """
class Alarm(Exception):
    pass

def handler(*_):
    raise Alarm

signal.signal(signal.SIGUSR1, handler)
when_parked(lambda: send(signal.SIGUSR1))
try:
    with manager.write("a"):
        sys.exit("granted")
except Alarm:
    pass
# The Pending keeps its place when a wait for it is interrupted.
pending = manager.enqueue(write="a")
try:
    # It is queued already, so the signal may come at any point from here on.
    when_parked(lambda: send(signal.SIGUSR1))
    pending.wait()
    sys.exit("granted")
except Alarm:
    assert pending.state == "waiting"
holder.release()
assert pending.state == "acquired"
pending.release()
assert_idle()
"""
    )


def test_a_wait_of_another_thread_goes_on() -> None:
    python(
        PRELUDE
        + """
signal.signal(signal.SIGUSR1, lambda *_: None)
got = []
thread = threading.Thread(target=lambda: got.append(manager.write("a").acquire(timeout=40)))
thread.start()
while manager.read("a").acquire(False):
    time.sleep(0.0005)
for _ in range(50):
    signal.pthread_kill(thread.ident, signal.SIGUSR1)
holder.release()
thread.join(40)
assert got == [True]
"""
    )


def test_interrupts_that_race_with_grants_leave_nothing() -> None:
    python(
        PRELUDE
        + """
import random

holder.release()
chance = random.Random(5)
outcomes = {"held": 0, "interrupted": 0}
started, stop = threading.Event(), False

class Alarm(Exception):
    pass

armed = False

def handler(*_):
    if armed:
        raise Alarm

signal.signal(signal.SIGALRM, handler)

def other():
    # Comes and goes, so that the main thread is now granted, now parked.
    chance = random.Random(7)
    while not stop:
        with manager.write("a"):
            time.sleep(chance.random() * 0.0004)

thread = threading.Thread(target=other)
thread.start()
lock = manager.write("a")
for _ in range(1_500):
    held = False
    try:
        armed = True
        signal.setitimer(signal.ITIMER_REAL, 1e-6 + chance.random() * 0.0006)
        held = lock.acquire()
        armed = False
    except Alarm:
        armed = False
    signal.setitimer(signal.ITIMER_REAL, 0)
    # Raised after the grant came: then the lock is held, and says so.
    if lock.locked():
        outcomes["held"] += 1
        lock.release()
    else:
        assert not held
        outcomes["interrupted"] += 1
stop = True
thread.join(20)
assert not thread.is_alive()
assert all(outcomes.values()), outcomes
assert_idle()
"""
    )


def test_a_signal_in_the_middle_of_a_wake_up_is_raised_by_the_release() -> None:
    """The wake-up of an event loop runs Python code; what a handler
    raises there is not lost, nor is the wake-up."""
    python(
        PRELUDE
        + """
import asyncio

class Alarm(Exception):
    pass

def handler(*_):
    raise Alarm

signal.signal(signal.SIGUSR1, handler)
woken = []

class Loop(asyncio.SelectorEventLoop):
    def call_soon_threadsafe(self, *args, **options):
        if not woken:
            woken.append(True)
            signal.raise_signal(signal.SIGUSR1)
        return super().call_soon_threadsafe(*args, **options)

async def work():
    async with manager.write("a"):
        return "done"

loop = Loop()
task = loop.create_task(work())
while manager.read("a").acquire(False):
    loop.run_until_complete(asyncio.sleep(0))
loop.run_until_complete(asyncio.sleep(0))
try:
    holder.release()  # told from outside of the loop
except Alarm:
    pass
else:
    sys.exit("the exception was lost")
assert loop.run_until_complete(asyncio.wait_for(task, 30)) == "done"
loop.close()
assert_idle()
"""
    )

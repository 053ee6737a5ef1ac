"""A forked child is refused what it inherited, and never hangs on it."""

import os

import pytest
from support import python

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

CHILD = """
import os, sys, threading, faulthandler, signal, warnings
faulthandler.dump_traceback_later(50, exit=True)
warnings.simplefilter("ignore", DeprecationWarning)
import oarlock

def in_child(work):
    child = os.fork()
    if child == 0:
        signal.alarm(40)  # a hang ends the child
        try:
            work()
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, status

def refused(*uses):
    for use in uses:
        try:
            use()
        except oarlock.Forked as error:
            assert error.kind == "forked"
        else:
            raise AssertionError("not refused")

manager = oarlock.Manager()
named = oarlock.Manager.named("x")
held, free = manager.write("a"), manager.read("b")
held.acquire()
"""


def test_every_use_is_refused() -> None:
    python(
        CHILD
        + """
pending, waiting = manager.enqueue(write="p"), manager.enqueue(write="p")

def child():
    refused(
        lambda: manager.write("a"),
        lambda: manager.lock(read="a"),
        lambda: manager.enqueue(write="a"),
        manager.close,
        lambda: manager.closed,
        lambda: manager.max_claims,
        free.acquire,
        free.__enter__,
        lambda: free.acquire(False),
        lambda: free.acquire(timeout=1),
        held.release,
        held.locked,
        lambda: held.token,
        lambda: held.__exit__(None, None, None),
        lambda: pending.state,
        pending.release,
        waiting.cancel,
        waiting.wait,
        lambda: waiting.wait(0),
        lambda: named.write("a"),
    )
    repr((manager, held, pending))

in_child(child)
# The parent goes on as if nothing had been.
assert held.locked() and waiting.state == "waiting"
held.release()
pending.release()
waiting.release()
assert manager.write("").acquire(False)
"""
    )


def test_dropping_what_was_inherited_is_harmless() -> None:
    python(
        CHILD
        + """
import gc

def child():
    global manager, named, held, free
    del manager, named, held, free
    gc.collect()

in_child(child)
"""
    )


def test_a_child_has_managers_of_its_own() -> None:
    python(
        CHILD
        + """
named.write("a").acquire()
inherited = named.write("n")
inherited.acquire()

def child():
    for fresh in [oarlock.Manager(), oarlock.Manager.named("x")]:
        with fresh.write(""):
            assert not fresh.read("a").acquire(False)
    assert oarlock.Manager.named("x").name == "x"
    one, other = oarlock.Manager.named("x"), oarlock.Manager.named("x")
    with one.write("a"):
        assert not other.write("a").acquire(False)
        in_child(lambda: refused(lambda: one.write("a"), lambda: named.write("a")))

in_child(child)
"""
    )


def test_a_fork_while_other_threads_wait_and_work() -> None:
    python(
        CHILD
        + """
stop = False

def work():
    while not stop:
        with manager.write("w"):
            pass

def wait():
    with manager.write("a"):
        pass

threads = [threading.Thread(target=t) for t in (work, work, wait)]
for thread in threads:
    thread.start()

def child():
    refused(lambda: manager.write("w"), held.release)
    with oarlock.Manager().write("w"):
        pass

for _ in range(20):
    in_child(child)
stop = True
held.release()
for thread in threads:
    thread.join(30)
    assert not thread.is_alive()
"""
    )


def test_multiprocessing_by_fork() -> None:
    python(
        CHILD
        + """
import multiprocessing

def child():
    refused(lambda: manager.write("a"))
    sys.exit(7)

process = multiprocessing.get_context("fork").Process(target=child)
process.start()
process.join(40)
assert process.exitcode == 7
"""
    )

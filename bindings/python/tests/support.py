"""What the tests share: bounded waits on a state, and a look for leftovers."""

import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import oarlock

# Long enough for a loaded machine: only a broken program waits this long.
PATIENCE = 30.0

# What a program begins with: the signals as whoever starts it in a terminal has them.
# A shell has some ignored in what it runs in the background, and others block some.
SIGNALS = """
import signal
signal.pthread_sigmask(signal.SIG_SETMASK, [])
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGALRM, signal.SIG_DFL)
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
"""


def until(condition: Callable[[], bool]) -> None:
    """Returns when the condition holds; fails after PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "the condition never came to hold"
        time.sleep(0.0005)


def is_free(lock: oarlock.Lock) -> bool:
    """Whether the lock could be had now: nobody holds it or waits for it."""
    if lock.acquire(blocking=False):
        lock.release()
        return True
    return False


def assert_idle(manager: oarlock.Manager) -> None:
    """Nobody holds anything and nobody waits."""
    assert is_free(manager.write("")), "something is held or queued"


def until_queued(manager: oarlock.Manager, path: str) -> None:
    """Returns when a writer of the path waits behind readers that are known to
    hold it: from then on a reader cannot pass either."""
    until(lambda: not is_free(manager.read(path)))


@contextmanager
def threads(*targets: Callable[[], object]) -> Iterator[list[BaseException]]:
    """Runs the targets in threads; on leaving, joins them and raises what one of
    them raised."""
    errors: list[BaseException] = []

    def run(target: Callable[[], object]) -> None:
        try:
            target()
        except BaseException as error:
            errors.append(error)

    # Daemons, so that a failing test does not hang the run.
    running = [threading.Thread(target=run, args=(t,), daemon=True) for t in targets]
    for thread in running:
        thread.start()
    yield errors
    for thread in running:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "a thread hangs"
    for error in errors:
        raise error


def python(program: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in an interpreter of its own; asserts that it went well."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", SIGNALS + textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done

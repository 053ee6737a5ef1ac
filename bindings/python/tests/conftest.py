"""Fixtures; and every test that takes `manager` must leave nothing behind."""

import gc
import signal
from collections.abc import Iterator

import pytest
from support import assert_idle

import oarlock

# Were it ignored, no child's exit status could be asked for: all would seem to do well.
signal.signal(signal.SIGCHLD, signal.SIG_DFL)


@pytest.fixture
def manager() -> Iterator[oarlock.Manager]:
    manager = oarlock.Manager()
    yield manager
    if not manager.closed:
        gc.collect()
        assert_idle(manager)

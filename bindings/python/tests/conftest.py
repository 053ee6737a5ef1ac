"""Fixtures; and every test that takes `manager` must leave nothing behind."""

import gc
from collections.abc import Iterator

import pytest
from support import assert_idle

import oarlock


@pytest.fixture
def manager() -> Iterator[oarlock.Manager]:
    manager = oarlock.Manager()
    yield manager
    if not manager.closed:
        gc.collect()
        assert_idle(manager)

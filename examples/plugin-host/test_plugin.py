"""The plugin's side of test.cpp, which calls these functions and compares their texts."""

from __future__ import annotations

import warnings

import editor
import oarlock_host

oarlock_host.load(editor.library)
locks = oarlock_host.Manager.named(editor.locks)
held: list[oarlock_host.Guard] = []


def answer() -> str:
    return "42"


def hold_methods() -> str:
    held.append(locks.acquire(write=["document/methods"], label="plugin: methods"))
    return str(held[-1].token)


def let_go() -> str:
    held.pop().release()
    return "released"


def look() -> str:
    return "; ".join(
        f"{it.label} {'holds' if it.granted else 'waits for'} {'/'.join(it.write[0])}"
        for it in locks.inspect("document")
    )


def try_intro() -> str:
    guard = locks.try_acquire(read=["document/intro"])
    if guard is None:
        return "no"
    guard.release()
    return "yes"


def wait_for_intro() -> str:
    try:
        with locks.acquire(write=["document/intro"], timeout=60, label="plugin: intro") as guard:
            return str(guard.token)
    except oarlock_host.Closed:
        return "closed"


def be_late_for_intro() -> str:
    try:
        locks.acquire(read=["document"], timeout=0.05, label="plugin: late")
    except oarlock_host.Timeout as late:
        assert isinstance(late, TimeoutError) and late.name == "timeout"
        return ", ".join(party.label for party in late.parties)
    return "not late"


def refusals() -> str:
    """The names of errors that are no accidents."""
    names = []
    for read in (["a//b"], [], [("x",) * 5000]):
        try:
            locks.acquire(read=read)
        except oarlock_host.Error as error:
            names.append(error.name)
    with locks.acquire(read="document") as guard:
        guard.release()
        try:
            guard.release()
        except oarlock_host.Error as error:
            names.append(error.name)
    return " ".join(names)


def drop_a_guard() -> str:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        locks.acquire(write=["document/intro"])
    return " ".join(warning.category.__name__ for warning in seen)


def write_late() -> str:
    """Under a lock that was given back before somebody else wrote."""
    with locks.acquire(write=["document/intro"]) as early:
        pass
    with locks.acquire(write=["document/intro"]) as guard:
        editor.replace("document/intro", "new", guard.token)
    try:
        editor.replace("document/intro", "old", early.token)
    except RuntimeError as error:
        return f"{error}"
    return "written"

"""A plugin: keeps the document in lines of 60 columns, and sees that no word gets lost.

Each formatter is a thread with a part of the document of its own. It locks that part as a
whole, while the host's threads go on in the others. The host calls start, and later stop;
never while it holds a lock that these threads could wait for.
"""

from __future__ import annotations

import textwrap
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import editor
import oarlock_host

oarlock_host.load(editor.library)
locks = oarlock_host.Manager.named(editor.locks)
stopping = threading.Event()
formatters: list[Future[int]] = []


def reformat(part: str) -> None:
    """One pass over a part of the document."""
    with locks.acquire(write=[part], timeout=60, label=f"reformat {part}") as guard:
        for path in editor.sections(part):
            words = editor.text(path).split()
            # Many host threads may run here. None of them can have this section.
            lines = textwrap.wrap(" ".join(words), width=60)
            editor.replace(path, "\n".join(lines), guard.token)


def count_words() -> int:
    """Those of the whole document, at one moment."""
    with locks.acquire(read=["document"], timeout=60, label="count words"):
        return sum(len(editor.text(path).split()) for path in editor.sections("document"))


def keep_formatting(part: str) -> int:
    """Until stop is called; how many passes that were, at least one."""
    passes = words = 0
    while passes == 0 or not stopping.is_set():
        reformat(part)
        before, words = words, count_words()
        if words < before:
            raise RuntimeError(f"{before} words have become {words}")
        passes += 1
    return passes


def start() -> str:
    parts = sorted({"/".join(path.split("/")[:2]) for path in editor.sections("document")})
    pool = ThreadPoolExecutor(len(parts), "formatter")
    formatters.extend(pool.submit(keep_formatting, part) for part in parts)
    return f"{len(parts)} formatters"


def stop() -> str:
    """The passes that were made, once all threads have ended. Raises what one raised."""
    stopping.set()
    return str(sum(formatter.result() for formatter in formatters))

#!/usr/bin/env python3
"""Drives docstore with several clients at a time: test.py PROGRAM

Nothing here sleeps. Where a test needs a command to be waiting, it asks WHO, on a
connection of its own, until that says so.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress

# No answer takes that long. One that does has failed.
PATIENCE = 60.0
# Before commands that have to wait for something that the test does next.
LONG = "WITHIN 3600000 "


class Client:
    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r", encoding="utf-8", newline="\n")

    def send(self, *commands: str) -> None:
        self.socket.sendall("".join(f"{command}\n" for command in commands).encode())

    def answer(self) -> str:
        return self.lines.readline().rstrip("\n")

    def ask(self, command: str) -> str:
        self.send(command)
        return self.answer()

    def ask_list(self, command: str) -> list[str]:
        first = self.ask(command)
        assert first.startswith("OK "), first
        return [self.answer() for _ in range(int(first.removeprefix("OK ")))]

    def silent(self) -> bool:
        """Whether nothing has come that was not read. Of an answer that must not come:
        a slow machine can hide it, but not make it up."""
        return select.select([self.socket], [], [], 0) == ([], [], [])

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


class Server:
    def __init__(self, program: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "socket")
        self.process = subprocess.Popen([program, self.path], stdout=subprocess.PIPE, text=True)
        self.clients: list[Client] = []
        self.last = ""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"docstore: listening on {self.path}\n"
        self.watcher = self.client()

    def client(self) -> Client:
        client = Client(self.path)
        self.clients.append(client)
        return client

    def until(self, *parts: str) -> None:
        """Asks WHO until each part is a line of the answer."""
        self._until(lambda who: set(parts) <= set(who))

    def until_only(self, *lines: str) -> None:
        """Asks WHO until these lines are the answer."""
        self._until(lambda who: list(lines) == who)

    def _until(self, wanted: Callable[[list[str]], bool]) -> None:
        begin = time.monotonic()
        while not wanted(who := self.watcher.ask_list("WHO")):
            assert time.monotonic() - begin < PATIENCE, f"still {who}"

    def stop(self) -> str:
        """SIGTERM; the last line that the server printed. Checks that it has tidied up."""
        if self.last == "":
            self.process.send_signal(signal.SIGTERM)
            self.last, _ = self.process.communicate(timeout=PATIENCE)
            assert self.process.returncode == 0, self.process.returncode
            assert self.last.endswith("; 0 locks held, 0 waiting\n"), self.last
            assert not os.path.exists(self.path)
        return self.last

    def close(self) -> None:
        """Whatever has happened before."""
        self.process.kill()
        self.process.communicate()
        for client in self.clients:
            client.close()
        self.folder.cleanup()


def stores_documents(server: Server) -> None:
    client = server.client()
    assert client.ask("PUT books/iliad/1 Sing, goddess").startswith("OK ")
    assert client.ask("PUT books/iliad/2 Now all the gods").startswith("OK ")
    assert client.ask("PUT books/iliad-notes none").startswith("OK ")
    assert client.ask("GET books/iliad/1") == "OK Sing, goddess"
    assert client.ask("GET books/iliad") == "NONE"
    assert client.ask_list("LIST books/iliad") == ["books/iliad/1", "books/iliad/2"]
    assert client.ask("MOVE books/iliad epics/iliad") == "OK 2"
    assert client.ask_list("LIST") == ["books/iliad-notes", "epics/iliad/1", "epics/iliad/2"]
    assert client.ask("DELETE epics") == "OK 2"
    assert client.ask_list("LIST epics") == []
    assert client.ask("GET a//b").startswith("ERROR ")
    assert client.ask("MOVE a a/b").startswith("ERROR ")
    assert client.ask("SING").startswith("ERROR ")
    assert client.ask_list("WHO") == []


def a_stuck_holder_stalls_nobody_else(server: Server) -> None:
    holder, stuck, free = server.client(), server.client(), server.client()
    assert holder.ask("LOCK docs/a docs/b").startswith("OK ")
    stuck.send(LONG + "PUT docs/a/1 late", "GET docs/a/1")
    server.until("client 3 PUT waits for write docs/a/1")
    # The parked client is silent, while the other one gets all its answers.
    for turn in range(500):
        assert free.ask(f"PUT docs/c/{turn % 7} {turn}").startswith("OK ")
        assert free.ask(f"GET docs/c/{turn % 7}") == f"OK {turn}"
    assert stuck.silent()
    # What the holder locked is open to the holder itself.
    assert holder.ask("PUT docs/a/1 early").startswith("OK ")
    assert holder.ask("UNLOCK") == "OK"
    assert stuck.answer().startswith("OK ")
    assert stuck.answer() == "OK late"


def a_move_takes_both_or_none(server: Server) -> None:
    holder, mover, other = server.client(), server.client(), server.client()
    assert other.ask("PUT from/x 1").startswith("OK ")
    assert holder.ask("LOCK to").startswith("OK ")
    mover.send(LONG + "MOVE from to/new")
    server.until("client 3 MOVE waits for write from, write to/new")
    # It holds neither: whoever came before it may still read; who comes now, waits.
    other.send(LONG + "GET from/x")
    server.until("client 4 GET waits for read from/x")
    assert holder.ask("UNLOCK") == "OK"
    assert mover.answer() == "OK 1"
    assert other.answer() == "NONE"
    assert other.ask("GET to/new/x") == "OK 1"


def timeouts_are_answered(server: Server) -> None:
    holder, waiter, next_one = server.client(), server.client(), server.client()
    assert holder.ask("LOCK a").startswith("OK ")
    assert waiter.ask("WITHIN 0 GET a") == "TIMEOUT"
    begin = time.monotonic()
    waiter.send("WITHIN 100 LIST", "GET b")
    # Who stands behind it and conflicts with it alone comes in when it is gone. (Where
    # the machine is so slow that it is gone already, at once.)
    next_one.send(LONG + "PUT b/1 x")
    assert waiter.answer() == "TIMEOUT"
    assert time.monotonic() - begin >= 0.1
    assert waiter.answer() in ("NONE", "OK x")
    assert next_one.answer().startswith("OK ")
    assert server.watcher.ask_list("WHO") == ["client 2 LOCK holds write a"]


def a_hang_up_cancels(server: Server) -> None:
    holder, leaver, behind = server.client(), server.client(), server.client()
    assert holder.ask("LOCK a").startswith("OK ")
    leaver.send(LONG + "MOVE a b")
    server.until("client 3 MOVE waits for write a, write b")
    behind.send(LONG + "PUT b/1 x")
    server.until("client 4 PUT waits for write b/1")
    leaver.close()  # so that nobody is before client 4 any more
    assert behind.answer().startswith("OK ")
    assert server.watcher.ask_list("WHO") == ["client 2 LOCK holds write a"]
    # What a client has locked is free when it hangs up.
    behind.send(LONG + "PUT a/1 y")
    server.until("client 4 PUT waits for write a/1")
    holder.close()
    assert behind.answer().startswith("OK ")
    server.until_only()


def hang_ups_at_any_time(server: Server) -> None:
    """Before the grant, after it, and while it is on its way."""
    for turn in range(100):
        holder, leaver, behind = server.client(), server.client(), server.client()
        holder.send("LOCK a")
        leaver.send("LOCK a/b c", "PUT a/b x", "UNLOCK", "GET a/b")
        behind.send(LONG + "PUT c x")
        gone = [holder, leaver] if turn % 2 else [leaver, holder]
        for client in gone:
            client.close()
        assert behind.answer().startswith("OK ")
        behind.close()
    server.until_only()


def a_client_may_shut_its_side_and_wait(server: Server) -> None:
    holder, brief = server.client(), server.client()
    assert holder.ask("LOCK a").startswith("OK ")
    brief.send(LONG + "PUT a x", "GET a")
    brief.socket.shutdown(socket.SHUT_WR)
    server.until("client 3 PUT waits for write a")
    assert holder.ask("UNLOCK") == "OK"
    assert brief.answer().startswith("OK ")
    assert brief.answer() == "OK x"
    assert brief.answer() == ""  # the end


def order_is_kept(server: Server) -> None:
    holder = server.client()
    writers = [server.client() for _ in range(8)]
    assert holder.ask("LOCK log").startswith("OK ")
    for number, writer in enumerate(writers):
        writer.send(f"{LONG}PUT log {number}", "GET log")
        server.until(f"client {number + 3} PUT waits for write log")
    assert holder.ask("UNLOCK") == "OK"
    tokens = [int(writer.answer().removeprefix("OK ")) for writer in writers]
    assert tokens == sorted(tokens), tokens
    # Each asked only after all of them stood in the queue: they see the last.
    assert [writer.answer() for writer in writers] == ["OK 7"] * 8


def a_cycle_is_refused(server: Server) -> None:
    first, second = server.client(), server.client()
    assert first.ask("LOCK a").startswith("OK ")
    assert second.ask("LOCK b").startswith("OK ")
    first.send(LONG + "PUT b/1 x")
    server.until("client 2 PUT waits for write b/1")
    assert second.ask("PUT a/1 x").startswith("DEADLOCK client ")
    assert second.ask("UNLOCK") == "OK"
    assert first.answer().startswith("OK ")


def many_lines_at_once(server: Server) -> None:
    client = server.client()
    client.send(*(f"PUT many/{n} {'x' * 100}" for n in range(2000)))
    client.send(*("LIST many" for _ in range(20)))  # more than the server keeps for a client
    for _ in range(2000):
        assert client.answer().startswith("OK ")
    for _ in range(20):
        assert client.answer() == "OK 2000"
        assert len([client.answer() for _ in range(2000)]) == 2000


def a_line_has_an_end(server: Server) -> None:
    client = server.client()
    with suppress(BrokenPipeError, ConnectionResetError):  # it need not read all of it
        client.send("PUT a " + "x" * 100_000)
    assert client.answer() == "ERROR the line is too long"


def goes_down_in_order(server: Server) -> None:
    holder, waiter = server.client(), server.client()
    assert holder.ask("LOCK a").startswith("OK ")
    waiter.send(LONG + "PUT a/1 x", "GET b")
    server.until("client 3 PUT waits for write a/1")
    assert " 1 waited, 0 timed out, 0 deadlocks" in server.stop()
    assert [waiter.answer() for _ in range(3)] == ["CLOSING", "CLOSING", ""]
    assert holder.answer() == ""


TESTS: list[Callable[[Server], None]] = [
    stores_documents,
    a_stuck_holder_stalls_nobody_else,
    a_move_takes_both_or_none,
    timeouts_are_answered,
    a_hang_up_cancels,
    hang_ups_at_any_time,
    a_client_may_shut_its_side_and_wait,
    order_is_kept,
    a_cycle_is_refused,
    many_lines_at_once,
    a_line_has_an_end,
    goes_down_in_order,
]


def main() -> int:
    # So that the server ends, too, when whoever runs this runs out of patience.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    failed = 0
    for test in TESTS:
        server = Server(sys.argv[1])
        try:
            test(server)
            server.stop()
            print(f"PASS {test.__name__}")
        except Exception:
            traceback.print_exc(file=sys.stdout)
            print(f"FAIL {test.__name__}")
            failed += 1
        finally:
            server.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

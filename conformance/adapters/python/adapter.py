"""Replays conformance steps through the Python package.

Reads one step a line from standard input and answers each with one line, until
the input ends. Claims are passed on as they come, so that what is wrong with
them is for the package to say.
"""

import sys

import oarlock

STATES = ("acquired", "waiting")


class Adapter:
    def __init__(self) -> None:
        self.new()

    def new(self) -> str:
        self.manager = oarlock.Manager()
        self.locks: dict[str, oarlock.Pending] = {}
        return "ok"

    def lock(self, name: str, *claims: str) -> str:
        pairs = [parse(claim) for claim in claims]
        self.locks[name] = self.manager.enqueue(*pairs)
        return self.state(name)

    def unlock(self, name: str) -> str:
        lock = self.find(name)
        if not lock.cancel():
            lock.release()
        return "ok"

    def state(self, name: str) -> str:
        state = self.find(name).state
        return state if state in STATES else "error stale"

    def find(self, name: str) -> oarlock.Pending:
        if name not in self.locks:
            raise oarlock.NotHeld(f"no lock of this name: {name}")
        return self.locks[name]


def parse(claim: str) -> tuple[str, list[bytes] | list[str]]:
    """``w:s61/s62`` is a write of two segments; ``-`` is the root; ``w:s61/e`` is a write
    of the entry of ``s61``.

    Writes name their paths with str and reads with bytes: both have to mean the same.
    """
    mode, _, path = claim.partition(":")
    words = [] if path == "-" else path.split("/")
    if words[-1:] == ["e"]:
        words.pop()
        mode = {"r": "read_entry", "w": "write_entry"}.get(mode, mode)
    segments = [bytes.fromhex(word.removeprefix("s")) for word in words]
    if mode in ("r", "read_entry"):
        return mode, segments
    return mode, [segment.decode("utf-8", "surrogatepass") for segment in segments]


def main() -> None:
    adapter = Adapter()
    steps = {
        "new": adapter.new,
        "lock": adapter.lock,
        "unlock": adapter.unlock,
        "state": adapter.state,
    }
    for line in sys.stdin:
        words = line.split()
        try:
            answer = steps[words[0]](*words[1:])
        except oarlock.Error as error:
            answer = f"error {error.kind}"
        except (IndexError, KeyError, TypeError, ValueError):
            # The line itself makes no sense; the driver shows the answer.
            answer = "error protocol"
        print(answer, flush=True)


if __name__ == "__main__":
    main()

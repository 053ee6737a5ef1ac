"""Many threads stamp the files of a real directory tree, through one manager.

    demo.py --files LIST [--seconds S] [--workers N] [--no-locks] [--progress]

LIST holds the relative paths of the files, each ended by a NUL byte, as
`find . -type f -printf '%P\\0'` writes them. Only their names are used: the
stamps are in memory, and no file is opened.
"""

import argparse
import contextlib
import json
import random
import sys
import time
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import oarlock

# A folder with more files than this below it is not used as a whole, so that one
# operation stays short however large the tree is.
LARGEST_FOLDER = 200

# Long enough to let other threads run, which a sleep of 0 need not do.
PAUSE = 0.00001  # seconds


class Tree:
    """The files, sorted, so that what lies below a folder is one range of them.

    Beside each stand two stamps, which are equal whenever nobody is writing it.
    That is what the locks protect.
    """

    def __init__(self, files):
        if not files:
            sys.exit("demo.py: the list holds no files")
        self.files = sorted(files)
        self.first = [0] * len(files)
        self.second = [0] * len(files)

    def pick(self, up):
        """A random file, or the folder `up` levels above it: its path, and which
        files lie at or below it. Stops below a folder that is too large."""
        at = random.randrange(len(self.files))
        path, below = self.files[at], slice(at, at + 1)
        for _ in range(up):
            folder, slash, _ = path.rpartition("/")
            if not slash:
                break
            start = bisect_left(self.files, folder + "/")
            end = bisect_left(self.files, folder + "0", start)  # "0" comes after "/"
            if end - start > LARGEST_FOLDER:
                break
            path, below = folder, slice(start, end)
        return path, below


class Worker:
    """Writes and reads by turns of a coin until the time is up."""

    def __init__(self, tree, manager):
        self.tree = tree
        self.manager = manager  # None: without locks
        self.reads = self.writes = self.torn = 0
        self.stop = False

    def run(self):
        while not self.stop:
            if random.random() < 0.5:
                self.write()
            else:
                self.read()

    def write(self):
        """Write claims on one to three places, granted together or not at all:
        no order to keep to, and no deadlock."""
        places = [self.tree.pick(random.randrange(4)) for _ in range(random.randint(1, 3))]
        with self.lock(write=[path for path, _ in places]):
            stamp = random.getrandbits(60)
            for _, below in places:
                self.tree.first[below] = [stamp] * (below.stop - below.start)
            time.sleep(PAUSE)  # somebody could look now
            for _, below in places:
                self.tree.second[below] = [stamp] * (below.stop - below.start)
        self.writes += 1

    def read(self):
        """A read claim on one folder covers all that lies below it."""
        path, below = self.tree.pick(random.randint(1, 3))
        with self.lock(read=[path]):
            if self.tree.first[below] != self.tree.second[below]:
                self.torn += 1
        self.reads += 1

    def lock(self, **claims):
        return self.manager.lock(**claims) if self.manager else contextlib.nullcontext()


def report(workers, start):
    """One line of JSON; the last one counts."""
    reads = sum(worker.reads for worker in workers)
    writes = sum(worker.writes for worker in workers)
    counts = {
        "operations": reads + writes,
        "seconds": round(time.monotonic() - start, 3),
        "torn": sum(worker.torn for worker in workers),
        "reads": reads,
        "writes": writes,
    }
    print(json.dumps(counts), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", metavar="LIST", type=Path, required=True)
    parser.add_argument("--seconds", metavar="S", type=float, default=2)
    parser.add_argument("--workers", metavar="N", type=int, choices=range(1, 257), default=8)
    parser.add_argument("--no-locks", action="store_true")
    parser.add_argument("--progress", action="store_true")
    options = parser.parse_args()

    # Read as bytes, because a name may hold a newline.
    tree = Tree([name.decode() for name in options.files.read_bytes().split(b"\0") if name])
    manager = None if options.no_locks else oarlock.Manager()
    workers = [Worker(tree, manager) for _ in range(options.workers)]
    start = time.monotonic()
    with ThreadPoolExecutor(options.workers) as pool:
        running = [pool.submit(worker.run) for worker in workers]
        try:
            while time.monotonic() - start < options.seconds:
                time.sleep(0.1)
                if options.progress:
                    report(workers, start)
        finally:
            for worker in workers:
                worker.stop = True
        for worker in running:
            worker.result()  # raises what it raised
    report(workers, start)


if __name__ == "__main__":
    main()

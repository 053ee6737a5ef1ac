"""Times an uncontended `with` through the Python package, for scripts/bench.sh.

    python time_python.py ROUNDS

Prints one JSON object: for each case the nanoseconds of one `with`, a number a
round. The empty loop's cost is subtracted.
"""

import json
import sys
import threading
import timeit

import oarlock

ROUNDS = int(sys.argv[1])
LOOPS = 100_000

manager = oarlock.Manager()
NAMES = {
    "manager": manager,
    "one": manager.write("user-00000000042"),
    "three": manager.write("user-00000000042/documents/letter-000000001"),
    "two_claims": manager.write("user-00000000042", "user-00000000043"),
    "reading": manager.read("user-00000000042"),
    "threading_lock": threading.Lock(),
}
CASES = {
    "with, one segment": "with one: pass",
    "with, three segments": "with three: pass",
    "with, two claims": "with two_claims: pass",
    "with, read": "with reading: pass",
    "with manager.write(...)": "with manager.write('user-00000000042'): pass",
    "threading.Lock": "with threading_lock: pass",
}

empty = min(timeit.repeat("pass", number=LOOPS, repeat=5))
timers = {name: timeit.Timer(code, globals=NAMES) for name, code in CASES.items()}
samples: dict[str, list[float]] = {name: [] for name in CASES}
for timer in timers.values():
    timer.timeit(LOOPS // 10)
for _ in range(ROUNDS):
    for name, timer in timers.items():
        samples[name].append((timer.timeit(LOOPS) - empty) / LOOPS * 1e9)
json.dump(samples, sys.stdout)

"""Sums up what run.sh has measured.

    python table.py FOLDER SURFACE...

Prints the minimum and the median of each case in nanoseconds and, where a base was
measured as well, now as a ratio of before. Writes FOLDER/surfaces.json.
"""

import json
import pathlib
import statistics
import sys

folder = pathlib.Path(sys.argv[1])


def read(surface: str, tree: str) -> dict[str, list[float]]:
    """All samples by case; nothing if that tree was not measured."""
    samples: dict[str, list[float]] = {}
    file = folder / f"{surface}-{tree}.json"
    for line in file.read_text().splitlines() if file.exists() else []:
        for case, found in (json.loads(line) if line else {}).items():
            samples.setdefault(case, []).extend(found)
    return samples


everything = {}
print(f"{'':8}{'ns':32}{'min':>10}{'median':>10}{'before':>10}{'median':>10}{'ratio':>8}{'median':>8}")
for surface in sys.argv[2:]:
    now, before = read(surface, "now"), read(surface, "before")
    everything[surface] = {"now": now, "before": before}
    for case, samples in now.items():
        low, middle = min(samples), statistics.median(samples)
        line = f"{surface:8}{case:32}{low:10.0f}{middle:10.0f}"
        if case in before:
            low_before, middle_before = min(before[case]), statistics.median(before[case])
            line += f"{low_before:10.0f}{middle_before:10.0f}"
            line += f"{low / low_before:8.2f}{middle / middle_before:8.2f}"
        print(line)
(folder / "surfaces.json").write_text(json.dumps(everything) + "\n")

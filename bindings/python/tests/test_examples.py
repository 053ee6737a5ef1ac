"""The example of the READMEs runs, and the conformance adapter answers."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
README = PROJECT / "examples/readme/readme.py"
ADAPTER = PROJECT / "conformance/adapters/python/adapter.py"

pytestmark = pytest.mark.skipif(not README.exists(), reason="not in the project's tree")


def test_the_readme_example_runs() -> None:
    done = subprocess.run(
        [sys.executable, README], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "1 False\nnobody writes anything below accounts now\n"


def test_the_readme_shows_the_example() -> None:
    text = (Path(__file__).parents[1] / "README.md").read_text()
    assert f"```python\n{README.read_text()}```" in text


def test_the_conformance_adapter() -> None:
    steps = {
        "new": "ok",
        "lock w w:s61/s62 r:s": "acquired",
        "lock r r:-": "waiting",
        "lock late w:s63": "waiting",
        "state r": "waiting",
        "unlock w": "ok",
        "state r ": "acquired",
        "unlock late": "ok",
        "unlock r": "ok",
        "unlock r ": "error stale",
        "lock none": "error no-claims",
        "lock mode x:-": "error unknown-mode",
        "nonsense": "error protocol",
        "new ": "ok",
        "state  r": "error stale",
    }
    done = subprocess.run(
        [sys.executable, ADAPTER],
        input="\n".join(steps) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == list(steps.values())

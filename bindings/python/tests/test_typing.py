"""The stubs say what the module has, and typed programs pass."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")

PROGRAM = """
import oarlock

async def use(manager: oarlock.Manager) -> int:
    with manager.write("a", b"b", ["c", b"d"], ("e",), timeout=1.5) as lock:
        token: int = lock.token
    async with manager.lock(("read", "x"), write="a/b", read=["c", ("d", "e")]) as same:
        locked: bool = same.locked()
    with manager.read_entry("a", timeout=1), manager.lock(("write_entry", "b"), read_entry=["c"]):
        token += 1
    held: bool = lock.acquire(timeout=1) or await lock.acquire_async(timeout=2)
    async with manager.enqueue(write={"a"}) as pending:
        if pending.state == "acquired" and locked and held:
            token += pending.token
    try:
        oarlock.Manager.named("x").read("a").release()
    except oarlock.NotHeld as error:
        kind: str = error.kind
        print(kind)
    return token
"""

MISTAKES = """
import oarlock

manager = oarlock.Manager()
manager.write(7)
manager.write({"a"})
manager.lock(delete="a")
manager.lock(write=7)
manager.lock(read_entry=7)
manager.enqueue("a")
oarlock.Manager(4)
"""


def test_stubs_match_the_module(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "oarlock"],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_typed_program_passes(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    done = strict(tmp_path / "program.py")
    assert done.returncode == 0, done.stdout + done.stderr


def test_mistakes_are_found(tmp_path: Path) -> None:
    (tmp_path / "mistakes.py").write_text(MISTAKES)
    done = strict(tmp_path / "mistakes.py")
    found = {line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line}
    assert found == {"5", "6", "7", "8", "9", "10", "11"}, done.stdout + done.stderr


def test_the_package_itself_is_typed(tmp_path: Path) -> None:
    done = strict("-p", "oarlock", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def strict(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir=/dev/null"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, timeout=300, cwd=cwd
    )

#!/usr/bin/env python3
"""compare.py PROMISED FOUND: may what was found stand where PROMISED was promised?

Both are lines "KIND NAME REST", as ffi/abi/describe.sh writes them, under a version and
an ABI number (the soname's). Ends with

    0  it is the same
    1  more is promised now, or a break was made with the numbers that it needs:
       it is in order, and has to be recorded
    2  a break: something that programs rely on is gone or different, and the
       numbers do not say so

Breaks of source code need a new minor version (a new major one from 1.0 on). Breaks
of compiled programs need a new ABI number, too. What only grows: functions, types,
constants; structs that begin with struct_size, at their end. A reserved field may be
put to use.
"""

import re
import sys
from dataclasses import dataclass

# What exists at compile time only.
SOURCE_ONLY = {"inline", "macro", "init"}


@dataclass
class Promise:
    version: tuple[int, int]
    abi: int
    items: dict[str, str]


def read(text: str) -> Promise:
    items = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            kind, name, *rest = line.split(" ", 2)
            items[f"{kind} {name}"] = rest[0] if rest else ""
    version = abi = None
    for key in list(items):
        kind, name = key.split(" ")
        if kind == "version":
            major, minor = name.split(".")
            version = (int(major), int(minor))
            del items[key]
        elif kind == "abi":
            abi = int(name)
            del items[key]
    if version is None or abi is None:
        raise SystemExit("a snapshot without a version or an ABI number")
    return Promise(version, abi, items)


def size(shape: str) -> int:
    return int(re.search(r"size (\d+)", shape)[1])


def grew(old: str, new: str) -> bool:
    """A sized struct that is larger and else the same."""
    same = re.sub(r"size \d+", "", old) == re.sub(r"size \d+", "", new)
    return same and old.startswith("sized") and size(new) > size(old)


def place(key: str, shape: str) -> tuple[str, str]:
    """Where a field lies: its struct, and "at OFFSET size SIZE TYPE"."""
    return key.split(" ")[1].split(".")[0], shape


def breaks(promised: Promise, found: Promise) -> list[tuple[str, str]]:
    """What is broken: its kind, and a line about it."""
    broken = []
    # What was reserved, and therefore 0, may get a meaning and a name.
    reserved = {place(key, old) for key, old in promised.items.items() if re.match(r"field \w+\.reserved", key)}
    taken = {place(key, new) for key, new in found.items.items() if key.startswith("field ")} & reserved
    for key, old in promised.items.items():
        kind = key.split(" ")[0]
        if kind == "field" and place(key, old) in taken:
            continue
        new = found.items.get(key)
        if new is None:
            broken.append((kind, f"{key} is gone (was: {old})"))
        elif new != old and not (kind == "struct" and grew(old, new)):
            broken.append((kind, f"{key} is now: {new} (was: {old})"))
    # A field that is new lies behind all that an older program passes.
    for key, new in found.items.items():
        if not key.startswith("field ") or key in promised.items or place(key, new) in taken:
            continue
        old = promised.items.get("struct " + key.split(" ")[1].split(".")[0])
        if old and int(re.search(r"at (\d+)", new)[1]) < size(old):
            broken.append(("field", f"{key} is new, within what older programs pass: {new}"))
    return broken


def step(version: tuple[int, int]) -> tuple[int, ...]:
    """The part of the version that has to rise with a break."""
    return version if version[0] == 0 else version[:1]


def judge(promised: Promise, found: Promise) -> tuple[int, list[str]]:
    if found.version < promised.version or found.abi < promised.abi:
        return 2, ["the version or the ABI number went back"]
    stepped = step(found.version) > step(promised.version)
    if found.abi > promised.abi and not stepped:
        return 2, ["a new ABI number needs a new minor version (from 1.0 on, a new major one), too"]
    broken = breaks(promised, found)
    binary = any(kind not in SOURCE_ONLY for kind, _ in broken)
    said = [line for _, line in broken]
    if broken and not (stepped and (found.abi > promised.abi or not binary)):
        part = "minor" if promised.version[0] == 0 else "major"
        said.append("Programs rely on this. Put it back and add something new instead; or, if the")
        said.append(f"break is meant, raise the {part} version (Cargo.toml, ffi/src/version.rs)")
        if binary:
            said.append("and the ABI number, which is the soname's (ffi/build.rs),")
        said.append("say so in the changelog, and record it: UPDATE=1 ffi/ci.sh abi")
        return 2, said
    for key, new in found.items.items():
        if key not in promised.items:
            said.append(f"{key} is new: {new}")
    for key, old in promised.items.items():
        if key.startswith("struct ") and grew(old, found.items.get(key, old)):
            said.append(f"{key} grew: its size until now, {size(old)}, belongs into the list of its sizes in ffi/src")
    if broken or found != promised:
        said.append("This is in order, and has to be recorded: UPDATE=1 ffi/ci.sh abi")
        return 1, said
    return 0, []


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as one, open(sys.argv[2], encoding="utf-8") as other:
        code, said = judge(read(one.read()), read(other.read()))
    print("\n".join(said))
    sys.exit(code)

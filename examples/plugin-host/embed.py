#!/usr/bin/env python3
"""Prints how to embed the Python that runs this, one argument of the compiler a line.

`python3-config --embed --cflags --ldflags` says nearly the same, where it is there and of
the same Python; but not where the program finds the shared library later. Where that
Python cannot be embedded, prints why to stderr and exits with 77.
"""

from __future__ import annotations

import os
import sys
from sysconfig import get_config_var, get_paths


def var(name: str) -> str:
    return str(get_config_var(name) or "")


def library() -> list[str]:
    """The shared library, or else the static one."""
    if var("Py_ENABLE_SHARED") == "1":
        for folder in (var("LIBDIR"), var("LIBPL")):
            if os.path.exists(os.path.join(folder, var("LDLIBRARY"))):
                return [f"-L{folder}", f"-lpython{var('LDVERSION')}", f"-Wl,-rpath,{folder}"]
    archive = os.path.join(var("LIBPL"), var("LIBRARY"))
    if os.path.exists(archive):
        # Extension modules look for Python's functions in the program; and the archive
        # may have been made for programs that stand at a fixed address.
        return [archive, "-Wl,--export-dynamic", "-no-pie", *var("MODLIBS").split()]
    print(f"{sys.executable} came with neither {var('LDLIBRARY')} nor {archive}", file=sys.stderr)
    sys.exit(77)


def main() -> None:
    include = get_paths()["include"]
    if sys.implementation.name != "cpython" or sys.version_info < (3, 10):
        print(f"{sys.executable} is not CPython from 3.10 up", file=sys.stderr)
        sys.exit(77)
    if not os.path.exists(os.path.join(include, "Python.h")):
        print(f"{include} has no Python.h", file=sys.stderr)
        sys.exit(77)
    flags = [f"-I{include}", f'-DPYTHON_HOME="{sys.base_prefix}"', *library()]
    flags += f"{var('LIBS')} {var('SYSLIBS')}".split()
    print("\n".join(flags))


if __name__ == "__main__":
    main()

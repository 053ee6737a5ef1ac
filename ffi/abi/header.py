#!/usr/bin/env python3
"""Reads include/oarlock.h, which cbindgen writes, for what it promises.

    header.py HEADER functions   the names of the exported functions
    header.py HEADER lines       what can be read off: functions, callbacks, macros
    header.py HEADER program     a C program that prints what a compiler has to tell:
                                 the shape of structs and types, the values of constants

Anything that is not understood is an error, so that nothing is left out in silence.
"""

import re
import sys
from dataclasses import dataclass, field


@dataclass
class Header:
    constants: list[str] = field(default_factory=list)
    initialisers: list[str] = field(default_factory=list)
    macros: list[str] = field(default_factory=list)
    opaque: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    structs: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    callbacks: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    inline: dict[str, str] = field(default_factory=dict)


def without_comments(text: str) -> str:
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"//[^\n]*", "", text)
    return text.replace("\\\n", " ")


def tidy(text: str) -> str:
    return re.sub(r"\s*\*\s*", " *", " ".join(text.split())).replace("* *", "**").strip()


def types_of(parameters: str) -> str:
    """The types of parameters, without their names."""
    types = []
    for parameter in parameters.split(","):
        parameter = tidy(parameter)
        bare = re.match(r"(.*[\s*])\w+$", parameter)
        types.append(bare.group(1).strip() if bare else parameter)
    return ", ".join(types)


def macro(header: Header, line: str) -> None:
    name = re.match(r"#\s*define\s+(\w+)(\(?)", line)
    if not name or name[1].endswith("_") or name[1] == "OARLOCK_H":
        return
    if name[2]:
        header.macros.append(name[1])
    elif name[1].endswith("_INIT"):
        header.initialisers.append(name[1])
    elif name[1].startswith("OARLOCK_VERSION"):
        header.macros.append(name[1])
    else:
        header.constants.append(name[1])


def struct(header: Header, name: str, body: str) -> None:
    fields = []
    for declaration in filter(None, map(tidy, body.split(";"))):
        parts = re.fullmatch(r"([\w\s*]*[\s*])(\w+)((?:\[\w+\])*)", declaration)
        if not parts:
            raise SystemExit(f"not understood in {name}: {declaration}")
        fields.append((parts[2], parts[1].strip() + parts[3]))
    header.structs[name] = fields


def read(text: str) -> Header:
    header = Header()
    text = without_comments(text)
    text = re.sub(r"#ifdef __cplusplus\n.*?#endif", "", text, flags=re.S)
    rest = []
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            macro(header, line.strip())
        else:
            rest.append(line)
    code = "\n".join(rest)

    def take(pattern: str, use) -> None:
        nonlocal code
        code = re.sub(pattern, lambda found: use(found) or "", code, flags=re.S)

    # An inline function ends with the first brace at the beginning of a line.
    take(
        r"static inline ([^;{}]*?)(\w+)\(([^)]*)\)\s*\{.*?\n\}",
        lambda f: header.inline.update({f[2]: f"{tidy(f[1])} ({types_of(f[3])})"}),
    )
    take(r"typedef struct\s*\w*\s*\{([^{}]*)\}\s*(\w+)\s*;", lambda f: struct(header, f[2], f[1]))
    take(r"typedef struct (\w+) \1\s*;", lambda f: header.opaque.append(f[1]))
    take(
        r"typedef ([^;(){}]*?)\(\*(\w+)\)\(([^)]*)\)\s*;",
        lambda f: header.callbacks.update({f[2]: f"{tidy(f[1])} ({types_of(f[3])})"}),
    )
    take(r"typedef [\w\s*]+?\s(\w+)\s*;", lambda f: header.types.append(f[1]))
    take(
        r"([A-Za-z][\w\s*]*?[\s*])(\w+)\(([^()]*)\)\s*;",
        lambda f: header.functions.update({f[2]: f"{tidy(f[1])} ({types_of(f[3])})"}),
    )
    if code.strip():
        raise SystemExit("not understood: " + " ".join(code.split())[:200])
    return header


def lines(header: Header) -> list[str]:
    found = [f"macro {name} defined" for name in header.macros]
    found += [f"opaque {name} declared" for name in header.opaque]
    found += [f"callback {name} {type_}" for name, type_ in header.callbacks.items()]
    found += [f"function {name} {type_}" for name, type_ in header.functions.items()]
    found += [f"inline {name} {type_}" for name, type_ in header.inline.items()]
    return found


def program(header: Header) -> str:
    out = ["#include <oarlock.h>", "#include <stdio.h>", "int main(void) {"]
    for name in header.types:
        sign = f'({name})-1 < ({name})1 ? "signed" : "unsigned"'
        out.append(f'  printf("type {name} size %zu align %zu %s\\n", sizeof({name}), _Alignof({name}), {sign});')
    for name, fields in header.structs.items():
        sized = "sized" if fields[0][0] == "struct_size" else "fixed"
        out.append(
            f'  printf("struct {name} {sized} size %zu align %zu\\n", sizeof({name}), _Alignof({name}));'
        )
        for inner, type_ in fields:
            out.append(
                f'  printf("field {name}.{inner} at %zu size %zu {type_}\\n",'
                f" offsetof({name}, {inner}), sizeof((({name} *)0)->{inner}));"
            )
    for name in header.constants:
        out.append(f'  printf("constant {name} %lld\\n", (long long)({name}));')
    for name in header.initialisers:
        type_ = name[: -len("_INIT")].lower()
        if type_ not in header.structs:
            raise SystemExit(f"{name} is of no struct")
        out.append("  {")
        out.append(f"    static const {type_} given = {name};")
        out.append(f"    static {type_} blank;")
        if header.structs[type_][0][0] == "struct_size":
            out.append(f"    blank.struct_size = sizeof({type_});")
        out.append(f'    printf("init {name} %s\\n", memcmp(&given, &blank, sizeof given) ? "not blank" : "blank");')
        out.append("  }")
    out += ["  return 0;", "}"]
    return "\n".join(out)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        header = read(file.read())
    match sys.argv[2]:
        case "functions":
            print("\n".join(sorted(header.functions)))
        case "lines":
            print("\n".join(lines(header)))
        case "program":
            print(program(header))
        case other:
            raise SystemExit(f"no such thing: {other}")

#!/usr/bin/env python3
"""Checks that the examples in README.md are the files that the tests run.

A code block that follows a line `<!-- FILE -->` has to be that file, letter by
letter, but for what the file has before a line with `README:` in it. Relative
links in the project's pages have to lead somewhere.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]


def check_examples(errors: list[str]) -> int:
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(r"^<!-- (\S+) -->\n```\w*\n(.*?)^```$", text, re.M | re.S)
    for name, block in blocks:
        whole = (ROOT / name).read_text()
        shown = re.split(r"^.*README:.*\n", whole, maxsplit=1, flags=re.M)[-1]
        if shown.strip() != block.strip():
            errors.append(f"README.md: the block is not {name}")
    want = {f"examples/readme/{path.name}" for path in (ROOT / "examples/readme").glob("readme*.*")}
    for name in sorted(want - {name for name, _ in blocks}):
        errors.append(f"README.md: {name} is not shown")
    return len(want)


def check_links(errors: list[str]) -> int:
    pages = [ROOT / page for page in PAGES] + sorted((ROOT / "docs").glob("*.md"))
    links = 0
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            if "://" in target:
                continue
            links += 1
            if not (page.parent / target).exists():
                errors.append(f"{page.relative_to(ROOT)}: {target} does not exist")
    return links


def main() -> int:
    errors: list[str] = []
    checks = check_examples(errors) + check_links(errors)
    lines = len((ROOT / "ARCHITECTURE.md").read_text().splitlines())
    checks += 1
    if lines > 150:
        errors.append(f"ARCHITECTURE.md has {lines} lines, at most 150 are wanted")
    for error in errors:
        print(error)
    print(f"{checks - len(errors)} passed, {len(errors)} failed")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())

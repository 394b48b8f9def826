"""Writes docs/explanation/attacks.md from the docstrings of tests/attacks, whose tests show what they say.

python docs/make/private_attacks.py          writes the page
python docs/make/private_attacks.py --check  fails when the page is stale
"""

from __future__ import annotations

import ast
import pathlib
import re
import sys
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "attacks.md"
ATTACKS = ROOT / "tests" / "attacks"
PARTS = ("Reference", "Twin", "Here")


def read_attack(file: pathlib.Path) -> dict[str, str]:
    """The name, words, reference and both results of an attack, from its docstring.

    Raises ValueError for a docstring that lacks one.
    """
    words = " ".join((ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "").split())
    parts = re.split(rf" ({'|'.join(PARTS)}): ", words)
    if tuple(parts[1::2]) != PARTS or ":" not in parts[0]:
        raise ValueError(
            f"{file.name}: its docstring needs a name and words, {', '.join(PARTS)}, in this order"
        )
    name, _, about = parts[0].partition(": ")
    return {"name": name, "about": about, **dict(zip(PARTS, parts[2::2], strict=True))}


def list_attacks() -> list[tuple[pathlib.Path, dict[str, str]]]:
    """Every attack, by file."""
    return [(file, read_attack(file)) for file in sorted(ATTACKS.glob("test_*.py"))]


def make_page() -> str:
    """Return the page as Markdown."""
    return "\n".join(_list_lines()).rstrip() + "\n"


def _list_lines() -> Iterator[str]:
    yield "# Attacks on private queries, and what each got\n"
    yield "Made by `docs/make/private_attacks.py` from the tests; do not edit.\n"
    yield (
        "Each attack is a test in `tests/attacks`. It first succeeds against a twin without the "
        "defence (plain DuckDB over the same files, or the engine with that one defence taken away), "
        "because an attack that never works proves nothing; then it is tried here. `pytest -rP "
        "tests/attacks` prints both results with their figures.\n"
    )
    yield "| Attack | Reference | Without the defence | Here |"
    yield "|---|---|---|---|"
    for file, one in list_attacks():
        cells = [f"**{one['name']}** (`{file.name}`): {one['about']}", *(one[part] for part in PARTS)]
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""
    yield "## What these do not show\n"
    yield (
        "That no other attack exists: for that there are the proofs in `query/bound`, `query/layout` "
        "and `query/noise`, and `tests/audit`, which takes children away ten thousand times and is "
        "itself judged by faults put into the engine. Time and memory hang on the data: a join of a "
        "child's rows with themselves takes longer where a child has many. A file of which one row is"
        " damaged answers nothing that touches that row's column, and says so; prepare data before "
        "anybody asks, which reads every row once. What is not protected at all stands in "
        "[privacy.md](privacy.md).\n"
    )


if __name__ == "__main__":
    if "--check" in sys.argv:
        fresh = PAGE.exists() and PAGE.read_text("utf-8") == make_page()
        sys.exit(0 if fresh else f"{PAGE.name} is stale: run python docs/make/private_attacks.py")
    PAGE.write_text(make_page(), encoding="utf-8")
    print(PAGE)

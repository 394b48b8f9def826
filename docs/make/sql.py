"""Writes docs/reference/sql.md from tests/spec/queries: which SQL is answered, and why the rest is refused.

python docs/make/sql.py          writes the page
python docs/make/sql.py --check  fails when the page is stale
"""

from __future__ import annotations

import itertools
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

import sqlglot
import yaml
from sqlglot.tokenizer_core import TokenType

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "sql.md"
QUERIES = ROOT / "tests" / "spec" / "queries"
sys.path[:0] = [str(ROOT / "tests" / "spec"), str(ROOT / "tests" / "property")]

import spec_tables  # noqa: E402 - the invented codebook lives beside the tests

from lightwell.query import check, parse  # noqa: E402
from lightwell.query.refusal import QueryRefused, Refusal  # noqa: E402

ORDER = (
    "counts",
    "numbers",
    "quantiles",
    "groups",
    "conditions",
    "dates",
    "times",
    "text",
    "per-child",
    "children",
    "joins",
    "arithmetic",
    "order",
    "names",
)
# Words before a bracket that are no functions.
NOT_FUNCTIONS = {
    "AND",
    "AS",
    "BY",
    "FILTER",
    "FROM",
    "IN",
    "JOIN",
    "NOT",
    "ON",
    "OR",
    "USING",
    "WHEN",
    "WHERE",
}
NOT_FUNCTIONS |= {
    "GROUP",
    "EXISTS",
    "SELECT",
    "WITHIN GROUP",
    "WITHIN",
    "WITH",
    "BETWEEN",
    "THEN",
    "ELSE",
    "<",
}
EXAMPLES = 4

INTRODUCTION = """# SQL that is answered

Made by `docs/make/sql.py` from `tests/spec/queries`; do not edit.

A query is one `SELECT` in DuckDB's words about the tables of a codebook. It is read into a plan or
refused; nothing that is not listed here is answered, and a refusal comes before any charge and before any
data is read. The queries below are of an invented codebook: `usage` (many rows of a `child`), `survey`
(one row of a child), `answers` (one row, the child is called `pupil`), and the public tables `places` and
`calendar`.

- **Figures, never rows.** What is asked for is a figure over children, or a key of `GROUP BY`. Each
  figure gets noise and an interval. `HAVING`, `ORDER BY`, `LIMIT` and arithmetic on figures work on
  numbers that have their noise.
- **The child is no column.** Its name is counted (`COUNT(DISTINCT child)`), joined on, and grouped by
  inside a sub-query; it is never shown, compared or computed with.
- **A child counts for a bounded number of rows**, the codebook's. One with more is weighted down.
- **Groups are known beforehand.** Those of listed values, ranges, conditions, `CASE`, bins and dates are
  all shown, also where nobody is in them. Free text is private: a group is shown where enough children
  are in it.
- **Nothing can fail.** A conversion, quotient or date that some row could break is refused, because an
  error would tell of that row. Values outside a column's declared range are moved to its nearer end;
  values that are not listed are null.
- **Numbers need bounds to be added up.** Declared in the codebook, or written: `LEAST(GREATEST(x, 0),
  300)`.

Other than in DuckDB: `LEAST` and `GREATEST` of a null are null; a number divided by zero is null;
`VARIANCE` and `STDDEV` divide by n; a condition may be added up or averaged; text has no order, and only
listed text has functions.
"""


def make_page() -> str:
    """Return the page as Markdown."""
    return "\n".join(_list_lines()).rstrip() + "\n"


def read_themes(kind: str) -> dict[str, dict[str, Any]]:
    """The themes of accepted or refused queries by the name of their file."""
    return {
        path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((QUERIES / kind).glob("*.yaml"))
    }


def list_functions() -> list[str]:
    """Name every function that an accepted query calls."""
    found = set()
    for theme in read_themes("accepted").values():
        for case in theme["queries"]:
            tokens = sqlglot.tokenize(case["text"], read=parse.DIALECT)
            for token, after in itertools.pairwise(tokens):
                word = token.text.upper()
                if after.token_type == TokenType.L_PAREN and word[:1].isalpha() and word not in NOT_FUNCTIONS:
                    found.add(word)
    return sorted(found)


def list_refusals() -> dict[str, list[tuple[str, Refusal]]]:
    """The refused queries by the code of what is named first."""
    book, found = spec_tables.make_codebook(), dict[str, list[tuple[str, Refusal]]]()
    for theme in read_themes("refused").values():
        for case in theme["queries"]:
            try:
                check.check_query(case["text"], book)
            except QueryRefused as refused:
                first = refused.refusals[0]
                found.setdefault(first.code, []).append((case["text"], first))
    return found


def _list_lines() -> Iterator[str]:
    yield INTRODUCTION
    themes = read_themes("accepted")
    if set(themes) != set(ORDER):
        raise SystemExit(f"name every theme in ORDER: {set(themes) ^ set(ORDER)}")
    for name in ORDER:
        yield f"## {themes[name]['title']}\n"
        for case in themes[name]["queries"]:
            yield f"- {_quote(case['text'])}  \n  {case['means']}{_note(case)}"
        yield ""
    yield "## Functions\n"
    yield (
        "Beside the operators `+ - * / // % **`, comparisons, `AND OR NOT`, `IN`, `BETWEEN`, `LIKE`, "
        "`ILIKE`, `IS`, `CASE` and `INTERVAL n DAY`:\n"
    )
    yield ", ".join(f"`{word}`" for word in list_functions()) + ".\n"
    yield "## What is refused\n"
    yield (
        "A refusal has a code, the line and column of the word it is about, the reason and what to "
        f"write instead. At most {EXAMPLES} examples of each; all are in `tests/spec/queries/refused`. "
        f"Besides: a text may have {parse.MAX_CHARACTERS} characters, {parse.MAX_TOKENS} words and "
        f"{parse.MAX_DEPTH} brackets inside one another (`too-long`, `too-deep`), an expression stays of "
        f"reasonable size (`too-complex`), and a query has at most {check.MAX_TABLES} tables, "
        f"{check.MAX_KEYS} keys and {check.MAX_MEASURES} "
        "figures (`too-many`).\n"
    )
    for code, cases in sorted(list_refusals().items()):
        yield f"### `{code}`\n"
        shown: dict[str, tuple[str, Refusal]] = {}
        for text, refusal in cases:
            shown.setdefault(refusal.reason, (text, refusal))
        for text, refusal in list(shown.values())[:EXAMPLES]:
            yield f"- {_quote(text)}  \n  {refusal.reason} {refusal.advice}"
        yield ""


def _note(case: dict[str, Any]) -> str:
    if case.get("private"):
        return ""
    differs = str(case.get("differs", ""))
    return f" (DuckDB: {differs.removeprefix('DuckDB says ')})" if differs else ""


def _quote(text: str) -> str:
    """A query on one line as code; a query with a comment to the end of a line keeps its lines apart."""
    shown = " ⏎ ".join(" ".join(line.split()) for line in text.splitlines() if line.strip()) or text.strip()
    return f"`{shown}`" if shown else "(nothing)"


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        fresh = PAGE.is_file() and PAGE.read_text("utf-8") == make_page()
        sys.exit(0 if fresh else f"{PAGE.name} is stale: run python docs/make/sql.py")
    PAGE.write_text(make_page(), "utf-8")

"""The small markup of the sample documents' texts: parsed into blocks, figures filled in by name.

`# heading`, `## sub-heading`, `- bullet`, blank line = new paragraph, `@word argument` = something the press sets
(a table, a chart, a page break). `{name:form}` takes a number from the findings; a percentage typed by hand is an
error, because then two documents could disagree. Absent: nesting, links, images.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TYPED = re.compile(r"\d(?:[.,]\d+)? ?%|\d+\.\d+ (?:points|hours|minutes)")
ALLOWED = re.compile(r"\b(?:95|100) %|\b80 % power|\b5 % level|\b0 %|\b50 %")
FIELD = re.compile(r"\{(\w+)(?::(\w+))?\}")


@dataclass(frozen=True)
class Block:
    """One paragraph, heading, list entry or order to the press."""

    kind: str  # h1, h2, p, li, or the word after @
    text: str


def parse(source: str, where: str) -> list[Block]:
    """Blocks in order. Raises ValueError naming `where` and the line for a figure typed by hand."""
    blocks: list[Block] = []
    pending: list[str] = []

    def flush() -> None:
        if pending:
            blocks.append(Block("p", " ".join(pending)))
            pending.clear()

    for number, line in enumerate(source.splitlines(), 1):
        line = line.strip()
        if TYPED.search(ALLOWED.sub("", line)):
            raise ValueError(f"{where}, line {number}: a figure is typed by hand; take it from the findings.")
        if not line:
            flush()
        elif line.startswith("## "):
            flush()
            blocks.append(Block("h2", line[3:]))
        elif line.startswith("# "):
            flush()
            blocks.append(Block("h1", line[2:]))
        elif line.startswith("- "):
            flush()
            blocks.append(Block("li", line[2:]))
        elif line.startswith("@"):
            flush()
            word, _, rest = line[1:].partition(" ")
            blocks.append(Block(word, rest))
        elif blocks and blocks[-1].kind in ("li", "box", "quote", "small") and not pending and line[0] == "|":
            blocks[-1] = Block(blocks[-1].kind, blocks[-1].text + " " + line[1:].strip())
        else:
            pending.append(line)
    flush()
    return blocks


def fill(text: str, numbers: Mapping[str, Any], where: str) -> str:
    """Text with every `{name:form}` replaced and `*italic*`, `**bold**` turned into the press's tags."""

    def put(match: re.Match[str]) -> str:
        name, form = match.group(1), match.group(2) or ""
        if name not in numbers:
            raise ValueError(f"{where}: the findings hold no “{name}”.")
        value = numbers[name]
        if not form and isinstance(value, int):
            return f"{value:,}"
        return format(value, form)

    filled = FIELD.sub(put, html.escape(text, quote=False))
    filled = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", filled)
    return re.sub(r"(?<!\*)\*([^*]+?)\*", r"<i>\1</i>", filled)

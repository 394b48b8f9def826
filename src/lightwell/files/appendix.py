"""The pages at the end of a converted file: what it held besides, written out, each kind under its own
heading.

They are pages of the item as the others are, so that the seal covers them. What was found:
`files/preparation`; where it now is: `files/tally`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lightwell.files import typesetting
from lightwell.files.preparation import Finding
from lightwell.files.tally import KINDS, Line
from lightwell.files.typesetting import Piece, escape_text

_LEAD = (
    "These pages were added when the file was read for the archive. The usual print of such a file leaves "
    "out what "
    "is written here."
)


def write_appendix(
    findings: Sequence[Finding], target: Path, name: str, alive: Callable[[], None] | None = None
) -> dict[str, tuple[int, ...]]:
    """Print every finding that has entries; the pages of each kind, counted from 1. No file where none
    has.
    """
    printed = [each for each in findings if each.entries]
    if not printed:
        return {}
    sections = [_format_section(number, each) for number, each in enumerate(printed)]
    heading = f"<h1>What else was in this file</h1><p class='note'>{escape_text(_LEAD)}</p>"
    (places,) = typesetting.set_pieces([Piece(heading + "".join(sections))], target, title=name, alive=alive)
    starts = [places.get(f"part-{number}", 1) for number in range(len(printed))]
    # The next heading may stand on the page on which this part ends.
    ends = [places.get(f"last-{number}", places["end"]) for number in range(len(printed))]
    return {
        each.kind: tuple(range(start, max(start, end) + 1))
        for each, start, end in zip(printed, starts, ends, strict=True)
    }


def make_lines(
    findings: Sequence[Finding], places: dict[str, tuple[int, ...]], offset: int
) -> tuple[Line, ...]:
    """Make the lines of the tally: pages of the file itself, else those of the appendix behind `offset`
    pages.
    """
    return tuple(
        Line(each.kind, each.found, each.pages or tuple(offset + page for page in places.get(each.kind, ())))
        for each in findings
    )


def _format_section(number: int, finding: Finding) -> str:
    one, many, _ = KINDS[finding.kind]
    title = f"{finding.found:,} {one if finding.found == 1 else many}"
    *rest, last = [f"<p>{escape_text(entry)}</p>" for entry in finding.entries]
    ending = last.replace("<p>", f'<p id="last-{number}">', 1)
    return f'<h2 id="part-{number}">{escape_text(title)}</h2>{"".join(rest)}{ending}'

"""The residue check as the gate before publication: nothing leaves while a hidden word can still be read.

Everything that is about to be public of one document is handed to `files/residue`: the finished PDF, and as
text its title, its file name, the publication's summary, the words for the search, its opening and the
record of each page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lightwell.archive import page, redaction, release
from lightwell.archive.residue import Hidden
from lightwell.base import errors, roles
from lightwell.db.models import Item, PublicPage, Redaction
from lightwell.files import data, redrawing, residue, spool, workers

# The names of members and the values that every opening and every record of a page has, whatever is hidden.
_FRAME = (
    f"{release.OPENING} mode redacted study item header pages renderer salt file_hash document page head "
    "hidden_lines hidden_patches regions ground decided_by review proof head_salt lines patches path marks "
    "seed hash bands columns dpi height width holdings kinds sealed reset label"
)


@dataclass
class Examination:
    """What was decided about the pages of a document, gathered while they are drawn.

    `pages` are the visible words, on the disk; `kept` are words that a person decided to leave visible.
    """

    pages: spool.SpooledWords
    hidden: list[Hidden] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)

    def add_page(
        self, parts: page.Parts, regions: Sequence[redaction.Region], made: redrawing.Redrawn
    ) -> None:
        """Add a page with the regions that were decided, and the sheet that was drawn."""
        visible, hidden = residue.describe_page(parts, regions, made.sheet)
        self.pages.append(visible)
        self.hidden += hidden

    def add_held_page(self, label: page.Word) -> None:
        """Add the place of a page that is held back: nothing but its label is visible."""
        self.pages.append((label,))

    def add_kept(self, parts: page.Parts, rows: Sequence[Redaction]) -> None:
        """Add what was suggested or proposed on a page and left visible by a person."""
        for row in rows:
            words = [parts.lines[line][word].text for line, word in row.words]
            self.kept |= {" ".join(words), *words}


def begin_examination(folder: Path) -> Examination:
    """Begin with nothing; what is visible will lie below `folder` while this goes on."""
    return Examination(spool.SpooledWords(folder))


def list_kept(item: Item) -> dict[int, list[Redaction]]:
    """List, by page, what a person decided to leave visible on an item, and what no other region hides.

    What was turned down for its ground and is hidden for another was not left visible.
    """
    hidden = {
        (number, *place)
        for number, words in item.redactions.in_force().values_list("page", "words")
        for place in words
    }
    kept: dict[int, list[Redaction]] = {}
    dismissed = item.redactions.filter(dismissed_by__isnull=False)
    for row in dismissed | item.redactions.filter(approved=False):
        if not any((row.page, *place) in hidden for place in row.words):
            kept.setdefault(row.page, []).append(row)
    return kept


def check_residue(
    item: Item,
    pdf: Path,
    examined: Examination,
    rows: Iterable[PublicPage],
    record: bytes,
    summary: str,
    pool: workers.Pool,
) -> tuple[str, ...]:
    """Check everything that is about to be public of a document; returns in sentences what was not looked at.

    Raises `UserMistake` with every place where a hidden word, or a telling piece of one, can still be read;
    none of its sentences holds one.
    """
    with spool.map_file(pdf) as mapped:
        subject = residue.Subject(
            mapped,
            examined.pages,
            tuple(examined.hidden),
            exits=_list_exits(item, rows, record, summary),
            kept=frozenset(examined.kept),
        )
        result = residue.check_residue(subject, pool)
    if result.blocks:
        raise errors.UserMistake(
            problems=[
                errors.Problem(f"document {item.number}, {each.place}".rstrip(", "), each.sentence)
                for each in result.list_problems()
            ]
        )
    return result.notes


def _list_exits(
    item: Item, rows: Iterable[PublicPage], record: bytes, summary: str
) -> Iterator[residue.Exit]:
    """List every way out beside the PDF, page by page, so that they are not all in memory."""
    frame = " ".join([_FRAME, item.study_id, item.renderer, *data.read_grounds(), *roles.ROLES])
    yield residue.Exit("title", item.title)
    yield residue.Exit("file name", item.file_name)
    yield residue.Exit("summary", summary)
    yield residue.Exit("opening", record.decode(), frame)
    for row in rows:
        yield residue.Exit(f"words of page {row.number} for the search", row.text)
        yield residue.Exit(f"record of page {row.number}", json.dumps(row.hidden), frame)

"""The residue check as the gate before publication: nothing leaves while a hidden word can still be read.

Everything that is about to be public of one document is handed to `files/residue`: the finished PDF, and as
text its title, its file name, the publication's summary, the words for the search, its opening and the
record of each page.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from lightwell.archive import page, redaction, release
from lightwell.archive.residue import Hidden
from lightwell.base import errors, roles
from lightwell.db.models import Item, PublicPage, Redaction
from lightwell.files import data, redrawing, residue

# The names of members and the values that every opening and every record of a page has, whatever is hidden.
_FRAME = (
    f"{release.OPENING} mode redacted study item header pages renderer salt file_hash document page head "
    "hidden_lines hidden_patches regions ground decided_by review proof head_salt lines patches path marks "
    "seed hash bands columns dpi height width holdings kinds sealed reset label"
)


@dataclass
class Examination:
    """What was decided about the pages of a document, gathered while they are drawn."""

    pages: list[tuple[page.Word, ...]]
    hidden: list[Hidden]
    # Words that a person looked at and decided to leave visible.
    kept: set[str]

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


def begin_examination() -> Examination:
    """Begin with nothing."""
    return Examination([], [], set())


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
    item: Item, pdf: bytes, examined: Examination, rows: Sequence[PublicPage], record: bytes, summary: str
) -> tuple[str, ...]:
    """Check everything that is about to be public of a document; returns in sentences what was not looked at.

    Raises `UserMistake` with every place where a hidden word, or a telling piece of one, can still be read;
    none of its sentences holds one.
    """
    frame = " ".join([_FRAME, item.study_id, item.renderer, *data.read_grounds(), *roles.ROLES])
    subject = residue.Subject(
        pdf,
        tuple(examined.pages),
        tuple(examined.hidden),
        exits=(
            residue.Exit("title", item.title),
            residue.Exit("file name", item.file_name),
            residue.Exit("summary", summary),
            residue.Exit("opening", record.decode(), frame),
            *(residue.Exit(f"words of page {row.number} for the search", row.text) for row in rows),
            *(residue.Exit(f"record of page {row.number}", json.dumps(row.hidden), frame) for row in rows),
        ),
        kept=frozenset(examined.kept),
    )
    result = residue.check_residue(subject)
    if result.blocks:
        raise errors.UserMistake(
            problems=[
                errors.Problem(f"document {item.number}, {each.place}".rstrip(", "), each.sentence)
                for each in result.list_problems()
            ]
        )
    return result.notes

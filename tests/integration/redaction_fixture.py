"""Documents with hidden regions for the tests of all three verifiers: sealed, drawn anew, opened, published.

`Work` holds everything that an owner of all keys could change before it is written; nothing here judges.
"""

from __future__ import annotations

import copy
import datetime
import hashlib
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy

from lightwell.archive import (
    entry,
    opening,
    page,
    published_pdf,
    redacted_page,
    redaction,
    release,
    rules,
    seal,
)
from lightwell.archive.published_pdf import Block, Picture, Sheet
from lightwell.files import redrawing
from lightwell.tlog import tree

WIDTH, BAND, STEP = 421, 14, 20
REVIEW = datetime.date(2027, 1, 5)
NAMES = ("Ana", "Ben", "Cleo")
NOT_SHOWN = redaction.Region(redaction.NOT_SHOWN, "approver", REVIEW, False)
Regions = list[redaction.Region]


def make_parts(
    number: int, rows: Sequence[Sequence[str]], *, inkless: str = "", photo: bool = False
) -> page.Parts:
    """A page of rows of words with strokes of ink in each box, none for the word `inkless`.

    `photo` puts a picture of more than 256 colours into the last band.
    """
    bands = [(STEP * k + 4, STEP * k + 4 + BAND) for k in range(len(rows) + photo)]
    if photo:
        bands[-1] = (bands[-1][0], bands[-1][0] + 60)
    height = bands[-1][1] + 6
    pixels = numpy.full((height, WIDTH, 3), 0xF0, numpy.uint8)
    lines = []
    for (top, bottom), row in zip(bands, rows, strict=False):
        at, words = 20, []
        for text in row:
            right = at + 7 * len(text)
            # Its stretch lies exactly between two decimals, which not every program rounds alike.
            odd = (at, top + 3, right + 1, bottom - 3) if text == "children" else (at, top, right, bottom)
            words.append(page.Word(text, odd))
            if text != inkless:
                pixels[top + 3 : bottom - 3, at + 1 : right - 1 : 2] = (0x10 * len(text) % 0xA0, 0x20, 0x40)
            at = right + 6
        lines.append(tuple(words))
    if photo:
        top, bottom = bands[-1]
        y, x = numpy.mgrid[0 : bottom - top, 0:WIDTH]
        pixels[top:bottom] = numpy.stack([y * 4, x // 2, (x + y) % 256], axis=2) & 0xF0
    head = page.Head(number, WIDTH, height, len(lines), tuple(bands))
    patches = tuple(pixels[b[1] : b[3], b[0] : b[2]].tobytes() for b in page.list_patch_boxes(head))
    return page.Parts(head, tuple(lines), patches)


def write_rows(count: int, *names: tuple[int, str]) -> list[list[str]]:
    rows = [["what", "children", "told", f"of{k}", "für", "größer"] for k in range(count)]
    for row, name in names:
        rows[row][1] = name
    return rows


class Document:
    """One sealed item with its key."""

    def __init__(self, study: str, number: int, parts: list[page.Parts]) -> None:
        self.key = hashlib.sha256(b"redacted %d" % number).digest()
        self.header = seal.Header(study, number, len(parts), "a test's renderer")
        self.parts, self.measure = parts, seal.FileMeasure(hashlib.sha256(b"%d" % number).digest(), 9)
        seeds = seal.derive_page_seeds(self.key, len(parts))
        self.roots = [page.compute_root(*each) for each in zip(seeds, parts, strict=True)]
        self.sealed = seal.compute_commitment(self.key, self.header, self.measure, self.roots)

    def redact(self, regions: dict[int, Regions], held: Sequence[int] = ()) -> Draft:
        """Draw and open every page but those `held`; `regions` by the number of the page."""
        sheets, pages = [], []
        for parts in self.parts:
            number = parts.head.number
            if number in held:
                sheets.append(redrawing.draw_held_sheet(number, "participant", "Its reason is participant."))
                continue
            drawn = redrawing.redraw_page(parts, regions.get(number, []), NOT_SHOWN)
            opened = opening.open_page(
                *(self.key, self.header, self.measure, self.roots, parts),
                *(drawn.plan.hidden_lines, drawn.plan.hidden_patches),
            )
            sheets.append(drawn.sheet)
            said = [
                redacted_page.PublishedRegion(gap.ground, gap.decided_by, gap.review)
                for gap in drawn.plan.gaps
            ]
            pages.append((opened, said))
        holdings = [release.Holding(number, "participant", "approver", REVIEW) for number in held]
        record = release.make_redacted_opening(
            header=self.header, document="0" * 64, pages=pages, holdings=holdings
        )
        return Draft(self, sheets, record)


@dataclass
class Draft:
    """One redacted opening before it is written: sheets, the record, and what is done to the PDF's bytes."""

    document: Document
    sheets: list[Sheet]
    record: dict[str, Any]
    title: str = "Sleep and the night feed"
    language: str = "en"
    # On the bytes whose digest the record names, and on the bytes that then lie in the folder.
    change_pdf: Callable[[bytes], bytes] = lambda data: data
    exchange_pdf: Callable[[bytes], bytes] = lambda data: data
    redacted: int | None = None
    pages: int | None = None

    def write_pdf(self) -> bytes:
        sheets = iter(self.sheets)
        return b"".join(published_pdf.write_document(self.title, self.language, len(self.sheets), sheets))


@dataclass
class Work:
    """The drafts of all openings, first the one of each item in order, then the later ones."""

    first: dict[int, Draft]
    later: dict[int, Draft]
    outcomes: dict[int, str] = field(default_factory=dict)

    def write(self, module: Any) -> Any:
        """Put everything into a `Builder` of the tests of the second verifier, with a log and signatures."""
        study, made = module.STUDY, module.Builder()
        made.log(entry.make_rules(made.now, rules.FIRST_RULES))
        digest = made.disclose(module.make_record(made, study))
        made.log(entry.make_study(made.now, study, False, digest, None))
        due = made.now.date() + datetime.timedelta(days=30)
        sealed = [
            entry.make_item(
                made.now, study, n, "report", d.document.header.pages, True, due, d.document.sealed
            )
            for n, d in sorted(self.first.items())
        ]
        root = tree.compute_root([tree.hash_leaf(module.canonical.encode(each)) for each in sealed])
        made.log(*sealed, entry.make_inventory(made.now, study, 1, len(sealed), root))
        for number, drafts in enumerate((self.first, self.later), 1):
            made.now += datetime.timedelta(days=2)
            names = {n: self._open(made, module, draft) for n, draft in sorted(drafts.items())}
            if number == 1:
                newest = dict(names)
            newest.update(names)
            self._publish(made, module, number, newest)
        made.sign()
        return made

    @staticmethod
    def _open(made: Any, module: Any, draft: Draft) -> str:
        data = draft.change_pdf(draft.write_pdf())
        record = copy.deepcopy(draft.record)
        if record["document"] == "0" * 64:
            record["document"] = made.keep("documents", data, ".pdf")
            made.files[f"documents/{record['document']}.pdf"] = draft.exchange_pdf(data)
        digest = made.record(record)
        redacted = sum(bool(each["regions"]) for each in record["pages"])
        value = entry.make_opening(
            *(made.now, module.STUDY, draft.document.header.number),
            len(record["pages"]) if draft.pages is None else draft.pages,
            digest,
            redacted if draft.redacted is None else draft.redacted,
        )
        made.log(value)
        return digest

    def _publish(self, made: Any, module: Any, number: int, names: dict[int, str]) -> None:
        rows = [
            {
                "item": n,
                "title": f"Title {n}",
                "kind": "report",
                "date": None,
                "file_name": None,
                "media_type": "application/pdf",
                "pages": self.first[n].document.header.pages,
                "outcome": self.outcomes.get(n, "redacted"),
                "opening": None if self.outcomes.get(n) in ("pending", "withheld") else names[n],
            }
            for n in sorted(names)
        ]
        record = {"type": "lightwell.publication.v1", "study": module.STUDY, "number": number}
        digest = made.record({**record, "summary": "What we found.", "items": rows})
        made.log(entry.make_publication(made.now, module.STUDY, number, digest))


def find_words(parts: page.Parts, *texts: str) -> tuple[tuple[int, int], ...]:
    return tuple(
        (k, n) for k, line in enumerate(parts.lines) for n, word in enumerate(line) if word.text in texts
    )


def hide(parts: page.Parts, ground: str, hides_width: bool, *texts: str) -> redaction.Region:
    return redaction.Region(ground, "approver", REVIEW, hides_width, find_words(parts, *texts))


def make_work(study: str) -> Work:
    """Good openings of every kind; item 1 is opened again with less hidden."""
    first = [
        make_parts(1, write_rows(9, (2, "Ana"), (6, "Ben"))),
        make_parts(2, write_rows(7, (1, "Cleo"), (5, "Ben"))),
        make_parts(3, write_rows(5)),
        make_parts(4, write_rows(4, (2, "Ana"))),
    ]
    one = Document(study, 1, first)
    wordless = make_parts(1, [], photo=True)
    ghost = make_parts(2, write_rows(6, (3, "ghost")), inkless="ghost")
    mixed = make_parts(1, write_rows(5, (2, "Ana")), photo=True)
    two = Document(study, 2, [wordless, make_parts(2, write_rows(3))])
    three = Document(study, 3, [make_parts(1, write_rows(3)), ghost])
    four = Document(study, 4, [mixed])
    cover = redaction.Region("confidential", "approver", REVIEW, False, (), ((30, 10, 130, 50),))
    photo = redaction.Region("child-identifiable", "approver", REVIEW, False, (), ((150, 112, 200, 150),))
    regions = {
        1: [hide(first[0], "participant", True, "Ana"), hide(first[0], "participant", False, "Ben")],
        2: [hide(first[1], "confidential", False, "Cleo", "Ben")],
    }
    return Work(
        {
            1: one.redact(regions, held=(4,)),
            2: two.redact({1: [cover]}),
            3: three.redact({}),
            4: four.redact({1: [hide(mixed, "participant", True, "Ana"), photo]}),
        },
        {1: one.redact({2: regions[2]}, held=(4,))},
    )


def change_block(sheet: Sheet, at: int, **changes: Any) -> Sheet:
    """Another sheet, with other words or another kind of one block."""
    blocks = list(sheet.blocks)
    blocks[at] = Block(**{"kind": blocks[at].kind, "words": blocks[at].words, **changes})
    return Sheet(sheet.picture, tuple(blocks))


def paint(sheet: Sheet, x: int, y: int, colour: tuple[int, int, int]) -> Sheet:
    """Another sheet with one pixel of another colour, whatever its palette was."""
    shown = sheet.picture
    pixels = numpy.frombuffer(published_pdf.expand_pixels(shown), numpy.uint8).reshape(
        shown.height, shown.width, 3
    )
    changed = pixels.copy()
    changed[y, x] = colour
    return Sheet(redrawing._index_colours(changed), sheet.blocks)


def list_objects(data: bytes) -> list[bytes]:
    """The bodies of the objects of a published PDF, by its own table."""
    table = int(data[data.rindex(b"startxref\n") + 10 :].split(b"\n")[0])
    offsets = [int(each) for each in re.findall(rb"([0-9]{10}) 00000 n ", data[table:])]
    pieces = [data[a:b] for a, b in itertools.pairwise([*offsets, table])]
    return [piece.split(b" obj\n", 1)[1].removesuffix(b"\nendobj\n") for piece in pieces]


def join_objects(bodies: Sequence[bytes]) -> bytes:
    """A PDF of these objects, with a table that fits."""
    out, offsets = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    rows = b"".join(b"%010d 00000 n \n" % each for each in offsets)
    table = b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(bodies) + 1, rows)
    end = b"trailer\n<</Size %d/Root 2 0 R/Info 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(bodies) + 1,
        len(out),
    )
    return out + table + end


def make_picture(width: int, height: int, colour: int) -> Picture:
    return Picture(width, height, bytes([colour] * 3), bytes(width * height))

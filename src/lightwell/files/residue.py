"""The residue check: what is about to be public is read again and held against the decision.

The finished PDF is read by engines that share no code (`files/rereading`, in a process behind the fence) and
as the strict layout that it has to be; its picture around every hidden part by Tesseract, where that is
installed; every other exit as text. What counts as a survivor: `archive/residue`. What was hidden is never
logged, nor part of a `repr`. Raises `Refused` when the disk fails, `CouldNotCheck` when Tesseract is there
but does not answer.
"""

from __future__ import annotations

import base64
import functools
import io
import itertools
import mmap
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from lightwell.archive import page, published_pdf, redacted_page, redaction
from lightwell.archive import residue as survival
from lightwell.archive.residue import Hidden
from lightwell.base import errors
from lightwell.files import data, ocr, rereading, workers

Box = tuple[int, int, int, int]
Crop = tuple[int, Box, bytes]

LAYOUT, OCR, DECISION, TEXT = "published layout", "ocr", "decision", "text"
EXTRACTORS = (*rereading.EXTRACTORS, LAYOUT, OCR)

_WAY_OUT = (
    "hide that place as well (lightwell redaction find), change title or file name (lightwell document name) "
    "or summary, or record in the workspace that the words stay readable there"
)
_PAGES_AT_ONCE = 20
# Pages read in one process before the next begins with the next stretch.
_LONG = 200
# In heights of a hidden part: how much of the picture beside and above it is read.
_BESIDE, _ABOVE = 3.0, 0.35
_LEAST_HEIGHT = 8
_AGAIN, _RESIZED = (ocr.ONE_BLOCK, ocr.ANYWHERE, ocr.ONE_LINE), 0.7
_ROW_PIXELS = 8
# A whole value of so few letters may stand by chance in misread ones.
_BY_CHANCE = 4
# A page lies upside down in part when one pair of words in so many runs against its script.
_PART = 10
_NOT_SHOWN = redacted_page.LABEL.format(redaction.NOT_SHOWN)


@dataclass(frozen=True, slots=True)
class Exit:
    """Another way out, as text: file name, index, page, proof, bundle. `frame` stands there regardless."""

    name: str
    text: str = field(repr=False)
    frame: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is about to be public, and what was decided; see `survival.Decision`.

    `pages` must come from the decision and never from `pdf`, or nothing is checked. Of a long document the
    PDF is a mapped file, its pages a spool (`files/spool`), its exits are made while they are gone through.
    """

    pdf: bytes | mmap.mmap = field(repr=False)
    pages: Sequence[tuple[page.Word, ...]] = field(repr=False)
    hidden: tuple[Hidden, ...] = ()
    roster: tuple[str, ...] = field(default=(), repr=False)
    exits: Iterable[Exit] = ()
    kept: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class Survivor:
    """A hidden value that can still be read: page (0: none), exit, and the extractor that read it."""

    page: int
    exit: str
    extractor: str
    whole: bool
    hidden: str = field(repr=False)
    found: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Result:
    """What the check found. `failed` names what could not be read, `form` why the PDF is none of ours."""

    survivors: tuple[Survivor, ...]
    failed: tuple[str, ...]
    form: str
    ocr_ran: bool

    @property
    def blocks(self) -> bool:
        """Answer whether publication is blocked."""
        return bool(self.survivors or self.failed or self.form)

    @property
    def notes(self) -> tuple[str, ...]:
        """Say what was not looked at and what that would add."""
        return () if self.ocr_ran else (ocr.MISSING,)

    def list_problems(self) -> list[errors.Problem]:
        """Say what blocks, place by place, without a hidden word in it."""
        problems = [errors.Problem("", sentence) for sentence in (self.form, *self.failed) if sentence]
        for number, name, extractor, whole in dict.fromkeys(
            (each.page, each.exit, each.extractor, each.whole) for each in self.survivors
        ):
            what = "a hidden word" if whole else "a piece of a hidden word"
            place = f"page {number}, {name}" if number else name
            problems.append(errors.Problem(place, f"{what} can still be read ({extractor}); {_WAY_OUT}"))
        return problems


def describe_page(
    parts: page.Parts, regions: Sequence[redaction.Region], sheet: published_pdf.Sheet
) -> tuple[tuple[page.Word, ...], tuple[Hidden, ...]]:
    """Describe what was decided about a page: its visible words, and what its regions hide.

    Words come from the seal and the regions alone; the sheet says where they stand now, and a word there that
    was not decided to be visible is none. Labels are visible as often as they stand there.
    """
    gone = [set(_list_places(parts, region)) for region in regions]
    left = Counter(
        word.text
        for k, line in enumerate(parts.lines)
        for n, word in enumerate(line)
        if not any((k, n) in places for places in gone)
    )
    labels = {redacted_page.LABEL.format(region.ground) for region in regions} | {_NOT_SHOWN}
    turned = _lies_upside_down(parts.lines)
    visible, seen = [], [word for block in sheet.blocks for word in block.words]
    for word in seen:
        if word.text in labels or left[word.text] > 0:
            left[word.text] -= 1
            visible.append(word)
    hidden = []
    for region, places in zip(regions, gone, strict=True):
        label = redacted_page.LABEL.format(region.ground)
        words = [parts.lines[k][n] for k, n in sorted(places)]
        boxes = [*region.boxes, *(word.box for word in words), *(w.box for w in seen if w.text == label)]
        texts = tuple(word.text for word in words)
        rows = tuple(_join_rows(boxes))
        hidden.append(Hidden(parts.head.number, texts, rows, region.hides_width, turned))
    return tuple(visible), tuple(hidden)


def check_residue(subject: Subject, pool: workers.Pool | None = None) -> Result:
    """Read everything again and list what survived; a `pool` of the caller's spares starting a process."""
    if pool is None:
        with workers.Pool(1) as own:
            return check_residue(subject, own)
    decision = survival.Decision(
        subject.hidden,
        subject.pages,
        roster=subject.roster,
        kept=subject.kept,
        common=data.read_common_words(),
        ordinary=data.read_ordinary_words(),
    )
    survivors = [
        Survivor(number, "visible by decision", DECISION, True, hidden, found)
        for number, hidden, found in survival.find_decided(decision)
    ]
    form, found_there = _judge_layout(decision, subject.pdf)
    survivors += found_there
    boxes = _list_crops(subject.hidden) if ocr.is_here() else {}
    failed: list[str] = []
    # A stretch of a long document at a time: what was read of it is judged and forgotten.
    for before, count, path in _cut_stretches(subject):
        readings, crops, more = _read_again(subject, boxes, pool, before, count, path)
        failed += more
        for reading in readings:
            extractor, name, number, text = reading
            if name == rereading.FAILED:
                failed.append(f"{extractor} cannot read the PDF from page {number} on ({text})")
                continue
            for hidden, found, whole in _judge(decision, reading, _list_keywords()):
                survivors.append(Survivor(number, name, extractor, whole, hidden, found))
        survivors += _judge_crops(decision, crops, pool)
    for each in subject.exits:
        for hidden, found, whole in survival.judge_text(decision, each.text, each.frame):
            survivors.append(Survivor(0, each.name, TEXT, whole, hidden, found))
    order = sorted(dict.fromkeys(survivors), key=lambda s: (s.page, s.exit, s.extractor, not s.whole))
    return Result(tuple(order), tuple(failed), form, ocr.is_here())


def _list_places(parts: page.Parts, region: redaction.Region) -> Iterator[redaction.Place]:
    """List the words of a region: those it names, and those of which a box covers enough."""
    for k, line in enumerate(parts.lines):
        for n, word in enumerate(line):
            if (k, n) in region.words or any(_is_covered(word.box, box) for box in region.boxes):
                yield k, n


def _is_covered(word: Box, box: Box) -> bool:
    # The rule of the plan, written a second time: what checks must not borrow from what it checks.
    height, width = word[3] - word[1], min(word[2] - word[0], 2 * (word[3] - word[1]))
    wide, high = min(word[2], box[2]) - max(word[0], box[0]), min(word[3], box[3]) - max(word[1], box[1])
    return wide > 0 and high > 0 and 4 * min(wide, width) * high >= max(width * height, 1)


def _join_rows(boxes: Iterable[Box]) -> Iterator[Box]:
    """Join boxes that stand side by side, so that a name of three words is one picture to read."""
    last: Box | None = None
    for box in sorted(set(boxes), key=lambda box: (box[1] // _ROW_PIXELS, box[0])):
        if last and abs(last[1] - box[1]) < _ROW_PIXELS and box[0] - last[2] < 2 * _ROW_PIXELS:
            last = last[0], min(last[1], box[1]), max(last[2], box[2]), max(last[3], box[3])
            continue
        if last:
            yield last
        last = box
    if last:
        yield last


def _judge(decision: survival.Decision, reading: rereading.Reading, frame: str) -> Iterable[survival.Found]:
    extractor, name, number, text = reading
    if name == rereading.PAGE:
        return survival.judge_page(decision, number, text)
    if extractor == rereading.RAW and name != rereading.STRINGS:
        return survival.judge_bytes(decision, text, frame)
    return survival.judge_text(decision, text, frame)


def _judge_layout(decision: survival.Decision, pdf: bytes | mmap.mmap) -> tuple[str, list[Survivor]]:
    """Read the PDF as the strict layout: why it is none of ours, or what survived on its pages."""
    survivors: list[Survivor] = []
    try:
        opened = published_pdf.open_document(pdf)
        for number, sheet in enumerate(opened.iterate_sheets(), 1):
            text = " ".join(word.text for block in sheet.blocks for word in block.words)
            for hidden, found, whole in survival.judge_page(decision, number, text):
                survivors.append(Survivor(number, rereading.PAGE, LAYOUT, whole, hidden, found))
    except errors.Refused as error:
        return error.sentence, []
    if opened.count != len(decision.pages):
        return f"the PDF has {opened.count} pages, decided were {len(decision.pages)}", survivors
    return "", survivors


def _read_again(
    subject: Subject, boxes: dict[int, list[Box]], pool: workers.Pool, before: int, count: int, path: Path
) -> tuple[list[rereading.Reading], list[Crop], list[str]]:
    """Have one stretch read: what was read, the pictures of its hidden parts, and who failed."""
    readings: list[rereading.Reading] = []
    crops: list[Crop] = []
    failed: list[str] = []
    for outcome in pool.run(list(_list_tasks(subject, boxes, path, before, count))):
        if isinstance(outcome, workers.Fault):
            failed.append(f"the finished PDF {outcome.sentence}")
        elif isinstance(outcome, workers.Mistake):
            failed += [problem.sentence for problem in outcome.problems]
        else:
            for extractor, exit_name, number, text in outcome["readings"]:
                place = before + int(number) if number else 0
                readings.append((str(extractor), str(exit_name), place, str(text)))
            for number, pictures in outcome["crops"]:
                page_number, cut = before + int(number), map(base64.b64decode, pictures)
                found = zip(boxes[page_number], cut, strict=True)
                crops += [(page_number, box, png) for box, png in found]
    return readings, crops, failed


def _list_tasks(
    subject: Subject, boxes: dict[int, list[Box]], path: Path, before: int, count: int
) -> Iterator[workers.Task]:
    """List what the reader is to do with a stretch of a document; the numbers of its pages begin at 1."""
    touched = {each.page for each in subject.hidden}
    turned = {each.page for each in subject.hidden if each.turned}
    for first in range(1, max(count, 1) + 1, _PAGES_AT_ONCE):
        numbers = range(first, first + _PAGES_AT_ONCE)
        # Pages on which nothing is hidden are read by PDFium, as the strict layout and byte by byte.
        yield {
            "do": "reread",
            "path": str(path),
            "first": first,
            "last": numbers[-1],
            "whole": first == 1,
            "closely": [n for n in numbers if before + n in touched or before + n > len(subject.pages)],
            "crops": [
                [n, boxes[before + n], before + n in turned]
                for n in numbers
                if n <= count and before + n in boxes
            ],
        }


def _lies_upside_down(lines: Sequence[page.Line]) -> bool:
    """Answer whether a part of the words that follow one another in a line do so against their script.

    Asked of the page as it was sealed: words that are set anew stand upright on the published one, beside
    those that lie as they lay. Where no two words stand in a line nothing says that it lies upright.
    """
    backwards = forwards = 0
    for one, other in (pair for line in lines for pair in itertools.pairwise(line)):
        (left, top, _, bottom), (_, above, right, below) = one.box, other.box
        if min(bottom, below) - max(top, above) > max(bottom - top, below - above) / 2:
            kinds = {unicodedata.bidirectional(each.text[:1] or " ") for each in (one, other)}
            if (right <= left) != bool(kinds & {"R", "AL"}):
                backwards += 1
            else:
                forwards += 1
    return _PART * backwards >= forwards


def _cut_stretches(subject: Subject) -> Iterator[tuple[int, int, Path]]:
    """Cut a long document into documents: the pages before each, its pages, where its PDF lies meanwhile.

    The strict layout follows from its pages to the byte, so that the stretches hold all that the whole holds,
    and none is too large for the process that reads it.
    """
    count = len(subject.pages)
    with tempfile.TemporaryDirectory(prefix="lightwell-residue-") as name:
        path = Path(name) / "published.pdf"
        if count <= _LONG:
            path.write_bytes(subject.pdf)
            yield 0, count, path
            return
        try:
            opened = published_pdf.open_document(subject.pdf)
            sheets = opened.iterate_sheets()
            for before in range(0, opened.count, _LONG):
                length = min(_LONG, opened.count - before)
                part = itertools.islice(sheets, length)
                with path.open("wb") as file:
                    file.writelines(published_pdf.write_document(opened.title, opened.language, length, part))
                yield before, length, path
        except errors.Refused:
            # Said already, and reason enough to stop: what is not of this form is not read on.
            return


@functools.cache
def _list_keywords() -> str:
    """List the words that every published PDF has, whatever it says."""
    blank = published_pdf.Sheet(published_pdf.Picture(1, 1, b"\xff\xff\xff", b"\0"), ())
    pdf = published_pdf.format_document(published_pdf.Document("", "en", (blank,)))
    return f"{rereading.read_keywords(pdf)} Kind Boxes BDC BMC EMC {' '.join(published_pdf.KINDS)}"


def _list_crops(hidden: Sequence[Hidden]) -> dict[int, list[Box]]:
    """List, by page, the boxes of the picture that are read: each hidden part with some of its line."""
    crops: dict[int, list[Box]] = {}
    for each in hidden:
        for left, top, right, bottom in each.boxes:
            along, across = right - left, max(bottom - top, _LEAST_HEIGHT)
            wide, high = round(_BESIDE * across), round(_ABOVE * across) + 1
            if across > rereading.UPRIGHT * along:
                wide, high = round(_ABOVE * along) + 1, round(_BESIDE * along)
            box = max(left - wide, 0), max(top - high, 0), right + wide, bottom + high
            if box not in crops.setdefault(each.page, []):
                crops[each.page].append(box)
    return crops


def _judge_crops(
    decision: survival.Decision, crops: Sequence[Crop], pool: workers.Pool
) -> Iterator[Survivor]:
    if not crops:
        return
    doubtful = []
    first = ocr.read_pictures([png for _, _, png in crops], pool=pool)
    for crop, text in zip(crops, first, strict=True):
        for hidden, found, whole in survival.judge_crop(decision, crop[0], crop[1], text):
            if whole and (len(found) > _BY_CHANCE or found in map(survival.fold, text.split())):
                yield Survivor(crop[0], "picture", OCR, whole, hidden, found)
            else:
                doubtful.append((crop, hidden, found, whole))
    # Four letters in a row may be misread out of a neighbour or a label, and a short name stand by chance in
    # letters that are no words; what is there is read in another size as well.
    resized = [_resize(crop[2]) for crop, *_ in doubtful]
    again = {layout: ocr.read_pictures(resized, layout, pool) for layout in _AGAIN}
    for place, ((number, box, _), hidden, found, whole) in enumerate(doubtful):
        texts = [texts[place] for texts in again.values()]
        judged = [each for text in texts for each in survival.judge_crop(decision, number, box, text)]
        if any(each[0] == hidden for each in judged):
            yield Survivor(number, "picture", OCR, whole, hidden, found)


def _resize(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as picture:
        size = round(picture.width * _RESIZED), round(picture.height * _RESIZED)
        out = io.BytesIO()
        picture.resize(size, Image.Resampling.BICUBIC).save(out, "PNG", compress_level=1)
        return out.getvalue()

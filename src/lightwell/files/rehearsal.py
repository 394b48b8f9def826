"""Secrets taken out of one file by our own path, without archive or database, so that it can be attacked.

The file is sealed into a store that lasts as long as the call, read behind the fence like any other; each
secret is looked for among the words of every page and, where Tesseract is installed, in its picture; what
is found is hidden as a participant's name is. What is drawn: `files/redrawing`. For comparison
`cover_file` does what is often done instead: boxes drawn over the words of the file as it is.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import io
import secrets as dice
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from PIL import Image

from lightwell.archive import page, published_pdf, redaction, residue
from lightwell.base import errors
from lightwell.files import intake, ocr, parts, redrawing, sealed, workers
from lightwell.files.residue import Subject, describe_page
from lightwell.files.store import FileStore

Box = tuple[int, int, int, int]

GROUND = "participant"
_REVIEW = datetime.date(2030, 1, 1)
_OCR_DPI = 200
_ALIKE = 0.75
# A shorter secret must be a whole word; letters of it stand in others by chance.
_INSIDE_WORDS = 4
_BACKWARDS = 8
_LEAST_SECRET = 2
_SHARED = "secrets.txt"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The finished PDF with what was decided, and the boxes by page (from 1) that hide something.

    `unseen` are the numbers (from 0) of secrets that stand on no page, so that nothing was hidden for them.
    """

    subject: Subject
    boxes: dict[int, list[Box]]
    sealed: tuple[page.Head, ...]
    unseen: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that somebody brings, with the secrets to hide in it."""

    path: Path
    secrets: tuple[str, ...]


def read_folder(folder: Path) -> list[Brought]:
    """Read the files of a folder, each with `NAME.txt` or the one `secrets.txt` beside it, a secret a line.

    Raises `UserMistake` with every file that has no secrets and every line that is none.
    """
    brought, problems = [], []
    files = [each for each in sorted(folder.iterdir()) if each.is_file() and not each.name.startswith(".")]
    shared = folder / _SHARED
    stems = {each.stem for each in files if each.suffix.lower() != ".txt"}
    for path in files:
        # A list of secrets stands beside the file whose name it has; a text alone is a document.
        if path == shared or (path.suffix.lower() == ".txt" and path.stem in stems):
            continue
        lists = [each for each in (path.with_suffix(".txt"), shared) if each.is_file() and each != path]
        if not lists:
            problems.append(errors.Problem(path.name, f"write its secrets into {path.stem}.txt, one a line"))
            continue
        try:
            lines = lists[0].read_text("utf-8-sig").splitlines()
        except UnicodeDecodeError:
            problems.append(errors.Problem(lists[0].name, "this is not UTF-8 text; save it as UTF-8"))
            continue
        for number, line in enumerate(lines, 1):
            if line.strip() and len(residue.fold(line)) < _LEAST_SECRET:
                place = f"{lists[0].name}, line {number}"
                problems.append(
                    errors.Problem(place, f"a secret has at least {_LEAST_SECRET} letters or digits")
                )
        secrets = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
        if not secrets:
            problems.append(errors.Problem(lists[0].name, "this holds no secret; write one a line"))
        brought.append(Brought(path, secrets))
    if not brought and not problems:
        raise errors.UserMistake("there is no file in this folder", place=str(folder))
    if problems:
        raise errors.UserMistake(problems=dict.fromkeys(problems))
    return brought


def redact_file(
    path: Path, secrets: Sequence[str], pool: workers.Pool, *, ground: str = GROUND, hides_width: bool = True
) -> Rehearsal:
    """Hide every secret in a file; `UserMistake` when it cannot be read."""
    pages, pdf = _seal(path)
    with _keep(pdf) as kept:
        pictured = _find_pictured(kept, pages, secrets, pool) if ocr.is_here() else {}
    sheets: list[published_pdf.Sheet] = []
    visible: list[tuple[page.Word, ...]] = []
    hidden: list[residue.Hidden] = []
    boxes: dict[int, list[Box]] = {}
    seen = {at for each in pictured.values() for at, _ in each}
    for each in pages:
        number = each.head.number
        regions = []
        for at, secret in enumerate(secrets):
            for words in find_words(each, secret):
                regions.append(redaction.Region(ground, "approver", _REVIEW, hides_width, words=words))
                seen.add(at)
        covered = {place for region in regions for place in region.words}
        for _, box in pictured.get(number, []):
            if not any(_overlaps(each.lines[k][n].box, box) for k, n in covered):
                regions.append(redaction.Region(ground, "approver", _REVIEW, hides_width, boxes=(box,)))
        not_shown = redaction.Region(redaction.NOT_SHOWN, "approver", _REVIEW, False)
        drawn = redrawing.redraw_page(each, regions, not_shown)
        decided, regions_hidden = describe_page(each, regions, drawn.sheet)
        sheets.append(drawn.sheet)
        visible.append(decided)
        hidden += regions_hidden
        boxes[number] = [box for one in regions_hidden for box in one.boxes]
    document = published_pdf.Document("Redacted", "en", tuple(sheets))
    subject = Subject(
        published_pdf.format_document(document), tuple(visible), tuple(hidden), roster=tuple(secrets)
    )
    unseen = tuple(at for at in range(len(secrets)) if at not in seen)
    return Rehearsal(subject, boxes, tuple(each.head for each in pages), unseen)


def cover_file(path: Path, secrets: Sequence[str], pool: workers.Pool) -> bytes:
    """Draw black boxes over every secret that is a word of a page, and leave the file as it is otherwise."""
    pages, pdf = _seal(path)
    boxes = {
        each.head.number: [
            each.lines[k][n].box for secret in secrets for words in find_words(each, secret) for k, n in words
        ]
        for each in pages
    }
    with _keep(pdf) as kept:
        task = {"do": "cover", "path": str(kept), "boxes": [[n, each] for n, each in boxes.items() if each]}
        (outcome,) = pool.run([task])
    return base64.b64decode(_take(outcome, path)["pdf"])


def find_words(parts: page.Parts, secret: str) -> Iterator[tuple[redaction.Place, ...]]:
    """Find the words (line and word, from 0) in which a secret stands, however it is divided among them."""
    places, keys = [], []
    for k, line in enumerate(parts.lines):
        for n, word in enumerate(line):
            if key := residue.fold(word.text):
                places.append((k, n))
                keys.append(key)
    wanted, joined = residue.fold(secret), "".join(keys)
    starts = [0]
    for key in keys:
        starts.append(starts[-1] + len(key))
    # Letters drawn from the last to the first come out backwards; a short word does so by chance.
    forms = [wanted, *([wanted[::-1]] if len(wanted) >= _BACKWARDS else [])]
    for form in dict.fromkeys(forms) if wanted else ():
        at = joined.find(form)
        while at >= 0:
            words = [k for k in range(len(keys)) if starts[k] < at + len(form) and starts[k + 1] > at]
            exact = starts[words[0]] == at and starts[words[-1] + 1] == at + len(form)
            if exact or len(form) >= _INSIDE_WORDS:
                yield tuple(places[k] for k in words)
            at = joined.find(form, at + 1)


def _seal(path: Path) -> tuple[list[page.Parts], bytes]:
    """Seal a file of any format that is known: its pages, and the PDF that they are of."""
    with tempfile.TemporaryDirectory(prefix="lightwell-rehearsal-") as name:
        store, key = FileStore(Path(name)), dice.token_bytes(32)
        (taken,) = intake.take_in_all([intake.Job(path, key)], store, processes=1)
        if isinstance(taken, errors.UserMistake):
            raise taken
        if not taken.sealed_parts:
            raise errors.UserMistake(taken.note or "no pages can be made of this file", place=path.name)
        copy = taken.sealed_copy
        pdf = sealed.read_bytes(store, key, copy) if copy else path.read_bytes()
        return list(parts.iterate_parts(store, key, taken.sealed_parts)), pdf


@contextlib.contextmanager
def _keep(pdf: bytes) -> Iterator[Path]:
    """Keep a PDF in a file while it is needed."""
    with tempfile.TemporaryDirectory(prefix="lightwell-rehearsal-") as name:
        path = Path(name) / "file.pdf"
        path.write_bytes(pdf)
        yield path


def _find_pictured(
    path: Path, pages: Sequence[page.Parts], secrets: Sequence[str], pool: workers.Pool
) -> dict[int, list[tuple[int, Box]]]:
    """Find secrets, by number from 0, that are to be seen on a page, among them words that are no text."""
    tasks = [{"do": "draw", "path": str(path), "number": p.head.number, "dpi": _OCR_DPI} for p in pages]
    pictures = [base64.b64decode(_take(outcome, path)["png"]) for outcome in pool.run(tasks)]
    found: dict[int, list[tuple[int, Box]]] = {}
    for each, picture, words in zip(pages, pictures, ocr.find_words(pictures, pool=pool), strict=True):
        drawn = Image.open(io.BytesIO(picture)).size
        for at, place in _list_alike(words, secrets):
            box = _scale(place, drawn, each.head)
            if box[0] < box[2] and box[1] < box[3]:
                found.setdefault(each.head.number, []).append((at, box))
    return found


def _list_alike(words: Sequence[page.Word], secrets: Sequence[str]) -> Iterator[tuple[int, Box]]:
    for number, secret in enumerate(secrets):
        wanted = [key for part in secret.split() if (key := residue.fold(part))]
        for at in range(len(words) - len(wanted) + 1):
            row = words[at : at + len(wanted)]
            keys = [residue.fold(word.text) for word in row]
            if keys == wanted or SequenceMatcher(None, "".join(keys), "".join(wanted)).ratio() >= _ALIKE:
                for word in row:
                    yield number, word.box


def _scale(box: Box, drawn: tuple[int, int], head: page.Head) -> Box:
    x, y = head.width / drawn[0], head.height / drawn[1]
    left, top, right, bottom = int(box[0] * x), int(box[1] * y), int(box[2] * x), int(box[3] * y)
    # A recognised box ends at the ink; some of it lies beyond.
    return (
        max(left - 4, 0),
        max(top - 4, 0),
        min(right + 5, head.width),
        min(bottom + 5, head.height),
    )


def _overlaps(box: Box, other: Box) -> bool:
    across = min(box[2], other[2]) - max(box[0], other[0])
    down = min(box[3], other[3]) - max(box[1], other[1])
    return (
        across > 0
        and down > 0
        and 2 * across * down
        >= min((box[2] - box[0]) * (box[3] - box[1]), (other[2] - other[0]) * (other[3] - other[1]))
    )


def _take(outcome: workers.Outcome, path: Path) -> workers.Task:
    if isinstance(outcome, workers.Fault):
        raise errors.UserMistake(outcome.sentence, place=path.name)
    if isinstance(outcome, workers.Mistake):
        raise errors.UserMistake(problems=outcome.problems)
    return outcome

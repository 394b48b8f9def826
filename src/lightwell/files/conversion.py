"""From a file of any format to a PDF whose pages are sealed: done inside the process behind the fence.

Office files arrive here printed already (`files/printing`); this looks at what came out, keeps the pages that
are needed and adds the appendix. Everything else is set by us. What cannot be read here, because a
program is missing or the format is none of ours, is "held, not read", and `lack` says what would help.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pikepdf

from lightwell.base import errors
from lightwell.base.canonical import Json
from lightwell.files import (
    appendix,
    mails,
    media,
    office,
    package,
    pdf,
    preparation,
    recognition,
    scans,
    source_texts,
    texts,
    typesetting,
    unshown,
)
from lightwell.files.draft_pages import Draft, TooMuch
from lightwell.files.preparation import Preparation
from lightwell.files.tally import Line

MADE = "pages.pdf"
# Everything whose pages can be read where the programs are that it needs.
READABLE = {
    media.PDF,
    *media.OFFICE,
    *media.OLDER,
    *texts.MEDIA_TYPES,
    *mails.MEDIA_TYPES,
    *scans.MEDIA_TYPES,
}
_MARGIN_POINTS, _LEAST_POINTS = 14, 140


@dataclass(frozen=True, slots=True)
class Pages:
    """Where the pages of an item come from: a PDF, what made it, and the lines of its tally.

    `converter` is empty for a PDF as handed in. `recognise` when words may be read from pictures.
    """

    pdf: Path
    converter: str = ""
    lines: tuple[Line, ...] = ()
    recognise: bool = False


@dataclass(frozen=True, slots=True)
class Lack:
    """Why no page is read: the program that would add them, or another reason; neither for an unknown
    format.
    """

    program: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Printed:
    """What LibreOffice made of a file, and what is known of the file."""

    pdf: Path
    preparation: Preparation
    version: str


def format_printed(printed: Printed | Lack) -> dict[str, Json]:
    """Write what LibreOffice made as JSON for the process behind the fence; inverse of `parse_printed`."""
    if isinstance(printed, Lack):
        return {"lack": printed.program}
    known = preparation.format_preparation(printed.preparation)
    return {"pdf": str(printed.pdf), "preparation": known, "version": printed.version}


def parse_printed(value: Json) -> Printed | Lack:
    """Read what LibreOffice made; inverse of `format_printed`."""
    if "lack" in value:
        return Lack(str(value["lack"]))
    known = preparation.parse_preparation(value["preparation"])
    return Printed(Path(value["pdf"]), known, str(value["version"]))


def find_pages(
    path: Path,
    media_type: str,
    folder: Path,
    *,
    printed: Printed | Lack | None = None,
    alive: Callable[[], None] = lambda: None,
) -> Pages | Lack:
    """Find or make the PDF of a file below `folder`; raises `UserMistake` for what cannot be read safely."""
    if media_type == media.PDF:
        return Pages(path, recognise=not recognition.find_lack())
    if media_type in (*media.OFFICE, *media.OLDER):
        if not isinstance(printed, Printed):
            return printed or Lack(office.NAME)
        return _finish_printed(path, media.OFFICE.get(media_type, ""), folder, printed, alive)
    if media_type == media.LOCKED:
        raise errors.UserMistake(package.explain_locked())
    if media_type in (*texts.MEDIA_TYPES, *mails.MEDIA_TYPES):
        if typesetting.find_lack():
            return Lack(typesetting.NAME)
        drafted = _draft(path, media_type)
        return (
            Lack(reason=drafted.reason)
            if isinstance(drafted, TooMuch)
            else _set(path, folder, drafted, alive)
        )
    if media_type in scans.MEDIA_TYPES:
        if recognition.find_lack():
            return Lack(recognition.NAME)
        target = folder / MADE
        count = scans.write_pages(path, target, alive)
        lines = (Line("frames", count, tuple(range(1, count + 1))),) if count > 1 else ()
        more, places = _add_metadata(path, target, folder, count, alive)
        converter = f"picture + {typesetting.name_setter()}" if places else "picture"
        return Pages(target, converter, (*lines, *more), recognise=True)
    return Lack()


def _draft(path: Path, media_type: str) -> Draft | TooMuch:
    if media_type in texts.MEDIA_TYPES:
        return texts.draft_file(path, media_type)
    if path.stat().st_size > mails.MAX_BYTES:
        return TooMuch(f"a mail of more than {mails.MAX_BYTES >> 20} MB stays the file that it is")
    return mails.draft_mail(mails.read_mail(path.read_bytes(), media_type))


def _set(path: Path, folder: Path, drafted: Draft, alive: Callable[[], None]) -> Pages:
    """Set a draft, with the appendix as its last piece."""
    target = folder / MADE
    typesetting.set_pieces(drafted.pieces, target, title=path.name, alive=alive)
    with pikepdf.open(target) as made:
        count = len(made.pages)
    findings = [
        # What is simply the content stands on every page.
        dataclasses.replace(each, pages=each.pages or tuple(range(1, count + 1)))
        if not each.entries
        else each
        for each in drafted.findings
    ]
    written = [entry for each in findings for entry in each.entries]
    held = list(drafted.held)
    left = unshown.list_missing(held, target, range(1, count + 1), written) if held else []
    findings += preparation.make_finding(unshown.KIND, left)
    extra = folder / "appendix.pdf"
    places = appendix.write_appendix(findings, extra, path.name, alive)
    if places:
        with pikepdf.open(target, allow_overwriting_input=True) as made, pikepdf.open(extra) as added:
            made.pages.extend(added.pages)
            made.save(target, deterministic_id=True)
    # A page that is one picture may hold words that are no text.
    pictured = any(each.kind == "drawn-pictures" for each in findings) and not recognition.find_lack()
    lines = appendix.make_lines(findings, places, count)
    # What was sealed before texts were looked for has other pages, which is no difference of the file.
    converter = typesetting.name_setter() + (f" + {unshown.NAME}" if unshown.KIND in places else "")
    return Pages(target, converter, lines, recognise=pictured)


def _add_metadata(
    path: Path, target: Path, folder: Path, count: int, alive: Callable[[], None]
) -> tuple[tuple[Line, ...], bool]:
    """Count what was written beside a picture, and write it out behind its pages where pages can be set."""
    fields = [f"{name}: {text}" for name, text in source_texts.list_picture_texts(path)]
    findings = preparation.make_finding("metadata", fields)
    extra = folder / "appendix.pdf"
    places = {} if typesetting.find_lack() else appendix.write_appendix(findings, extra, path.name, alive)
    if places:
        with pikepdf.open(target, allow_overwriting_input=True) as made, pikepdf.open(extra) as added:
            made.pages.extend(added.pages)
            made.save(target, deterministic_id=True)
    return appendix.make_lines(findings, places, count), bool(places)


def _finish_printed(
    path: Path, kind: str, folder: Path, printed: Printed, alive: Callable[[], None]
) -> Pages:
    """Look at what LibreOffice printed, keep what is needed and add the appendix; `kind` is empty for an
    older format.
    """
    known = printed.preparation
    count = _count_printed(printed)
    kept = known.kept or tuple(range(1, count + 1))
    findings = list(known.findings)
    if kind:
        written = [entry for each in findings for entry in each.entries]
        left = unshown.list_unshown(path, kind, printed.pdf, kept, written)
        findings += preparation.make_finding(unshown.KIND, left)
    lines_pdf = folder / "appendix.pdf"
    places = appendix.write_appendix(findings, lines_pdf, path.name, alive)
    target = folder / MADE
    with pikepdf.open(printed.pdf) as source, pikepdf.new() as made:
        for number in kept:
            made.pages.append(source.pages[number - 1])
            _widen(made.pages[-1])
        if places:
            with pikepdf.open(lines_pdf) as extra:
                made.pages.extend(extra.pages)
        made.save(target, deterministic_id=True)
    converter = f"libreoffice {printed.version}" + (f" + {typesetting.name_setter()}" if places else "")
    # What was sealed before texts were looked for has other pages, which is no difference of the file.
    converter += f" + {unshown.NAME}" if unshown.KIND in places else ""
    return Pages(target, converter, appendix.make_lines(findings, places, len(kept)))


def _count_printed(printed: Printed) -> int:
    known = printed.preparation
    try:
        count = pdf.count_pages(printed.pdf)
    except errors.UserMistake:
        raise errors.UserMistake(
            "LibreOffice made of it what cannot be opened; save it anew or supply it as PDF"
        ) from None
    if count < known.least or (known.most is not None and count > known.most):
        needed = f"{known.least}" if known.most == known.least else f"at least {known.least}"
        raise errors.UserMistake(
            f"LibreOffice printed {count} pages where its parts need {needed}; save it anew or supply it as "
            "PDF, or "
            "seal it as it is with the intent publish-unread"
        )
    return count


def _widen(page: pikepdf.Page) -> None:
    """Give a sheet that was printed without a margin one, and an empty one a size that can be seen."""
    left, bottom, right, top = (float(each) for each in page.mediabox)
    if bottom == left == 0 and min(right, top) >= _LEAST_POINTS:
        return
    wide, tall = max(right - left, _LEAST_POINTS), max(top - bottom, _LEAST_POINTS)
    page.obj.MediaBox = pikepdf.Array(
        [
            left - _MARGIN_POINTS,
            top - tall - _MARGIN_POINTS,
            left + wide + _MARGIN_POINTS,
            top + _MARGIN_POINTS,
        ]
    )
    for name in ("/CropBox", "/TrimBox", "/BleedBox", "/ArtBox"):
        if name in page.obj:
            del page.obj[name]

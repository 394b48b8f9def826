"""Openings against their seals: every word, patch, file and page of an opened item, recomputed.

An item that is open whole is recomputed from its key: header, file measure, page roots. A page that is
open alone is held against the commitment by `archive/opening`. What fits matches what the
provider sealed; that the sealed parts came from the file, or are true, nothing here can show.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from lightwell.archive import (
    logbook,
    opening,
    page,
    picture,
    published_pdf,
    redacted_page,
    release,
    seal,
    words_document,
)
from lightwell.base import errors
from lightwell.client.bundle import Bundle, PlacedRefusal, name_place
from lightwell.client.records import Records, name_record
from lightwell.tlog import tree


@dataclass
class Checked:
    """What was recomputed: counts, and the paths that openings name.

    `lines` to `hidden_patches` count the pages of items with hidden regions, `regions` those by ground. Of an
    item only the newest opening counts; `replaced` are the earlier ones, which were checked as well.
    """

    whole_items: int = 0
    whole_pages: int = 0
    partial_items: int = 0
    partial_pages: int = 0
    hidden_lines: int = 0
    redacted_items: int = 0
    shown_pages: int = 0
    redacted_pages: int = 0
    lines: int = 0
    unchecked_lines: int = 0
    patches: int = 0
    hidden_patches: int = 0
    regions: Counter[str] = field(default_factory=Counter)
    replaced: int = 0
    paths: set[str] = field(default_factory=set)


def check_openings(bundle: Bundle, book: logbook.Logbook, records: Records) -> Checked:
    """Check every opening that is there against the item's seal; refused by file, page and line."""
    checked = Checked()
    newest = {
        (named.entry["study"], named.entry["item"]): named.index
        for named in book.named
        if named.digest in records.openings
    }
    for named in book.named:
        opened = records.openings.get(named.digest)
        if opened is None:
            continue
        item = book.items[named.entry["study"], named.entry["item"]]
        with name_place(name_record(named.digest)):
            header = opened.header
            if (header.study, header.number, header.pages) != (item.study, item.number, item.pages):
                raise errors.Refused(f"this opening is not one of item {item.number} of {item.study}")
            pages = header.pages if isinstance(opened, release.WholeOpening) else len(opened.pages)
            redacted = opened.count_redacted() if isinstance(opened, release.RedactedOpening) else 0
            logged = named.entry["pages"], named.entry.get("redacted", 0)
            if logged != (pages, redacted):
                raise errors.Refused(
                    f"it opens {pages} pages, {redacted} of them with hidden parts, but log entry "
                    f"{named.index} says {logged[0]} and {logged[1]}"
                )
            # What a lifted redaction hid is open by now: counted as it is, never as it was.
            is_newest = newest[item.study, item.number] == named.index
            into = checked if is_newest else Checked(paths=checked.paths)
            check_opening(bundle, opened, item.commitment, into)
            checked.replaced += not is_newest
    return checked


def check_opening(bundle: Bundle, opened: release.AnyOpening, sealed: bytes, checked: Checked) -> None:
    """Check an opening of any mode against the commitment of its item."""
    if isinstance(opened, release.WholeOpening):
        check_whole(bundle, opened, sealed, checked)
    elif isinstance(opened, release.PagesOpening):
        check_pages(bundle, opened, sealed, checked)
    else:
        check_redacted(bundle, opened, sealed, checked)


def check_whole(bundle: Bundle, opened: release.WholeOpening, sealed: bytes, checked: Checked) -> None:
    """Check an item that is open whole: words, file, commitment."""
    name = f"item {opened.header.number} of {opened.header.study}"
    if opened.words is not None:
        path = f"words/{opened.words}.jsonl"
        checked.paths.add(path)
        data = bundle.read(path)
        check_words(data, opened, path)
        if hashlib.sha256(data).hexdigest() != opened.words:
            raise PlacedRefusal(path, f"these are not the words that the opening of {name} names")
    path = f"files/{opened.file.digest.hex()}"
    checked.paths.add(path)
    if bundle.measure(path) != (opened.file.digest, opened.file.size):
        raise PlacedRefusal(path, f"this file is not the one that was sealed as {name}")
    if seal.compute_commitment(opened.key, opened.header, opened.file, list(opened.page_roots)) != sealed:
        raise errors.Refused(f"{name} does not match what was sealed")
    checked.whole_items += 1
    checked.whole_pages += opened.header.pages or 0


def check_words(data: bytes, opened: release.WholeOpening, path: str) -> None:
    """Recompute every page's root from head, lines and patches root; refused by file, line and page."""
    lines = data.split(b"\n")
    if lines[-1] != b"" or len(lines) - 1 != len(opened.page_roots):
        raise PlacedRefusal(path, f"this file does not hold {len(opened.page_roots)} pages, a line each")
    seeds = seal.derive_page_seeds(opened.key, len(opened.page_roots))
    for number, (line, seed, root) in enumerate(zip(lines, seeds, opened.page_roots, strict=False), 1):
        with name_place(f"{path}, page {number}"):
            shown = words_document.parse_words(line)
            if shown.head.number != number or len(shown.lines) != shown.head.lines:
                raise errors.Refused("the head of the page contradicts its place or its lines")
            hashes = page.hash_lines(seed, shown.lines)
            found = page.join_root(
                page.hash_head(seed, shown.head), tree.compute_root(hashes), shown.patches_root
            )
            if found != root:
                place = _find_changed_line(hashes, shown.marks)
                raise PlacedRefusal(f"{path}, page {number}{place}", "this does not match what was sealed")


def check_pages(bundle: Bundle, opened: release.PagesOpening, sealed: bytes, checked: Checked) -> None:
    """Check the pages of an item that is open in part, words and pictures."""
    for shown in opened.pages:
        png = None
        if shown.picture is not None:
            path = f"pictures/{shown.picture}.png"
            checked.paths.add(path)
            png = bundle.read(path)
            with name_place(f"{path}, page {shown.head.number} of item {opened.header.number}"):
                if hashlib.sha256(png).hexdigest() != shown.picture:
                    raise errors.Refused("this is not the picture that the opening names")
                picture.decode_patches(png, shown.head, shown.hidden_patches)
        check_page(shown, png, opened.header, sealed)
        checked.partial_pages += 1
        checked.hidden_lines += sum(line is None for line in shown.lines)
    checked.partial_items += 1


def check_redacted(bundle: Bundle, opened: release.RedactedOpening, sealed: bytes, checked: Checked) -> None:
    """Check the published PDF of an item with hidden regions: every line and patch shown as sealed."""
    path = f"documents/{opened.document}.pdf"
    checked.paths.add(path)
    with bundle.map_file(path) as data, name_place(path):
        document = published_pdf.open_document(data)
        if document.count != opened.header.pages:
            raise errors.Refused(f"it has {document.count} pages; {opened.header.pages} were sealed")
        shown = {each.head.number: each for each in opened.pages}
        held = {each.page: each.ground for each in opened.holdings}
        sheets = document.iterate_sheets()
        for number in range(1, document.count + 1):
            with name_place(f"{path}, page {number}"):
                sheet = next(sheets)
                if number in held:
                    redacted_page.check_held_sheet(sheet, number, held[number])
                else:
                    _check_redacted_page(shown[number], sheet, opened.header, sealed, checked)
        next(sheets, None)  # what stands behind the last page is looked at when one more is asked for
    # Last, so that a changed page is named before the file as a whole.
    if bundle.measure(path)[0].hex() != opened.document:
        raise PlacedRefusal(path, "these are not the bytes that the opening names")
    checked.redacted_items += 1


def _check_redacted_page(
    shown: redacted_page.RedactedPage,
    sheet: published_pdf.Sheet,
    header: seal.Header,
    sealed: bytes,
    checked: Checked,
) -> None:
    opening.check_page(redacted_page.take_page(shown, sheet), header, sealed)
    checked.shown_pages += 1
    checked.redacted_pages += bool(shown.regions)
    checked.regions.update(region.ground for region in shown.regions)
    checked.lines += shown.head.lines
    checked.unchecked_lines += len(shown.hidden_lines)
    checked.patches += shown.head.patches
    checked.hidden_patches += len(shown.hidden_patches)


def check_page(shown: release.OpenPage, png: bytes | None, header: seal.Header, sealed: bytes) -> None:
    """Check one page, with its picture unless every patch is hidden; refused by page and line."""
    if png is None:
        patches: tuple[bytes | None, ...] = (None,) * shown.head.patches
    else:
        patches = picture.decode_patches(png, shown.head, shown.hidden_patches)
    opening.check_page(shown.join_patches(patches), header, sealed)


def _find_changed_line(hashes: list[bytes], marks: bytes) -> str:
    size = opening.MARK_BYTES
    for position, line_hash in enumerate(hashes if marks else ()):
        if line_hash[:size] != marks[position * size : (position + 1) * size]:
            return f", line {position + 1}"
    return ""

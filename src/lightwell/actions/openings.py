"""Openings made ready: what is about to be public of one document, before any row names it.

Files come into the public area under their digests, where nothing points at them yet; the rows of the pages
lie in a spool on the disk until one transaction writes them (`actions/publications`). So a document of any
length takes the same memory, but for the record of its opening. A document with hidden parts is read again
before it is put there (`actions/residues`).
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lightwell.actions import inventories, redactions, residues
from lightwell.archive import (
    inventory,
    opening,
    page,
    picture,
    published_pdf,
    redacted_page,
    redaction,
    release,
    seal,
    words_document,
)
from lightwell.base import canonical, errors, ground
from lightwell.base.canonical import Json
from lightwell.db.models import Disclosure, Item, PublicPage, Redaction
from lightwell.files import data, packing, parts, redrawing, scratch, sealed, spool, workers
from lightwell.files.state import State
from lightwell.tlog import tree


class Pages:
    """The rows of one document's open pages, in a spool that it shares; gone through as often as wanted."""

    def __init__(self, kept: spool.Spool, item: Item) -> None:
        self.drawn_from = ""
        self._kept, self._item = kept, item
        self._first = self._end = len(kept)

    def append(self, row: PublicPage) -> None:
        """Add the row of the next page; one document is gathered at a time."""
        head, lines = bytes(row.head).decode(), bytes(row.lines).decode()
        record = [row.number, head, lines, row.text, row.picture, row.hidden]
        self._kept.append(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode())
        self._end = len(self._kept)

    def __iter__(self) -> Iterator[PublicPage]:
        for place in range(self._first, self._end):
            number, head, lines, text, name, hidden = json.loads(self._kept.read(place))
            yield PublicPage(
                item=self._item,
                number=number,
                head=head.encode(),
                lines=lines.encode(),
                text=text,
                picture=name,
                drawn_from=self.drawn_from,
                hidden=hidden,
            )


@dataclass(frozen=True, slots=True)
class Opened:
    """One item made ready: the opening document and the rows of its pages, nothing in the database yet.

    `regions` are the numbers of the regions in force when it was made ready.
    """

    item: Item
    document: bytes
    digest: str
    whole: bool
    pages: Pages
    held: dict[int, str]
    published: str = ""
    redacted: int = 0
    regions: tuple[int, ...] = ()


class Maker:
    """Makes documents ready one after another; a context that has their folder and the process that reads."""

    def __init__(self, state: State, summary: str, now: datetime.datetime) -> None:
        self.state, self.summary, self.now = state, summary, now

    def __enter__(self) -> Maker:
        with contextlib.ExitStack() as stack:
            # On the disk of the store, so that a finished file is renamed into it.
            self.folder = stack.enter_context(scratch.open_scratch(self.state.files.root))
            self.pool = stack.enter_context(workers.Pool(1))
            self.kept = spool.Spool(self.folder)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def open_item(self, item: Item, without: Collection[int] = ()) -> Opened:
        """Make a document ready as its regions but those of `without` are; `Damaged` where the seal differs.

        `UserMistake` where a hidden word can still be read; then nothing of it was put anywhere.
        """
        # Listed before they are read: what is decided in between makes the two differ when it is published.
        numbers = list_regions(item, without)
        return replace(self._open(item, without), regions=numbers)

    def _open(self, item: Item, without: Collection[int]) -> Opened:
        key = inventories.unwrap_item_key(self.state, item)
        held = inventory.parse_held_grounds(item.held_pages, item.ground)
        if regions := redactions.read_regions(item, without=without):
            return self._open_redacted(item, key, held, regions)
        if held:
            return self._open_pages(item, key, held)
        if self._copy_out(key, item.sealed_file) != item.sha256:
            raise errors.Damaged(
                f"the sealed file of item {item.number} of {item.study_id} is not what was sealed"
            )
        # The PDF made of the file when it was sealed, from which the pictures of its pages are drawn.
        if item.sealed_copy and self._copy_out(key, item.sealed_copy) != item.copy_sha256:
            raise errors.Damaged(f"the reading copy of item {item.number} of {item.study_id} has changed")
        rows = Pages(self.kept, item)
        words_digest = self._open_words(item, key, rows) if item.read else None
        document = release.make_whole_opening(
            study=item.study_id,
            item=item.number,
            key=key,
            header=_make_header(item),
            file=seal.FileMeasure(bytes.fromhex(item.sha256), item.size),
            media_type=item.media_type,
            page_roots=inventories.read_page_roots(item),
            words=words_digest,
        )
        return _finish(item, document, True, rows, {})

    def _copy_out(self, key: bytes, digest: str) -> str:
        """Decrypt a sealed file into the public area; its digest there."""
        path = self.folder / "original"
        with sealed.Reader(self.state.files, key, digest) as reader, path.open("wb") as file:
            file.writelines(reader.iterate_chunks())
        return self.state.files.put_file("public", path)

    def _open_words(self, item: Item, key: bytes, rows: Pages) -> str | None:
        """Make the rows of all pages and put the words document; `Damaged` where the seal differs."""
        roots = inventories.read_page_roots(item)
        seeds = seal.derive_page_seeds(key, len(roots))
        path = self.folder / "words"
        kept = parts.iterate_words(self.state.files, key, item.sealed_parts, seeds)
        rows.drawn_from = item.copy_sha256
        with path.open("wb") as file:
            for number, (root, seed, each) in enumerate(zip(roots, seeds, kept, strict=True), 1):
                lines, text = page.split_lines(each.lines)
                hashes = page.hash_encoded_lines(seed, lines)
                head_hash = page.hash_head(seed, page.decode_head(each.head))
                if page.join_root(head_hash, tree.compute_root(hashes), each.patches_root) != root:
                    raise errors.Damaged(
                        f"page {number} of item {item.number} of {item.study_id} is not what was sealed"
                    )
                words = each.head, each.lines, hashes, each.patches_root
                file.write(words_document.format_encoded_words(*words))
                rows.append(PublicPage(item=item, number=number, head=each.head, lines=each.lines, text=text))
        return self.state.files.put_file("public", path) if roots else None

    def _open_pages(self, item: Item, key: bytes, held: dict[int, str]) -> Opened:
        header, roots = _make_header(item), inventories.read_page_roots(item)
        measure = seal.FileMeasure(bytes.fromhex(item.sha256), item.size)
        rows, opened = Pages(self.kept, item), []
        for each in parts.iterate_parts(self.state.files, key, item.sealed_parts):
            if each.head.number in held:
                continue
            png = picture.encode_picture(each.head, each.patches)
            name = self.state.files.put_bytes("public", png)
            shown = opening.open_page(key, header, measure, roots, each)
            opened.append((opening.forget_patches(shown), name))
            rows.append(_make_page(item, each.head, each.lines, name))
        document = release.make_pages_opening(header=header, pages=opened, holdings=self._list_holdings(held))
        return _finish(item, document, False, rows, held)

    def _open_redacted(
        self, item: Item, key: bytes, held: dict[int, str], regions: dict[int, list[redaction.Region]]
    ) -> Opened:
        header, roots = _make_header(item), inventories.read_page_roots(item)
        measure = seal.FileMeasure(bytes.fromhex(item.sha256), item.size)
        grounds, not_shown = data.read_grounds(), redactions.make_not_shown(self.now)
        opened: list[tuple[opening.PageOpening, list[redacted_page.PublishedRegion]]] = []
        rows = Pages(self.kept, item)
        examined, kept = residues.begin_examination(self.folder), residues.list_kept(item)

        def draw_sheets() -> Iterator[published_pdf.Sheet]:
            for each in parts.iterate_parts(self.state.files, key, item.sealed_parts):
                number = each.head.number
                if number in held:
                    sheet = redrawing.draw_held_sheet(number, held[number], grounds[held[number]].title)
                    examined.add_held_page(sheet.blocks[0].words[0])
                    yield sheet
                    continue
                made = redrawing.redraw_page(each, regions.get(number, []), not_shown)
                examined.add_page(each, regions.get(number, []), made)
                examined.add_kept(each, kept.get(number, []))
                hidden = made.plan.hidden_lines, made.plan.hidden_patches
                regions_shown = [
                    redacted_page.PublishedRegion(gap.ground, gap.decided_by, gap.review)
                    for gap in made.plan.gaps
                ]
                shown = opening.open_page(key, header, measure, roots, each, *hidden)
                opened.append((opening.forget_lines(opening.forget_patches(shown)), regions_shown))
                rows.append(_make_redacted_page(item, each.head, made))
                yield made.sheet

        path = self.folder / "published.pdf"
        pieces = published_pdf.write_document(
            item.title, _read_language(item), header.pages or 0, draw_sheets(), packing.pack_stream
        )
        rows.drawn_from = digest = _write_pieces(path, pieces)
        document = release.make_redacted_opening(
            header=header, document=digest, pages=opened, holdings=self._list_holdings(held)
        )
        redacted = sum(bool(shown) for _, shown in opened)
        opened.clear()
        ready = _finish(item, document, False, rows, held)
        # Nothing is put into the public area before it was read again.
        residues.check_residue(item, path, examined, rows, ready.document, self.summary, self.pool)
        self.state.files.put_file("public", path)
        return replace(ready, published=digest, redacted=redacted)

    def _list_holdings(self, held: dict[int, str]) -> list[release.Holding]:
        return [
            release.Holding(number, why, "approver", find_review(why, self.now))
            for number, why in sorted(held.items())
        ]


def _write_pieces(path: Path, pieces: Iterator[bytes]) -> str:
    """Write a file piece by piece; its SHA-256 in hex."""
    hashed = hashlib.sha256()
    with path.open("wb") as file:
        for piece in pieces:
            hashed.update(piece)
            file.write(piece)
    return hashed.hexdigest()


def _read_language(item: Item) -> str:
    """Read the language of a study's newest record; "und", undetermined, where there is none."""
    row = Disclosure.objects.newest().filter(record=item.study_id).first()
    return row.read_record().language if row else "und"


def _make_redacted_page(item: Item, head: page.Head, made: redrawing.Redrawn) -> PublicPage:
    """Make the row of a page from what its sheet says: what is hidden is nowhere in it."""
    blocks = [block for block in made.sheet.blocks if block.words]
    gaps = iter(made.plan.gaps)
    regions = []
    for block in blocks:
        if block.kind == "label":
            gap = next(gaps)
            regions.append([gap.ground, gap.decided_by, gap.review.isoformat(), list(block.words[0].box)])
    return PublicPage(
        item=item,
        number=head.number,
        head=page.encode_head(head),
        lines=page.encode_lines([block.words for block in blocks]),
        # One line of text for each block, so that a word's place is the same in both; a label says nothing.
        text="\n".join(
            "" if block.kind == "label" else " ".join(word.text for word in block.words) for block in blocks
        ),
        hidden={"kinds": [block.kind for block in blocks], "regions": regions},
    )


def _finish(item: Item, document: dict[str, Json], whole: bool, rows: Pages, held: dict[int, str]) -> Opened:
    encoded = canonical.encode(document)
    return Opened(item, encoded, canonical.compute_digest(document), whole, rows, held)


def _make_header(item: Item) -> seal.Header:
    return seal.Header(item.study_id, item.number, item.pages, item.renderer)


def _make_page(item: Item, head: page.Head, lines: Sequence[page.Line], name: str) -> PublicPage:
    return PublicPage(
        item=item,
        number=head.number,
        head=page.encode_head(head),
        lines=page.encode_lines(lines),
        text="\n".join(" ".join(word.text for word in line) for line in lines),
        picture=name,
    )


def find_review(ground_id: str, now: datetime.datetime) -> datetime.date:
    """Find the day on which a ground is to be looked at again, as it proposes itself."""
    known = data.read_grounds()[ground_id]
    return datetime.date.fromisoformat(ground.propose_expiry(known, now.date().isoformat()))


def list_regions(item: Item, without: Collection[int] = ()) -> tuple[int, ...]:
    """List the numbers of the regions of an item that are in force, but those of `without`."""
    rows = item.redactions.in_force().exclude(pk__in=without).order_by("pk")
    return tuple(rows.values_list("pk", flat=True))


def list_fresh(item: Item) -> list[Redaction]:
    """List the regions in force that the newest opening of an item does not hide yet.

    By their numbers: one that was approved while a publication was made ready may be older than its opening.
    """
    newest = item.openings.order_by("-log_index").first()
    if newest is None:
        return []
    rows = item.redactions.in_force().order_by("pk")
    if newest.regions is None:
        return list(rows.filter(decided_at__gt=newest.opened_at))
    return list(rows.exclude(pk__in=newest.regions))

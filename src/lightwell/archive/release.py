"""Openings as records: an item open whole, some of its pages, or with hidden parts.

Each is canonical JSON that a log entry names by digest; `make_` builds the JSON object, `parse_`
reads one back at the border and refuses what is malformed. Whether what they say matches the seal is asked
in `client/verify`; the proof of one page: `archive/page_proof`. For outsiders: docs/reference/bundle.md.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lightwell.archive import opening as openings
from lightwell.archive import page, seal
from lightwell.archive.commitment import Node
from lightwell.archive.redacted_page import PublishedRegion, RedactedPage
from lightwell.base import canonical, errors
from lightwell.base.canonical import Json

OPENING = "lightwell.opening.v1"

_HEX = re.compile("[0-9a-f]{64}")
_ID = re.compile("[A-Za-z0-9.:+-]{1,140}")


@dataclass(frozen=True, slots=True)
class Holding:
    """A page that stays held back: its number, the ground, the role that decided, the day of the review."""

    page: int
    ground: str
    decided_by: str
    review: datetime.date


@dataclass(frozen=True, slots=True)
class WholeOpening:
    """An item that is open whole, by its key. `words` is the hex digest of its words document."""

    header: seal.Header
    key: bytes
    file: seal.FileMeasure
    media_type: str
    page_roots: tuple[bytes, ...]
    words: str | None

    def list_files(self) -> list[tuple[str, str]]:
        """List the files it names as (folder of a bundle, hex digest)."""
        return [("files", self.file.digest.hex()), *([("words", self.words)] if self.words else [])]


@dataclass(frozen=True, slots=True)
class OpenPage:
    """One page, whole or in part, before its patches are cut out of `picture` (hex digest of a PNG)."""

    head: page.Head
    lines: tuple[page.Line | None, ...]
    hidden_patches: tuple[int, ...]
    picture: str | None
    proof: openings.PageProof

    def join_patches(self, patches: Sequence[bytes | None]) -> openings.PageOpening:
        """Return the opening with its patches, as `archive/opening.check_page` takes it."""
        return openings.PageOpening(self.head, self.lines, tuple(patches), self.proof)


@dataclass(frozen=True, slots=True)
class PagesOpening:
    """An item of which some pages are open; `pages` and `holdings` together name every page once."""

    header: seal.Header
    pages: tuple[OpenPage, ...]
    holdings: tuple[Holding, ...]

    def list_files(self) -> list[tuple[str, str]]:
        """List the files it names as (folder of a bundle, hex digest)."""
        return [("pictures", each.picture) for each in self.pages if each.picture is not None]


@dataclass(frozen=True, slots=True)
class RedactedOpening:
    """An item with hidden regions, open as the published PDF whose hex digest is `document`.

    `pages` and `holdings` together name every page once; the PDF has a sheet for each, in order.
    """

    header: seal.Header
    document: str
    pages: tuple[RedactedPage, ...]
    holdings: tuple[Holding, ...]

    def list_files(self) -> list[tuple[str, str]]:
        """List the files it names as (folder of a bundle, hex digest)."""
        return [("documents", self.document)]

    def count_redacted(self) -> int:
        """Count the pages on which something is hidden."""
        return sum(bool(each.regions) for each in self.pages)


AnyOpening = WholeOpening | PagesOpening | RedactedOpening


def name_outcome(opened: AnyOpening) -> str:
    """Name the outcome that a publication record states of an item opened so."""
    names = {WholeOpening: "whole", PagesOpening: "pages", RedactedOpening: "redacted"}
    return names[type(opened)]


def make_whole_opening(
    *,
    study: str,
    item: int,
    key: bytes,
    header: seal.Header,
    file: seal.FileMeasure,
    media_type: str,
    page_roots: Sequence[bytes],
    words: str | None,
) -> dict[str, Json]:
    """Open an item whole; `words` is the hex digest of its words document. Inverse of `parse_opening`."""
    if (header.study, header.number) != (study, item) or (words is None) != (header.pages is None):
        raise ValueError("header, study, item and words contradict each other")
    return {
        "type": OPENING,
        "mode": "whole",
        "study": study,
        "item": item,
        "key": key.hex(),
        "header": {"pages": header.pages, "renderer": header.renderer},
        "file": {"sha256": file.digest.hex(), "size": file.size, "media_type": media_type},
        "page_roots": [root.hex() for root in page_roots],
        "words": words,
    }


def make_pages_opening(
    *,
    header: seal.Header,
    pages: Sequence[tuple[openings.PageOpening, str | None]],
    holdings: Sequence[Holding],
) -> dict[str, Json]:
    """Open some pages, each with the hex digest of its picture; inverse of `parse_opening`."""
    return {
        **_begin_opening("pages", header, [shown for shown, _ in pages], holdings),
        "pages": [
            format_page(shown, name) for shown, name in sorted(pages, key=lambda pair: pair[0].head.number)
        ],
    }


def make_redacted_opening(
    *,
    header: seal.Header,
    document: str,
    pages: Sequence[tuple[openings.PageOpening, Sequence[PublishedRegion]]],
    holdings: Sequence[Holding],
) -> dict[str, Json]:
    """Open an item as the published PDF of hex digest `document`; inverse of `parse_opening`.

    Each page comes with its hidden regions in the order of their labels.
    """
    return {
        **_begin_opening("redacted", header, [shown for shown, _ in pages], holdings),
        "document": document,
        "pages": [
            _format_redacted_page(shown, regions)
            for shown, regions in sorted(pages, key=lambda pair: pair[0].head.number)
        ],
    }


def parse_opening(record: Json) -> AnyOpening:
    """Read an opening of any mode; `Refused` says what is malformed."""
    match record:
        case {
            "type": "lightwell.opening.v1",
            "mode": "whole",
            "study": str(study),
            "item": int(item),
            "key": key,
            "header": {"pages": pages, "renderer": str(renderer), **more_header},
            "file": {"sha256": digest, "size": int(size), "media_type": str(media_type), **more_file},
            "page_roots": list(roots),
            "words": words,
            **rest,
        } if not (rest or more_header or more_file):
            if (words is None) != (pages is None) or len(roots) != (pages or 0) or size < 0:
                raise errors.Refused("the opening contradicts itself about its pages or its size")
            return WholeOpening(
                seal.Header(
                    study, parse_count(item), None if pages is None else parse_count(pages), renderer
                ),
                parse_hex(key),
                seal.FileMeasure(parse_hex(digest), size),
                media_type,
                tuple(parse_hex(root) for root in roots),
                None if words is None else parse_hex(words).hex(),
            )
        case {
            "type": "lightwell.opening.v1",
            "mode": "pages",
            "study": str(study),
            "item": int(item),
            "header": {"pages": int(count), "renderer": str(renderer), "salt": salt, **more_header},
            "file_hash": file_hash,
            "pages": list(shown),
            "holdings": list(holdings),
            **rest,
        } if not (rest or more_header):
            header = seal.Header(study, parse_count(item), parse_count(count), renderer)
            pair = parse_hex(salt), parse_hex(file_hash)
            opened = PagesOpening(
                header,
                tuple(parse_page(each, *pair) for each in shown),
                tuple(_parse_holding(each) for each in holdings),
            )
            _check_every_page(opened)
            return opened
        case {
            "type": "lightwell.opening.v1",
            "mode": "redacted",
            "study": str(study),
            "item": int(item),
            "header": {"pages": int(count), "renderer": str(renderer), "salt": salt, **more_header},
            "file_hash": file_hash,
            "document": document,
            "pages": list(shown),
            "holdings": list(holdings),
            **rest,
        } if not (rest or more_header):
            pair = parse_hex(salt), parse_hex(file_hash)
            redacted = RedactedOpening(
                seal.Header(study, parse_count(item), parse_count(count), renderer),
                parse_hex(document).hex(),
                tuple(_parse_redacted_page(each, *pair) for each in shown),
                tuple(_parse_holding(each) for each in holdings),
            )
            _check_every_page(redacted)
            return redacted
    raise errors.Refused("this is not an opening of a form that is known here")


def _begin_opening(
    mode: str, header: seal.Header, pages: Sequence[openings.PageOpening], holdings: Sequence[Holding]
) -> dict[str, Json]:
    """Write what every opening page by page has; the proof of any page has the salt of the header."""
    if not pages:
        raise ValueError("an opening opens at least one page")
    first = pages[0].proof
    return {
        "type": OPENING,
        "mode": mode,
        "study": header.study,
        "item": header.number,
        "header": {"pages": header.pages, "renderer": header.renderer, "salt": first.header_salt.hex()},
        "file_hash": first.file_hash.hex(),
        "holdings": [_format_holding(held) for held in sorted(holdings, key=lambda held: held.page)],
    }


def _format_head(head: page.Head) -> Json:
    return canonical.decode(page.encode_head(head))


def _parse_head(value: Json) -> page.Head:
    return page.decode_head(canonical.encode(value))


def format_page(shown: openings.PageOpening, picture: str | None) -> dict[str, Json]:
    """Write one open page with the hex digest of its picture; inverse of `parse_page`."""
    return {
        "page": shown.head.number,
        "head": _format_head(shown.head),
        "lines": [
            None if line is None else [[word.text, *word.box] for word in line] for line in shown.lines
        ],
        "hidden_patches": [k for k, patch in enumerate(shown.patches) if patch is None],
        "picture": picture,
        "proof": _format_proof(shown.proof),
    }


def _format_proof(proof: openings.PageProof) -> dict[str, Json]:
    return {
        "head_salt": proof.head_salt.hex(),
        "lines": [_format_node(node) for node in proof.line_nodes],
        "patches": [_format_node(node) for node in proof.patch_nodes],
        "path": [node.hex() for node in proof.path],
        "marks": proof.marks.hex(),
    }


def _format_redacted_page(shown: openings.PageOpening, regions: Sequence[PublishedRegion]) -> dict[str, Json]:
    return {
        "page": shown.head.number,
        "head": _format_head(shown.head),
        "hidden_lines": [k for k, line in enumerate(shown.lines) if line is None],
        "hidden_patches": [k for k, patch in enumerate(shown.patches) if patch is None],
        "regions": [
            {"ground": each.ground, "decided_by": each.decided_by, "review": each.review.isoformat()}
            for each in regions
        ],
        "proof": _format_proof(shown.proof),
    }


def _format_holding(held: Holding) -> dict[str, Json]:
    return {
        "page": held.page,
        "ground": held.ground,
        "decided_by": held.decided_by,
        "review": held.review.isoformat(),
    }


def parse_page(value: Json, header_salt: bytes, file_hash: bytes) -> OpenPage:
    """Read one open page; salt of the header and hash of the file stand once for all pages."""
    match value:
        case {
            "page": int(number),
            "head": head_value,
            "lines": list(lines),
            "hidden_patches": list(hidden),
            "picture": None | str() as picture,
            "proof": proof,
            **rest,
        } if not rest:
            head = _parse_head(head_value)
            if head.number != parse_count(number) or len(lines) != head.lines:
                raise errors.Refused(f"page {number} contradicts its head")
            places = _parse_places(hidden, head.patches, number)
            if picture is None and len(places) != head.patches:
                raise errors.Refused(f"page {number} opens patches without a picture")
            return OpenPage(
                head,
                tuple(None if line is None else page.decode_line(line) for line in lines),
                places,
                None if picture is None else parse_hex(picture).hex(),
                _parse_proof(proof, head.lines, header_salt, file_hash),
            )
    raise errors.Refused("a page of the opening is not of a form that is known here")


def _parse_redacted_page(value: Json, header_salt: bytes, file_hash: bytes) -> RedactedPage:
    match value:
        case {
            "page": int(number),
            "head": head_value,
            "hidden_lines": list(lines),
            "hidden_patches": list(patches),
            "regions": list(regions),
            "proof": proof,
            **rest,
        } if not rest:
            head = _parse_head(head_value)
            if head.number != parse_count(number):
                raise errors.Refused(f"page {number} contradicts its head")
            return RedactedPage(
                head,
                _parse_places(lines, head.lines, number),
                _parse_places(patches, head.patches, number),
                tuple(_parse_region(each) for each in regions),
                _parse_proof(proof, head.lines, header_salt, file_hash),
            )
    raise errors.Refused("a page of the opening is not of a form that is known here")


def _parse_places(listed: Sequence[Json], count: int, number: int) -> tuple[int, ...]:
    places = [parse_count(position, 0) for position in listed]
    if places != sorted(set(places)) or any(k >= count for k in places):
        raise errors.Refused(f"page {number} names its hidden parts in a wrong way")
    return tuple(places)


def _parse_region(value: Json) -> PublishedRegion:
    match value:
        case {"ground": str(ground), "decided_by": str(role), "review": str(review), **rest} if not rest:
            return PublishedRegion(*_parse_ids(ground, role), _parse_date(review))
    raise errors.Refused("a hidden region has exactly the members ground, decided_by and review")


def _parse_proof(value: Json, lines: int, header_salt: bytes, file_hash: bytes) -> openings.PageProof:
    match value:
        case {
            "head_salt": head_salt,
            "lines": list(line_nodes),
            "patches": list(patch_nodes),
            "path": list(path),
            "marks": str(marks),
            **rest,
        } if not rest:
            return openings.PageProof(
                parse_hex(head_salt),
                tuple(_parse_node(node) for node in line_nodes),
                tuple(_parse_node(node) for node in patch_nodes),
                tuple(parse_hex(node) for node in path),
                header_salt,
                file_hash,
                openings.parse_marks(marks, lines),
            )
    raise errors.Refused("the proof of a page is not of a form that is known here")


def _format_node(node: Node) -> dict[str, str]:
    return {"seed" if node.open else "hash": node.value.hex()}


def _parse_node(value: Json) -> Node:
    match value:
        case {"seed": seed, **rest} if not rest:
            return Node(True, parse_hex(seed))
        case {"hash": hidden, **rest} if not rest:
            return Node(False, parse_hex(hidden))
    raise errors.Refused("a node of a proof is a seed or a hash")


def _parse_holding(value: Json) -> Holding:
    match value:
        case {
            "page": number,
            "ground": str(ground),
            "decided_by": str(role),
            "review": str(review),
            **rest,
        } if not rest:
            return Holding(parse_count(number), *_parse_ids(ground, role), _parse_date(review))
    raise errors.Refused("a holding has exactly the members page, ground, decided_by and review")


def _parse_ids(ground: str, role: str) -> tuple[str, str]:
    # A ground stands in a label, which is read aloud between sealed lines: it must not become a sentence.
    if not _ID.fullmatch(ground) or not _ID.fullmatch(role):
        raise errors.Refused("a ground or the role that decided is no id")
    return ground, role


def _check_every_page(opened: PagesOpening | RedactedOpening) -> None:
    shown = [each.head.number for each in opened.pages]
    held = [each.page for each in opened.holdings]
    if shown != sorted(shown) or held != sorted(held):
        raise errors.Refused("the pages of an opening are listed in order")
    if sorted(shown + held) != list(range(1, (opened.header.pages or 0) + 1)):
        raise errors.Refused("an opening names every page of its item once, as open or as held back")


def parse_hex(value: Json) -> bytes:
    """Read 32 bytes in hex digits of lower case."""
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise errors.Refused("a hash, salt or key is 64 hex digits in lower case")
    return bytes.fromhex(value)


def parse_count(value: Json, least: int = 1) -> int:
    """Read a whole number from `least` on."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise errors.Refused(f"a number of an item, page or part is a whole number from {least} on")
    return value


def _parse_date(text: str) -> datetime.date:
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise errors.Refused(f"{text[:20]!r} is not a date such as 2026-11-25")
    return day

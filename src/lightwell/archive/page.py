"""A sealed page: its lines of words and the patches of its picture, each a salted leaf in page order.

The picture is rendered at `DPI`, keeps the upper four bits of each colour channel (a fixed,
page-independent quantisation) and is cut into *bands* between blank rows and `COLUMNS` fixed
columns: at most `MAX_BANDS * COLUMNS` = 200 patches. Rows outside every band are white. The head
of a page names its measures and its bands, which the layout shows anyway.

Rendering and reading words: `files/pdf`. Opening a page again: `archive/opening`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from lightwell.archive import commitment
from lightwell.base import canonical, errors
from lightwell.base.canonical import Json
from lightwell.tlog import tree

DPI = 110
COLUMNS = 4
MAX_BANDS = 50
CHANNEL_MASK = 0xF0
BYTES_PER_PIXEL = 3

_PAGE = b"lightwell.page.v1\n"
# Made once: `json.dumps` with other than its defaults makes an encoder for every call, and lines are many.
_write_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its box in pixels of the sealed picture: left, top, right, bottom."""

    text: str
    box: tuple[int, int, int, int]


Line = tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """What the layout of a page shows: number (from 1), size in pixels, lines, bands as (top, bottom)."""

    number: int
    width: int
    height: int
    lines: int
    bands: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if self.number < 1 or self.width < 1 or self.height < 1 or self.lines < 0:
            raise errors.Refused(f"page {self.number} has impossible measures")
        if len(self.bands) > MAX_BANDS:
            raise errors.Refused(f"page {self.number} has {len(self.bands)} bands; {MAX_BANDS} are allowed")
        edge = 0
        for top, bottom in self.bands:
            if not edge <= top < bottom <= self.height:
                raise errors.Refused(f"page {self.number} has bands that overlap or leave the page")
            edge = bottom

    @property
    def patches(self) -> int:
        """Patches of the page: every band is cut into the same fixed columns, whatever stands in them."""
        return len(self.bands) * COLUMNS


@dataclass(frozen=True, slots=True)
class Parts:
    """The content of one page: its head, its lines and the pixel bytes of its patches in page order."""

    head: Head
    lines: tuple[Line, ...]
    patches: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if len(self.lines) != self.head.lines or len(self.patches) != self.head.patches:
            raise errors.Refused(f"page {self.head.number} does not hold the parts its head counts")


def list_patch_boxes(head: Head) -> list[tuple[int, int, int, int]]:
    """List the pixel boxes (left, top, right, bottom) of the patches, band by band, left to right."""
    edges = [head.width * column // COLUMNS for column in range(COLUMNS + 1)]
    return [
        (edges[column], top, edges[column + 1], bottom)
        for top, bottom in head.bands
        for column in range(COLUMNS)
    ]


def merge_bands(bands: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Join neighbours until at most `MAX_BANDS` are left: each time the topmost of the lowest pairs."""
    merged = list(bands)
    while len(merged) > MAX_BANDS:
        heights = [merged[k + 1][1] - merged[k][0] for k in range(len(merged) - 1)]
        k = heights.index(min(heights))
        merged[k : k + 2] = [(merged[k][0], merged[k + 1][1])]
    return tuple(merged)


def encode_head(head: Head) -> bytes:
    """Write a head as canonical JSON; inverse of `decode_head`.

    Names in order and integers only, for which compact JSON is RFC 8785's form.
    """
    return _write_json(
        {
            "bands": [[top, bottom] for top, bottom in head.bands],
            "columns": COLUMNS,
            "dpi": DPI,
            "height": head.height,
            "lines": head.lines,
            "page": head.number,
            "width": head.width,
        }
    ).encode()


def decode_head(data: bytes) -> Head:
    """Read a head; `Refused` when it is not one of this version."""
    value = canonical.decode(data, require_canonical=True)
    match value:
        case {
            "bands": list(bands),
            "columns": 4,
            "dpi": 110,
            "height": int(height),
            "lines": int(lines),
            "page": int(number),
            "width": int(width),
        } if len(value) == 7:
            return Head(number, width, height, lines, tuple(_read_band(band) for band in bands))
    raise errors.Refused("the head of the page is not one of this version")


def encode_line(line: Line) -> bytes:
    """Write a line as canonical JSON `[[text, left, top, right, bottom], ...]`; inverse of `decode_line`.

    Strings and integers only, for which compact JSON without ASCII escapes is RFC 8785's form.
    """
    rows = [[word.text, *word.box] for word in line]
    return _write_json(rows).encode()


def encode_lines(lines: Sequence[Line]) -> bytes:
    """Write all lines of a page as one JSON list of what `encode_line` writes."""
    rows = [[[word.text, *word.box] for word in line] for line in lines]
    return _write_json(rows).encode()


def split_lines(data: bytes) -> tuple[list[bytes], str]:
    """Split what `encode_lines` wrote: each line as `encode_line` writes it, and the page's words as text.

    For bytes of our own that were authenticated; those of others are read by `decode_line`.
    """
    rows = json.loads(data)
    text = "\n".join(" ".join([row[0] for row in line]) for line in rows)
    return [_write_json(line).encode() for line in rows], text


def decode_line(value: Json) -> Line:
    """Read a line from its JSON value; `Refused` when it is malformed."""
    words = []
    for row in value if isinstance(value, list) else [None]:
        match row:
            case [str(text), int(left), int(top), int(right), int(bottom)]:
                words.append(Word(text, (left, top, right, bottom)))
            case _:
                raise errors.Refused("a line is a list of words, each a text with four whole numbers")
    return tuple(words)


def hash_line(salt: bytes, line: Line) -> bytes:
    """Hash one line of words with its salt."""
    return commitment.hash_salted("line", salt, encode_line(line))


def hash_patch(salt: bytes, box: tuple[int, int, int, int], pixels: bytes) -> bytes:
    """Hash one patch: its width and height (4 bytes each) and its quantised RGB rows."""
    left, top, right, bottom = box
    if len(pixels) != (right - left) * (bottom - top) * BYTES_PER_PIXEL:
        raise errors.Refused("a patch does not have the bytes its box needs")
    measures = (right - left).to_bytes(4, "big") + (bottom - top).to_bytes(4, "big")
    return commitment.hash_salted("patch", salt, measures, pixels)


def hash_head(seed: bytes, head: Head) -> bytes:
    """Hash the head of a page with the salt that the page's seed gives it."""
    return commitment.hash_salted("head", commitment.derive_secret(seed, "head"), encode_head(head))


def hash_lines(seed: bytes, lines: Sequence[Line]) -> list[bytes]:
    """Hash every line of the page whose seed this is."""
    return hash_encoded_lines(seed, [encode_line(line) for line in lines])


def hash_encoded_lines(seed: bytes, lines: Sequence[bytes]) -> list[bytes]:
    """Hash every line of the page whose seed this is, each as `encode_line` writes it."""
    salts = commitment.derive_salts(commitment.derive_secret(seed, "lines"), len(lines))
    return [commitment.hash_salted("line", salt, line) for salt, line in zip(salts, lines, strict=True)]


def hash_patches(seed: bytes, head: Head, patches: Sequence[bytes]) -> list[bytes]:
    """Hash every patch of the page whose seed this is."""
    salts = commitment.derive_salts(commitment.derive_secret(seed, "patches"), head.patches)
    boxes = list_patch_boxes(head)
    return [hash_patch(*each) for each in zip(salts, boxes, patches, strict=True)]


def join_root(head_hash: bytes, lines_root: bytes, patches_root: bytes) -> bytes:
    """Join the three parts of a page into its root."""
    return hashlib.sha256(_PAGE + head_hash + lines_root + patches_root).digest()


def compute_root(seed: bytes, parts: Parts) -> bytes:
    """Compute the root of a page from its seed and everything on it."""
    return compute_roots(seed, parts)[0]


def compute_roots(seed: bytes, parts: Parts) -> tuple[bytes, bytes]:
    """Compute the root of a page, and the root of its patches alone, which costs most of the work."""
    patches_root = tree.compute_root(hash_patches(seed, parts.head, parts.patches))
    lines_root = tree.compute_root(hash_lines(seed, parts.lines))
    return join_root(hash_head(seed, parts.head), lines_root, patches_root), patches_root


def _read_band(value: Json) -> tuple[int, int]:
    match value:
        case [int(top), int(bottom)]:
            return top, bottom
    raise errors.Refused("a band is a list of two whole numbers")

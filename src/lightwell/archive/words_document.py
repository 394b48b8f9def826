"""The words document: what can be read of an item that is open whole, a page a line, without its file.

The opening names it by digest. With the item's key a verifier recomputes the root of every page from it; the
patches of a page stand in it as their root alone, because its picture is drawn from the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lightwell.archive import opening as openings
from lightwell.archive import page
from lightwell.base import canonical, errors
from lightwell.base.canonical import Json

_HEX = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class WordsPage:
    """One line of a words document. `marks` (4 bytes a line, or none) only let a refusal name a line."""

    head: page.Head
    lines: tuple[page.Line, ...]
    patches_root: bytes
    marks: bytes


def format_words(
    head: page.Head, lines: Sequence[page.Line], patches_root: bytes, seed: bytes | None = None
) -> bytes:
    """Write one line of a words document; inverse of `parse_words`. With the page's seed it bears marks."""
    hashes = page.hash_lines(seed, lines) if seed is not None else []
    return format_encoded_words(page.encode_head(head), page.encode_lines(lines), hashes, patches_root)


def format_encoded_words(head: bytes, lines: bytes, hashes: Sequence[bytes], patches_root: bytes) -> bytes:
    """Write the same line from a head and lines that are encoded already (`archive/page`), and line hashes.

    Both are canonical JSON and the names stand in order, so that joining them is RFC 8785's form.
    """
    marks = b"".join(each[: openings.MARK_BYTES] for each in hashes).hex()
    return b'{"head":%b,"lines":%b,"marks":"%b","patches_root":"%b"}\n' % (
        head,
        lines,
        marks.encode(),
        patches_root.hex().encode(),
    )


def parse_words(data: bytes) -> WordsPage:
    """Read one line of a words document, with its newline or without."""
    match canonical.decode(data.removesuffix(b"\n")):
        case {"head": head, "lines": list(lines), "marks": str(marks), "patches_root": root, **rest} if (
            not rest
        ):
            return WordsPage(
                page.decode_head(canonical.encode(head)),
                tuple(page.decode_line(line) for line in lines),
                _parse_root(root),
                openings.parse_marks(marks, len(lines)) if marks else b"",
            )
    raise errors.Refused("a line of a words document has the members head, lines, marks and patches_root")


def _parse_root(value: Json) -> bytes:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise errors.Refused("the root of a page's patches is 64 hex digits in lower case")
    return bytes.fromhex(value)

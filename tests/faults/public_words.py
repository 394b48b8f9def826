"""Which words of a scene can be read in bytes that are public: also inside a PDF, a bundle, the index.

Bytes are looked through as they are, with every stream of a PDF unpacked, and with the text that a renderer
reads out of it, because a published PDF names its letters by numbers of its own.
"""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import pypdfium2
from scene import Scene

_STREAM = re.compile(rb"stream\r?\n")


@functools.lru_cache(maxsize=512)
def find_words(scene: Scene, data: bytes) -> frozenset[str]:
    """Find the words of a scene in bytes of any kind, whatever their case; returns them in lower case."""
    pieces = [data, *(_unpack_pdf(data) if data.startswith(b"%PDF") else ())]
    lowered = b"\0".join(pieces).lower()
    return frozenset(word for word in map(str.lower, scene.words) if word.encode() in lowered)


def _unpack_pdf(data: bytes) -> list[bytes]:
    pieces = []
    for match in _STREAM.finditer(data):
        unpacker = zlib.decompressobj()
        try:
            pieces.append(unpacker.decompress(data[match.end() :]))
        except zlib.error:
            continue
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        # Half of one, as a fault in its writing leaves it.
        return pieces
    pieces += [page.get_textpage().get_text_bounded().encode() for page in document]
    document.close()
    return pieces


def list_public_words(scene: Scene, state: Any) -> list[str]:
    """List the words in all files of the public area, whether anything leads to them or not."""
    found: set[str] = set()
    for path in (state.files.root / "public").rglob("*"):
        if path.is_file():
            found |= find_words(scene, path.read_bytes())
    return sorted(found)


def list_leaks(scene: Scene, state: Any, inside: Mapping[str, Iterable[str]]) -> list[str]:
    """List every place where one of the words is that must never be public, the search index among them."""
    never = {each.lower() for each in scene.never}
    leaks = [f"{name}: {', '.join(sorted(never & set(words)))}" for name, words in inside.items()]
    leaks = [each for each in leaks if not each.endswith(": ")]
    return leaks + [f"index: {word}" for word in sorted(never) if _is_indexed(state, word)]


def _is_indexed(state: Any, word: str) -> bool:
    """Ask the index itself, without the gate before it."""
    from lightwell.base import errors
    from lightwell.files import finder, index, lookup

    try:
        counts = finder.count_hits(
            index.open_folder(state.index), lookup.parse_lookup(word), finder.Filters()
        )
    except errors.CouldNotCheck:
        return False
    return counts.pages > 0

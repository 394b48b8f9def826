"""What a fingerprint set says, unpacked without the product's own reader: for tests of what may be in it."""

from __future__ import annotations

import zlib

from lightwell.archive import fingerprint_set


def list_texts(data: bytes) -> list[bytes]:
    """Unpack every text of a set: documents, files, words."""
    head, begin = fingerprint_set.parse_head(data)
    places = fingerprint_set.list_places(head, begin)
    rest, texts = data[places.texts : places.digest], []
    while rest:
        unpacker = zlib.decompressobj()
        texts.append(unpacker.decompress(rest))
        rest = unpacker.unused_data
    return texts

"""Streams of published pages packed small: how one is deflated is the writer's choice (decision 8).

Of pages of dense print libdeflate's slow search makes a tenth less than zlib's usual level, in 0.2 s a page;
zlib's highest gains two per cent. Sparse pages are small enough without. Where the binding is not installed,
zlib packs; who reads sees the same pixels.
"""

from __future__ import annotations

import importlib
import importlib.util
import zlib
from typing import Any

binding: Any = importlib.import_module("deflate") if importlib.util.find_spec("deflate") else None

# From so many bytes on, packed quickly, the search of the level is worth its time.
_LEVELS = ((60_000, 12), (48_000, 11), (24_000, 10))
_QUICK, _WORDS = 9, 12
_FEW_BYTES = 200_000


def pack_stream(data: bytes) -> bytes:
    """Pack the words or the pixels of a page as a zlib stream (RFC 1950)."""
    if binding is None:
        return zlib.compress(data, 9)
    if len(data) <= _FEW_BYTES:
        # Words, or a page with hardly any ink.
        return bytes(binding.zlib_compress(data, _WORDS))
    packed = bytes(binding.zlib_compress(data, _QUICK))
    level = next((level for least, level in _LEVELS if len(packed) >= least), 0)
    return bytes(binding.zlib_compress(data, level)) if level else packed

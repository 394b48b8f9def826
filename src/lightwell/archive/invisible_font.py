"""A font of two glyphs without a shape, half an em wide: what words over a picture are set in.

A reader of a PDF finds, marks and reads such words aloud; nothing of them is seen. The tables are those that
a CIDFontType2 needs (ISO 32000-1, section 9.9), each as OpenType 1.9 has it. 252 bytes.
"""

from __future__ import annotations

import struct

ADVANCE, EM = 500, 1000

_GLYPHS = 2
_VERSION = 0x10000
_MAGIC = 0x5F0F3CF5
_CHECKSUM = 0xB1B0AFBA


def make_font() -> bytes:
    """Make the font file; the same bytes each time."""
    tables = {
        b"glyf": b"\0",
        b"head": _make_head(0),
        b"hhea": struct.pack(
            ">IhhhHhhhhh10xhH", _VERSION, EM, 0, 0, ADVANCE, 0, 0, ADVANCE, 1, 0, 0, _GLYPHS
        ),
        b"hmtx": struct.pack(">Hh", ADVANCE, 0) * _GLYPHS,
        b"loca": struct.pack(">3H", 0, 0, 0),
        b"maxp": struct.pack(">IH13H", _VERSION, _GLYPHS, 0, 0, 0, 0, 1, *[0] * 8),
    }
    tables[b"head"] = _make_head((_CHECKSUM - _sum(_join(tables))) & 0xFFFFFFFF)
    return _join(tables)


def _make_head(adjustment: int) -> bytes:
    box = (0, 0, ADVANCE, EM)
    return struct.pack(
        ">IIIIHHQQhhhhHHhhh", _VERSION, _VERSION, adjustment, _MAGIC, 3, EM, 0, 0, *box, 0, 3, 2, 0, 0
    )


def _join(tables: dict[bytes, bytes]) -> bytes:
    count = len(tables)
    power = 1 << (count.bit_length() - 1)
    directory = struct.pack(
        ">IHHHH", _VERSION, count, power * 16, power.bit_length() - 1, (count - power) * 16
    )
    body, start = b"", len(directory) + 16 * count
    for name, table in sorted(tables.items()):
        # The sum of "head" is that of the table without the adjustment, to which the sum of the file leads.
        plain = table[:8] + bytes(4) + table[12:] if name == b"head" else table
        directory += struct.pack(">4sIII", name, _sum(plain), start + len(body), len(table))
        body += table + bytes(-len(table) % 4)
    return directory + body


def _sum(table: bytes) -> int:
    padded = table + bytes(-len(table) % 4)
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF

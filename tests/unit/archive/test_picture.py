"""A page's picture holds its open patches and white, and gives them back; nothing else gets through."""

from __future__ import annotations

import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightwell.archive import page, picture
from lightwell.base import errors


@st.composite
def draw_pages(draw: st.DrawFn) -> tuple[page.Head, list[bytes | None]]:
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    edges = sorted(draw(st.sets(st.integers(0, height), max_size=8)))
    bands = tuple((edges[k], edges[k + 1]) for k in range(0, len(edges) - 1, 2))
    head = page.Head(1, width, height, 0, bands)
    dice = random.Random(draw(st.integers(0, 2**32)))
    patches: list[bytes | None] = []
    for left, top, right, bottom in page.list_patch_boxes(head):
        size = (right - left) * (bottom - top) * page.BYTES_PER_PIXEL
        sealed = bytes(dice.randrange(16) * 16 for _ in range(size))
        patches.append(None if draw(st.booleans()) else sealed)
    return head, patches


@given(draw_pages())
def test_open_patches_come_back_as_sealed_and_hidden_ones_as_nothing(drawn):
    head, patches = drawn
    hidden = {k for k, patch in enumerate(patches) if patch is None}
    data = picture.encode_picture(head, patches)
    assert picture.decode_patches(data, head, hidden) == tuple(patches)


@given(draw_pages(), st.data())
def test_a_pixel_changed_anywhere_changes_a_patch_or_is_refused(drawn, data):
    head, patches = drawn
    hidden = {k for k, patch in enumerate(patches) if patch is None}
    width, height, rows = picture.parse_png(picture.encode_picture(head, patches))
    pixels = bytearray(rows)
    pixels[data.draw(st.integers(0, len(pixels) - 1))] ^= data.draw(st.integers(1, 255))
    changed = picture.format_png(width, height, pixels)
    assert read_or_refuse(changed, head, hidden) != tuple(patches)


def read_or_refuse(data: bytes, head: page.Head, hidden: set[int]) -> object:
    try:
        return picture.decode_patches(data, head, hidden)
    except errors.Refused as refusal:
        return refusal.sentence


def test_white_as_sealed_is_shown_as_white():
    head = page.Head(1, 4, 2, 0, ((0, 1),))
    data = picture.encode_picture(head, [b"\xf0" * 3] * 4)
    assert picture.parse_png(data)[2] == b"\xff" * 24


def make_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def make_png(
    rows: bytes, header: bytes = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0), more: bytes = b""
) -> bytes:
    chunks = make_chunk(b"IHDR", header) + more + make_chunk(b"IDAT", zlib.compress(rows))
    return picture.SIGNATURE + chunks + make_chunk(b"IEND", b"")


ROWS = (b"\x00" + b"\xff" * 6) * 2


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"GIF89a", "is not a PNG"),
        (make_png(ROWS, more=make_chunk(b"tEXt", b"a name")), "lacks the chunk IDAT"),
        (make_png(ROWS) + b"x", "three chunks"),
        (make_png(ROWS, struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0)), "8-bit RGB"),
        (make_png(b"\x01" + ROWS[1:]), "filtered"),
        (make_png(ROWS + b"\x00"), "as many pixels"),
        (make_png(ROWS[:-1]), "as many pixels"),
        (make_png(ROWS, struct.pack(">IIBBBBB", 2**31, 2**31, 8, 2, 0, 0, 0)), "too large"),
        (make_png(ROWS)[:-20], "lacks the chunk"),
        (make_png(ROWS).replace(b"IDAT", b"IDAt"), "lacks the chunk"),
    ],
)
def test_a_png_written_in_any_other_way_is_refused(data, sentence):
    assert picture.parse_png(make_png(ROWS)) == (2, 2, b"\xff" * 12)
    with pytest.raises(errors.Refused, match=sentence):
        picture.parse_png(data)


def test_a_png_that_unpacks_to_more_than_its_size_is_refused_without_unpacking_it():
    with pytest.raises(errors.Refused, match="as many pixels"):
        picture.parse_png(make_png(bytes(50_000_000)))

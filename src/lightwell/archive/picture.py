"""A page's picture as a PNG of its open patches and nothing else, and the patches cut out of it again.

The PNG (W3C PNG, third edition) is written in one way only: 8-bit RGB, filter 0 in every row, one
IDAT chunk, no other chunk, so that a reader needs zlib and nothing to trust. A sealed channel value s
(upper four bits) is shown as s + s/16, so that sealed white is white. What no open patch covers is
white, and the reader refuses anything else there, because no commitment vouches for it.

Rendering pages and lossy or smaller pictures for viewers: not here.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence

from lightwell.archive import page
from lightwell.base import errors

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_PIXELS = 200_000_000
WHITE = 255

# Byte by byte, for `bytes.translate`: sealed to shown and back.
_SEALED = bytes(value & page.CHANNEL_MASK for value in range(256))
_SHOWN = bytes(value | value >> 4 for value in _SEALED)
_TAIL = b"\x08\x02\x00\x00\x00"  # 8 bits, RGB, deflate, adaptive filters, no interlace
_HEADER_LENGTH = 13


def encode_picture(head: page.Head, patches: Sequence[bytes | None]) -> bytes:
    """Write the picture of a page, hidden patches (None) white; inverse of `decode_patches`."""
    return format_png(head.width, head.height, compose_pixels(head, patches))


def decode_patches(data: bytes, head: page.Head, hidden: Collection[int] = ()) -> tuple[bytes | None, ...]:
    """Cut the sealed bytes of every patch but the `hidden` ones out of a picture.

    Raises `Refused` when the PNG is not written in the one way, has another size than the head, or shows
    anything outside the open patches.
    """
    width, height, pixels = parse_png(data)
    if (width, height) != (head.width, head.height):
        raise errors.Refused(
            f"the picture of page {head.number} is {width} x {height} pixels, its head says "
            f"{head.width} x {head.height}"
        )
    return cut_open_patches(pixels, head, hidden)


def cut_open_patches(
    pixels: bytes, head: page.Head, hidden: Collection[int] = ()
) -> tuple[bytes | None, ...]:
    """Cut the sealed bytes of every patch but the `hidden` ones out of RGB rows that are white elsewhere.

    Raises `Refused` when something stands where nothing was sealed or opened.
    """
    closed = set(hidden)
    patches = tuple(
        None if k in closed else _cut_patch(pixels, head.width, box).translate(_SEALED)
        for k, box in enumerate(page.list_patch_boxes(head))
    )
    if compose_pixels(head, patches) != pixels:
        raise errors.Refused(
            f"the picture of page {head.number} shows something that was not sealed, or not opened"
        )
    return patches


def compose_pixels(head: page.Head, patches: Sequence[bytes | None]) -> bytearray:
    """Lay the open patches on a white page; RGB rows without padding."""
    boxes = page.list_patch_boxes(head)
    if len(boxes) != len(patches):
        raise errors.Refused(f"page {head.number} has {len(boxes)} patches, not {len(patches)}")
    _check_size(head.width, head.height)
    stride = head.width * page.BYTES_PER_PIXEL
    pixels = bytearray([WHITE]) * (stride * head.height)
    for (left, top, right, bottom), patch in zip(boxes, patches, strict=True):
        length = (right - left) * page.BYTES_PER_PIXEL
        if patch is None:
            continue
        if len(patch) != length * (bottom - top):
            raise errors.Refused("a patch does not have the bytes its box needs")
        shown, start = patch.translate(_SHOWN), left * page.BYTES_PER_PIXEL
        for row in range(bottom - top):
            at = (top + row) * stride + start
            pixels[at : at + length] = shown[row * length : (row + 1) * length]
    return pixels


def format_png(width: int, height: int, pixels: bytes | bytearray) -> bytes:
    """Write RGB rows as a PNG; inverse of `parse_png`."""
    _check_size(width, height)
    stride = width * page.BYTES_PER_PIXEL
    if len(pixels) != stride * height:
        raise errors.Refused("the picture does not have the bytes its size needs")
    rows = b"".join(b"\x00" + pixels[at : at + stride] for at in range(0, len(pixels), stride))
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + _TAIL
    return (
        SIGNATURE
        + _format_chunk(b"IHDR", header)
        + _format_chunk(b"IDAT", zlib.compress(rows, 9))
        + _format_chunk(b"IEND", b"")
    )


def parse_png(data: bytes) -> tuple[int, int, bytes]:
    """Read width, height and RGB rows; `Refused` unless the PNG is written in the one way."""
    if not data.startswith(SIGNATURE):
        raise errors.Refused("the picture is not a PNG")
    header, at = _parse_chunk(data, len(SIGNATURE), b"IHDR")
    packed, at = _parse_chunk(data, at, b"IDAT")
    end, at = _parse_chunk(data, at, b"IEND")
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    if len(header) != _HEADER_LENGTH or header[8:] != _TAIL or end or at != len(data):
        raise errors.Refused("the picture is not an 8-bit RGB PNG of three chunks")
    _check_size(width, height)
    stride = width * page.BYTES_PER_PIXEL + 1
    reader = zlib.decompressobj()
    try:
        # One byte more than belongs there, so that a picture that goes on is noticed and never unpacked.
        rows = reader.decompress(packed, stride * height + 1)
    except zlib.error:
        raise errors.Refused("the picture cannot be unpacked") from None
    if len(rows) != stride * height or not reader.eof or reader.unused_data:
        raise errors.Refused("the picture does not hold as many pixels as its size needs")
    if any(rows[::stride]):
        raise errors.Refused("a row of the picture is filtered, which this format does not allow")
    return width, height, b"".join(rows[at + 1 : at + stride] for at in range(0, len(rows), stride))


def _cut_patch(pixels: bytes, width: int, box: tuple[int, int, int, int]) -> bytes:
    left, top, right, bottom = box
    stride = width * page.BYTES_PER_PIXEL
    start, length = left * page.BYTES_PER_PIXEL, (right - left) * page.BYTES_PER_PIXEL
    return b"".join(
        pixels[row * stride + start : row * stride + start + length] for row in range(top, bottom)
    )


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise errors.Refused(f"a picture of {width} x {height} pixels is impossible or too large")


def _format_chunk(name: bytes, body: bytes) -> bytes:
    check = zlib.crc32(name + body)
    return len(body).to_bytes(4, "big") + name + body + check.to_bytes(4, "big")


def _parse_chunk(data: bytes, at: int, name: bytes) -> tuple[bytes, int]:
    end = at + 12 + int.from_bytes(data[at : at + 4], "big")
    if data[at + 4 : at + 8] != name or end > len(data):
        raise errors.Refused(f"the picture lacks the chunk {name.decode()} in its place")
    if zlib.crc32(data[at + 4 : end - 4]).to_bytes(4, "big") != data[end - 4 : end]:
        raise errors.Refused("a chunk of the picture is damaged")
    return data[at + 8 : end - 4], end

"""The seal of a document and its openings; written from docs/reference/seal.md and bundle.md alone.

Part of the second verifier: salts from seeds, page roots, partial openings, the strict PNG. Raises
`ValueError` with a sentence; the caller knows the place.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable

import trees

JSON = object
Node = tuple[bool, bytes]  # a seed of an open run, or the hash of a hidden one
COLUMNS, MAX_BANDS = 4, 50


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def derive(secret: bytes, label: str) -> bytes:
    return digest(b"lightwell.derive.v1\n" + label.encode() + b"\n" + secret)


def derive_children(seed: bytes) -> tuple[bytes, bytes]:
    return digest(b"lightwell.ggm.v1\n\x00" + seed), digest(b"lightwell.ggm.v1\n\x01" + seed)


def derive_salts(seed: bytes, count: int) -> list[bytes]:
    if count < 2:
        return [seed] * count
    left, right = derive_children(seed)
    cut = trees.split(count)
    return derive_salts(left, cut) + derive_salts(right, count - cut)


def hash_part(tag: str, salt: bytes, content: bytes) -> bytes:
    return digest(b"\x00lightwell." + tag.encode() + b".v1\n" + salt + content)


def encode(value: JSON) -> bytes:
    """The canonical bytes of JSON without fractions, keys in plain ASCII order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def is_count(value: JSON, least: int = 0) -> bool:
    return type(value) is int and value >= least


def check_head(head: JSON, number: int) -> None:
    """Refuse a head that is not of this version or whose bands overlap or leave the page."""
    names = {"bands", "columns", "dpi", "height", "lines", "page", "width"}
    if not isinstance(head, dict) or set(head) != names or (head["columns"], head["dpi"]) != (COLUMNS, 110):
        raise ValueError("the head of the page is not one of this version")
    if head["page"] != number or not (is_count(head["width"], 1) and is_count(head["height"], 1)):
        raise ValueError("the head of the page has impossible measures")
    if not is_count(head["lines"]) or not isinstance(head["bands"], list) or len(head["bands"]) > MAX_BANDS:
        raise ValueError("the head of the page counts impossible parts")
    edge = 0
    for band in head["bands"]:
        if not isinstance(band, list) or len(band) != 2 or not all(is_count(y) for y in band):
            raise ValueError("a band is two rows")
        if not edge <= band[0] < band[1] <= head["height"]:
            raise ValueError("the bands of the page overlap or leave it")
        edge = band[1]


def encode_line(line: JSON) -> bytes:
    for word in line if isinstance(line, list) else [None]:
        if not isinstance(word, list) or len(word) != 5 or not isinstance(word[0], str):
            raise ValueError("a line is a list of words, each a text and four whole numbers")
        if not all(type(edge) is int for edge in word[1:]):
            raise ValueError("a line is a list of words, each a text and four whole numbers")
    return encode(line)


def list_boxes(head: dict) -> list[tuple[int, int, int, int]]:
    edges = [head["width"] * k // COLUMNS for k in range(COLUMNS + 1)]
    return [(edges[k], top, edges[k + 1], bottom) for top, bottom in head["bands"] for k in range(COLUMNS)]


def hash_patch(salt: bytes, box: tuple[int, int, int, int], pixels: bytes) -> bytes:
    left, top, right, bottom = box
    measures = (right - left).to_bytes(4, "big") + (bottom - top).to_bytes(4, "big")
    return hash_part("patch", salt, measures + pixels)


def join_page(head_leaf: bytes, lines_root: bytes, patches_root: bytes) -> bytes:
    return digest(b"lightwell.page.v1\n" + head_leaf + lines_root + patches_root)


def compute_page_root(seed: bytes, head: dict, lines: list, patches_root: bytes) -> tuple[bytes, list[bytes]]:
    """Root and line leaves of a page that is open whole; its patches are taken by their root."""
    salts = derive_salts(derive(seed, "lines"), head["lines"])
    if len(lines) != head["lines"]:
        raise ValueError("the page does not hold the lines its head counts")
    leaves = [hash_part("line", salt, encode_line(line)) for salt, line in zip(salts, lines, strict=True)]
    head_leaf = hash_part("head", derive(seed, "head"), encode(head))
    return join_page(head_leaf, trees.compute_root(leaves), patches_root), leaves


def compute_partial_root(
    nodes: list[Node], count: int, hidden: set[int], leaf: Callable[[int, bytes], bytes]
) -> bytes:
    """The root under an opening in part: preorder, one seed for an open run, one hash for a hidden one."""
    rest = list(nodes)

    def walk(start: int, stop: int) -> bytes:
        inside = [k for k in range(start, stop) if k in hidden]
        if inside and len(inside) < stop - start:
            middle = start + trees.split(stop - start)
            left = walk(start, middle)
            return trees.hash_pair(left, walk(middle, stop))
        if not rest:
            raise ValueError("the proof has too few nodes")
        is_seed, value = rest.pop(0)
        if is_seed == bool(inside):
            raise ValueError("the proof confuses a seed with a hash")
        if inside:
            return value
        salts = derive_salts(value, stop - start)
        return trees.compute_root([leaf(start + k, salt) for k, salt in enumerate(salts)])

    root = walk(0, count) if count else trees.EMPTY
    if rest:
        raise ValueError("the proof has nodes left over")
    return root


def climb(root: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root of `size` pages from one of them and its audit path, lowest sibling first."""

    def walk(index: int, size: int, rest: list[bytes]) -> bytes:
        if size == 1:
            if rest:
                raise ValueError("the path of the page is too long")
            return root
        if not rest:
            raise ValueError("the path of the page is too short")
        cut = trees.split(size)
        if index < cut:
            return trees.hash_pair(walk(index, cut, rest[:-1]), rest[-1])
        return trees.hash_pair(rest[-1], walk(index - cut, size - cut, rest[:-1]))

    if not 0 <= index < size:
        raise ValueError("there is no such page")
    return walk(index, size, path)


def join_item(header_leaf: bytes, file_leaf: bytes, pages_root: bytes) -> bytes:
    return digest(b"lightwell.item.v1\n" + header_leaf + file_leaf + pages_root)


def encode_header(study: str, item: int, pages: int | None, renderer: str) -> bytes:
    return encode({"item": item, "pages": pages, "renderer": renderer, "study": study})


def hash_file(salt: bytes, sha256: bytes, size: int) -> bytes:
    return hash_part("file", salt, sha256 + size.to_bytes(8, "big"))


def read_picture(data: bytes, width: int, height: int) -> bytes:
    """The RGB rows of a PNG written in the one way allowed: 8-bit RGB, no filter, one IDAT, nothing else."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("the picture is not a PNG")
    chunks, at = [], 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        body = data[at + 4 : at + 8 + length]
        check = data[at + 8 + length : at + 12 + length]
        if len(body) != length + 4 or zlib.crc32(body).to_bytes(4, "big") != check:
            raise ValueError("a chunk of the picture is damaged")
        chunks.append((body[:4], body[4:]))
        at += 12 + length
    ihdr = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    if [name for name, _ in chunks] != [b"IHDR", b"IDAT", b"IEND"] or chunks[0][1] != ihdr or chunks[2][1]:
        raise ValueError("the picture is not written in the one way allowed")
    reader, stride = zlib.decompressobj(), width * 3 + 1
    try:
        raw = reader.decompress(chunks[1][1], stride * height + 1)
    except zlib.error:
        raise ValueError("the picture cannot be unpacked") from None
    if len(raw) != stride * height or not reader.eof or reader.unused_data:
        raise ValueError("the picture does not have the size its page has")
    if any(raw[::stride]):
        raise ValueError("a row of the picture is filtered")
    return b"".join(raw[row * stride + 1 : (row + 1) * stride] for row in range(height))


def cut_patches(pixels: bytes, head: dict) -> list[bytes]:
    """The pixels of each patch, in page order."""
    stride = head["width"] * 3
    return [
        b"".join(pixels[y * stride + left * 3 : y * stride + right * 3] for y in range(top, bottom))
        for left, top, right, bottom in list_boxes(head)
    ]

"""Openings of one page: everything, or everything that no redaction touches, held against the seal.

A page opens with the head of the page, its visible lines and patches, and a proof: seeds of visible
runs, hashes of hidden runs, the path to the commitment. A hidden line hides the whole width of its
bands (`cover_lines`), so that the proof has one size and shape however wide the hidden words are.

What it proves: the parts match what was sealed. Not that the sealed parts came from the file.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from lightwell.archive import commitment, page, seal
from lightwell.archive.commitment import Node
from lightwell.base import errors
from lightwell.tlog import tree

MARK_BYTES = 4


@dataclass(frozen=True, slots=True)
class PageProof:
    """What stands beside the visible parts of one page.

    `head_salt` opens the head; `line_nodes` and `patch_nodes` open or hide the parts; `path` leads to
    the root of the pages; `header_salt` and `file_hash` complete the commitment of the item. `marks`
    (4 bytes a line, zero where hidden) prove nothing: they only let a refusal name the changed line.
    """

    head_salt: bytes
    line_nodes: tuple[Node, ...]
    patch_nodes: tuple[Node, ...]
    path: tuple[bytes, ...]
    header_salt: bytes
    file_hash: bytes
    marks: bytes


@dataclass(frozen=True, slots=True)
class PageOpening:
    """A page as shown: hidden lines and patches stand as None in their places."""

    head: page.Head
    lines: tuple[page.Line | None, ...]
    patches: tuple[bytes | None, ...]
    proof: PageProof

    def __post_init__(self) -> None:
        if len(self.lines) != self.head.lines or len(self.patches) != self.head.patches:
            raise errors.Refused(f"page {self.head.number} does not hold the places its head counts")


def cover_lines(parts: page.Parts, lines: Collection[int]) -> set[int]:
    """List the patches to hide with the given lines (from 0): each band that one of them touches."""
    covered: set[int] = set()
    for position in lines:
        for word in parts.lines[position]:
            _, top, _, bottom = word.box
            for band, (band_top, band_bottom) in enumerate(parts.head.bands):
                if top < band_bottom and bottom > band_top:
                    covered.update(range(band * page.COLUMNS, (band + 1) * page.COLUMNS))
    return covered


def open_page(
    key: bytes,
    header: seal.Header,
    measure: seal.FileMeasure,
    page_roots: list[bytes],
    parts: page.Parts,
    hidden_lines: Collection[int] = (),
    hidden_patches: Collection[int] = (),
) -> PageOpening:
    """Open one page of a sealed item but for the hidden positions (from 0); inverse check: `check_page`."""
    number = parts.head.number
    seed = seal.derive_page_seed(key, len(page_roots), number)
    line_hashes = page.hash_lines(seed, parts.lines)
    patch_hashes = page.hash_patches(seed, parts.head, parts.patches)
    derive = commitment.derive_secret
    proof = PageProof(
        head_salt=derive(seed, "head"),
        line_nodes=tuple(commitment.prove_partial(derive(seed, "lines"), line_hashes, hidden_lines)),
        patch_nodes=tuple(commitment.prove_partial(derive(seed, "patches"), patch_hashes, hidden_patches)),
        path=tuple(tree.prove_inclusion(page_roots, number - 1, len(page_roots))),
        header_salt=derive(key, "header"),
        file_hash=seal.hash_file(derive(key, "file"), measure),
        marks=b"".join(
            bytes(MARK_BYTES) if k in hidden_lines else line_hash[:MARK_BYTES]
            for k, line_hash in enumerate(line_hashes)
        ),
    )
    return PageOpening(
        parts.head,
        tuple(None if k in hidden_lines else line for k, line in enumerate(parts.lines)),
        tuple(None if k in hidden_patches else patch for k, patch in enumerate(parts.patches)),
        proof,
    )


def forget_lines(opening: PageOpening) -> PageOpening:
    """Keep of a page's lines which are open, but not their words, for a record that does not name them."""
    return replace(opening, lines=tuple(None if line is None else () for line in opening.lines))


def forget_patches(opening: PageOpening) -> PageOpening:
    """Keep of a page's patches which are open, but not their pixels: megabytes that no record names."""
    return replace(opening, patches=tuple(None if patch is None else b"" for patch in opening.patches))


def check_page(opening: PageOpening, header: seal.Header, sealed: bytes) -> None:
    """Check a page against the commitment of its item, whose public header binds number and page count.

    Raises `Refused` naming the page and, where the marks allow it, the changed line.
    """
    number = opening.head.number
    hidden_lines = {k for k, line in enumerate(opening.lines) if line is None}
    hidden_patches = {k for k, patch in enumerate(opening.patches) if patch is None}
    boxes = page.list_patch_boxes(opening.head)
    changed: list[int] = []

    def hash_line(position: int, salt: bytes) -> bytes:
        line_hash = page.hash_line(salt, opening.lines[position] or ())
        if line_hash[:MARK_BYTES] != opening.proof.marks[position * MARK_BYTES :][:MARK_BYTES]:
            changed.append(position)
        return line_hash

    def hash_patch(position: int, salt: bytes) -> bytes:
        return page.hash_patch(salt, boxes[position], opening.patches[position] or b"")

    proof = opening.proof
    root = page.join_root(
        commitment.hash_salted("head", proof.head_salt, page.encode_head(opening.head)),
        commitment.compute_partial_root(proof.line_nodes, opening.head.lines, hidden_lines, hash_line),
        commitment.compute_partial_root(proof.patch_nodes, opening.head.patches, hidden_patches, hash_patch),
    )
    pages_root = _climb(root, number - 1, header.pages or 0, proof.path)
    header_hash = commitment.hash_salted("header", proof.header_salt, seal.encode_header(header))
    if seal.join_commitment(header_hash, proof.file_hash, pages_root) != sealed:
        place = f", line {changed[0] + 1}," if changed else ""
        raise errors.Refused(f"page {number}{place} does not match what was sealed")


def parse_marks(text: str, lines: int) -> bytes:
    """Read the marks of a page from hex; `Refused` unless there are `MARK_BYTES` for each of its lines."""
    if not re.fullmatch(f"[0-9a-f]{{{2 * MARK_BYTES * lines}}}", text):
        raise errors.Refused("the marks of a page have 8 hex digits a line")
    return bytes.fromhex(text)


def count_proof_bytes(proof: PageProof) -> int:
    """Count the bytes of a proof in binary form: 32 for each seed, hash or salt, and the marks."""
    nodes = len(proof.line_nodes) + len(proof.patch_nodes)
    return commitment.SECRET_BYTES * (3 + nodes + len(proof.path)) + len(proof.marks)


def _climb(root: bytes, index: int, size: int, path: tuple[bytes, ...]) -> bytes:
    if not 0 <= index < size:
        raise errors.Refused(f"page {index + 1} does not exist; the item has {size} pages")
    here, rest, count = [], list(path), size
    while count > 1:
        left = tree.split_size(count)
        right = index >= left
        here.append(right)
        index, count = (index - left, count - left) if right else (index, left)
    if len(rest) != len(here):
        raise errors.Refused("the path of the page has the wrong length")
    for right, sibling in zip(reversed(here), rest, strict=True):
        root = tree.hash_children(sibling, root) if right else tree.hash_children(root, sibling)
    return root

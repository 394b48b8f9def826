"""The seal of one item: one 32-byte commitment to its header, its original bytes and each of its pages.

commitment = SHA-256("lightwell.item.v1\\n" + header hash + file hash + pages root). The header binds
the study, the item's number and the renderer, so that one seal cannot serve for two numbers. An
item without pages that could be read is sealed with an empty page tree and `pages` null.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from lightwell.archive import commitment
from lightwell.base import canonical, errors
from lightwell.tlog import tree

_ITEM = b"lightwell.item.v1\n"


@dataclass(frozen=True, slots=True)
class Header:
    """What an item is bound to: study id, number (from 1), page count or None, name of the renderer."""

    study: str
    number: int
    pages: int | None
    renderer: str

    def __post_init__(self) -> None:
        if self.number < 1 or (self.pages is not None and self.pages < 1):
            raise errors.Refused(f"item {self.number} of {self.study} has an impossible number or page count")


@dataclass(frozen=True, slots=True)
class FileMeasure:
    """The original bytes as measured: SHA-256 (32 bytes) and size in bytes."""

    digest: bytes
    size: int


def encode_header(header: Header) -> bytes:
    """Write a header as canonical JSON."""
    return canonical.encode(
        {"item": header.number, "pages": header.pages, "renderer": header.renderer, "study": header.study}
    )


def derive_page_seed(key: bytes, pages: int, number: int) -> bytes:
    """Derive the seed of page `number` (from 1) from the item's key."""
    return commitment.derive_salt(commitment.derive_secret(key, "pages"), pages, number - 1)


def derive_page_seeds(key: bytes, pages: int) -> list[bytes]:
    """Derive the seeds of all pages, in order, from the item's key."""
    return commitment.derive_salts(commitment.derive_secret(key, "pages"), pages)


def hash_header(key: bytes, header: Header) -> bytes:
    """Hash a header with the salt that the item's key gives it."""
    return commitment.hash_salted("header", commitment.derive_secret(key, "header"), encode_header(header))


def hash_file(salt: bytes, measure: FileMeasure) -> bytes:
    """Hash the measure of the original bytes with its salt, which is `derive_secret(key, "file")`."""
    return commitment.hash_salted("file", salt, measure.digest + measure.size.to_bytes(8, "big"))


def join_commitment(header_hash: bytes, file_hash: bytes, pages_root: bytes) -> bytes:
    """Join the three parts of an item into the commitment that stands in the log."""
    return hashlib.sha256(_ITEM + header_hash + file_hash + pages_root).digest()


def compute_commitment(key: bytes, header: Header, measure: FileMeasure, page_roots: list[bytes]) -> bytes:
    """Compute the commitment of an item from its key and everything it seals."""
    if len(page_roots) != (header.pages or 0):
        raise errors.Refused(f"item {header.number}: {len(page_roots)} pages read, {header.pages} declared")
    file_hash = hash_file(commitment.derive_secret(key, "file"), measure)
    return join_commitment(hash_header(key, header), file_hash, tree.compute_root(page_roots))

"""The proof of one page as a record: what a reader takes away to check it without a bundle.

`make_page_proof` writes it, `parse_page_proof` reads one back at the border and refuses what is malformed.
Whether it leads to a signed checkpoint is asked in `client/proofs`. The format: docs/reference/bundle.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from lightwell.archive import opening as openings
from lightwell.archive import release, seal
from lightwell.base import errors
from lightwell.base.canonical import Json

PAGE_PROOF = "lightwell.page-proof.v1"


@dataclass(frozen=True, slots=True)
class PageProof:
    """One page and what leads from it to a signed checkpoint; `png` is None where no patch is open."""

    entry: dict[str, Json]
    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    header: seal.Header
    page: release.OpenPage
    png: bytes | None


def make_page_proof(
    *,
    entry: dict[str, Json],
    index: int,
    path: Sequence[bytes],
    checkpoint: str,
    header: seal.Header,
    page: openings.PageOpening,
    png: bytes | None,
) -> dict[str, Json]:
    """Write the proof of one page, to be checked without a bundle; inverse of `parse_page_proof`.

    `entry` is the item's log entry at `index`, `path` its inclusion proof in the signed `checkpoint`.
    """
    name = None if png is None else hashlib.sha256(png).hexdigest()
    return {
        "type": PAGE_PROOF,
        "entry": entry,
        "index": index,
        "path": [node.hex() for node in path],
        "checkpoint": checkpoint,
        "header": {
            "pages": header.pages,
            "renderer": header.renderer,
            "salt": page.proof.header_salt.hex(),
        },
        "file_hash": page.proof.file_hash.hex(),
        "page": release.format_page(page, name),
        "png": None if png is None else base64.b64encode(png).decode(),
    }


def parse_page_proof(record: Json) -> PageProof:
    """Read the proof of one page; `Refused` says what is malformed. Nothing in it is trusted yet."""
    match record:
        case {
            "type": "lightwell.page-proof.v1",
            "entry": {"study": str(study), "item": int(item)} as entry,
            "index": int(index),
            "path": list(path),
            "checkpoint": str(checkpoint),
            "header": {"pages": int(count), "renderer": str(renderer), "salt": salt, **more},
            "file_hash": file_hash,
            "page": shown,
            "png": None | str() as png,
            **rest,
        } if not (rest or more):
            return PageProof(
                entry,
                index,
                tuple(release.parse_hex(node) for node in path),
                checkpoint,
                seal.Header(study, release.parse_count(item), release.parse_count(count), renderer),
                release.parse_page(shown, release.parse_hex(salt), release.parse_hex(file_hash)),
                None if png is None else _parse_base64(png),
            )
    raise errors.Refused("this is not the proof of a page of a form that is known here")


def _parse_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise errors.Refused("the picture of the proof is not base64") from None

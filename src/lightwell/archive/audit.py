"""Audits of the seal: which pages somebody draws again from the originals, and what came of it.

Outsiders cannot know that sealed parts came from the sealed file, because the file may be hidden. Somebody
independent who may see it draws some pages again and has the result logged. Nobody chooses which: the
sample follows from the root of a signed checkpoint that was there before (`choose_pages`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

PREFIX = b"lightwell.audit.v1\n"
# Whose copies of the originals were drawn: the custodian's own, or those that the archive keeps sealed.
OWN, ARCHIVE = "own-copies", "archive"


def choose_pages(
    study: str, checkpoint_root: bytes, pages: Sequence[tuple[int, int]], count: int
) -> list[tuple[int, int]]:
    """Choose at most `count` of the (item, page) of a study by a hash that nobody foresees; in order."""

    def rank(place: tuple[int, int]) -> bytes:
        return hashlib.sha256(PREFIX + checkpoint_root + f"{study}/{place[0]}/{place[1]}".encode()).digest()

    return sorted(sorted(pages, key=rank)[:count])

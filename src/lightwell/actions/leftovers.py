"""What a crash leaves in the store, and what should have gone: found by the worker and removed.

Bytes are put before the rows that name them, and go after the rows that named them are gone. A process that
dies in between leaves bytes that nothing names: of a publication that never came about, of a
document erased by law, of a removed record. No page leads to them; the sweep ends them. Public bytes go at
once while nobody is publishing, sealed ones after an hour, because a draft's files wait for its proposal.

What names public bytes: every opening there is, every page's picture, every record that can be seen. What
names sealed bytes: any row of documents, records and proposals that holds their digest anywhere.
"""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass
from pathlib import Path

from lightwell.actions import bundles, custody, fingerprints, pictures, readings, tryouts
from lightwell.archive import release
from lightwell.base import canonical, errors
from lightwell.db.models import Disclosure, Item, Opening, Proposal, PublicPage
from lightwell.files import durable, index, occupancy, scratch, sealed, sequencer
from lightwell.files.state import State

SEALED_SECONDS = 3600.0
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Digests of stored bytes that nothing names, by area, and half-written files."""

    public: tuple[str, ...]
    sealed: tuple[str, ...]
    halves: tuple[Path, ...]

    @property
    def count(self) -> int:
        """How many files and rows a sweep would remove; `doctor` names the number."""
        return len(self.public) + len(self.sealed) + len(self.halves)


def find_leftovers(*, state: State) -> Leftovers:
    """Find what a sweep would remove now; somebody's unfinished work may be among it."""
    named_public, named_sealed = _list_public_names(), _list_sealed_names()
    young = time.time() - SEALED_SECONDS
    public = [name for name, _ in state.files.list_names("public") if name not in named_public]
    old = [name for name, put in state.files.list_names("sealed") if name not in named_sealed and put < young]
    halves = [
        path
        for area in ("public", "sealed")
        for path in (state.files.root / area).glob(f"*/*{durable.TEMPORARY}")
    ]
    return Leftovers(tuple(public), tuple(old), tuple(halves))


def sweep_leftovers(*, state: State) -> int:
    """Remove what nothing names, unless somebody is at work; returns how many things went.

    A crash here leaves some of it, which the next sweep removes.
    """
    removed = _sweep_beside(state)
    with occupancy.hold_store(state.root) as alone:
        if not alone:
            return removed
        found = find_leftovers(state=state)
        for path in found.halves:
            path.unlink(missing_ok=True)
        for area, names in (("public", found.public), ("sealed", found.sealed)):
            for name in names:
                state.files.remove_bytes(area, name)
                if area == "public":
                    pictures.forget_pictures(state=state, digest=name)
        removed += found.count + sealed.sweep_leftovers(state.files, least_seconds=0)
        state.files.drop_copies()
        removed += pictures.forget_strangers(state=state, known=_list_public_names())
    if removed:
        # What was erased just before a crash may still stand in the database's own leftovers.
        custody.forget_old_rows()
    return removed


def _sweep_beside(state: State) -> int:
    """Remove halves of tiles, bundles and search indexes, and handed-in copies of what is locked in."""
    removed = bundles.sweep_leftovers(state=state) + readings.sweep_sealed(state=state)
    removed += fingerprints.sweep_leftovers(state=state) + scratch.sweep_scratch(state.files.root)
    removed += index.open_folder(state.index).sweep_leftovers() + tryouts.sweep_dummies(state)
    with contextlib.suppress(errors.Refused), sequencer.hold_lock(state.root, 0):
        removed += state.tiles.remove_leftovers()
    return removed


def _list_public_names() -> set[str]:
    names = set(PublicPage.objects.exclude(picture="").values_list("picture", flat=True))
    for row in Opening.objects.select_related("item").iterator(chunk_size=200):
        opened = release.parse_opening(canonical.decode(bytes(row.data)))
        names |= {digest for _, digest in opened.list_files()}
        # The PDF made of a file of another format is public beside it; no opening names it.
        names |= {row.item.copy_sha256} if row.whole else set()
    for record in Disclosure.objects.visible().iterator(chunk_size=200):
        names |= {each.digest for each in record.read_record().attachments}
    return {name.removeprefix("sha256:") for name in names}


def _list_sealed_names() -> set[str]:
    stored = Item.objects.values_list("sealed_file", "sealed_parts", "sealed_copy")
    names = {name for row in stored for name in row}
    for data, full in Disclosure.objects.values_list("data", "full").iterator(chunk_size=200):
        names |= _find_digests(bytes(data or b"").decode(), full)
    for payload in Proposal.objects.values_list("payload", flat=True).iterator(chunk_size=200):
        names |= _find_digests(payload)
    return names


def _find_digests(*values: object) -> set[str]:
    return set(_DIGEST.findall(" ".join(map(str, values))))

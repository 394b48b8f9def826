"""Auditing a seal: pages drawn again from the originals by somebody independent, and the result logged.

What was made of a file of another format, or read by a machine from a picture, is made and read again by the
same programs behind the same fence. Where other programs or versions are installed here than those that the
seal names, or the original is not there, pages are counted as not compared, never as agreeing, and the reason
is told document by document. A converted page that is drawn otherwise, with the same words in the whole
document, was set with other fonts and is not compared either; other words are a difference. What was drawn is
thrown away. Which pages: `archive/audit`.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction

from lightwell.actions import inventories, log, organisations
from lightwell.archive import audit, entry
from lightwell.base import errors
from lightwell.db.models import Checkpoint, Item, Person, Study
from lightwell.files import conversion, parts, printing, recognition, sealed, store, workers
from lightwell.files import folder as folders
from lightwell.files.state import State
from lightwell.tlog import checkpoint as checkpoints

DEFAULT_PAGES = 50


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an audit: pages chosen, those that agreed, those that differ as (item, page), the others.

    `missing` could not be compared; `reasons` say of which document how many pages, and why.
    """

    study: str
    sampled: int
    agreed: int
    differing: tuple[tuple[int, int], ...]
    missing: int
    log_index: int
    reasons: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What was drawn again of one document: roots by page, and why not more."""

    roots: Mapping[int, bytes] = field(default_factory=dict)
    reason: str = ""


def audit_seal(
    *, state: State, actor: Person, study: Study, count: int = DEFAULT_PAGES, folder: Path | None = None
) -> Result:
    """Draw `count` pages again and log what came of it, agreeing or not.

    With a folder the originals are the auditor's own copies, found by their digest; else those that the
    archive keeps. Raises `Refused` without the permission or before anything is signed and locked in.
    """
    organisations.check_owner(actor, "audit", organisations.find_owner(study.id))
    newest = Checkpoint.objects.order_by("-size").first()
    items = {
        item.number: item
        for item in inventories.list_items(study)
        if item.read and item.pages and item.wrapped_key is not None
    }
    if newest is None or not items:
        raise errors.Refused(f"nothing of {study.id} is locked in and signed for that could be drawn again")
    signed = checkpoints.parse_checkpoint(newest.text.rpartition("\n\n")[0] + "\n")
    places = [(item.number, page) for item in items.values() for page in range(1, (item.pages or 0) + 1)]
    chosen = audit.choose_pages(study.id, signed.root, places, count)
    wanted: defaultdict[int, list[int]] = defaultdict(list)
    for number, page in chosen:
        wanted[number].append(page)
    known = _list_copies(folder) if folder else {}
    agreed, missing = 0, 0
    differing: list[tuple[int, int]] = []
    reasons: list[tuple[int, int, str]] = []
    with workers.Pool(1) as pool:
        for number, pages in wanted.items():
            drawn = _draw_again(state, items[number], pages, known if folder else None, pool)
            roots = inventories.read_page_roots(items[number])
            same = sum(drawn.roots.get(page) == roots[page - 1] for page in pages)
            others = [page for page in pages if drawn.roots.get(page) != roots[page - 1]]
            agreed += same
            if drawn.reason and others:
                missing += len(others)
                reasons.append((number, len(others), drawn.reason))
            else:
                differing += [(number, page) for page in others]
    now = state.read_now()
    with transaction.atomic():
        made = entry.make_audit(
            now,
            study.id,
            sampled=len(chosen),
            agreed=agreed,
            missing=missing,
            originals=audit.OWN if folder else audit.ARCHIVE,
            size=newest.size,
            decided_by="auditor",
        )
        (index,) = log.append(entries=[made])
    return Result(study.id, len(chosen), agreed, tuple(differing), missing, index, tuple(reasons))


def _draw_again(
    state: State, item: Item, pages: list[int], known: Mapping[str, Path] | None, pool: workers.Pool
) -> _Drawn:
    """Draw pages of one item again; a page without a root there differs, unless a reason is told."""
    key = inventories.unwrap_item_key(state, item)
    with (
        _open_original(state, item, key, known) as path,
        tempfile.TemporaryDirectory(prefix="lightwell-audit-") as name,
    ):
        if path is None:
            return _Drawn(reason=_NO_ORIGINAL if known is None else _NO_COPY)
        task = {
            "do": "roots",
            "path": str(path),
            "key": key.hex(),
            "pages": item.pages,
            "numbers": pages,
            "recognise": recognition.MARK in item.renderer,
            "turns": recognition.TURNED in item.renderer,
            "all_words": False,
            "scratch": name,
        }
        if printing.may_be_office(path):
            printed = printing.print_files({0: path}, pool, Path(name)).get(0)
            if isinstance(printed, conversion.Printed | conversion.Lack):
                task["printed"] = conversion.format_printed(printed)
            elif printed is not None:
                return _Drawn(reason=_explain(printed))
        (outcome,) = pool.run([task])
        if not isinstance(outcome, dict):
            return _Drawn(reason=_explain(outcome))
        if "lack" in outcome:
            return _Drawn(reason=f"not installed here: {outcome['lack']}")
        if (here := " + ".join(outcome["made_by"])) != item.renderer:
            return _Drawn(reason=f"sealed with {item.renderer}; installed here is {here}")
        found = {int(number): bytes.fromhex(root) for number, root in outcome["roots"]}
        roots = inventories.read_page_roots(item)
        # A PDF is drawn alike by the same renderer everywhere; what is set here depends on the fonts.
        if item.sealed_copy and any(found.get(page) != roots[page - 1] for page in pages):
            (again,) = pool.run([{**task, "all_words": True}])
            if isinstance(again, dict) and again.get("words") == _digest_words(state, item, key):
                return _Drawn(found, _OTHER_FONTS)
        return _Drawn(found)


_NO_ORIGINAL = "the archive has no original of it that is the sealed one"
_NO_COPY = "no file of the folder is the sealed one, by its digest"
_OTHER_FONTS = (
    "made into pages anew it has the same words and another look, as with other fonts on this computer"
)


def _explain(outcome: workers.Fault | workers.Mistake) -> str:
    if isinstance(outcome, workers.Fault):
        return outcome.sentence
    return "; ".join(each.sentence for each in outcome.problems)


def _digest_words(state: State, item: Item, key: bytes) -> str:
    words = hashlib.sha256()
    for each in parts.iterate_parts(state.files, key, item.sealed_parts):
        for line in each.lines:
            words.update("".join(f"{word.text} " for word in line).encode())
    return words.hexdigest()


@contextlib.contextmanager
def _open_original(
    state: State, item: Item, key: bytes, known: Mapping[str, Path] | None
) -> Iterator[Path | None]:
    """Open the original of an item, whose digest is the sealed one; None where there is none."""
    if known is not None:
        yield known.get(item.sha256)
        return
    with tempfile.TemporaryDirectory(prefix="lightwell-audit-") as name:
        # Texts are told apart by the end of their names.
        path = Path(name) / f"original{Path(item.file_name).suffix[:12]}"
        path.write_bytes(sealed.read_bytes(state.files, key, item.sealed_file))
        digest, size = store.measure_file(path)
        yield path if (digest.hex(), size) == (item.sha256, item.size) else None


def _list_copies(folder: Path) -> dict[str, Path]:
    """List the files of a folder by their digest."""
    listing = folders.read_folder(folder)
    if listing.problems:
        raise errors.UserMistake(problems=listing.problems)
    return {store.measure_file(folder / name)[0].hex(): folder / name for name in listing.names}

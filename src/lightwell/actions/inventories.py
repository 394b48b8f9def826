"""Sealing an inventory: measure every file, preview what becomes irrevocable, then seal all or nothing.

Measuring is slow and resumable: each measured file is a row without an inventory, its bytes encrypted
in the sealed area. Sealing is one transaction that gives every item its log entry. Killed anywhere and
run again, nothing is done twice and nothing acknowledged is lost. Publishing: `actions/publications`.
"""

from __future__ import annotations

import datetime
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from lightwell.actions import log, organisations
from lightwell.archive import entry, rules, seal
from lightwell.archive import inventory as inventories
from lightwell.base import canonical, errors
from lightwell.base.ground import QUARANTINE
from lightwell.db import claims
from lightwell.db.models import Inventory, Item, Person, Study
from lightwell.files import attachments, conversion, intake, store, tally
from lightwell.files.keys import WrappedKey
from lightwell.files.state import State
from lightwell.tlog import tree

Progress = Callable[[int, int, int], None]  # files done, files in all, pages done
# So many files one of several workers claims at once: enough that starting its readers costs little, and few
# enough that both have something to do until the end.
_LEAST_BATCH, _MOST_BATCH, _SHARES = 4, 64, 16
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Preview:
    """What sealing would make irrevocable; `twins` counts the files whose bytes another one has as well."""

    study: str
    inventory: int
    documents: int
    pages: int
    unread: int
    bytes: int
    earliest_due: datetime.date
    latest_due: datetime.date
    twins: int = 0


def measure_files(
    *,
    state: State,
    study: Study,
    folder: Path,
    rows: Sequence[inventories.Row],
    processes: int = 2,
    progress: Progress | None = None,
) -> None:
    """Read, render and encrypt every file that was not measured yet; safe to kill and run again.

    Raises `UserMistake` with the problem of every file that cannot be sealed; the others stay measured, and
    nothing can be sealed until all are.
    A crash here leaves measured items whole and perhaps encrypted files that no row names.
    """
    Study.objects.filter(pk=study.pk).update(measured=None)
    first = _count_sealed(study) + 1
    offset = first - rows[0].number
    with attachments.open_files(folder, [row.file for row in rows], state.files.root) as paths:
        _measure(state, study, rows, offset, paths, processes, progress)
    Study.objects.filter(pk=study.pk).update(measured=len(rows))


def _measure(
    state: State,
    study: Study,
    rows: Sequence[inventories.Row],
    offset: int,
    paths: Mapping[str, Path],
    processes: int,
    progress: Progress | None,
) -> None:
    problems: list[errors.Problem] = []
    done = pages = 0
    last = rows[0].number + offset + len(rows)
    Item.objects.filter(study=study, inventory=None, number__gte=last).delete()
    waiting = _cut(rows)
    while waiting:
        left = []
        for batch in waiting:
            with claims.hold(_name_batch(study, batch, offset)) as mine:
                if not mine:
                    left.append(batch)
                    continue

                def report(files: int, more: int, before: tuple[int, int] = (done, pages)) -> None:
                    if progress:
                        progress(before[0] + files, len(rows), before[1] + more)

                wrong, found = _measure_batch(state, study, batch, offset, paths, processes, report)
                problems += wrong
                done, pages = done + len(batch), pages + found
        if left and len(left) == len(waiting):
            time.sleep(_PAUSE_SECONDS)
        waiting = left
    if problems:
        raise errors.UserMistake(problems=problems)


def help_measuring(
    *,
    state: State,
    study: Study,
    folder: Path,
    rows: Sequence[inventories.Row],
    go_on: Callable[[], bool],
    processes: int = 1,
) -> int:
    """Measure files of a study that another worker is measuring (`measure_files`); how many were measured.

    Begins at the other end. What is wrong with a file is left to the other one to say, and nothing that it
    measured is touched. Only where workers share one PostgreSQL.
    """
    first = _count_sealed(study) + 1
    offset = first - rows[0].number
    helped = 0
    with attachments.open_files(folder, [row.file for row in rows], state.files.root) as paths:
        for batch in reversed(_cut(rows)):
            with claims.hold(_name_batch(study, batch, offset)) as mine:
                if not go_on():
                    break
                if mine:
                    helped += _help_batch(state, study, batch, offset, paths, processes, first)
    return helped


def _help_batch(
    state: State,
    study: Study,
    batch: Sequence[inventories.Row],
    offset: int,
    paths: Mapping[str, Path],
    processes: int,
    first: int,
) -> int:
    numbers = [row.number + offset for row in batch]
    staged = Item.objects.filter(study=study, inventory=None, number__in=numbers)
    there = set(staged.values_list("number", flat=True))
    todo = [(row, secrets.token_bytes(32)) for row in batch if row.number + offset not in there]
    helped = 0
    for (row, key), result in zip(todo, _take_in(state, todo, paths, processes), strict=True):
        if isinstance(result, errors.UserMistake):
            continue
        item = _make_item(state, study, row, row.number + offset, key, result)
        with transaction.atomic():
            # Locked in meanwhile, the number would be another document's.
            Study.objects.select_for_update().get(pk=study.pk)
            if _count_sealed(study) + 1 == first:
                item.save()
                helped += 1
    return helped


def _cut(rows: Sequence[inventories.Row]) -> list[Sequence[inventories.Row]]:
    """Cut a list into what one worker claims at once; all of it where there is only one."""
    share = min(_MOST_BATCH, max(_LEAST_BATCH, len(rows) // _SHARES))
    step = share if claims.is_shared() else len(rows)
    return [rows[at : at + step] for at in range(0, len(rows), step)]


def _name_batch(study: Study, batch: Sequence[inventories.Row], offset: int) -> str:
    return f"measure {study.pk} {batch[0].number + offset}"


def _take_in(
    state: State,
    todo: Sequence[tuple[inventories.Row, bytes]],
    paths: Mapping[str, Path],
    processes: int,
) -> Iterator[intake.Intake | errors.UserMistake]:
    jobs = [
        intake.Job(
            paths[row.file],
            key,
            row.intent == "publish-unread",
            row.file,
            inventories.is_quarantined(row),
        )
        for row, key in todo
    ]
    return intake.take_in_all(jobs, state.files, processes=processes)


def _measure_batch(
    state: State,
    study: Study,
    rows: Sequence[inventories.Row],
    offset: int,
    paths: Mapping[str, Path],
    processes: int,
    report: Callable[[int, int], None],
) -> tuple[list[errors.Problem], int]:
    """Measure one batch; its problems, and how many pages it has."""
    todo = []
    problems: list[errors.Problem] = []
    done = pages = 0
    for row in rows:
        staged = Item.objects.filter(study=study, number=row.number + offset, inventory=None).first()
        try:
            digest, size = store.measure_file(paths[row.file])
        except OSError as error:
            problems.append(errors.Problem(row.file, f"the file cannot be opened: {error.strerror}"))
            done += 1
            continue
        if staged and _is_measured(state, staged, row, digest.hex(), size):
            _describe_item(staged, row)
            staged.save()
            problems += _list_page_problems(row, staged)
            done, pages = done + 1, pages + (staged.pages or 0)
            continue
        if staged:
            staged.delete()
        todo.append((row, secrets.token_bytes(32)))
    for (row, key), result in zip(todo, _take_in(state, todo, paths, processes), strict=True):
        if isinstance(result, errors.UserMistake):
            problems += result.problems
        else:
            item = _make_item(state, study, row, row.number + offset, key, result)
            problems += _list_page_problems(row, item)
            item.save()
            pages += item.pages or 0
        done += 1
        report(done, pages)
    return problems, pages


def is_measured(study: Study) -> bool:
    """Answer whether every file that was listed is measured, so that the inventory can be sealed."""
    staged = Item.objects.filter(study=study, inventory=None).count()
    return staged > 0 and Study.objects.filter(pk=study.pk, measured=staged).exists()


def preview_seal(*, study: Study) -> Preview:
    """Say what sealing would make irrevocable; `Refused` when nothing or not everything is measured."""
    items = list(Item.objects.filter(study=study, inventory=None))
    if not items:
        raise errors.Refused(f"nothing of {study.id} is measured; run: lightwell seal")
    _check_measured(study)
    return Preview(
        study.id,
        study.inventories.count() + 1,
        len(items),
        sum(item.pages or 0 for item in items),
        sum(not item.read for item in items),
        sum(item.size for item in items),
        min(item.due for item in items),
        max(item.due for item in items),
        _count_twins(study, items),
    )


def seal_inventory(*, actor: Person, study: Study, now: datetime.datetime) -> Inventory:
    """Seal everything that is measured: from now on the number of documents never shrinks.

    One transaction: a crash leaves the items measured and nothing sealed. Raises `Refused`
    without the permission, for another organisation's study, with nothing to seal, or with half a folder;
    `UserMistake` for a promised date that has passed or is too far ahead.
    """
    organisations.check_owner(actor, "seal", organisations.find_owner(study.id))
    with transaction.atomic():
        # The row of the study is the lock: two people sealing at once seal two inventories or are told.
        study = Study.objects.select_for_update().get(pk=study.pk)
        items = list(Item.objects.filter(study=study, inventory=None).order_by("number"))
        if not items:
            raise errors.Refused(f"nothing of {study.id} is measured, or somebody has just sealed it")
        _check_measured(study)
        check_due({item.number: item.due for item in items}, now.date())
        number = study.inventories.count() + 1
        entries = [
            entry.make_item(
                now,
                study.id,
                item.number,
                item.kind,
                item.pages,
                item.read,
                item.due,
                bytes.fromhex(item.commitment),
            )
            for item in items
        ]
        root = tree.compute_root([tree.hash_leaf(canonical.encode(each)) for each in entries])
        places = log.append(entries=[*entries, entry.make_inventory(now, study.id, number, len(items), root)])
        sealed = Inventory.objects.create(
            study=study, number=number, root=root.hex(), log_index=places[-1], sealed_at=now
        )
        for item, place in zip(items, places, strict=False):
            item.inventory, item.log_index = sealed, place
        Item.objects.bulk_update(items, ["inventory", "log_index"])
        Study.objects.filter(pk=study.pk).update(measured=None)
    return sealed


def check_due(dates: Mapping[int, datetime.date], today: datetime.date) -> None:
    """Judge promised dates by the number of their document; `UserMistake` with every problem."""
    problems = [
        errors.Problem(f"document {number}", f"the due date {problem}")
        for number, due in dates.items()
        if (problem := rules.find_promise_problem(due, today))
    ]
    if problems:
        raise errors.UserMistake(problems=problems)


def unwrap_item_key(state: State, item: Item) -> bytes:
    """Recover the key of an item; `Refused` when it was destroyed."""
    if item.wrapped_key is None or item.master is None:
        raise errors.Refused(f"the key of item {item.number} of {item.study_id} was destroyed")
    return state.masters.unwrap_key(WrappedKey(item.master, bytes(item.wrapped_key)))


def read_page_roots(item: Item) -> list[bytes]:
    """Read the roots of an item's pages, 32 bytes each, in page order."""
    data = bytes(item.page_roots)
    return [data[at : at + 32] for at in range(0, len(data), 32)]


def _check_measured(study: Study) -> None:
    if not is_measured(study):
        raise errors.Refused(
            f"not every listed file of {study.id} is measured, so nothing is sealed; mend what was named, "
            "then have every page read again in the workspace, or run again: lightwell seal"
        )


def _count_twins(study: Study, items: Sequence[Item]) -> int:
    """Count files of these items whose bytes an earlier one of the study has as well."""
    before = Item.objects.filter(study=study, inventory__isnull=False).values_list("sha256", flat=True)
    seen = set(before)
    return len(items) - len({item.sha256 for item in items} - seen)


def _count_sealed(study: Study) -> int:
    return Item.objects.filter(study=study, inventory__isnull=False).count()


def _is_measured(state: State, staged: Item, row: inventories.Row, sha256: str, size: int) -> bool:
    """Answer whether a file was taken in before in the way the row wants it now."""
    same = (staged.sha256, staged.size) == (sha256, size) and _is_whole(state, staged)
    if not staged.read and staged.media_type in conversion.READABLE and row.intent != "publish-unread":
        # A program that was missing then may be here now.
        return False
    # What was read before and may show abuse now is taken in anew: its words and pictures must go.
    return same and staged.ground == row.ground if QUARANTINE in (staged.ground, row.ground) else same


def _is_whole(state: State, item: Item) -> bool:
    names = [name for name in (item.sealed_file, item.sealed_parts, item.sealed_copy) if name]
    return bool(names) and all(state.files.has_bytes("sealed", name) for name in names)


def _list_page_problems(row: inventories.Row, item: Item) -> list[errors.Problem]:
    return [errors.Problem(row.file, each) for each in inventories.list_page_problems(row, item.pages)]


def _describe_item(item: Item, row: inventories.Row) -> None:
    item.kind, item.file_name, item.title, item.date = row.kind, row.file, row.title, row.date
    item.intent, item.ground, item.held_pages, item.due = row.intent, row.ground, row.held_pages, row.due


def _make_item(
    state: State, study: Study, row: inventories.Row, number: int, key: bytes, taken: intake.Intake
) -> Item:
    wrapped = state.masters.wrap_key(key)
    roots = [taken.page_roots[at : at + 32] for at in range(0, len(taken.page_roots), 32)]
    header = seal.Header(study.id, number, taken.pages, taken.renderer)
    measure = seal.FileMeasure(bytes.fromhex(taken.sha256), taken.size)
    item = Item(
        study=study,
        number=number,
        media_type=taken.media_type,
        size=taken.size,
        sha256=taken.sha256,
        pages=taken.pages,
        read=taken.read,
        renderer=taken.renderer,
        page_roots=taken.page_roots,
        commitment=seal.compute_commitment(key, header, measure, roots).hex(),
        master=wrapped.master,
        wrapped_key=wrapped.data,
        sealed_file=taken.sealed_file,
        sealed_parts=taken.sealed_parts,
        sealed_copy=taken.sealed_copy,
        copy_sha256=taken.copy_sha256,
        tally=tally.format_tally(taken.tally),
    )
    _describe_item(item, row)
    return item


def list_items(study: Study) -> Iterator[Item]:
    """List the sealed items of a study in order."""
    yield from Item.objects.filter(study=study, inventory__isnull=False).order_by("number")

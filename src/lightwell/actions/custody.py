"""Who can open what: rotating master keys, erasing a document by law, sharing the master keys among people.

Erasing destroys every wrapped copy of a document's key in this installation and the encrypted bytes. A
backup taken before still holds a wrapped copy: rotate with `retire` and destroy the old master keys'
other copies, then nothing can unwrap it. The how-to says so.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Callable, Sequence

from django.db import connection, transaction

from lightwell.actions import log, pictures
from lightwell.archive import entry, escrow, release
from lightwell.base import canonical, errors, ground
from lightwell.base.canonical import Json
from lightwell.db.models import Disclosure, Item, Opening, Webhook
from lightwell.files import data
from lightwell.files.keys import KEY_BYTES, WrappedKey
from lightwell.files.state import State

_BATCH = 500
_NUMBER_BYTES = 4


def rotate_masters(
    *, state: State, retire: bool = False, progress: Callable[[int], None] | None = None
) -> tuple[int, int]:
    """Add a master key and wrap every document key under it; returns its number and the keys wrapped.

    A crash here leaves some keys under the old master and some under the new one, and both are there:
    calling again adds one more and wraps all. With `retire` the old masters are removed once nothing is
    wrapped under them.
    """
    newest = state.masters.add_master(secrets.token_bytes(KEY_BYTES))
    done = 0
    while True:
        with transaction.atomic():
            waiting = Item.objects.select_for_update().filter(wrapped_key__isnull=False)
            items = list(waiting.exclude(master=newest).order_by("pk")[:_BATCH])
            for item in items:
                opened = state.masters.unwrap_key(
                    WrappedKey(item.master or 0, bytes(item.wrapped_key or b""))
                )
                wrapped = state.masters.wrap_key(opened)
                item.master, item.wrapped_key = wrapped.master, wrapped.data
            Item.objects.bulk_update(items, ["master", "wrapped_key"])
        done += len(items)
        if progress:
            progress(done)
        if not items:
            break
    done += _rewrap_webhooks(state, newest)
    if retire:
        for number in state.masters.list_numbers():
            used = Item.objects.filter(master=number, wrapped_key__isnull=False).exists()
            if number < newest and not used and not Webhook.objects.filter(master=number).exists():
                state.masters.remove_master(number)
        forget_old_rows()
    return newest, done


def _rewrap_webhooks(state: State, newest: int) -> int:
    """Wrap the secrets of webhooks under a new master as well; returns how many."""
    with transaction.atomic():
        rows = list(Webhook.objects.select_for_update().exclude(master=newest))
        for row in rows:
            secret = state.masters.unwrap_key(WrappedKey(row.master, bytes(row.wrapped_secret)))
            row.master, row.wrapped_secret = newest, state.masters.wrap_key(secret).data
        Webhook.objects.bulk_update(rows, ["master", "wrapped_secret"])
    return len(rows)


def check_erasure(payload: dict[str, Json], now: datetime.datetime) -> None:
    """Check a proposal to erase a document by law: `study`, `item` (a number), `ground`."""
    problems = []
    item = _find_item(payload)
    if item is None:
        problems.append(
            errors.Problem(
                "item", f"study {payload.get('study')!r} has no sealed item {payload.get('item')!r}"
            )
        )
    elif item.wrapped_key is None:
        problems.append(errors.Problem("item", f"the key of item {item.number} was destroyed before"))
    grounds, ground_id = data.read_grounds(), str(payload.get("ground"))
    try:
        expires = (
            ground.propose_expiry(grounds[ground_id], now.date().isoformat())
            if ground_id in grounds
            else None
        )
        ground.check_use(grounds, ground_id, "item", "approver", now.date().isoformat(), expires)
    except errors.UserMistake as error:
        problems += [errors.Problem("ground", each.sentence) for each in error.problems]
    if problems:
        raise errors.UserMistake(problems=problems)


def erase_item(
    *, state: State, payload: dict[str, Json], decided_by: tuple[str, str], now: datetime.datetime
) -> None:
    """Erase a document by law: its key, its sealed and public bytes, its pages and openings; the place stays.

    Key and rows go in the transaction with the log entry; bytes go after the commit. A crash between leaves
    encrypted bytes without a key and, of a document that was open, its public bytes under digests that no
    row names any more: no page leads there, and the worker's next round removes them (`actions/leftovers`).
    """
    check_erasure(payload, now)
    with transaction.atomic():
        found = _find_item(payload)
        item = Item.objects.select_for_update().get(pk=found.pk if found else None)
        if item.wrapped_key is None:
            raise errors.Refused(f"the key of item {item.number} was destroyed before")
        log.append(
            entries=[
                entry.make_erasure(now, item.study_id, item.number, str(payload["ground"]), decided_by[1])
            ]
        )
        public = _list_public_files(item)
        item.public_pages.all().delete()
        item.openings.all().delete()
        sealed = [name for name in (item.sealed_file, item.sealed_parts, item.sealed_copy) if name]
        item.master, item.wrapped_key = None, None
        item.sealed_file = item.sealed_parts = item.sealed_copy = ""
        if not item.named:
            item.title = item.file_name = ""
        item.save()
        transaction.on_commit(lambda: _remove_bytes(state, sealed, public))


def split_masters(*, state: State, threshold: int, count: int) -> list[escrow.Share]:
    """Share all master keys there are among `count` people, `threshold` of whom restore them."""
    numbers = state.masters.list_numbers()
    if not numbers:
        raise errors.Damaged(f"there is no master key in {state.masters.folder}")
    secret = b"".join(
        number.to_bytes(_NUMBER_BYTES, "big") + state.masters.read_master(number) for number in numbers
    )
    # Numbers that protect nothing are refused there; for absurd ones no dice are thrown first.
    needed = max(0, min(threshold, escrow.MAX_SHARES) - 1) * len(secret)
    return escrow.split_secret(secret, threshold, count, secrets.token_bytes(needed))


def join_masters(shares: Sequence[escrow.Share]) -> dict[int, bytes]:
    """Restore the master keys by number; `Refused` when the shares do not fit. Writes nothing."""
    secret = escrow.join_shares(shares)
    step = _NUMBER_BYTES + KEY_BYTES
    if len(secret) % step:
        raise errors.Refused("these shares hold something else than master keys")
    return {
        int.from_bytes(secret[at : at + _NUMBER_BYTES], "big"): secret[at + _NUMBER_BYTES : at + step]
        for at in range(0, len(secret), step)
    }


def check_recovery(*, state: State, masters: dict[int, bytes], write: bool = False) -> list[str]:
    """Hold restored master keys against the folder and every document key; sentences for the operator.

    With `write`, keys that are missing in the folder are put back; existing ones are never overwritten.
    Raises `Refused` when a restored key contradicts an existing one or cannot unwrap what it wrapped.
    """
    there = state.masters.list_numbers()
    for number, master in masters.items():
        if number in there and state.masters.read_master(number) != master:
            raise errors.Refused(
                f"master key {number} of the shares is not the one in {state.masters.folder}"
            )
    checked = 0
    for item in Item.objects.filter(wrapped_key__isnull=False, master__in=masters).iterator():
        state.masters.unwrap_with(masters[item.master or 0], bytes(item.wrapped_key or b""))
        checked += 1
    lost = Item.objects.filter(wrapped_key__isnull=False).exclude(master__in=masters).count()
    sentences = [f"{len(masters)} master keys restored; they unwrap {checked} document keys"]
    if lost:
        sentences.append(f"{lost} document keys are wrapped under newer masters: make new shares")
    missing = sorted(set(masters) - set(there))
    if missing and write:
        for number in missing:
            state.masters.restore_master(number, masters[number])
        sentences.append(f"put back: master keys {', '.join(map(str, missing))}")
    elif missing:
        sentences.append(f"missing in the folder: master keys {', '.join(map(str, missing))}; add --write")
    return sentences


def _find_item(payload: dict[str, Json]) -> Item | None:
    number = payload.get("item")
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    return Item.objects.filter(
        study=str(payload.get("study")), number=number, inventory__isnull=False
    ).first()


def _list_public_files(item: Item) -> list[str]:
    """What the openings of an item published: its file, words and pictures, without what others need."""
    found = {item.sha256, item.copy_sha256} - {""}
    for opening in item.openings.all():
        opened = release.parse_opening(canonical.decode(bytes(opening.data)))
        found |= {digest for area, digest in opened.list_files() if area != "files"}
    names = {name.removeprefix("sha256:") for name in found}
    others = Opening.objects.filter(whole=True, item__sha256=item.sha256).exclude(item=item)
    attached = {
        each.digest.removeprefix("sha256:")
        for row in Disclosure.objects.visible().iterator()
        for each in row.read_record().attachments
    }
    copies = Opening.objects.filter(whole=True, item__copy_sha256=item.copy_sha256).exclude(item=item)
    shared = ({item.sha256} if others.exists() else set()) | attached
    shared |= {item.copy_sha256} if copies.exists() else set()
    return sorted(names - shared)


def _remove_bytes(state: State, sealed: Sequence[str], public: Sequence[str]) -> None:
    for area, names in (("sealed", sealed), ("public", public)):
        for name in names:
            state.files.remove_bytes(area, name)
    for name in public:
        pictures.forget_pictures(state=state, digest=name)
    forget_old_rows()


def forget_old_rows() -> None:
    """Make the database forget the bytes of rows that were changed, as far as it can.

    SQLite overwrites what it frees (`secure_delete` in the settings); its write-ahead log is emptied here.
    PostgreSQL keeps old rows until it is vacuumed, which cannot be done inside a transaction.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        elif connection.vendor == "postgresql" and not connection.in_atomic_block:
            cursor.execute("VACUUM FULL item")

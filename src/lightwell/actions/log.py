"""The log's stories: entries get their place, what has a place gets signed, witnesses cosign, readers see it.

`append` makes order durable inside the caller's transaction, beside the rows the entries speak of.
`publish_checkpoint` signs what has a place, asks the witnesses and shows the checkpoint once the policy is
met. Killed between any two steps, running it again completes: entries without a checkpoint get one, a
signed one that lacks cosignatures is asked for again, a complete one that is not shown yet is shown.
Deriving and comparing tiles: `actions/signing`; asking: `actions/cosigning`.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db import connection, transaction

from lightwell.actions import cosigning, signing
from lightwell.archive import entry, rules
from lightwell.base import canonical, errors
from lightwell.base.canonical import Json
from lightwell.db.models import Checkpoint, Item, LogEntry, Study
from lightwell.files import policies, sequencer
from lightwell.files.state import State
from lightwell.files.tiles import TileStore
from lightwell.tlog import checkpoint, note, policy, tile_proof

MAX_ENTRY_BYTES = 8192
_ORDER_LOCK = 0x4C57_0001  # any number of our own: PostgreSQL's advisory lock on the order of entries
_ROWS_BACK = 200
_INSERT = 'INSERT INTO log_entry ("index", data) VALUES (%s, %s)'

# Newest checkpoint that this process has checked or signed itself, by state folder. Any other newest
# checkpoint means a start, a restore or another writer: then everything is checked again before signing.
_checked: dict[str, tuple[int, bytes]] = {}


def append(*, entries: Sequence[dict[str, Json]]) -> range:
    """Give each entry its place, in order, all or none; returns the places.

    Raises `Refused` for an entry above 8 KiB. A crash here leaves none of them.
    """
    encoded = [canonical.encode(entry) for entry in entries]
    for data in encoded:
        if len(data) > MAX_ENTRY_BYTES:
            raise errors.Refused(f"a log entry has {len(data)} bytes; {MAX_ENTRY_BYTES} are allowed")
    with transaction.atomic():
        _lock_order()
        start = count_entries()
        with connection.cursor() as cursor:
            # Plain SQL: objects and their preparation would take longer than the database.
            cursor.executemany(_INSERT, list(enumerate(encoded, start)))
    return range(start, start + len(encoded))


def count_entries() -> int:
    """Count the entries that have a place."""
    with connection.cursor() as cursor:
        # Asked for every search and every page: to put the question into words took ten times the answer.
        cursor.execute('SELECT MAX("index") FROM log_entry')
        (last,) = cursor.fetchone()
    return 0 if last is None else last + 1


def read_entry(index: int) -> dict[str, Json]:
    """Read one entry by its place; raises `LogEntry.DoesNotExist` when there is none."""
    return entry.decode_entry(index, bytes(LogEntry.objects.values_list("data", flat=True).get(pk=index)))


def begin_log(*, now: datetime.datetime) -> None:
    """Write the rules as the first entry of an empty log; a log that has begun stays as it is."""
    with transaction.atomic():
        _lock_order()
        if count_entries() == 0:
            append(entries=[entry.make_rules(now, rules.FIRST_RULES)])


def count_day(*, state: State, now: datetime.datetime) -> int | None:
    """Log today's count of studies and sealed items, also when zero; None when today has its count already.

    A day that passed without a count stays without one: counting it later would claim what nobody did.
    """
    del state  # one database serves one state folder
    with transaction.atomic():
        _lock_order()
        if _find_last_count() == now.date().isoformat():
            return None
        items = Item.objects.filter(inventory__isnull=False).count()
        (place,) = append(entries=[entry.make_count(now, now.date(), Study.objects.count(), items)])
    return place


def sign(*, store: TileStore, origin: str, signers: Sequence[note.Signer]) -> str:
    """Sign a checkpoint over every entry that has a place, or return the newest when nothing was added.

    Reads only what is new, and compares the newest checkpoint with the tiles before it goes on. Raises
    `Damaged` when the stored entries, tiles and checkpoints contradict each other: then nothing is signed.
    The caller holds the sequencer's lock. Nothing is shown to readers here.
    """
    last = Checkpoint.objects.order_by("-size").first()
    size = count_entries()
    before = signing.Signed(last.size, bytes(last.root)) if last else signing.NOTHING
    signing.check_continuation(store, before, size)
    if last is not None and last.size == size:
        return last.text
    grown = signing.grow_tiles(store, before, size)
    text = checkpoint.sign_checkpoint(checkpoint.Checkpoint(origin, size, grown.root), signers)
    # A crash before this line leaves tiles that no checkpoint names; after it, a row that is not shown yet.
    Checkpoint.objects.create(size=size, root=grown.root, text=text)
    return text


def check_start(*, state: State, timeout_seconds: float = 10.0, offline: bool = False) -> list[str]:
    """Check that this copy of the log is whole and the newest one, as a condition for signing.

    Every entry, bundle and tile is read; then the witnesses of every policy this log had are asked,
    unless `offline`, which is no condition for signing. Returns sentences for the operator. Raises
    `Damaged` for an old, forked or broken copy, `CouldNotCheck` when too few witnesses answer.
    """
    last = Checkpoint.objects.order_by("-size").first()
    before = signing.Signed(last.size, bytes(last.root)) if last else signing.NOTHING
    size, store = count_entries(), state.tiles
    signing.check_continuation(store, before, size)
    signing.check_everything(store, before)
    whole = f"{before.size} signed entries are whole on disk and in the database; {size - before.size} wait"
    if offline:
        return [whole]
    reader = tile_proof.TileReader(store.read_tile, before.size)
    sentences = cosigning.check_witnesses(
        origin=state.read_origin(),
        log_keys=[signer.verifier for signer in state.read_signers()],
        policies=policies.list_policies(state.root),
        size=before.size,
        read_root=lambda seen: reader.read_range(0, seen),
        cosigned=_find_cosigned_size,
        timeout_seconds=timeout_seconds,
    )
    _checked[str(state.root)] = (before.size, before.root)
    return [whole, *sentences]


def publish_checkpoint(
    *,
    state: State,
    now: datetime.datetime,
    timeout_seconds: float = 10.0,
    patience_seconds: float = 60.0,
) -> str:
    """Sign what is new, collect cosignatures, show the checkpoint once the policy is met; returns its text.

    Raises `CouldNotCheck` naming each witness that did not answer: the checkpoint is kept and the next
    call asks again. Raises `Damaged` when a witness or our own files contradict this copy, `Refused`
    when another process signs for longer than `patience_seconds`.
    """
    del now  # witnesses state the time; the log's own line states none
    with sequencer.hold_lock(state.root, patience_seconds):
        return _publish_checkpoint(state, timeout_seconds)


def _publish_checkpoint(state: State, timeout_seconds: float) -> str:
    last = Checkpoint.objects.order_by("-size").first()
    known = (last.size, bytes(last.root)) if last else (0, signing.NOTHING.root)
    if _checked.get(str(state.root)) != known:
        check_start(state=state, timeout_seconds=timeout_seconds)
    store, rule = state.tiles, state.read_policy()
    if count_entries() == 0:
        raise errors.Refused("the log has no entry yet, so nothing can be signed; begin with: lightwell init")
    text = sign(store=store, origin=state.read_origin(), signers=state.read_signers())
    head = checkpoint.parse_checkpoint(note.parse_note(text).text)
    _checked[str(state.root)] = (head.size, head.root)
    reader = tile_proof.TileReader(store.read_tile, head.size)
    try:
        cosigned, complaints = cosigning.ask_cosignatures(
            text,
            rule,
            _find_cosigned_size,
            lambda old, _: reader.prove_consistency(old),
            lambda seen: reader.read_range(0, seen),
            timeout_seconds,
        )
    except errors.Damaged:
        _checked.pop(str(state.root), None)
        raise
    if cosigned != text:
        # A crash before this line loses cosignatures that the witnesses give again.
        Checkpoint.objects.filter(size=head.size).update(text=cosigned)
    verdict = policy.check_policy(rule, cosigned)
    if not verdict.satisfied:
        raise errors.CouldNotCheck(
            f"{verdict.sentence} {' '.join(complaints)} The checkpoint of size {head.size} is signed and "
            "kept, and is shown when enough witnesses have answered: run lightwell log checkpoint again, or "
            "leave it to the worker."
        )
    if store.read_checkpoint() != cosigned:
        store.write_checkpoint(cosigned)
    return cosigned


def is_pending(*, state: State) -> bool:
    """Answer whether readers lack a checkpoint over every entry that meets the policy in force."""
    if signing.read_shown_size(state.tiles) < count_entries():
        return True
    shown = state.tiles.read_checkpoint()
    return shown is not None and not policy.check_policy(state.read_policy(), shown).satisfied


def _find_cosigned_size(address: cosigning.Address) -> int:
    """The largest size that our newest rows show cosigned by a key of this witness, or 0."""
    keys = {(each.name, each.key_id) for each in address.verifiers}
    for size, text in Checkpoint.objects.order_by("-size").values_list("size", "text")[:_ROWS_BACK]:
        if any((line.name, line.key_id) in keys for line in note.parse_note(text).signatures):
            return size
    return 0


def _find_last_count() -> str | None:
    for data in LogEntry.objects.order_by("-index").values_list("data", flat=True).iterator(1000):
        if b'"type":"count"' in bytes(data):
            return str(dict(canonical.decode(bytes(data))).get("date"))
    return None


def _lock_order() -> None:
    """Let one transaction at a time give places; inside `transaction.atomic`.

    SQLite's IMMEDIATE transactions do so by themselves; PostgreSQL needs to be asked, or two writers
    would find the same last place and one would fail.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ORDER_LOCK])

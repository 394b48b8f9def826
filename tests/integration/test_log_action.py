"""Order is durable first, tiles follow from it, and nothing is signed that contradicts what was signed."""

from pathlib import Path

import pytest

from lightwell.actions import log, signing
from lightwell.base import errors
from lightwell.db.models import Checkpoint, LogEntry
from lightwell.files.tiles import TileStore
from lightwell.tlog import checkpoint, fsck, key, note

ORIGIN = "log.example/sample"
SIGNERS = [
    note.generate_signer(ORIGIN, key.KeyType.ED25519, bytes(32)),
    note.generate_signer(ORIGIN, key.KeyType.ML_DSA_44, bytes(32)),
]

pytestmark = pytest.mark.django_db


def append_and_sign(store: TileStore, count: int) -> checkpoint.Checkpoint:
    log.append(entries=[{"type": "count", "v": 1, "n": n} for n in range(count)])
    text = log.sign(store=store, origin=ORIGIN, signers=SIGNERS)
    return checkpoint.open_checkpoint(text, [signer.verifier for signer in SIGNERS]).checkpoint


def test_a_log_that_grows_is_whole_on_disk_after_every_signature(tmp_path: Path) -> None:
    store = TileStore(tmp_path)
    size = 0
    for count in (1, 2, 255, 300, 1):
        size += count
        signed = append_and_sign(store, count)
        assert signed.size == size
        assert fsck.check_log(signed, store.read_bundle, store.read_tile) == []


def test_signing_twice_gives_the_same_checkpoint(tmp_path: Path) -> None:
    store = TileStore(tmp_path)
    append_and_sign(store, 3)
    first = log.sign(store=store, origin=ORIGIN, signers=SIGNERS)
    assert log.sign(store=store, origin=ORIGIN, signers=SIGNERS) == first
    assert Checkpoint.objects.count() == 1


def test_an_entry_removed_or_changed_by_hand_stops_the_next_signature(tmp_path: Path) -> None:
    store = TileStore(tmp_path)
    append_and_sign(store, 3)
    LogEntry.objects.filter(index=1).update(data=b'{"type":"forged"}')
    log.append(entries=[{"type": "count", "v": 1, "n": 9}])
    with pytest.raises(errors.Damaged, match="nothing was signed"):
        log.sign(store=store, origin=ORIGIN, signers=SIGNERS)
    assert Checkpoint.objects.count() == 1


def test_a_log_rolled_back_to_an_old_copy_refuses_to_sign(tmp_path: Path) -> None:
    store = TileStore(tmp_path)
    append_and_sign(store, 3)
    LogEntry.objects.filter(index=2).delete()
    with pytest.raises(errors.Damaged, match="do not continue the checkpoint of size 3"):
        log.sign(store=store, origin=ORIGIN, signers=SIGNERS)


def test_a_flipped_byte_anywhere_on_disk_is_found_by_the_check_at_start(tmp_path: Path) -> None:
    store = TileStore(tmp_path)
    signed = append_and_sign(store, 300)
    last = signing.Signed(signed.size, signed.root)
    signing.check_everything(store, last)
    path = tmp_path / "tile" / "0" / "000"
    data = bytearray(path.read_bytes())
    data[5] ^= 1
    path.write_bytes(data)
    with pytest.raises(errors.Damaged, match="tile/0/000"):
        signing.check_everything(store, last)


def test_an_old_entry_changed_in_the_database_alone_is_found_by_the_check_at_start(tmp_path: Path) -> None:
    store = TileStore(tmp_path)
    signed = append_and_sign(store, 300)
    LogEntry.objects.filter(index=7).update(data=b'{"type":"forged"}')
    with pytest.raises(errors.Damaged, match="log entry 7"):
        signing.check_everything(store, signing.Signed(signed.size, signed.root))


def test_a_flipped_byte_on_the_right_edge_stops_the_next_signature(tmp_path: Path) -> None:
    store = TileStore(tmp_path)
    append_and_sign(store, 300)
    path = tmp_path / "tile" / "1" / "000.p" / "1"
    data = bytearray(path.read_bytes())
    data[5] ^= 1
    path.write_bytes(data)
    log.append(entries=[{"type": "count", "v": 1, "n": 9}])
    with pytest.raises(errors.Damaged, match="nothing was signed"):
        log.sign(store=store, origin=ORIGIN, signers=SIGNERS)


def test_one_entry_too_large_refuses_the_whole_batch() -> None:
    with pytest.raises(errors.Refused, match="8192"):
        log.append(entries=[{"type": "count", "v": 1}, {"type": "x" * 9000, "v": 1}])
    assert log.count_entries() == 0

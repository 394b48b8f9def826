"""Document keys are wrapped under master keys that can be rotated, lost and noticed to be wrong."""

import hashlib
from pathlib import Path

import pytest

from lightwell.base import errors
from lightwell.files import keys

DOCUMENT_KEY = hashlib.sha256(b"a document key for tests").digest()


def make_master(word: str) -> bytes:
    return hashlib.sha256(word.encode()).digest()


def test_what_is_wrapped_is_unwrapped_also_after_a_rotation(tmp_path: Path) -> None:
    ring = keys.KeyRing(tmp_path / "keys")
    ring.add_master(make_master("one"))
    old = ring.wrap_key(DOCUMENT_KEY)
    ring.add_master(make_master("two"))
    new = ring.wrap_key(DOCUMENT_KEY)
    assert (old.master, new.master) == (1, 2)
    assert ring.unwrap_key(old) == ring.unwrap_key(new) == DOCUMENT_KEY
    assert old.data != new.data


def test_master_keys_are_readable_by_the_owner_alone(tmp_path: Path) -> None:
    ring = keys.KeyRing(tmp_path / "keys")
    ring.add_master(make_master("one"))
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "keys" / "1.key").stat().st_mode & 0o777 == 0o600


def test_a_missing_a_wrong_and_a_cut_master_key_are_told_apart(tmp_path: Path) -> None:
    ring = keys.KeyRing(tmp_path)
    with pytest.raises(errors.Damaged, match="no master key"):
        ring.wrap_key(DOCUMENT_KEY)
    ring.add_master(make_master("one"))
    wrapped = ring.wrap_key(DOCUMENT_KEY)
    (tmp_path / "1.key").write_bytes(make_master("another"))
    with pytest.raises(errors.Damaged, match="not the one"):
        ring.unwrap_key(wrapped)
    (tmp_path / "1.key").write_bytes(b"cut")
    with pytest.raises(errors.Damaged, match="3 bytes"):
        ring.unwrap_key(wrapped)
    (tmp_path / "1.key").unlink()
    with pytest.raises(errors.Damaged, match="missing"):
        ring.unwrap_key(wrapped)


def test_a_wrapped_key_does_not_show_in_a_representation(tmp_path: Path) -> None:
    ring = keys.KeyRing(tmp_path)
    ring.add_master(make_master("one"))
    assert "data" not in repr(ring.wrap_key(DOCUMENT_KEY))

"""Stored bytes come back whole or not at all, and the two areas never mix."""

import hashlib
from pathlib import Path

import pytest

from lightwell.base import errors
from lightwell.files import store


def test_bytes_come_back_from_their_own_area_only(tmp_path: Path) -> None:
    files = store.FileStore(tmp_path)
    digest = files.put_bytes("sealed", b"a page")
    assert files.put_bytes("sealed", b"a page") == digest == hashlib.sha256(b"a page").hexdigest()
    assert files.get_bytes("sealed", digest) == b"a page"
    with pytest.raises(errors.Damaged, match="missing"):
        files.get_bytes("public", digest)


def test_a_changed_file_is_noticed_and_a_removed_one_is_gone(tmp_path: Path) -> None:
    files = store.FileStore(tmp_path)
    digest = files.put_bytes("public", b"a page")
    files.find_path("public", digest).write_bytes(b"another")
    with pytest.raises(errors.Damaged, match="has changed"):
        files.get_bytes("public", digest)
    assert files.remove_bytes("public", digest) is True
    assert files.remove_bytes("public", digest) is False


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 62 + "/."])
def test_nothing_but_a_digest_names_a_path(tmp_path: Path, digest: str) -> None:
    with pytest.raises(ValueError, match="hex digits"):
        store.FileStore(tmp_path).find_path("public", digest)


def test_a_file_is_measured_in_pieces(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9000
    (tmp_path / "a").write_bytes(data)
    assert store.measure_file(tmp_path / "a") == (hashlib.sha256(data).digest(), len(data))

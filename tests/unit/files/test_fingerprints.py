"""A fingerprint set as it is written and read again: every page is found, and a damaged set is refused."""

import hashlib
import random
from pathlib import Path

import pytest

from lightwell.archive import fingerprint, fingerprint_set
from lightwell.archive.fingerprint_set import Document, PublicFile, Words
from lightwell.base import errors
from lightwell.client import fingerprints as reading
from lightwell.files import fingerprints as writing


def make_document(number: int) -> Document:
    return Document(
        f"std-{number}", number, "Study", "Title", "larkfield", "report", "", 3, 1, 1, "2026-01-02", "", ()
    )


def make_words(seed: int, count: int = 60) -> str:
    dice = random.Random(seed)
    return " ".join(f"word{dice.randrange(5000)}" for _ in range(count))


def make_file(text: str, title: str = "") -> PublicFile:
    return PublicFile(hashlib.sha256(text.encode()).hexdigest(), None, None, "", 1, title)


def list_sources() -> list[writing.Source]:
    hidden = Words((make_words(31), make_words(32)), ("participant",))
    first = [(1, Words((make_words(1),))), (2, Words(("four words are few",))), (3, hidden)]
    second = [(number, Words((make_words(number),))) for number in range(4, 12)]
    return [
        writing.Source(make_document(1), first, [make_file("one", "whole")]),
        writing.Source(make_document(2), second, [make_file("two"), make_file("one", "again")]),
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    target = tmp_path / "archive.fingerprints"
    head = writing.write_set(
        target, "log.example/one", 9, list_sources(), [make_file("beside", "a record's")]
    )
    assert (head.documents, head.files, head.pages, head.unread_pages) == (2, 3, 10, 1)
    assert [each.name for each in tmp_path.iterdir()] == [target.name]
    return target


def test_every_page_is_found_by_its_fingerprints_and_gives_its_words_back(path: Path) -> None:
    with reading.open_set(path) as archive:
        assert archive.head.origin == "log.example/one"
        place = 0
        for document, source in enumerate(list_sources()):
            assert archive.read_document(document) == source.document
            for number, words in source.pages:
                wanted = fingerprint.make_fingerprints(words.runs)
                if not wanted:
                    continue
                assert set(archive.list_matches(wanted)) == {(each, place) for each in wanted}
                record = archive.read_page(place)
                assert (record.document, record.number, record.hidden) == (
                    document,
                    number,
                    len(words.grounds),
                )
                assert record.fingerprints == len(wanted)
                assert archive.read_words(place) == words
                place += 1
        assert place == archive.head.pages
        assert list(archive.list_matches({b"\0" * 8, b"\xff" * 8})) == []


def test_a_file_is_found_by_its_bytes_at_the_first_place_it_was_published(path: Path) -> None:
    with reading.open_set(path) as archive:
        for text, document, title in (("one", 0, "whole"), ("two", 1, ""), ("beside", None, "a record's")):
            found = archive.find_file(hashlib.sha256(text.encode()).digest())
            assert found is not None
            assert (found.document, found.title) == (document, title)
        for stranger in (b"\0" * 32, b"\xff" * 32, hashlib.sha256(b"three").digest()):
            assert archive.find_file(stranger) is None


def test_the_same_archive_gives_the_same_bytes_and_an_empty_one_can_be_read(
    path: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.fingerprints"
    writing.write_set(again, "log.example/one", 9, list_sources(), [make_file("beside", "a record's")])
    assert again.read_bytes() == path.read_bytes()
    writing.write_set(again, "log.example/one", 1, [], [])
    with reading.open_set(again) as archive:
        assert list(archive.list_matches({b"12345678"})) == []
        assert archive.find_file(b"\0" * 32) is None
        with pytest.raises(errors.CouldNotCheck):
            archive.read_page(0)


def test_no_byte_of_a_set_can_be_changed_added_or_lost_unnoticed(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    dice = random.Random(5)
    damaged = [whole[:-1], whole + b"\0", whole[: len(whole) // 2], b"", b"%PDF-1.7", whole[:30]]
    for _ in range(200):
        at = dice.randrange(len(whole))
        damaged.append(whole[:at] + bytes([whole[at] ^ 1 << dice.randrange(8)]) + whole[at + 1 :])
    changed = tmp_path / "changed"
    for data in damaged:
        changed.write_bytes(data)
        with pytest.raises(errors.CouldNotCheck), reading.open_set(changed):
            pass
    with pytest.raises(errors.CouldNotCheck, match="cannot be read"), reading.open_set(tmp_path / "none"):
        pass


def test_a_set_that_fits_its_digest_and_lies_about_its_parts_is_no_traceback(
    path: Path, tmp_path: Path
) -> None:
    # Whoever offers a set can compute a digest as well.
    whole = bytearray(path.read_bytes()[: -fingerprint_set.DIGEST_BYTES])
    head, begin = fingerprint_set.parse_head(bytes(whole))
    places = fingerprint_set.list_places(head, begin)
    lies = {
        "owners": (places.owners, places.texts),
        "records": (places.records, places.hashes),
        "documents": (places.documents, places.files),
        "texts": (places.texts, places.digest),
    }
    wanted = fingerprint.make_fingerprints([make_words(1)])
    for start, end in lies.values():
        data = bytes(whole[:start]) + b"\xee" * (end - start) + bytes(whole[end:])
        lying = tmp_path / "lying"
        lying.write_bytes(data + hashlib.sha256(data).digest())
        with pytest.raises(errors.CouldNotCheck):
            look_everywhere(lying, wanted)


def look_everywhere(path: Path, wanted: frozenset[bytes]) -> None:
    with reading.open_set(path) as archive:
        for _, place in archive.list_matches(wanted):
            archive.read_words(place)
            archive.read_document(archive.read_page(place).document)

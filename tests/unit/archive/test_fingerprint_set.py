"""The form of a fingerprint set: every part there and back, and what is none is refused."""

import zlib

import pytest

from lightwell.archive import fingerprint_set
from lightwell.archive.fingerprint_set import Document, Head, HeldPage, PageRecord, PublicFile, Words
from lightwell.base import canonical, errors

HEAD = Head("log.example/one", 7, 1, 2, 2, 1, 3, 50)
DOCUMENT = Document(
    "std-1", 3, "A study", "A report", "larkfield", "report", "2025", 9, 2, 4, "2026-01-02", "sha256:00",
    (HeldPage(4, "participant"),),
)  # fmt: skip
FILES = [PublicFile("aa", 0, None, "", 2, "A report"), PublicFile("bb", None, None, "ltr-1", 1, "")]


def test_every_part_comes_back_as_it_was_written():
    data = fingerprint_set.format_head(HEAD)
    assert fingerprint_set.parse_head(data + b"more") == (HEAD, len(data))
    assert fingerprint_set.parse_document(fingerprint_set.format_document(DOCUMENT)) == DOCUMENT
    assert [fingerprint_set.parse_file(fingerprint_set.format_file(each)) for each in FILES] == FILES
    assert fingerprint_set.parse_span(fingerprint_set.format_span(2**40, 7)) == (2**40, 7)
    record = PageRecord(1, 2, 3, 1, 2**40, 5)
    assert fingerprint_set.parse_record(fingerprint_set.format_record(record)) == record
    words = Words(("one two", "three"), ("participant",))
    assert fingerprint_set.parse_words(fingerprint_set.format_words(words)) == words


@pytest.mark.parametrize(
    ("lines", "runs", "grounds"),
    [
        ([["one", "two"], ["three"]], ("one two three",), ()),
        ([["one"], None, ["two"]], ("one", "two"), ("",)),
        ([["one", None, "two"]], ("one", "two"), ("",)),
        ([["one"], ["[hidden:participant]"], ["two"]], ("one", "two"), ("participant",)),
        ([["one"], ["[hidden:participant]"], None, ["two"]], ("one", "two"), ("participant",)),
        ([["[hidden:junior-staff]"], ["[hidden:x]"]], ("", "", ""), ("junior-staff", "x")),
        ([], ("",), ()),
    ],
)  # fmt: skip
def test_words_are_parted_at_every_hidden_place(lines, runs, grounds):
    assert fingerprint_set.split_runs(lines) == Words(runs, grounds)


def encode(value):
    return zlib.compress(canonical.encode(value))


@pytest.mark.parametrize(
    "data",
    [
        b"not deflated",
        encode({"runs": ["a"], "grounds": ["participant"]}),
        encode({"runs": ["a"]}),
        encode({"runs": [1], "grounds": []}),
        encode({"runs": ["a"], "grounds": []}) + b"more",
        encode({"runs": ["a"], "grounds": []})[:-3],
        zlib.compress(b" " * (fingerprint_set.MAX_TEXT_BYTES + 1)),
    ],
)
def test_what_are_no_words_is_refused(data):
    with pytest.raises(errors.Refused):
        fingerprint_set.parse_words(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SQLite format 3\0",
        fingerprint_set.format_head(HEAD)[:-1],
        fingerprint_set.format_head(HEAD).replace(b'"window":4', b'"window":5'),
        fingerprint_set.format_head(HEAD).replace(b'"pages":2', b'"pages":-'),
        fingerprint_set.MAGIC + b"\xff\xff\xff\xff",
    ],
)
def test_what_is_no_set_of_this_form_is_refused(data):
    with pytest.raises((errors.Refused, errors.UserMistake)):
        fingerprint_set.parse_head(data)


def test_a_row_with_a_wrong_type_or_another_member_is_refused():
    wrong = PublicFile("aa", 0, None, "", True, "")
    with pytest.raises(errors.Refused, match="version"):
        fingerprint_set.parse_file(fingerprint_set.format_file(wrong))
    with pytest.raises(errors.Refused, match="exactly the members"):
        fingerprint_set.parse_file(fingerprint_set.format_document(DOCUMENT))
    with pytest.raises(errors.Refused, match="held back"):
        fingerprint_set.parse_document(fingerprint_set.format_file(FILES[0]))


def test_the_parts_of_a_set_lie_one_behind_the_other():
    places = fingerprint_set.list_places(HEAD, 100)
    assert places == fingerprint_set.Places(100, 112, 200, 256, 280, 292, 342, 374)

"""The language of the search box: mistakes are sentences, and nothing that is typed breaks it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lightwell.base import errors
from lightwell.files import excerpt, finder, index, lookup


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('sleep "at night', 'The phrase "at night has no end'),
        ("a*", "at least 2 letters before the star"),
        ("sl*ep", "only at the end of a word"),
        ("*", "put a word before"),
        ("!!! --- …", "no letters or digits"),
        ("year:soon", "year:soon is no year"),
        ("year:2021..2019", "from the earlier to the later"),
        ("year:0000", "is no year"),
        ('colour:"blue"', "There is no field colour:"),
        ("title:…", "title:…: put a word"),
        ("x" * 501, "501 characters"),
        ("ab " * 60, "more than 40 words"),
    ],
)
def test_a_mistake_is_a_sentence_that_says_what_to_do(text: str, sentence: str) -> None:
    with pytest.raises(errors.UserMistake) as caught:
        lookup.parse_lookup(text)
    assert sentence in str(caught.value)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(errors.UserMistake) as caught:
        lookup.parse_lookup('a* year:x "open')
    assert len(caught.value.problems) == 3


def test_pasted_text_with_colons_and_addresses_is_words() -> None:
    for text in ("https://example.org/a", "note:this", "at 10:30", "C:drive"):
        assert all(not part.field for clause in lookup.parse_lookup(text).clauses for part in clause.parts)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> index.IndexFolder:
    opened = index.IndexFolder(Path(tmp_path_factory.mktemp("index")))
    with opened.rebuild(0) as writer:
        for number in range(1, 4):
            writer.add_page(
                index.PageDocument(
                    number,
                    "std-a",
                    1,
                    number,
                    number,
                    0,
                    "c",
                    "C",
                    (),
                    (),
                    "report",
                    "2019",
                    "en",
                    "T",
                    "sleep at night",
                )
            )
    return opened


PIECES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            '"',
            "*",
            "-",
            "OR",
            "AND",
            "title:",
            "year:",
            "year:2019..",
            "topic:",
            '"a b*"',
            "sle*",
            "x:",
            "://",
            "日本",
            "\x00",
            "\\",
            "(",
            "~2",
            "[a TO b]",
            "^5",
            "İ",
            "ß",
            "\ud800",
            "e\u0301",
            "٣",
        ]
    ),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=12), glue=st.sampled_from(["", " "]))
def test_whatever_is_typed_gives_pages_or_sentences_and_never_breaks(
    folder: index.IndexFolder, pieces: list[str], glue: str
) -> None:
    text = glue.join(pieces)
    try:
        wanted = lookup.parse_lookup(text)
    except errors.UserMistake:
        return
    chosen = finder.Filters(topic=(text,))
    for filters in (finder.Filters(), chosen):
        finder.find_hits(folder, wanted, filters)
        finder.count_hits(folder, wanted, filters)
    page = text + "\nsleep at night"
    ranges = excerpt.find_ranges(page, wanted)
    cut = excerpt.make_excerpt(page, ranges)
    assert all(0 <= start < end <= len(cut.text) for start, end in cut.marks)
    excerpt.list_marked_words(page, ranges)


@settings(max_examples=200, deadline=None)
@given(cursor=st.text(max_size=60))
def test_a_made_up_cursor_is_read_back_the_same_or_refused(cursor: str) -> None:
    try:
        read = finder.parse_cursor(cursor)
    except errors.UserMistake:
        return
    assert finder.format_cursor(read) == cursor

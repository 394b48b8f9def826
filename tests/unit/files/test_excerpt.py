"""Excerpts show the words that were looked for, as plain text, and mark exactly them."""

from __future__ import annotations

import pytest

from lightwell.files import excerpt, lookup

TEXT = "Children sleep badly.\nThey slept at night, and sleeping\nat night is <b>best</b>. Well-being counts."


def marked(text: str, query: str) -> list[str]:
    return [text[start:end] for start, end in excerpt.find_ranges(text, lookup.parse_lookup(query))]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sleep", ["sleep", "sleeping"]),
        ('"sleep"', ["sleep"]),
        ("sle*", ["sleep", "slept", "sleeping"]),
        ('"at night"', ["at night", "at night"]),
        ('"night and"', ["night, and"]),
        ('"sleeping at night"', ["sleeping\nat night"]),
        ("well-being", ["Well-being"]),
        ("night -badly", ["night", "night"]),
        ("title:children", []),
        ("absent", []),
    ],
)
def test_these_words_are_marked(query: str, words: list[str]) -> None:
    assert marked(TEXT, query) == words


def test_marked_words_are_named_by_line_and_word() -> None:
    ranges = excerpt.find_ranges(TEXT, lookup.parse_lookup('"sleeping at night" children'))
    assert excerpt.list_marked_words(TEXT, ranges) == [(0, 0), (1, 5), (2, 0), (2, 1)]


def test_an_excerpt_is_one_line_of_the_page_with_its_marks_around_the_words() -> None:
    text = ("filler words here " * 100) + "then marmalade\nand more marmalade " + ("after that " * 100)
    cut = excerpt.make_excerpt(text, excerpt.find_ranges(text, lookup.parse_lookup("marmalade")))
    assert [cut.text[start:end] for start, end in cut.marks] == ["marmalade", "marmalade"]
    assert len(cut.text) <= excerpt.LENGTH
    assert "\n" not in cut.text
    assert cut.cut_before
    assert cut.cut_after
    assert set(cut.text.split()) <= set(text.split())  # whole words only


def test_without_a_mark_the_page_begins_at_its_beginning() -> None:
    cut = excerpt.make_excerpt("Only a title", [])
    assert cut == excerpt.Excerpt("Only a title", (), False, False)


def test_a_page_of_one_endless_word_is_cut_and_not_lost() -> None:
    text = "x" * 5000
    assert len(excerpt.make_excerpt(text, []).text) == excerpt.LENGTH

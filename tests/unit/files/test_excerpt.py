"""Excerpts show the words that were looked for, as plain text, and mark exactly them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightwell import sample
from lightwell.files import analysis, excerpt, lookup

TEXT = "Children sleep badly.\nThey slept at night, and sleeping\nat night is <b>best</b>. Well-being counts."

# Endings that the stemmer takes off, also two at once, and words that it treats by name.
ENDINGS = """
s es ies ied ing ed edly ingly ly y sses eedly ational tional enci anci izer abli alli entli eli ousli ization
ation ator alism iveness fulness ousness aliti iviti biliti logi logy fulli lessli alize icate iciti ical ful
ness ative ous ive ize e ion ment ement able ence er ate ism
"""
BEGINNINGS = """
d l t sk idl gent ugl ear on sing inn out happ rel hope digi blam bl generat commun new a ab yes
"""


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


ending = st.sampled_from(["", *ENDINGS.split()])


@given(
    st.one_of(
        st.text(max_size=30),
        st.builds("".join, st.tuples(st.sampled_from(BEGINNINGS.split()), ending, ending)),
    ),
    st.sampled_from([analysis.STEMMED, analysis.WRITTEN]),
)
def test_a_look_at_its_letters_never_passes_over_a_word(word: str, form: str) -> None:
    for each in word.split():
        for term, _, _ in analysis.analyze_word(each, form):
            assert analysis.find_core(term, form) in each.lower() or not each.isascii()


def test_every_word_of_the_sample_is_marked_by_a_search_for_it() -> None:
    folder = Path(next(iter(sample.__path__))) / "text"
    words = {word for path in folder.rglob("*") if path.is_file() for word in path.read_text("utf-8").split()}
    assert len(words) > 1000
    for word in words:
        for term in analysis.analyze_words(word, analysis.WRITTEN):
            assert marked(word, term), (word, term)

"""Fingerprints against their slow twin, the guarantee of winnowing, and that no shingle crosses a gap."""

import pytest
import slow_winnowing
from hypothesis import given
from hypothesis import strategies as st

from lightwell.archive import fingerprint

# Few words, so that shingles repeat; and some of every script.
plain_words = st.sampled_from([f"w{number}" for number in range(12)])
runs_of_words = st.lists(st.lists(plain_words, max_size=40), max_size=5)
any_text = st.text(st.characters(exclude_categories=("Cs",)), max_size=200)


@given(runs_of_words)
def test_the_fingerprints_are_those_of_the_literal_definition(runs):
    made = fingerprint.make_fingerprints([" ".join(run) for run in runs])
    assert made == slow_winnowing.fingerprint(runs)


@given(st.lists(plain_words, max_size=30), st.lists(plain_words, min_size=8, max_size=30), st.data())
def test_two_texts_that_share_eight_words_in_a_row_share_a_fingerprint(before, shared, data):
    # The guarantee threshold t = w + k - 1 of the paper.
    after = data.draw(st.lists(plain_words, max_size=30))
    one = fingerprint.make_fingerprints([" ".join([*before, *shared])])
    other = fingerprint.make_fingerprints([" ".join([*shared, *after])])
    assert one & other


@given(runs_of_words, st.data())
def test_no_fingerprint_depends_on_what_stands_on_both_sides_of_a_hidden_place(runs, data):
    # Whatever stands in the other runs, each run gives the same fingerprints.
    alone = set().union(*(fingerprint.make_fingerprints([" ".join(run)]) for run in runs))
    shuffled = data.draw(st.permutations(runs))
    assert fingerprint.make_fingerprints([" ".join(run) for run in shuffled]) == alone


@given(any_text)
def test_the_words_of_words_are_the_same_words(text):
    words = fingerprint.normalise_words(text)
    assert fingerprint.normalise_words(" ".join(words)) == words
    assert all(word and " " not in word for word in words)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Children’s well-being", "the childrens well being"),
        ("a ﬁnding, naïve", "a finding naive"),
        ("“quoted” words…", "quoted words"),
        ("sleep—at night", "sleep at night"),
        ("x² rises", "x2 rises"),
        ("snake_case", "snake case"),
        ("हिन्दी पाठ", "हनद पठ"),
    ],
)
def test_how_a_word_is_set_makes_no_difference(one, other):
    assert fingerprint.normalise_words(one) == fingerprint.normalise_words(other)


def test_each_character_of_a_script_without_blanks_is_a_word():
    assert fingerprint.normalise_words("子供の睡眠 2026") == ["子", "供", "の", "睡", "眠", "2026"]


def test_a_hash_is_the_beginning_of_sha_256_so_that_a_browser_computes_the_same():
    # sha256sum of "one two three four five"
    words = ["one", "two", "three", "four", "five"]
    assert fingerprint.hash_shingle(words).hex() == "bb1262c1cf29a3e8"
    assert fingerprint.make_fingerprints(["One, two; three: four. Five!"]) == {
        bytes.fromhex("bb1262c1cf29a3e8")
    }


def test_a_page_without_five_words_in_a_row_has_no_fingerprint():
    assert fingerprint.make_fingerprints(["one two three four", "five six seven eight", ""]) == frozenset()


@pytest.mark.parametrize(
    ("matches", "held", "published", "found"),
    [
        (0, 100, 100, False),
        (2, 100, 100, False),
        (9, 100, 100, False),
        (10, 100, 100, True),
        (50, 50, 160, True),  # half a page held, a whole one published
        (50, 160, 50, True),  # a whole page held, half of it published
        (1, 1, 160, True),  # a page of hardly any words shares all it has
        (1, 2, 160, False),
        (2, 2, 160, True),
        (0, 0, 160, False),
    ],
)
def test_a_page_is_candidate_by_the_share_of_the_smaller_side(matches, held, published, found):
    assert fingerprint.is_candidate(matches, held, published) is found

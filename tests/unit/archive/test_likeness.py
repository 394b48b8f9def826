"""A page that is public without the hidden part is named; pages of the same form with other words are not."""

from __future__ import annotations

import random

import pytest

from lightwell.archive import fingerprint, likeness

WORDS = [f"word{k}" for k in range(400)]
NAME = "Katherine Ashdown"


def write_page(seed: int, length: int = 120) -> list[str]:
    dice = random.Random(seed)
    return [dice.choice(WORDS) for _ in range(length)]


def redact(words: list[str], at: int) -> tuple[list[str], list[str]]:
    """Return the whole page as one run, and the runs that are left when the name at this place is hidden."""
    whole = [*words[:at], NAME, *words[at:]]
    return [" ".join(whole)], [" ".join(words[:at]), " ".join(words[at:])]


def publish(**pages: list[str]) -> list[tuple[str, frozenset[bytes]]]:
    return [(key, fingerprint.make_fingerprints(runs)) for key, runs in pages.items()]


def test_the_same_page_with_the_name_is_named_first():
    whole, visible = redact(write_page(1), 60)
    found = likeness.find_alike(
        whole, visible, publish(hidden=visible, other=[" ".join(write_page(2))], open=whole)
    )

    assert [each.key for each in found] == ["open", "hidden"]
    assert found[0].shows_hidden >= 1
    assert found[1].shows_hidden == 0
    assert found[1].share == 1.0


@pytest.mark.parametrize("seed", range(20))
def test_a_draft_with_a_tenth_of_its_words_changed_is_named(seed):
    dice, words = random.Random(seed), write_page(seed)
    draft = [dice.choice(WORDS) if dice.random() < 0.05 else word for word in words]
    whole, visible = redact(words, 60)
    (found,) = likeness.find_alike(whole, visible, publish(draft=redact(draft, 60)[0]))

    assert found.key == "draft"


def test_a_sentence_around_the_name_elsewhere_is_named():
    whole, visible = redact(write_page(1), 60)
    page = [*write_page(9), *write_page(1)[50:60], NAME, *write_page(1)[60:70]]
    (found,) = likeness.find_alike(whole, visible, publish(elsewhere=[" ".join(page)]))

    assert found.shows_hidden >= 1
    assert found.share < likeness.LEAST_SHARE


def test_pages_that_share_a_third_of_their_words_are_not_named():
    form = write_page(5, 40)
    whole, visible = redact([*write_page(1, 80), *form], 30)

    assert likeness.find_alike(whole, visible, publish(other=[" ".join([*write_page(2, 80), *form])])) == []


def test_a_page_of_four_words_is_like_nothing():
    assert likeness.find_alike(["a b c d"], ["a b"], publish(other=["a b c d"])) == []

"""A hidden value that a reader sees elsewhere by decision, however it is written there."""

from __future__ import annotations

import pytest

from lightwell.archive import page, residue

COMMON = ("night", "late")


def decide(hidden: str, visible: str, **more: object) -> residue.Decision:
    words = tuple(page.Word(text, (0, 0, 1, 1)) for text in visible.split())
    region = residue.Hidden(1, tuple(hidden.split()))
    return residue.Decision([region], [(), words], common=COMMON, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hidden", "visible"),
    [
        ("Bartholomew", "said Bartholomew twice"),
        ("Bartholomew", "said B a r t h o l o m e w twice"),
        # One below the other, and in capitals.
        ("Evangeline", "E V A N G E L I N E"),
        ("Ada Moss", "A d a M o s s"),
    ],
)
def test_a_hidden_name_that_stands_elsewhere_in_letters_set_apart_is_found(hidden: str, visible: str) -> None:
    assert [number for number, _, _ in residue.find_decided(decide(hidden, visible))] == [2]
    assert list(residue.find_decided(decide(hidden, visible, kept=[hidden]))) == []


@pytest.mark.parametrize(
    ("hidden", "visible"),
    [
        ("Bartholomew", "a b c d e f"),
        ("Anna", "A n n a"),
        ("Bartholomew", "Bart h o l o m e w"),
        ("night", "at night"),
    ],
)
def test_other_letters_set_apart_are_no_name(hidden: str, visible: str) -> None:
    assert list(residue.find_decided(decide(hidden, visible))) == []

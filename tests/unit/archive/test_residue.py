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


ADDRESS = "wilhelmina.ascott@example.org"


def judge(hidden: str, text: str, **more: object) -> set[str]:
    return {found for _, found, _ in residue.judge_text(decide(hidden, "", ordinary=["email"], **more), text)}


@pytest.mark.parametrize(
    ("hidden", "text"),
    [
        # Its pieces stand across a mark, or in a domain that many share, or in words that name nobody.
        (ADDRESS, "dotted.pdf"),
        (ADDRESS, "examples.pdf"),
        (ADDRESS, "borg.pdf"),
        ("k.lind@gmail.com", "email gmail.pdf"),
        ("Kemaith", "email.pdf"),
        ("Fortnightly", "night.pdf"),
        ("info.night@kids.org", "at night"),
        ("jo.li@gmail.com", "jo.pdf li.pdf"),
    ],
)
def test_what_stands_in_an_address_by_chance_blocks_nothing(hidden: str, text: str) -> None:
    assert judge(hidden, text) == set()


@pytest.mark.parametrize(
    ("hidden", "text"),
    [
        (ADDRESS, "interview-wilhelmina.pdf"),
        (ADDRESS, "ascott-2.pdf"),
        (ADDRESS, "Mrs Ascot.pdf"),
        (ADDRESS, "helmi.pdf"),
        (ADDRESS, "wilhelminaascott.pdf"),
        (ADDRESS, "WilhelminaAscott@Example.ORG"),
        (f"<{ADDRESS}>,", "write to ascott"),
        ("jo.li@gmail.com", "jo-li.pdf"),
        ("jo.li@gmail.com", "joli.pdf"),
        ("j.k@gmail.com", "mail j.k@gmail.com for it"),
        ("jo@lindenhof.org", "lindenhof.pdf"),
        ("anna1999@gmail.com", "anna1999.pdf"),
        # An ordinary word that is itself a piece of the name.
        ("Kemaith", "emai.pdf"),
        ("Emailson", "email.pdf"),
    ],
)
def test_what_tells_of_an_address_blocks(hidden: str, text: str) -> None:
    assert judge(hidden, text)


@pytest.mark.parametrize("left", [ADDRESS, "wilhelmina.", "scott@", "ilhelmina .asc", "Wilh"])
def test_what_is_left_of_an_address_on_its_page_is_found(left: str) -> None:
    assert list(residue.judge_page(decide(ADDRESS, ""), 1, f"said {left} twice"))


def test_an_address_among_bytes_is_found_with_its_marks() -> None:
    assert list(residue.judge_bytes(decide("j.k@gmail.com", ""), "xx\nj.k@gmail.com\nyy"))
    assert list(residue.judge_bytes(decide(ADDRESS, ""), f"xx\n{ADDRESS}\nyy"))
    assert not list(residue.judge_bytes(decide(ADDRESS, ""), "xx\ndotted example\nyy"))

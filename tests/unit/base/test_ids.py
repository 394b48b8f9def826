import pytest

from lightwell.base import errors, ids

ID = ids.format_id("study", bytes(range(8)))


def test_an_id_is_a_function_of_its_bytes_and_comes_back() -> None:
    assert ids.format_id("study", bytes(range(8))) == ID
    assert ids.parse_id(ID) == ("study", bytes(range(8)))
    assert len(ID) == 18


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("study", "no hyphen"),
        ("xyz-0000000000000", "no kind of record begins with 'xyz'"),
        ("std-abc", "3 characters after the hyphen"),
        (ID[:-2] + "u" + ID[-1], "holds 'u'"),
        (ID.upper(), "begins with 'STD'"),
        ("", "no hyphen"),
    ],
)
def test_what_is_wrong_with_an_id_is_named(text: str, sentence: str) -> None:
    with pytest.raises(errors.UserMistake, match=sentence):
        ids.parse_id(text)


def holds(text: str) -> bool:
    try:
        ids.parse_id(text)
    except errors.UserMistake:
        return False
    return True


def test_every_single_wrong_character_is_found() -> None:
    for place in range(4, len(ID)):
        for character in ids.ALPHABET:
            changed = ID[:place] + character + ID[place + 1 :]
            assert holds(changed) == (changed == ID)


def test_one_wrong_letter_of_the_prefix_is_found_even_when_it_names_another_kind() -> None:
    pairs = [
        (mine, other)
        for mine in ids.PREFIXES
        for other in ids.PREFIXES
        if sum(a != b for a, b in zip(mine, other, strict=True)) == 1
    ]
    assert pairs, "at least one pair of kinds differs by one letter"
    for mine, other in pairs:
        assert not holds(other + ids.format_id(ids.PREFIXES[mine], b"lightwel")[3:])


def test_every_swap_of_two_different_characters_is_found() -> None:
    spread = ids.format_id("study", bytes.fromhex("0123456789abcdef"))
    for left in range(4, len(spread)):
        for right in range(left + 1, len(spread)):
            swapped = list(spread)
            swapped[left], swapped[right] = swapped[right], swapped[left]
            assert holds("".join(swapped)) == (spread[left] == spread[right])


def test_prefixes_and_kinds_are_one_to_one_and_three_letters_long() -> None:
    assert len(set(ids.PREFIXES.values())) == len(ids.PREFIXES)
    assert all(len(prefix) == 3 and prefix.isalpha() and prefix.islower() for prefix in ids.PREFIXES)


def test_a_kind_without_a_prefix_and_too_few_bytes_are_our_own_bugs() -> None:
    with pytest.raises(ValueError, match="PREFIXES"):
        ids.format_id("spaceship", bytes(8))
    with pytest.raises(ValueError, match="8 random bytes"):
        ids.format_id("study", bytes(7))

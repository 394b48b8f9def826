"""Two pages word by word: what agrees, what differs, what is hidden, and what makes one a copy."""

from lightwell.archive import word_difference
from lightwell.archive.fingerprint_set import Words
from lightwell.archive.word_difference import Change, HiddenPlace

TEXT = (
    "We asked 412 young people how they slept. Those who had seen the “spread” slept worse, and "
    "self-harm was named by nine of them. The finding was not published in that year."
)


def compare(held: str, *runs: str, grounds: tuple[str, ...] = ()) -> word_difference.Difference:
    return word_difference.compare_words(held, Words(runs, grounds))


def test_the_same_words_set_in_another_way_are_the_same() -> None:
    found = compare(TEXT.upper().replace(" ", "\n").replace("“", '"').replace("”", '"'), TEXT)
    assert found.is_same
    assert found.is_copy
    assert found.share == 1.0
    assert found.held == found.published == found.in_order == found.longest == 33


def test_a_changed_word_is_shown_as_both_write_it() -> None:
    found = compare(TEXT.replace("nine", "NINETEEN").replace("not ", ""), TEXT)
    assert found.changes == (Change("NINETEEN", "nine"), Change("", "not"))
    assert not found.is_same
    assert found.is_copy


def test_half_a_page_is_a_copy_and_what_is_off_it_no_change() -> None:
    words = TEXT.split()
    lower = compare(" ".join(words[15:]), TEXT)
    assert (lower.before, lower.after, lower.changes, lower.is_copy) == (15, 0, (), True)
    upper = compare(" ".join(words[:15]), TEXT)
    assert (upper.before, upper.after, upper.changes, upper.is_copy) == (0, 18, (), True)


def test_a_hidden_place_names_its_reason_and_counts_what_the_held_page_has_there() -> None:
    found = compare(
        "The interview with Anna Maria Smith was held on Monday in Leeds with care",
        "The interview with", "was held on", "with care", grounds=("participant", "location"),
    )  # fmt: skip
    assert found.hidden == (HiddenPlace("participant", 3), HiddenPlace("location", 3))
    assert found.changes == ()
    assert "Anna" not in str(found)
    assert not found.is_same


def test_a_change_beside_a_hidden_place_is_both() -> None:
    found = compare(
        "one two three four five SIX SEVEN eight nine ten", "one two three four five siks", "eight nine ten",
        grounds=("participant",),
    )  # fmt: skip
    assert found.hidden == (HiddenPlace("participant", 2),)
    assert found.changes == (Change("SIX SEVEN", "siks"),)


def test_a_passage_in_common_does_not_make_a_copy() -> None:
    footer = "Internal and confidential, not for distribution outside the company."
    one, other = (" ".join(f"{name}{k}" for k in range(80)) for name in "ab")
    found = compare(f"{one} {footer}", f"{other} {footer}")
    assert found.longest == 9
    assert not found.is_copy


def test_a_long_page_that_holds_most_of_a_short_one_is_no_copy_of_it() -> None:
    short = [f"short{k}" for k in range(50)]
    long = [f"long{k}" for k in range(200)]
    assert not compare(" ".join([*long, *short[:35]]), " ".join(short)).is_copy
    assert compare(" ".join([*long, *short[:45]]), " ".join(short)).is_copy
    # The other way round it is: a held part of a published page.
    assert compare(
        " ".join([*short[:35], *(f"misread{k}" for k in range(15))]), " ".join(long + short)
    ).is_copy


def test_pages_without_words_have_nothing_in_common() -> None:
    assert compare("", "").share == 0.0
    assert not compare("", TEXT).is_copy
    assert compare("…", TEXT).before == 33

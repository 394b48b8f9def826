"""Whatever is held back: nothing of it stays, it comes back exactly, and nothing else passes for it."""

from hypothesis import assume, given
from hypothesis import strategies as st

from lightwell.base import canonical, disclosure, ids, pointer, withholding

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x24F), max_size=12)
SCALARS = st.booleans() | st.integers(-9, 9) | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
BODIES = st.dictionaries(TEXT, VALUES, min_size=1, max_size=4)


def make_record(body):
    return disclosure.parse_disclosure(
        {
            "id": ids.format_id("study", b"propstdy"),
            "kind": "study",
            "version": 1,
            "schema": 1,
            "publisher": {"id": "p", "role": "provider", "name": "0"},
            "provider": {"id": "p", "name": "0"},
            "language": "en",
            "date": "2026-01-15",
            "body": body,
        }
    )


def hold(body, places, salts):
    decisions = [
        withholding.Decision(place, "confidential", "2026-06-01", "approver", repeats_accepted=True)
        for place in places
    ]
    return withholding.withhold_fields(make_record(body), decisions, dict(zip(places, salts, strict=True)))


def list_places(body):
    return [pointer.format_pointer(("body", *tokens)) for tokens, _ in pointer.list_leaves(body)]


@given(BODIES, st.data())
def test_what_is_held_back_is_null_and_comes_back_exactly(body, data) -> None:
    places = data.draw(st.lists(st.sampled_from(list_places(body)), min_size=1, unique=True))
    salts = [bytes([number]) * 32 for number in range(len(places))]
    public, openings = hold(body, places, salts)
    record = disclosure.format_disclosure(public)
    for place in places:
        assert pointer.find_value(record, pointer.parse_pointer(place)) is None
    shown = withholding.lift_fields(public, openings, "2026-03-01")
    withholding.check_lift(public, shown)
    assert canonical.encode(shown.body) == canonical.encode(body)


@given(BODIES, BODIES, st.data())
def test_two_bodies_that_differ_only_where_something_is_held_back_differ_only_in_the_fingerprint(
    body, other, data
) -> None:
    place = data.draw(st.sampled_from(sorted(body)))
    changed = {**body, place: data.draw(st.sampled_from(sorted(other)).map(other.get))}
    places = [pointer.format_pointer(("body", place))]
    first, _ = hold(body, places, [b"s" * 32])
    second, _ = hold(changed, places, [b"s" * 32])
    blank = [
        disclosure.encode_disclosure(each).replace(each.withheld[0].commitment.encode(), b"-" * 64)
        for each in (first, second)
    ]
    assert blank[0] == blank[1]


@given(VALUES, VALUES)
def test_no_other_value_opens_a_fingerprint(value, other) -> None:
    assume(canonical.encode(value) != canonical.encode(other))
    public, (opening,) = hold({"a": value}, ["/body/a"], [b"s" * 32])
    assert withholding.check_opening(public.withheld[0], opening.salt, value)
    assert not withholding.check_opening(public.withheld[0], opening.salt, other)


WORD = st.text("abcdefghijklmnopqrstuvwxyz-'.1(", min_size=1, max_size=6)


@given(st.lists(WORD, min_size=2, max_size=4), TEXT, TEXT, st.sampled_from([" ", "  ", "\n", "\u00a0"]))
def test_a_held_back_text_of_several_words_is_found_wherever_it_stands(words, before, after, gap) -> None:
    record = {"deep": [{"field": f"{before} {gap.join(words).upper()} {after}"}]}
    assert withholding.find_echoes(record, " ".join(words)) == ["/deep/0/field"]


@given(st.text(), st.text())
def test_a_pointer_comes_back_from_any_tokens(first, second) -> None:
    assert pointer.parse_pointer(pointer.format_pointer((first, second))) == (first, second)


@given(st.from_regex(r"(/([ab01]|~[01])*)*", fullmatch=True))
def test_a_text_that_is_read_as_a_pointer_has_only_that_spelling(text) -> None:
    assert pointer.format_pointer(pointer.parse_pointer(text)) == text

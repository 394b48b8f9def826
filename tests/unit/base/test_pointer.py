import pytest

from lightwell.base import errors, pointer

# RFC 6901 section 5.
EXAMPLE = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", EXAMPLE),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_the_examples_of_the_rfc_find_their_values(text, value) -> None:
    assert pointer.find_value(EXAMPLE, pointer.parse_pointer(text)) == value


@pytest.mark.parametrize(
    "text", ["/foo/2", "/foo/-", "/foo/01", "/foo/-1", "/foo/\u0661", "/none", "/foo/0/0"]
)
def test_a_place_that_is_not_there_is_absent_and_cannot_be_replaced(text) -> None:
    tokens = pointer.parse_pointer(text)
    assert pointer.find_value(EXAMPLE, tokens) is pointer.ABSENT
    with pytest.raises(errors.UserMistake, match="there is no"):
        pointer.replace_value(EXAMPLE, tokens, 1)


@pytest.mark.parametrize("text", ["foo", "/a~", "/a~2", "/~01~"])
def test_what_is_no_pointer_is_refused(text) -> None:
    with pytest.raises(errors.UserMistake, match="the place"):
        pointer.parse_pointer(text)


def test_a_value_is_replaced_in_a_copy() -> None:
    changed = pointer.replace_value(EXAMPLE, ("foo", "1"), None)
    assert changed["foo"] == ["bar", None]
    assert EXAMPLE["foo"] == ["bar", "baz"]


def test_leaves_are_listed_in_order_and_empty_groups_count_as_leaves() -> None:
    assert list(pointer.list_leaves({"a": [1, {}], "b": []})) == [
        (("a", "0"), 1),
        (("a", "1"), {}),
        (("b",), []),
    ]

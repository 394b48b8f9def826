"""A difference says everything: applying it to the old record gives the new one, exactly."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from lightwell.base import canonical, difference

KEYS = st.sampled_from(["id", "title", "a/b", "~", "id=1", "0", "digest", "pointer", ""])
IDS = st.sampled_from(["r1", "r2", "r3", "0", "a=b", "x/y", ""])
SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-1, 1) | IDS
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.lists(
            st.tuples(IDS, st.dictionaries(KEYS, inner, max_size=2)),
            unique_by=lambda pair: pair[0],
            max_size=4,
        ).map(lambda pairs: [{**rest, "id": name} for name, rest in pairs])
    ),
    max_leaves=20,
)


@given(VALUES, VALUES)
def test_applying_the_changes_gives_the_new_version(old, new) -> None:
    before = copy.deepcopy(old)
    changes = difference.diff_values(old, new)
    assert canonical.encode(difference.apply(old, changes)) == canonical.encode(new)
    assert canonical.encode(old) == canonical.encode(before)


@given(VALUES, VALUES)
def test_there_are_no_changes_exactly_when_the_bytes_are_the_same(old, new) -> None:
    same = canonical.encode(old) == canonical.encode(new)
    assert (difference.diff_values(old, new) == []) == same


@given(VALUES)
def test_a_version_does_not_differ_from_its_copy(value) -> None:
    assert difference.diff_values(value, copy.deepcopy(value)) == []

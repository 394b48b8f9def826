"""An answer in memory is what whoever reads its bytes has."""

import dataclasses
import json

from hypothesis import example, given
from hypothesis import strategies as st

from lightwell.query import release
from lightwell.query.release import Release

REALS = st.floats(allow_nan=False, allow_infinity=False)
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = (
    st.none() | st.booleans() | WHOLE | REALS | st.dates() | st.text(st.characters(exclude_categories=["Cs"]))
)
ENDS = st.none() | st.tuples(st.none() | REALS, st.none() | REALS)


def make_release(rows: list, ends: list, epsilon: float, left_out: float | None) -> Release:
    return Release(
        id="sha256:" + "0" * 64,
        query="",
        columns=("a", "b"),
        rows=tuple({"b": one, "a": other} for one, other in rows),
        intervals=tuple({"a": one, "b": None} for one in ends),
        charge={"nano_rho": 12, "delta_units": 0, "epsilon": epsilon, "delta": "1e-07"},
        plan=("Reads answers.",),
        notes=("One.", "Two."),
        data_version="0",
        dataset="répondants",
        truncation=None if left_out is None else {"share": left_out, "bound": 3},
    )


@given(st.lists(st.tuples(VALUES, VALUES)), st.lists(ENDS), REALS, st.none() | REALS)
@example([(123456789012.4, 2.0**53), (1e300, -0.0)], [(1e16, 123456789012345.6)], 1.0, 0.0)
def test_an_answer_in_memory_is_the_one_that_its_bytes_say(rows, ends, epsilon, left_out) -> None:
    found = make_release(rows, ends, epsilon, left_out)
    settled = release.settle_release(found)
    assert settled.body == release.write_release(found)
    # As text, because 1 and 1.0 are equal and are shown in two ways.
    assert _write(settled) == _write(release.read_release(settled.body))


def _write(found: Release) -> str:
    members = dataclasses.asdict(found)
    return json.dumps(members | {"body": found.body.decode()}, sort_keys=True)

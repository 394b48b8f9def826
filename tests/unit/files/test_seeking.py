"""A pattern is looked for in a process that the kernel ends, so that no pattern stops the site."""

from __future__ import annotations

import pytest

from lightwell.base import errors
from lightwell.files import seeking

LINES = ["Ann Example met Joe Sample.", "", "ann was late", "a" * 40 + "!"]


def test_places_are_found_line_by_line_whatever_the_case() -> None:
    with seeking.Seeker("ann") as seeker:
        assert seeker.find(LINES) == [(0, 0, 3), (2, 0, 3)]
        assert seeker.find(["Joanna"]) == [(0, 2, 5)]
        assert seeker.find([]) == []


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("", "found everywhere"),
        ("x*", "found everywhere"),
        ("(", "cannot be read"),
        ("[z-a]", "cannot be read"),
        ("(" * 400, "cannot be read"),
        ("a" * 501, "more than 500"),
    ],
)
def test_a_pattern_that_cannot_be_looked_for_is_refused_in_a_sentence(pattern: str, sentence: str) -> None:
    with pytest.raises(errors.UserMistake, match=sentence) as caught, seeking.Seeker(pattern):
        pass
    assert caught.value.problems[0].place == "pattern"


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|a)*$", r"(?:a|aa)+$"])
def test_a_pattern_that_never_ends_is_stopped_and_says_so(pattern: str) -> None:
    with (
        seeking.Seeker(pattern + "b", seconds=1) as seeker,
        pytest.raises(errors.UserMistake, match="took longer than 1 sec"),
    ):
        seeker.find(LINES)
    assert seeker._process.returncode is not None, "nothing is left running"

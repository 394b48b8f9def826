"""Errors by whose fault, few, one tree.

    LightwellError                 every error this project raises on purpose
    ├── UserMistake                what was handed in is wrong: a list of problems, all at once
    ├── Refused                    a rule says no, although nothing is malformed: one sentence
    ├── CouldNotCheck              an answer is not possible here (missing key, offline): neither yes nor no
    └── Damaged                    our own store is broken: an operator must act

The doors (`web`, `cli`) turn them into a page or an exit code: `UserMistake` and `Refused`
are 1, `CouldNotCheck` is 2, `Damaged` is 3 (verification: 0 verified, 1 refused, 2 could not
check). A user meets the sentences of an error, never a traceback. Sentences are whole, name
the place, and say what to do. There is no error "unexpected": what nobody foresaw stays a bug
with its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class LightwellError(Exception):
    """The root: catch it at a door, raise one of its four children."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where.

    `place` names it in the reader's terms: "study.yaml, line 7", "row 12", "/body/title",
    "page 3 of minutes.pdf"; it is empty when the whole input is meant. `sentence` is what is
    wrong and what to do.
    """

    place: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}" if self.place else self.sentence


class UserMistake(LightwellError):
    """The input is wrong. Carries every problem found, in the order of the input.

    `UserMistake("sentence")` and `UserMistake("sentence", place="row 3")` make one problem;
    `UserMistake(problems=[...])` carries many.
    """

    def __init__(self, sentence: str = "", *, place: str = "", problems: Iterable[Problem] = ()) -> None:
        listed = tuple(problems)
        if sentence:
            listed = (Problem(place, sentence), *listed)
        if not listed:
            raise ValueError("a mistake without a problem is no mistake")
        self.problems: tuple[Problem, ...] = listed
        super().__init__("\n".join(str(problem) for problem in listed))


class Refused(LightwellError):
    """A rule says no. `sentence` says which and what would be allowed."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


class CouldNotCheck(LightwellError):
    """No verdict is possible with what is here; never to be shown as verified or as refused."""

    exit_code = 2

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


class Damaged(LightwellError):
    """Our own stored state contradicts itself; nothing may be signed or published on top of it."""

    exit_code = 3

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)

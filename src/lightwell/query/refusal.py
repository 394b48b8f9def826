"""Why a query is refused, before anything is charged: a code, the place, the reason and what to write
instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lightwell.base import errors


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason. `line` and `column` count from 1; both are 0 when the whole text is meant."""

    code: str
    reason: str
    advice: str
    line: int = 0
    column: int = 0

    @property
    def place(self) -> str:
        """Where, in words."""
        return f"line {self.line}, column {self.column}" if self.line else ""


class QueryRefused(errors.UserMistake):
    """The text is no query that can be answered privately. Nothing was charged and no data were read."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__(
            problems=[
                errors.Problem(one.place, f"{one.reason} {one.advice} [{one.code}]") for one in self.refusals
            ]
        )

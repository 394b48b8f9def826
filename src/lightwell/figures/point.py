"""A figure and what it is one of: the series, and a point of it as one file of one edition states it.

Units and what is counted are part of the series, so that pieces never stand in a row with reports unnoticed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from lightwell.figures.period import Period
from lightwell.figures.value import Number

# What stands where a file says nothing narrower.
WHOLE = "All"


@dataclass(frozen=True, slots=True)
class Series:
    """One figure over periods, whichever edition states it.

    `counts` is one of `value.COUNTS`, `unit` one of `value.UNITS`; `breakdown` are the further columns that
    narrow it, as (name, value) in order of names, such as (("location", "market"), ("market", "france")).
    """

    provider: str
    service: str
    policy_area: str
    metric: str
    counts: str
    unit: str
    breakdown: tuple[tuple[str, str], ...] = ()

    @property
    def title(self) -> str:
        """Name it for a table: "Facebook · Hate Speech · Proactive rate"."""
        parts = [
            self.service,
            self.policy_area,
            self.metric,
            *(f"{name}: {value}" for name, value in self.breakdown),
        ]
        return " · ".join(parts)

    @property
    def sort_key(self) -> tuple[object, ...]:
        """Order series for lists: by service, policy area, metric, then the rest."""
        return (
            self.service,
            self.policy_area,
            self.metric,
            self.breakdown,
            self.provider,
            self.counts,
            self.unit,
        )


class Point(NamedTuple):
    """A figure of one period as printed; `number` None means that no number was given, never zero.

    `row` counts from 1 at the top of the file, as a spreadsheet does.
    """

    series: Series
    period: Period
    printed: str
    number: Number | None
    file: str
    row: int

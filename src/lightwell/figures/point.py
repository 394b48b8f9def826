"""A figure and what it is one of: the series, and a point of it as one file of one edition states it.

Units and what is counted are part of the series, so that pieces never stand in a row with reports unnoticed.
"""

from __future__ import annotations

import unicodedata
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


# They print what follows in another order (Unicode TR 9).
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# As long as the rows of a site hold.
_LENGTHS = {"provider": 200, "service": 200, "policy_area": 400, "metric": 400}


def find_text_problem(series: Series) -> str:
    """Say what makes the words of a series unfit to keep or show; empty where nothing does."""
    texts = [(name.replace("_", " "), getattr(series, name), most) for name, most in _LENGTHS.items()]
    texts += [("breakdown", text, 500) for pair in series.breakdown for text in pair]
    for name, text, most in texts:
        if len(text) > most:
            return f"its {name} has {len(text):,} characters; at most {most} are read"
        # Signs that steer a terminal or turn the order of what follows; NUL and half pairs, which no database
        # holds.
        if any(unicodedata.category(each) in ("Cc", "Cs") or each in _TURNING for each in text):
            return f"its {name} has a sign that is no text"
    return ""


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

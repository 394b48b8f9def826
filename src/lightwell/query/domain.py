"""What a value may be: the type, bounds and values of columns and expressions, known before any data is read.

Everything here is public: it comes from a codebook or follows from one by arithmetic on ranges. A bound that
holds for every row that could exist is what makes the contribution of a child finite.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import Any

BOOLEAN, INTEGER, REAL, TEXT, DATE, TIMESTAMP = "boolean", "integer", "real", "text", "date", "timestamp"
KINDS = (BOOLEAN, INTEGER, REAL, TEXT, DATE, TIMESTAMP)
NUMBERS = (INTEGER, REAL)
# Integers stay exact in every engine, also when two of them are multiplied and a million rows are added.
LARGEST = 2**53 - 1

# A value is a bool, int, float, str, date or datetime, as the kind of its domain says; a key may be None too.
Value = Any
Key = Any
# An end of a range: of the type that the kind says, or None where it is open.
Bound = Any


@dataclass(frozen=True, slots=True)
class Domain:
    """The set that an expression's values lie in.

    `low` and `high` bound numbers, dates and timestamps, both inclusive; `values` lists them when there are
    few, in the order in which groups are shown; `step` is the resolution at which a real number is added up;
    `has_null` says whether a value may be missing.
    """

    kind: str
    low: Bound = None
    high: Bound = None
    values: tuple[Value, ...] | None = None
    step: float | None = None
    has_null: bool = True

    @property
    def is_number(self) -> bool:
        """Answer whether it can be added up."""
        return self.kind in NUMBERS

    @property
    def is_bounded(self) -> bool:
        """Answer whether both ends are known."""
        return self.low is not None and self.high is not None

    def count_values(self) -> int | None:
        """Count the values other than null, or None when they cannot be listed."""
        if self.values is not None:
            return len(self.values)
        if self.kind == BOOLEAN:
            return 2
        if self.kind == INTEGER and isinstance(self.low, int) and isinstance(self.high, int):
            return self.high - self.low + 1
        if self.kind == DATE and isinstance(self.low, datetime.date) and isinstance(self.high, datetime.date):
            return (self.high - self.low).days + 1
        return None

    def list_values(self) -> tuple[Value, ...]:
        """List the values other than null, in order; call it only where `count_values` gives a number."""
        if self.values is not None:
            return self.values
        if self.kind == BOOLEAN:
            return (False, True)
        if self.kind == INTEGER and isinstance(self.low, int) and isinstance(self.high, int):
            return tuple(range(self.low, self.high + 1))
        if self.kind == DATE and isinstance(self.low, datetime.date) and isinstance(self.high, datetime.date):
            days = (self.high - self.low).days + 1
            return tuple(self.low + datetime.timedelta(days=day) for day in range(days))
        raise ValueError("the values of this domain cannot be listed")

    def list_keys(self) -> tuple[Key, ...]:
        """List what a group may be called: the values, and null last where it may occur."""
        return (*self.list_values(), *((None,) if self.has_null else ()))

    def with_null(self, has_null: bool) -> Domain:
        """The same values, with or without null."""
        return replace(self, has_null=has_null)


def enclose(value: Value) -> Domain:
    """The domain of one constant."""
    if isinstance(value, bool):
        return Domain(BOOLEAN, values=(value,), has_null=False)
    if isinstance(value, int):
        return Domain(INTEGER, value, value, (value,), has_null=False)
    if isinstance(value, float):
        return Domain(REAL, value, value, (value,), has_null=False)
    if isinstance(value, str):
        return Domain(TEXT, values=(value,), has_null=False)
    if isinstance(value, datetime.datetime):
        return Domain(TIMESTAMP, value, value, (value,), has_null=False)
    return Domain(DATE, value, value, (value,), has_null=False)

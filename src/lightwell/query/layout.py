"""What a prepared data set holds: how columns are kept, ranks, flags, cubes; all from the codebook alone.

Preparation is done child by child, so that it changes nothing about who is a neighbour of whom. Let T be the
prepared rows of a data set. T is the union over children of t(rows of the child), where t is a function of
that child's rows in the table and of a secret salt that was drawn before any row was read:

- each value is settled to its domain and kept as a small whole number: a function of the row;
- a constant column is the least of the child's own values: a function of the child's rows;
- `_rank` counts a child's rows from 1 in the order of a keyed digest of (child, the row's own settled values,
  how many equal rows of the child come before it): which of several equal rows is which cannot be seen, so
  the rank is a function of the child's rows as a multiset. It is total: two rows share a digest only where
  MD5 under a secret key collides, and text, the one thing of free length, enters by its SHA-256;
- `_first_x` is the place of the value of column x among the child's own values of x, in the order of rank, in
  the first row that has it, and null in the child's other rows.

So taking a child's rows away takes away its rows of T and leaves every other row of T as it is, ranks and
flags included. What follows for the rank path (`query.path`), with M = rows that count and K = groups:

- the rows of T with `_rank` <= M are at most M for each child. What is done with them afterwards is local to
  a row, total and not random (filters, look-ups in public tables of at most one row, group keys, clamped
  values). So a count moves by at most M, a sum by at most M times the largest magnitude, a level of bins by
  at most M, each in Euclidean length over all groups, as a vector is no longer than its magnitudes sum to;
- the rows with `_first_x` <= K are at most K for each child, at most one for each value of x: where groups
  tell values of x apart, the number of children by group moves by 1 in at most K groups, so by sqrt(K);
- the rows with `_rank` = 1 are one for each child.

What would break it: a step that multiplies rows after the bound (a join of two tables of children), one that
looks at other rows (a window, DISTINCT, LIMIT), one that is random; and ranks that are computed anew for old
rows when new ones arrive. None of them is on the rank path; joins of tables of children and sub-queries per
child run as over plain files, on T in the place of the data: sound, because T has the same neighbours.

Weeks. Where a codebook names a `partition`, the day in that column tells each row's week (Monday to Sunday),
and new weeks are added to a folder without touching old ones. Then t is causal: what it makes of a child's
rows of a week depends on the child's rows of that week and, through what is written down of the child when
it is first seen, of weeks before; never of weeks after. In detail:

- `_rank` counts the child's rows of one week, from 1 in each week, by the same keyed order;
- a constant column is the least of the child's values in the first week that it has a row in, in that week
  and in all later ones, null included: so it is one value for each child still, whatever comes later;
- `_first` is true in the row of rank 1 of that first week and in no other row of the child;
- the only flags are those of the day itself: a day lies in one week, so its first row in the week is its
  first row of all. `_first_day` counts the child's days of the week, from 1 in each week.

T after any week is again the union over children of a function of the child's own rows, which is all that
the proof above asks; and T after a week holds the T before it, row by row. What follows: of rows with `_rank`
<= M in W weeks a child has at most W * M. Which weeks a folder holds is what its owner said when they were
added (`through`), empty weeks included, and which of them a question can read follows from its conditions on
the day (`query.path`), so W is public. The rows with `_first` are one for each child; those with `_first_day`
are one for each child and day, in one week at most K of them with `_first_day` <= K.

A cube holds sums of rows of T by values of a few columns and by tier of rank; whoever adds its cells up gets
the same whole numbers as from rows. Which cubes there are follows from the sizes of declared domains, never
from how many cells are filled, which nobody but the owner may know.
"""

from __future__ import annotations

import datetime
import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lightwell.base import canonical
from lightwell.query import domain as domains
from lightwell.query import expression as expressions
from lightwell.query import plan as plans
from lightwell.query.codebook import Codebook, Column, Table
from lightwell.query.domain import Key, Value

VERSION = 2
# The folder of a table that has no weeks, in the place of a week's.
WHOLE = "all"
# Files are cut at these ranks, so that a bound at one of them needs no filter; cubes know no finer one.
TIERS = (8, 16, 32, 64, 128, 256, 512)
RANK, FIRST = "_rank", "_first_"
# The first row of a child of all weeks, and the folder of what is written down of children first seen.
FIRST_ROW, CHILDREN = "_first", "children"
# The days of a week.
DAYS = 7
# A code takes at most two bytes.
_MAX_CODES = 60_000
# Columns with more values get no flags: a first row of each value would be nearly every row.
_MAX_FLAG_VALUES = 128
# How many cells a cube could have at most, all tiers included: what is read for one answer.
_MAX_CELLS = 2**19
_EPOCH = datetime.datetime(1970, 1, 1)  # noqa: DTZ001  # times of a data set have no zone


@dataclass(frozen=True, slots=True)
class Kept:
    """How a column is kept in files.

    `how` is code (the place in `values`, which are in rising order), step (a whole number of steps from
    `first` to `last`), or plain (as its domain has it).
    """

    name: str
    how: str
    column: Column
    values: tuple[Value, ...] = ()
    first: int = 0
    last: int = 0

    @property
    def stored(self) -> str:
        """Its name in files: with a blank, which no column has, so that it is none of ours."""
        return f"column {self.name}"

    @property
    def is_dense(self) -> bool:
        """Answer whether a value is the least one plus its code: in numbers, or days."""
        if self.how != "code" or self.column.domain.kind not in (domains.INTEGER, domains.DATE):
            return False
        span: Any = self.values[-1] - self.values[0]
        return (span.days if isinstance(span, datetime.timedelta) else span) + 1 == len(self.values)

    @property
    def step(self) -> float:
        """What one unit of a number stands for."""
        return expressions.find_step(self.column.domain)

    def count_keys(self) -> int:
        """Count the codes and null, which a value outside its domain becomes whatever was declared."""
        return len(self.values) + 1


@dataclass(frozen=True, slots=True)
class Cube:
    """Sums by `columns` and tier: of rows, of first rows of children, and of each of `numbers`.

    With `flag`, instead the number of children by `columns`, one of which is the flagged one, and by tier of
    the flag. With `bins`, the number of rows by `columns` and bin of that number.
    """

    name: str
    columns: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    flag: str = ""
    bins: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one table of children is kept. Columns by their lower-case names.

    `weeks` are the Mondays of the weeks that a folder holds, where rows are kept by week; they are no part of
    the layout's digest, because a folder gains weeks.
    """

    table: Table
    kept: Mapping[str, Kept]
    flags: tuple[str, ...]
    cubes: tuple[Cube, ...]
    weeks: tuple[datetime.date, ...] = ()

    @property
    def partition(self) -> str:
        """The column by whose week rows are kept apart, by its lower-case name; empty for none."""
        return self.table.partition

    @property
    def constants(self) -> tuple[str, ...]:
        """The columns that hold one value for each child, and few enough to be codes."""
        return tuple(name for name, one in self.kept.items() if one.column.is_constant and one.how == "code")


def lay_out(codebook: Codebook) -> dict[str, Layout]:
    """Lay out every table of children of a codebook, by lower-case name; a function of public words alone."""
    return {name: lay_out_table(table) for name, table in codebook.tables.items() if not table.is_public}


def lay_out_table(table: Table) -> Layout:
    """Decide how one table is kept."""
    kept = {name: keep(column) for name, column in table.columns.items()}
    sizes = {name: one.count_keys() for name, one in kept.items() if one.how == "code"}
    if table.partition:
        sizes[table.partition] = DAYS
    flags = tuple(
        name for name, size in sizes.items() if not kept[name].column.is_constant and size <= _MAX_FLAG_VALUES
    )
    if table.partition:
        flags = (table.partition,)
    return Layout(table, kept, flags, tuple(_list_cubes(kept, flags, sizes)))


def keep(column: Column) -> Kept:
    """Decide how one column is kept."""
    of = column.domain
    size = of.count_values()
    if size is not None and 0 < size <= _MAX_CODES:
        return Kept(column.name, "code", column, tuple(sorted(of.list_values())))
    if of.kind == domains.REAL and of.is_bounded:
        step = expressions.find_step(of)
        low, high = float(of.low), float(of.high)
        first, last = math.ceil(low / step), math.floor(high / step)
        # A float times a float may leave the range by a hair; then the outermost step is not used.
        first += first * step < low
        last -= last * step > high
        if first <= last and max(abs(first), abs(last)) < 2**31:
            return Kept(column.name, "step", column, (), first, last)
    return Kept(column.name, "plain", column)


def encode(kept: Kept, value: Key) -> Key:
    """What is kept of a settled value; null stays null. Inverse of `decode` but for what rounding takes."""
    if value is None or kept.how == "plain":
        return value
    if kept.how == "code":
        return kept.values.index(value)
    steps = math.floor(float(value) * (1.0 / kept.step) + 0.5)
    return min(max(steps, kept.first), kept.last)


def decode(kept: Kept, code: Key) -> Key:
    """The value that a kept one stands for."""
    if code is None or kept.how == "plain":
        return code
    return kept.values[code] if kept.how == "code" else float(code) * kept.step


def find_tier(rank: int) -> int:
    """The tier that a rank lies in: the number of bounds below it."""
    return sum(rank > most for most in TIERS)


def count_tiers(rows: int) -> int | None:
    """How many tiers hold exactly the ranks up to `rows`; None where it lies within one."""
    return TIERS.index(rows) + 1 if rows in TIERS else None


def name_tier(tier: int) -> str:
    """A tier's folder: its first and last rank."""
    first = TIERS[tier - 1] + 1 if tier else 1
    return f"{first}-{TIERS[tier]}" if tier < len(TIERS) else f"{first}-more"


def list_weeks(table: Table, through: datetime.date) -> tuple[datetime.date, ...]:
    """The Mondays of the weeks from the first day of a table's partition to the week of `through`."""
    low: Any = table.columns[table.partition].domain.low
    begin, end = (day - datetime.timedelta(days=day.weekday()) for day in (low, through))
    return tuple(begin + datetime.timedelta(days=7 * week) for week in range((end - begin).days // 7 + 1))


def end_week(day: datetime.date) -> datetime.date:
    """The Sunday of a day's week, or the last day there is."""
    return datetime.date.fromordinal(min(day.toordinal() + 6 - day.weekday(), datetime.date.max.toordinal()))


def name_week(monday: datetime.date) -> str:
    """A week's folder: its year and number by ISO 8601, such as 2026-W05."""
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02}"


def write_row_text(salt: str, child: Key, codes: Iterable[Key]) -> str:
    """What is digested for a row's place: salt, child and the row's own values, no two rows alike.

    Codes and steps are whole numbers; text enters by its SHA-256, so that no value holds a comma.
    """
    words = [salt, str(child)]
    for code in codes:
        if isinstance(code, str):
            code = hashlib.sha256(code.encode()).hexdigest()
        elif isinstance(code, datetime.datetime):
            code = (code - _EPOCH) // datetime.timedelta(microseconds=1)
        elif isinstance(code, datetime.date):
            code = (code - _EPOCH.date()).days
        words.append("" if code is None else str(code))
    return ",".join(words)


def compute_digest(layouts: Mapping[str, Layout]) -> str:
    """The digest of how tables are kept: a folder prepared by other bounds or rules has another one."""
    described = {
        name: {
            "unit": layout.table.unit,
            **({"partition": layout.partition} if layout.partition else {}),
            "columns": [
                [one.name, one.how, one.column.is_constant, _describe_domain(one)]
                for one in layout.kept.values()
            ],
            "flags": list(layout.flags),
            "cubes": [
                [cube.name, list(cube.columns), list(cube.numbers), cube.flag, cube.bins]
                for cube in layout.cubes
            ],
        }
        for name, layout in layouts.items()
    }
    return canonical.compute_digest({"v": VERSION, "tiers": list(TIERS), "tables": described})


def _describe_domain(kept: Kept) -> list[str | None]:
    of = kept.column.domain
    listed = None if of.values is None else "\x1f".join(str(value) for value in kept.values or of.values)
    return [of.kind, *(None if end is None else str(end) for end in (of.low, of.high, of.step)), listed]


# --- cubes ----------------------------------------------------------------------------------------------


def _list_cubes(kept: Mapping[str, Kept], flags: Sequence[str], coded: Mapping[str, int]) -> list[Cube]:
    """Choose the cubes; `coded` is how many keys each coded column has in one folder of cubes."""
    most = _MAX_CELLS // (len(TIERS) + 1)
    constants = _fill((), [name for name in coded if kept[name].column.is_constant], coded, most)
    numbers = tuple(name for name, one in kept.items() if is_number(one))
    rest = [name for name in coded if name not in constants]
    cubes = [Cube("cube-0", _fill(constants, rest, coded, most), numbers)]
    for name in sorted(rest, key=coded.__getitem__):
        if any(name in cube.columns for cube in cubes) or coded[name] > _MAX_FLAG_VALUES:
            continue
        begun = _fill((name,), list(constants), coded, most)
        cubes.append(Cube(f"cube-{len(cubes)}", _fill(begun, rest, coded, most), numbers))
    for name in flags:
        cubes.append(Cube(f"children-{name}", _fill((name,), list(constants), coded, most), flag=name))
    for number in numbers:
        for name in coded:
            if name != number and coded[name] * (find_bins(kept[number])[2] + 1) <= most:
                cubes.append(Cube(f"bins-{number}-by-{name}", (name,), bins=number))
    return cubes


def find_bins(kept: Kept) -> tuple[float, float, int]:
    """The bins that a quantile of a bare column is taken from: lower end, upper end, how many."""
    return plans.find_bins(kept.column.domain)


def _fill(begun: Sequence[str], names: Sequence[str], sizes: Mapping[str, int], most: int) -> tuple[str, ...]:
    """Take columns in, the smallest first, as long as the cells stay few."""
    taken = list(begun)
    cells = math.prod(sizes[name] for name in taken)
    for name in sorted(names, key=sizes.__getitem__):
        if name not in taken and cells * sizes[name] <= most:
            taken.append(name)
            cells *= sizes[name]
    return tuple(taken)


def is_number(kept: Kept) -> bool:
    """Answer whether what is kept adds up to the sum of the values."""
    return kept.how == "step" or (kept.is_dense and kept.column.domain.kind == domains.INTEGER)

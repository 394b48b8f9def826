"""How many rows a bound leaves out and how far it moves an average, from what was bought privately once.

A child is in one class of the histogram, by how many rows it has, so the whole costs what one count costs.
Beside it are bought the means of number columns by class (`class_means`). What follows is free: the share of
rows beyond a bound and how far it moves an average, with intervals, and a bound to suggest. Classes in which
noise could be all there is are left out of all of it, and it is said from how many rows on.

A count errs by the share of rows left out. An average does not: of a child with many rows a sample counts, so
it errs only as far as children with many rows have other values. So the bound that errs least in an average
is often far below that for a count, as noise grows with the bound.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lightwell.query import class_means, cost
from lightwell.query.class_means import ClassMeans, Model

# Of what is written in a folder: 1 has no means.
VERSION = 2
# Upper ends of classes: whole powers of two and what lies halfway between them as a factor.
EDGES = tuple(
    sorted({2**power for power in range(21)} | {round(2 ** (power + 0.5)) for power in range(1, 20)})
)
_Z = 1.959963984540054
# A class counts where it stands out of the noise by this many deviations: at four, noise alone makes one of
# the forty stand out once in 800 purchases, and a class of a million rows that is none outweighs all others.
_SEEN = 4.0
# The query that a bound is suggested for where there is none: in so many equal groups, at epsilon 1.
REFERENCE_GROUPS = 100
REFERENCE_EPSILON, REFERENCE_DELTA = 1.0, 1e-7


@dataclass(frozen=True, slots=True)
class Histogram:
    """Noisy numbers of children by class: more than the class before's end, at most their own of `EDGES`.

    `sigma` is the standard deviation of the noise on each; `nano_rho` what it cost, together with `means`,
    which were bought of number columns with it; `id` the release's.
    """

    table: str
    counts: tuple[int, ...]
    sigma: float
    nano_rho: int
    id: str = ""
    means: tuple[ClassMeans, ...] = ()

    def find_means(self, column: str) -> ClassMeans | None:
        """What was bought of a column, by its lower-case name."""
        return next((one for one in self.means if one.column == column), None)


@dataclass(frozen=True, slots=True)
class Truncation:
    """The share of rows that a bound leaves out, with its 95 % interval: from 0 to 1.

    `seen` is the number of rows up to which children were frequent enough to be seen; the rows of those with
    more are not in it.
    """

    share: float
    low: float
    high: float
    seen: int


def find_truncation(histogram: Histogram, rows: int) -> Truncation | None:
    """The share of rows beyond the first `rows` of each child; None where the histogram shows no child.

    The interval holds for any place of the children within their classes, and for the noise.
    """
    seen = _find_seen(histogram)
    if not seen:
        return None
    counts = [max(count, 0) for count in histogram.counts[:seen]]
    shares = []
    for sizes in (_list_sizes(seen, 0.5), _list_sizes(seen, 0.0), _list_sizes(seen, 1.0)):
        total = sum(size * count for size, count in zip(sizes, counts, strict=True))
        beyond = [max(size - rows, 0.0) for size in sizes]
        share = sum(more * count for more, count in zip(beyond, counts, strict=True)) / total
        # The delta method: how the share moves with each class's count.
        slopes = [(more - share * size) / total for more, size in zip(beyond, sizes, strict=True)]
        shares.append((share, histogram.sigma * math.hypot(*slopes)))
    (share, _), *ends = shares
    low = min(value - _Z * sigma for value, sigma in (shares[0], *ends))
    high = max(value + _Z * sigma for value, sigma in (shares[0], *ends))
    return Truncation(share, max(low, 0.0), min(high, 1.0), EDGES[seen - 1])


@dataclass(frozen=True, slots=True)
class Move:
    """How far a bound is predicted to move a column's average, in its own measure, with a 95 % interval."""

    moved: float
    low: float
    high: float


@functools.lru_cache(maxsize=256)
def find_move(histogram: Histogram, column: str, rows: int) -> Move | None:
    """How far a bound moves the average of a column over all rows of the table; None where it is not known.

    The interval holds for any place of the children within their classes, for the noise on what was bought,
    for which rows of a child count, and for means that go from class to class as `class_means` says.
    """
    means, seen = histogram.find_means(column), _find_seen(histogram)
    if means is None or not seen or rows >= EDGES[seen - 1]:
        return None
    moves = []
    for part in (0.5, 0.0, 1.0):
        model = make_model(histogram, means, part)
        if not model.is_known:
            return None
        beliefs = model.predict(rows)
        moved = math.fsum(one.weight * one.moved for one in beliefs)
        square = math.fsum(one.weight * (one.variance + one.moved**2) for one in beliefs)
        sigma = math.sqrt(max(square - moved**2, 0.0) + model.find_sampling(rows))
        moves.append((moved * means.reach, sigma * means.reach))
    low = min(moved - _Z * sigma for moved, sigma in moves)
    high = max(moved + _Z * sigma for moved, sigma in moves)
    return Move(moves[0][0], low, high)


@functools.lru_cache(maxsize=64)
def make_model(histogram: Histogram, means: ClassMeans, part: float = 0.5) -> Model:
    """What is believed of a column's means, with children at a place within their classes from 0 to 1."""
    seen = _find_seen(histogram)
    counts = [max(count, 0) for count in histogram.counts[:seen]]
    return Model(means, EDGES[:seen], _list_sizes(seen, part), counts, histogram.sigma)


def describe_truncation(histogram: Histogram, rows: int, averages: Sequence[str] = ()) -> dict[str, Any]:
    """What a bound leaves out of a table, as JSON; `share`, `low` and `high` are null where it is not known.

    `averages` are the columns whose averages are asked for; of those of which that was bought, it is said how
    far the bound moves them. It is arithmetic on what was bought, so it costs nothing.
    """
    found = find_truncation(histogram, rows)
    seen = found.seen if found else 0
    known = found if rows < seen else None
    return {
        "table": histogram.table,
        "rows": rows,
        "share": known.share if known else None,
        "low": known.low if known else None,
        "high": known.high if known else None,
        "seen": seen,
        "bought": histogram.id,
        "averages": [
            {
                "column": column,
                "moved": _cut(move.moved),
                "low": _cut(move.low),
                "high": _cut(move.high),
            }
            for column in dict.fromkeys(averages)
            if (move := find_move(histogram, column, rows)) is not None
        ],
    }


def _cut(value: float) -> float:
    """Twelve digits: what is beyond them is an accident of the machine."""
    return float(f"{value:.12g}")


def tell_moves(told: Mapping[str, Any]) -> list[str]:
    """Say of each average how far it is moved, as `describe_truncation` has it, and what is not in that."""
    return [
        f"The bound is predicted to move AVG({one['column']}) over all rows of {told['table']} by "
        f"{_format(one['moved'], one)} ({_format(one['low'], one)} to {_format(one['high'], one)}): as "
        "far as children with more rows have other values, and because only some of their rows count. "
        f"Children with more than {told['seen']} rows are not in it, and may move it by anything."
        for one in told.get("averages", ())
    ]


def _format(value: float, around: Mapping[str, Any]) -> str:
    """Write a number with two digits of the width of its interval."""
    width = around["high"] - around["low"]
    digits = max(0, min(1 - math.floor(math.log10(width)), 9)) if width > 0 else 6
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if not float(text) else text


def tell_truncation(told: Mapping[str, Any]) -> str:
    """Say in a sentence what `describe_truncation` made."""
    if not told["seen"]:
        return "There are too few children to say how many rows the bound leaves out."
    rows, seen, table = told["rows"], told["seen"], told["table"]
    if told["share"] is None:
        return f"Too few children have more than {seen} rows to say how many lie beyond the first {rows}."
    return (
        f"The bound leaves out {told['share']:.2%} of all rows of {table} ({told['low']:.2%} to "
        f"{told['high']:.2%}): those beyond the first {rows} of a child. Children with more than {seen} rows "
        "are too few to be seen and are not in it."
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A number of a question as far as the bound on rows matters to it.

    `kind` is count (a number or sum of rows), mean or quantile. `noise` is the deviation of its noise for a
    bound of one row a child: of a count in rows, of a mean in reaches times rows, of a quantile in rows
    before it. `column` is empty where it is no bare column.
    """

    kind: str
    column: str
    noise: float


@dataclass(frozen=True, slots=True)
class Expected:
    """How far a number is expected to err: in all, by noise, and by what the bound leaves out.

    Of a mean or quantile whose column's means were bought in the column's own measure; of anything else as a
    share of itself, or of rows (`is_share`).
    """

    asked: Asked
    error: float
    noise: float
    left_out: float
    is_share: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The bound that errs least in a question of so many groups, and what is expected of each number."""

    rows: int
    groups: int
    expected: tuple[Expected, ...]


def suggest(histogram: Histogram, most: int, asked: Sequence[Asked], groups: int) -> Suggestion | None:
    """The bound, a power of two up to `most`, with which a question is expected to err least.

    Each number errs by noise, which grows with the bound and with the number of groups, taken to be of one
    size, and by what the bound leaves out: a count by the share of rows; a mean or quantile of a column whose
    means were bought by how far the mean moves, whose expectation is over what `class_means` believes, so
    that what is not known counts too. Errors of several numbers are added up: of counts as shares of
    themselves, of others in standard deviations of the values. Rows are those of the whole table, for nobody
    bought how many a filter leaves. None where nothing was seen.
    """
    best: tuple[float, Suggestion] | None = None
    if not _find_seen(histogram) or not asked:
        return None
    for rows in [2**power for power in range(21) if 2**power <= most]:
        judged = [_judge(histogram, one, rows, groups) for one in asked]
        error = math.fsum(one[0] for one in judged)
        if best is None or error < best[0]:
            best = error, Suggestion(rows, groups, tuple(one[1] for one in judged))
    return best[1] if best else None


def _judge(histogram: Histogram, asked: Asked, rows: int, groups: int) -> tuple[float, Expected]:
    """How far a number errs with a bound: on the scale of all numbers, and in its own."""
    means = histogram.find_means(asked.column) if asked.kind != "count" else None
    model = make_model(histogram, means) if means is not None else None
    if means is None or model is None or not model.is_known:
        if asked.kind != "count":
            # Nothing is known of how it goes with rows per child: it is bounded as the reference query is.
            asked, groups = make_reference("count"), REFERENCE_GROUPS
        found = find_truncation(histogram, rows)
        share = found.share if found else 0.0
        noise = rows * asked.noise * groups / _count_rows(histogram)
        return share + noise, Expected(asked, share + noise, noise, share, is_share=True)
    spread = math.sqrt(model.variance)
    noise = rows * asked.noise * groups / model.count_kept(rows)
    if asked.kind == "quantile":
        # From a share of rows to a value, at the density of a normal distribution in its middle.
        noise *= spread * math.sqrt(2 * math.pi)
    else:
        noise *= math.sqrt(1 + model.average**2)
    beliefs, sampling = model.predict(rows), groups * model.find_sampling(rows)
    error = _expect(beliefs, sampling + noise**2)
    left_out, alone = _expect(beliefs, sampling), noise * math.sqrt(2 / math.pi)
    scale = means.reach
    return error / spread, Expected(asked, error * scale, alone * scale, left_out * scale, is_share=False)


def _expect(beliefs: Sequence[class_means.Belief], variance: float) -> float:
    """The expected magnitude of a move and something normal beside it: a mixture of folded normals."""
    expected = 0.0
    for one in beliefs:
        sigma = math.sqrt(one.variance + variance)
        if sigma:
            ratio = one.moved / sigma
            near = sigma * math.sqrt(2 / math.pi) * math.exp(-(ratio**2) / 2)
            expected += one.weight * (near + one.moved * math.erf(ratio / math.sqrt(2)))
        else:
            expected += one.weight * abs(one.moved)
    return expected


def suggest_rows(histogram: Histogram, most: int) -> int:
    """The bound that errs least in the reference query, a count; where nothing was seen it is `most`."""
    found = suggest(histogram, most, [make_reference("count")], REFERENCE_GROUPS)
    return most if found is None else found.rows


def make_reference(kind: str, column: str = "") -> Asked:
    """A number of the reference query, asked alone: a count, or the mean of a column."""
    rho = cost.find_rho(REFERENCE_EPSILON, REFERENCE_DELTA) / cost.NANO_RHO_PER_RHO
    return Asked(kind, column, 1 / math.sqrt(2 * rho if kind == "count" else rho))


def list_references(histogram: Histogram, most: int) -> list[tuple[str, int]]:
    """Which bounds err least in reference queries: a count, then the average of each column."""
    found = [("a count", suggest_rows(histogram, most))]
    for means in histogram.means:
        one = suggest(histogram, most, [make_reference("mean", means.column)], REFERENCE_GROUPS)
        if one is not None:
            found.append((f"AVG({means.column})", one.rows))
    return found


def tell_references(histogram: Histogram, most: int) -> list[str]:
    """Say what `list_references` found, and what the bounds it names leave out and move."""
    found = list_references(histogram, most)
    columns, sentences = [one.column for one in histogram.means], []
    for rows in sorted({most, *(rows for _, rows in found)}):
        told = describe_truncation(histogram, rows, columns)
        sentences += [tell_truncation(told), *tell_moves(told)]
    listed = ", ".join(f"{rows} row{'' if rows == 1 else 's'} a child in {what}" for what, rows in found)
    where = f"in {REFERENCE_GROUPS} groups at epsilon {REFERENCE_EPSILON:g}"
    return [
        *sentences,
        f"The bound that would err least {where}: {listed}. lightwell query explain names the one of your "
        "question; ask with --rows.",
    ]


def tell_suggestion(found: Suggestion) -> str:
    """Say in a sentence which bound `suggest` found and why."""
    where = "" if found.groups == 1 else f", in each of {found.groups} groups if they are alike"
    parts = "; ".join(dict.fromkeys(map(_tell_expected, found.expected)))
    return (
        f"A bound of {found.rows} rows a child would err least in this question: --rows {found.rows}. "
        f"Expected with it{where}: {parts}."
    )


def _tell_expected(one: Expected) -> str:
    if one.is_share:
        return f"a count errs by {one.error:.2%} (noise {one.noise:.2%}, rows left out {one.left_out:.2%})"
    column = one.asked.column
    what = f"AVG({column})" if one.asked.kind == "mean" else f"a quantile of {column}"
    return (
        f"{what} errs by {one.error:.2g} (noise {one.noise:.2g}, rows left out {one.left_out:.2g}, as far as "
        "is known of children with many rows)"
    )


def count_classes(tails: Sequence[int]) -> list[int]:
    """Numbers of children by class from how many have more rows than 0 and than each edge. Exact: private."""
    return [more - fewer for more, fewer in itertools.pairwise(tails)]


def describe(histogram: Histogram) -> dict[str, Any]:
    """Write a histogram as JSON. Inverse of `read`."""
    return {
        "v": VERSION,
        "kind": "rows-per-child",
        "table": histogram.table,
        "edges": list(EDGES),
        "counts": list(histogram.counts),
        "sigma": histogram.sigma,
        "nano_rho": histogram.nano_rho,
        "id": histogram.id,
        "means": [class_means.describe(one) for one in histogram.means],
    }


def read(value: Mapping[str, Any]) -> Histogram:
    """Read what `describe` wrote, or what was written before means were bought (version 1).

    ValueError, KeyError or TypeError for anything else.
    """
    version = value.get("v")
    if (
        isinstance(version, bool)
        or version not in (1, VERSION)
        or value.get("kind") != "rows-per-child"
        or value.get("edges") != list(EDGES)
        or ("means" in value) != (version == VERSION)
    ):
        raise ValueError("not a histogram of rows per child of this version")
    counts = tuple(int(count) for count in value["counts"])
    return Histogram(
        str(value["table"]),
        counts,
        float(value["sigma"]),
        int(value["nano_rho"]),
        str(value["id"]),
        tuple(class_means.read(one) for one in value.get("means", ())),
    )


def _find_seen(histogram: Histogram) -> int:
    """How many classes there are up to the last that stands out of the noise."""
    out = [place for place, count in enumerate(histogram.counts) if count > _SEEN * histogram.sigma]
    return out[-1] + 1 if out else 0


def _list_sizes(seen: int, part: float) -> list[float]:
    """How many rows a child of each class is taken to have: from the fewest (0) to the most (1)."""
    firsts = [1, *(edge + 1 for edge in EDGES)]
    return [first ** (1 - part) * last**part for first, last in zip(firsts[:seen], EDGES[:seen], strict=True)]


def _count_rows(histogram: Histogram) -> float:
    """About how many rows there are, of the children that are seen."""
    seen = _find_seen(histogram)
    sizes = _list_sizes(seen, 0.5)
    return sum(size * max(count, 0) for size, count in zip(sizes, histogram.counts, strict=False))

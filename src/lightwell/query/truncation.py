"""How many rows a bound leaves out, from a histogram of rows per child that was bought privately once.

A child is in one class of the histogram, by how many rows it has, so the whole costs what one count costs.
What follows from it is free: the share of rows beyond a bound, with an interval, and a bound to suggest.
Classes in which noise could be all there is are left out of both, and it is said from how many rows on.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lightwell.query import cost

# Upper ends of classes: whole powers of two and what lies halfway between them as a factor.
EDGES = tuple(
    sorted({2**power for power in range(21)} | {round(2 ** (power + 0.5)) for power in range(1, 20)})
)
_Z = 1.959963984540054
# A class counts where it stands out of the noise by this many deviations.
_SEEN = 3.0
# The query that a bound is suggested for: a count in so many equal groups, at epsilon 1.
REFERENCE_GROUPS = 100
REFERENCE_EPSILON, REFERENCE_DELTA = 1.0, 1e-7


@dataclass(frozen=True, slots=True)
class Histogram:
    """Noisy numbers of children by class: more than the class before's end, at most their own of `EDGES`.

    `sigma` is the standard deviation of the noise on each; `nano_rho` what it cost; `id` the release's.
    """

    table: str
    counts: tuple[int, ...]
    sigma: float
    nano_rho: int
    id: str = ""


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


def describe_truncation(histogram: Histogram, rows: int) -> dict[str, Any]:
    """What a bound leaves out of a table, as JSON; `share`, `low` and `high` are null where it is not known.

    It is arithmetic on a histogram that was bought, so it costs nothing.
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
    }


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


def tell_suggestion(rows: int) -> str:
    """Say in a sentence what `suggest_rows` found."""
    return (
        f"A bound of {rows} rows a child would err least in a count in {REFERENCE_GROUPS} groups at epsilon "
        f"{REFERENCE_EPSILON:g}: --rows {rows}."
    )


def suggest_rows(histogram: Histogram, most: int) -> int:
    """The bound, a power of two up to `most`, that errs least in the reference query.

    It errs by the share of rows left out and, in each group, by one standard deviation of the noise, which
    grows with the bound; where nothing was seen it is `most`.
    """
    seen = _find_seen(histogram)
    rho = cost.find_rho(REFERENCE_EPSILON, REFERENCE_DELTA) / cost.NANO_RHO_PER_RHO
    total = sum(
        size * max(count, 0) for size, count in zip(_list_sizes(seen, 0.5), histogram.counts, strict=False)
    )
    if not total:
        return most
    best, least = most, math.inf
    for rows in [2**power for power in range(21) if 2**power <= most]:
        found = find_truncation(histogram, rows)
        noise = rows / math.sqrt(2 * rho) * REFERENCE_GROUPS / total
        error = (found.share if found else 0.0) + noise
        if error < least:
            best, least = rows, error
    return best


def count_classes(tails: Sequence[int]) -> list[int]:
    """Numbers of children by class from how many have more rows than 0 and than each edge. Exact: private."""
    return [more - fewer for more, fewer in itertools.pairwise(tails)]


def describe(histogram: Histogram) -> dict[str, Any]:
    """Write a histogram as JSON. Inverse of `read`."""
    return {
        "v": 1,
        "kind": "rows-per-child",
        "table": histogram.table,
        "edges": list(EDGES),
        "counts": list(histogram.counts),
        "sigma": histogram.sigma,
        "nano_rho": histogram.nano_rho,
        "id": histogram.id,
    }


def read(value: Mapping[str, Any]) -> Histogram:
    """Read what `describe` wrote; ValueError for anything else."""
    if value.get("v") != 1 or value.get("kind") != "rows-per-child" or value.get("edges") != list(EDGES):
        raise ValueError("not a histogram of rows per child of this version")
    counts = tuple(int(count) for count in value["counts"])
    return Histogram(
        str(value["table"]), counts, float(value["sigma"]), int(value["nano_rho"]), str(value["id"])
    )


def _find_seen(histogram: Histogram) -> int:
    """How many classes there are up to the last that stands out of the noise."""
    out = [place for place, count in enumerate(histogram.counts) if count > _SEEN * histogram.sigma]
    return out[-1] + 1 if out else 0


def _list_sizes(seen: int, part: float) -> list[float]:
    """How many rows a child of each class is taken to have: from the fewest (0) to the most (1)."""
    firsts = [1, *(edge + 1 for edge in EDGES)]
    return [first ** (1 - part) * last**part for first, last in zip(firsts[:seen], EDGES[:seen], strict=True)]

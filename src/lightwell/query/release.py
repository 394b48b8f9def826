"""What is given out: a table of noisy numbers, an interval for each, and what it cost.

Everything here is computed from numbers that have their noise already; nothing exact reaches this module.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lightwell.base import canonical
from lightwell.query import bound, cost, interval, quantile
from lightwell.query import expression as expressions
from lightwell.query import plan as plans
from lightwell.query.bound import Bounded
from lightwell.query.codebook import show_value
from lightwell.query.domain import Key
from lightwell.query.expression import Expression, Field
from lightwell.query.noise import Schedule
from lightwell.query.plan import Measure, Plan, Statistic

CONFIDENCE = 0.95
_POINTS, _NO_GROUP = 1000, "No group"


@dataclass(frozen=True, slots=True)
class Noisy:
    """One group's noisy whole numbers, for each measure of the plan one; of bins none.

    `searches` are those that read the bins to the end, by the place of their measure.
    """

    group: tuple[Key, ...]
    numbers: tuple[tuple[int, ...], ...]
    searches: Mapping[int, quantile.Search] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Release:
    """An answer. `rows` and `intervals` stand beside each other; an interval is None for a group key.

    `charge` is in whole nano-rho and delta units and, for people, epsilon at a delta; `id` is permanent: the
    same question on the same data has it again, with the same bytes.
    """

    id: str
    query: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    intervals: tuple[Mapping[str, tuple[float | None, float | None] | None], ...]
    charge: Mapping[str, Any]
    plan: tuple[str, ...]
    notes: tuple[str, ...]
    data_version: str
    dataset: str
    is_sample: bool = False
    # What share of rows the bound leaves out (`truncation.describe_truncation`), where that was bought.
    truncation: Mapping[str, Any] | None = None
    body: bytes = dataclasses.field(default=b"", repr=False)
    # About this asking and not about the answer, so it is not in its bytes: nothing was charged for it now.
    is_free: bool = False

    def to_json(self) -> str:
        """The answer for programs; schema: data/schemas/query-release.json."""
        return json.dumps({**json.loads(self.body), "query": self.query}, indent=1, ensure_ascii=False)

    def plot(self, column: str = "") -> str:
        """An SVG picture of one column with its intervals; the first number where none is named."""
        from lightwell.query import picture

        return picture.draw_release(self, column)

    def _repr_html_(self) -> str:
        return self.plot()

    def to_pandas(self) -> Any:
        """The table with a low and a high column beside each number, as a pandas data frame."""
        import pandas

        return pandas.DataFrame(list(self.list_records()))

    def to_polars(self) -> Any:
        """The same as a Polars data frame."""
        import polars

        return polars.DataFrame(list(self.list_records()))

    def to_arrow(self) -> Any:
        """The same as an Arrow table."""
        import pyarrow

        return pyarrow.Table.from_pylist(list(self.list_records()))

    def pivot(self) -> tuple[list[str], list[list[Any]]]:
        """The long table of `Session.crosstab` as a square one: its header, and a row for each value
        downwards."""
        down, across, number = self.columns[0], self.columns[1], self.columns[2]
        over = list(dict.fromkeys(row[across] for row in self.rows))
        cells = {(row[down], row[across]): row[number] for row in self.rows}
        header = [down, *(show_value(value) for value in over)]
        return header, [
            [value, *(cells.get((value, other)) for other in over)]
            for value in dict.fromkeys(row[down] for row in self.rows)
        ]

    def list_records(self) -> Iterator[dict[str, Any]]:
        """Each row with `x low` and `x high` beside each number x."""
        for row, around in zip(self.rows, self.intervals, strict=True):
            record: dict[str, Any] = {}
            for name in self.columns:
                record[name] = row[name]
                ends = around[name]
                if ends is not None:
                    record[f"{name} low"], record[f"{name} high"] = ends
            yield record


@dataclass(frozen=True, slots=True)
class _Number:
    value: float | None
    ends: tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class _Terms:
    """What is the same for every group: what one unit of each measure stands for in the measure's own terms,
    and the standard deviation of its noise in units (of bins, that of the first level)."""

    bounded: Bounded
    schedule: Schedule
    ratios: tuple[float, ...]
    sigmas: tuple[float, ...]


def _find_terms(bounded: Bounded, schedule: Schedule) -> _Terms:
    ratios = [
        float(bound.find_ratio(measure, scale))
        for measure, scale in zip(bounded.plan.measures, bounded.scales, strict=True)
    ]
    return _Terms(bounded, schedule, tuple(ratios), tuple(shares[0].sigma for shares in schedule.shares))


def compute_rows(
    bounded: Bounded, schedule: Schedule, released: Sequence[Noisy]
) -> tuple[list[dict[str, Key]], list[dict[str, tuple[float | None, float | None] | None]]]:
    """Compute every output of every group from its noisy numbers, with intervals, then HAVING, ORDER and
    LIMIT."""
    the_plan = bounded.plan
    terms = _find_terms(bounded, schedule)
    used = [_list_statistics(output.expression) for output in the_plan.outputs]
    made = []
    for noisy in released:
        numbers = [_compute_statistic(terms, noisy, one) for one in the_plan.statistics]
        fields: dict[str, Key] = {f"key {place}": value for place, value in enumerate(noisy.group)}
        fields |= {f"statistic {place}": number.value for place, number in enumerate(numbers)}
        if the_plan.having is not None and expressions.evaluate(the_plan.having, fields) is not True:
            continue
        row: dict[str, Key] = {}
        ends: dict[str, tuple[float | None, float | None] | None] = {}
        for output, names in zip(the_plan.outputs, used, strict=True):
            row[output.name] = _tidy(expressions.evaluate(output.expression, fields))
            ends[output.name] = _find_ends(output.expression, names, terms, noisy, numbers, fields)
        order = [(expressions.evaluate(part, fields), falling) for part, falling in the_plan.order]
        made.append((order, row, ends))
    for place in range(len(the_plan.order) - 1, -1, -1):
        known = [one for one in made if one[0][place][0] is not None]
        missing = [one for one in made if one[0][place][0] is None]
        known.sort(key=lambda one: one[0][place][0], reverse=the_plan.order[place][1])
        made = known + missing
    if the_plan.limit is not None:
        made = made[: the_plan.limit]
    return [row for _, row, _ in made], [ends for _, _, ends in made]


def tell_empty(of: Plan, rows: Sequence[Mapping[str, Key]]) -> tuple[str, ...]:
    """Say why an answer has no row, where a reader would take that for "there is nothing".

    From the plan and the released rows alone: how many groups lie below the threshold is never known.
    """
    if rows or of.limit == 0:
        return ()
    if of.has_private_keys:
        chosen = "" if of.having is None else ", or none of those that were meets HAVING"
        return (f"{_NO_GROUP} was large enough to be shown{chosen}. That does not say that there is none.",)
    return () if of.having is None else (f"{_NO_GROUP} meets HAVING, by its numbers with their noise.",)


def find_empty_note(release: Release) -> str:
    """Find what an answer without rows says about that; empty where there are rows."""
    if release.rows:
        return ""
    found = (note for note in release.notes if note.startswith(_NO_GROUP))
    return next(found, "The answer has no rows.")


def _tidy(value: Key) -> Key:
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value


def _list_statistics(expression: Expression) -> list[str]:
    return [one.name for one in expressions.list_fields(expression) if one.name.startswith("statistic ")]


def _find_ends(
    expression: Expression,
    used: Sequence[str],
    terms: _Terms,
    noisy: Noisy,
    numbers: Sequence[_Number],
    fields: Mapping[str, Key],
) -> tuple[float | None, float | None] | None:
    """The interval of an output, of the statistics `used` in it; None for one that uses none."""
    if not used:
        return None
    if isinstance(expression, Field):
        return numbers[int(expression.name.split()[1])].ends
    # Arithmetic on released numbers: redraw what the noise leaves possible and compute it anew.
    statistics = [terms.bounded.plan.statistics[int(name.split()[1])] for name in used]
    plain = sorted({place for one in statistics if one.kind != "quantile" for place in one.measures})
    values = [float(noisy.numbers[place][0]) for place in plain]
    sigmas = [terms.sigmas[place] for place in plain]
    quantiles = [name for name, one in zip(used, statistics, strict=True) if one.kind == "quantile"]
    for name in quantiles:
        number = numbers[int(name.split()[1])]
        low, high = number.ends
        if number.value is None or low is None or high is None:
            return None, None
        values.append(number.value)
        sigmas.append((high - low) / 3.92)

    def compute(drawn: Sequence[float]) -> float | None:
        by_place = dict(zip(plain, drawn, strict=False))
        redrawn = dict(fields)
        for name, one in zip(used, statistics, strict=True):
            if one.kind != "quantile":
                redrawn[name] = _compute_plain(terms, one, by_place)
        for place, name in enumerate(quantiles):
            redrawn[name] = drawn[len(plain) + place]
        found = expressions.evaluate(expression, redrawn)
        return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None

    found = interval.propagate(compute, values, sigmas, points=_POINTS)
    return found if found is not None else (None, None)


def _compute_plain(terms: _Terms, one: Statistic, numbers: Mapping[int, float]) -> float | None:
    """A statistic other than a quantile from whatever its measures are said to be."""
    measures = terms.bounded.plan.measures
    parts = [numbers[place] * terms.ratios[place] for place in one.measures]
    if one.kind in ("count", "sum"):
        return parts[0]
    if parts[0] <= 0:
        return None
    mean = parts[1] / parts[0]
    if one.kind == "mean":
        return _limit(measures[one.measures[1]].center + mean, one)
    variance = max(parts[2] / parts[0] - mean * mean, 0.0)
    return _limit(variance if one.kind == "variance" else math.sqrt(variance), one)


def _limit(value: float, one: Statistic) -> float:
    low, high = one.domain.low, one.domain.high
    if isinstance(low, int | float):
        value = max(value, low)
    if isinstance(high, int | float):
        value = min(value, high)
    return value


def _compute_statistic(terms: _Terms, noisy: Noisy, one: Statistic) -> _Number:
    low, high = one.domain.low, one.domain.high
    ends = (
        float(low) if isinstance(low, int | float) else None,
        float(high) if isinstance(high, int | float) else None,
    )
    if one.kind == "quantile":
        return _compute_quantile(terms, noisy, one)
    sigmas, ratios = terms.sigmas, terms.ratios
    if one.kind in ("count", "sum"):
        place = one.measures[0]
        reach = interval.find_reach(sigmas[place], CONFIDENCE) * ratios[place]
        exact = noisy.numbers[place][0] * ratios[place]
        first, last = exact - reach, exact + reach
        if one.is_whole and ratios[place] < 1:
            # The bounded quantity is counted in finer units than whole ones; show whole ones that hold it.
            held = interval.clip((math.floor(first), math.ceil(last)), *ends, exact)
            return _Number(float(round(exact)), held)
        return _Number(exact, interval.clip((first, last), *ends, exact))
    numbers = {place: float(noisy.numbers[place][0]) for place in one.measures}
    value = _compute_plain(terms, one, numbers)
    if one.kind == "mean":
        rows, total = one.measures
        around = interval.bound_ratio(
            numbers[total] * ratios[total],
            sigmas[total] * ratios[total],
            numbers[rows] * ratios[rows],
            sigmas[rows] * ratios[rows],
            CONFIDENCE,
        )
        center = terms.bounded.plan.measures[total].center
        if around is None:
            return _Number(value, ends)
        told = center + numbers[total] * ratios[total] / (numbers[rows] * ratios[rows])
        return _Number(value, interval.clip((around[0] + center, around[1] + center), *ends, told))

    def compute(drawn: Sequence[float]) -> float | None:
        rows, total, squares = (
            number * ratios[place] for number, place in zip(drawn, one.measures, strict=True)
        )
        return squares / rows - (total / rows) ** 2 if rows > 0 else None

    drawn = [numbers[place] for place in one.measures]
    found = interval.propagate(compute, drawn, [sigmas[place] for place in one.measures], points=_POINTS)
    if one.kind == "variance":
        return _Number(value, interval.clip(found, *ends, compute(drawn)))
    # Of the variance first, which noise may have moved below nothing.
    most = None if ends[1] is None else ends[1] ** 2
    least, largest = interval.clip(found, 0.0, most, compute(drawn))
    return _Number(value, (math.sqrt(least or 0.0), None if largest is None else math.sqrt(largest)))


def _compute_quantile(terms: _Terms, noisy: Noisy, one: Statistic) -> _Number:
    place = one.measures[0]
    measure = terms.bounded.plan.measures[place]
    value, low, high = noisy.searches[place].find_quantile(
        one.share, measure.low, measure.high, is_whole=one.is_whole
    )
    limited = None if value is None else _limit(value, one)
    return _Number(limited, interval.clip((low, high), one.domain.low, one.domain.high))


# --- writing and reading --------------------------------------------------------------------------------


def write_release(release: Release) -> bytes:
    """The canonical bytes of an answer: what the ledger keeps. Inverse of `read_release`."""
    return canonical.encode(_describe(release))


def read_release(body: bytes) -> Release:
    """Read what `write_release` wrote. Dates come back as text."""
    return _take(canonical.decode(body), body)


def settle_release(release: Release) -> Release:
    """The answer as whoever reads its bytes has it: `read_release(write_release(x))`, without the reading."""
    value = _describe(release)
    return _take(value, canonical.encode(value))


def _describe(release: Release) -> dict[str, Any]:
    """What the bytes of an answer say.

    The text of the question is not in them: another grant that asks the same gets the same bytes, and how
    somebody wrote it would tell that, and what, somebody else asked.
    """
    return {
        "v": 1,
        "kind": "query-release",
        "id": release.id,
        "dataset": release.dataset,
        "sample": release.is_sample,
        "data_version": release.data_version,
        "columns": list(release.columns),
        "rows": [{name: _plain(one) for name, one in row.items()} for row in release.rows],
        "intervals": [
            {
                name: None if ends is None else [_plain(_tidy(end)) for end in ends]
                for name, ends in row.items()
            }
            for row in release.intervals
        ],
        "charge": {name: _settle(one) for name, one in release.charge.items()},
        "plan": list(release.plan),
        "notes": list(release.notes),
        "truncation": release.truncation
        and {name: one if name == "averages" else _plain(one) for name, one in release.truncation.items()},
    }


def _take(value: Mapping[str, Any], body: bytes) -> Release:
    return Release(
        id=value["id"],
        query=value.get("query", ""),
        columns=tuple(value["columns"]),
        rows=tuple(value["rows"]),
        intervals=tuple(
            {name: None if ends is None else (ends[0], ends[1]) for name, ends in row.items()}
            for row in value["intervals"]
        ),
        charge=value["charge"],
        plan=tuple(value["plan"]),
        notes=tuple(value["notes"]),
        data_version=value["data_version"],
        dataset=value["dataset"],
        is_sample=value["sample"],
        # Answers that were kept before there was a note have none.
        truncation=value.get("truncation"),
        body=body,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        # Twelve digits: what is beyond them is an accident of the machine, not of the answer.
        return _settle(float(f"{value:.12g}"))
    return show_value(value)


def _settle(value: Any) -> Any:
    """A number as JSON gives it back: a whole one is written without a point, and read as an int."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def describe_charge(paid: cost.Cost, delta: float) -> dict[str, Any]:
    """What was paid: exact, and for people as epsilon at a delta."""
    return {
        "nano_rho": paid.nano_rho,
        "delta_units": paid.delta_units,
        "epsilon": round(cost.find_epsilon_of(paid, delta) or 0.0, 9),
        "delta": repr(delta),
    }


def describe_plan(bounded: Bounded, schedule: Schedule) -> tuple[str, ...]:
    """The plan in words, with the noise of each measure: public facts only."""
    the_plan: Plan = bounded.plan
    words = [f"Reads {', '.join(dict.fromkeys(plans.list_tables(the_plan.source)))}."]
    if bounded.is_one_row:
        words.append("One row for each child.")
    else:
        words.append(_tell_rows(bounded))
    if the_plan.keys:
        names = ", ".join(key.name for key in the_plan.keys)
        if the_plan.has_private_keys:
            decides = the_plan.measures.index(Measure("children"))
            least = math.ceil((schedule.threshold or 0) / bounded.scales[decides])
            words.append(
                f"Groups by {names}; one is shown where at least {least} children are in it, "
                f"noise included. One child counts in at most {the_plan.groups} groups."
            )
        else:
            words.append(
                f"Groups by {names}: {the_plan.count_groups()} groups, known beforehand, empty ones included."
            )
    for number, measure in enumerate(the_plan.measures):
        share = schedule.shares[number][-1]
        ratio = float(bound.find_ratio(measure, bounded.scales[number]))
        words.append(
            f"{_NAMES[measure.kind]}: noise with a standard deviation of {share.sigma * ratio:.6g}"
            + (
                f" on each of {len(schedule.shares[number])} levels of bins."
                if measure.kind == "bins"
                else "."
            )
        )
    return tuple(words)


def _tell_rows(bounded: Bounded) -> str:
    rows = bounded.plan.rows
    if bounded.path not in bound.RANKED:
        return f"At most {rows} rows of one child count; a child with more is weighted down."
    more = "of a child with more, those that a secret order puts first"
    if bounded.spread is not None and bounded.spread.weeks > 1:
        each, weeks = bounded.spread.rows, bounded.spread.weeks
        return f"At most {each} rows of one child count in each of {weeks} weeks; {more}."
    return f"At most {rows} rows of one child count; {more}."


_NAMES = {
    "rows": "Number of rows",
    "total": "Sum",
    "squares": "Sum of squares",
    "children": "Number of children",
    "distinct": "Number of distinct values",
    "bins": "Numbers in bins",
}

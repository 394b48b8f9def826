"""A session: one engine, one codebook, one ledger, and questions in SQL.

    session = Session(engine, codebook, ledger)
    release = session.sql("SELECT COUNT(*) FROM answers WHERE QN80 = 1", epsilon=0.5)

Charge first, commit, then touch data: what fails after the charge stays charged and shows no number.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lightwell.base import canonical, errors
from lightwell.query import (
    bound,
    check,
    codebook,
    cost,
    ledger,
    noise,
    path,
    plan,
    release,
    survey,
    truncation,
)
from lightwell.query.bound import Bounded, Spread
from lightwell.query.check import Checked
from lightwell.query.codebook import Codebook
from lightwell.query.cost import Cost
from lightwell.query.expression import Field
from lightwell.query.ledger import Ledger
from lightwell.query.noise import Schedule
from lightwell.query.plan import Plan
from lightwell.query.release import Noisy, Release
from lightwell.query.survey import SurveyShare
from lightwell.query.truncation import Asked, Histogram, Suggestion

DEFAULT_GRANT = "owner"


class Engine(Protocol):
    """Where exact figures are computed and get their noise; they never leave it without."""

    version: str
    # What was bought of how many rows children have, by lower-case name of the table.
    histograms: Mapping[str, Histogram]

    def release(self, bounded: Bounded, schedule: Schedule) -> list[Noisy]:
        """Measure a plan and give each group's numbers with noise."""
        ...

    def choose_path(self, plan: Plan) -> str:
        """Name the path that serves a plan, from public facts alone; it is part of the answer's key."""
        ...

    def find_spread(self, plan: Plan) -> Spread | None:
        """How a plan's bounds are spread over weeks, from public facts alone; None where there are none."""
        ...

    def write_statements(self, bounded: Bounded) -> list[str]:
        """The SQL that would be run, or nothing for an engine that runs none."""
        ...


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a query would do and cost: from the text, the codebook and the price alone."""

    plan: tuple[str, ...]
    statements: tuple[str, ...]
    charge: Mapping[str, Any]
    noise: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...] = ()
    truncation: Mapping[str, Any] | None = None
    suggested_rows: int | None = None


@dataclass(frozen=True, slots=True)
class _Priced:
    checked: Checked
    bounded: Bounded
    schedule: Schedule
    paid: Cost
    delta: float


class Session:
    """Asks questions of one data set for one grant."""

    def __init__(
        self, engine: Engine, codebook: Codebook, ledger: Ledger | None, *, grant: str = DEFAULT_GRANT
    ) -> None:
        self.engine, self.codebook, self.ledger, self.grant = engine, codebook, ledger, grant

    def explain(
        self,
        text: str,
        *,
        epsilon: float,
        delta: float | None = None,
        rows: int | None = None,
        groups: int | None = None,
    ) -> Explanation:
        """Say what a query would do and cost, without a charge and without data.

        Arguments and errors as of `sql`.
        """
        priced = self._price(text, epsilon, delta, rows, groups)
        bounded, schedule = priced.bounded, priced.schedule
        scales = [
            {
                "measure": measure.kind,
                "sensitivity_squared": share.square,
                "units_per_one": bounded.scales[number],
                "standard_deviation": share.sigma,
                "nano_rho": share.nano_rho,
            }
            for number, measure in enumerate(bounded.plan.measures)
            for share in schedule.shares[number]
        ]
        bought = self._find_histogram(bounded)
        left_out, suggested = _describe_truncation(bought, bounded), self._suggest(bought, priced)
        notes = () if suggested is None else (truncation.tell_suggestion(suggested),)
        return Explanation(
            plan=release.describe_plan(bounded, schedule),
            statements=tuple(self.engine.write_statements(bounded)),
            charge=release.describe_charge(priced.paid, priced.delta),
            noise=tuple(scales),
            notes=(*_tell_bounds(bounded, left_out, self.codebook), *notes),
            truncation=left_out,
            suggested_rows=None if suggested is None else suggested.rows,
        )

    def sql(
        self,
        text: str,
        *,
        epsilon: float,
        delta: float | None = None,
        rows: int | None = None,
        groups: int | None = None,
    ) -> Release:
        """Ask a question and get it answered with noise, at the price of `epsilon` and `delta`.

        `rows` and `groups` count fewer rows, or groups, of one child than the codebook allows. The same
        question at the same price on the same data is answered with the same bytes, free of charge within
        the grant. Raises QueryRefused (nothing charged), UserMistake for a price that is none, Refused when
        the budget does not suffice, Damaged when the data cannot be read (the charge stands).
        """
        if self.ledger is None:
            raise errors.UserMistake(
                "This session has no ledger, so it can explain but not answer; open one."
            )
        unattested = codebook.list_unattested(self.codebook)
        if unattested:
            raise errors.UserMistake(
                problems=[
                    errors.Problem(
                        place, "Nothing attests this bound; write attested: and its public source."
                    )
                    for place in unattested
                ]
            )
        priced = self._price(text, epsilon, delta, rows, groups)
        bounded, paid = priced.bounded, priced.paid
        bought = self._find_histogram(bounded)
        key = compute_answer_key(
            bounded,
            self.codebook,
            paid,
            self.engine.version,
            bought.id if bought else "",
            described=priced.checked.described,
        )
        charged = self.ledger.charge(
            ledger.Request(
                population=self.codebook.population,
                grant=self.grant,
                data_version=self.engine.version,
                key=key,
                plan=priced.checked.digest,
                cost=paid,
            )
        )
        if isinstance(charged, ledger.Answer):
            found = release.read_release(charged.body)
            return dataclasses.replace(found, query=text, is_free=charged.charge is None)
        noisy = self.engine.release(bounded, priced.schedule)
        found = self._compose(text, key, priced, noisy)
        kept = self.ledger.keep_answer(charged, key, found.body)
        # Somebody may have asked the same at the same time: both get the bytes that were first.
        return dataclasses.replace(found if kept == found.body else release.read_release(kept), query=text)

    def histogram(
        self, column: str, table: str, *, width: float, epsilon: float, where: str = "", **price: Any
    ) -> Release:
        """Count rows in bins of a width, from the codebook's low to its high, empty bins included.

        Further arguments and errors as of `sql`.
        """
        if isinstance(width, bool) or not isinstance(width, int | float) or not width > 0:
            raise errors.UserMistake("width is how wide a bin is: a number above 0, such as 10")
        bins = f"FLOOR({column} / {width}) * {width}"
        return self.sql(
            _write_counts([f"{bins} AS bin"], table, where, "ORDER BY 1"), epsilon=epsilon, **price
        )

    def crosstab(
        self, rows: str, columns: str, table: str, *, epsilon: float, where: str = "", **price: Any
    ) -> Release:
        """Count rows for each pair of two expressions; `Release.pivot` lays them out as a square table.

        The argument `rows` is the expression shown downwards; to tighten the bound use `sql`. Errors as of
        `sql`.
        """
        return self.sql(
            _write_counts([f"{rows} AS row", f"{columns} AS col"], table, where), epsilon=epsilon, **price
        )

    def quantiles(
        self,
        column: str,
        table: str,
        *,
        shares: Sequence[float] = (0.1, 0.25, 0.5, 0.75, 0.9),
        by: str = "",
        epsilon: float,
        where: str = "",
        **price: Any,
    ) -> Release:
        """Several quantiles for the price of one: all are read off the same noisy tree. Errors as of
        `sql`."""
        if not shares or not all(isinstance(share, float) and 0 < share < 1 for share in shares):
            raise errors.UserMistake("shares are numbers between 0 and 1, such as 0.5 for the median")
        items = ([f"{by} AS by_group"] if by else []) + [
            f'QUANTILE({column}, {share}) AS "{share:g}"' for share in shares
        ]
        only = f" WHERE {where}" if where else ""
        grouped = f" GROUP BY {by}" if by else ""
        return self.sql(f"SELECT {', '.join(items)} FROM {table}{only}{grouped}", epsilon=epsilon, **price)  # noqa: S608

    def survey_share(
        self,
        condition: str,
        table: str,
        *,
        weights: str,
        clamp: float,
        epsilon: float,
        delta: float | None = None,
        where: str = "",
    ) -> SurveyShare:
        """The weighted share of those for whom a condition is true among those for whom it is true or false.

        `clamp` is the largest weight that counts; see `survey.suggest_clamp`. Errors as of `sql`.
        """
        text = survey.write_share_query(condition, table, weights, clamp, where)
        priced = self._price(text, epsilon, delta, None, None)
        found = self.sql(text, epsilon=epsilon, delta=delta)
        sigmas = {
            output.name: priced.schedule.shares[statistic][0].sigma
            * float(
                bound.find_ratio(priced.bounded.plan.measures[statistic], priced.bounded.scales[statistic])
            )
            for statistic, output in enumerate(priced.bounded.plan.outputs[1:])
        }
        return survey.compute_share(found, sigmas, clamp)

    def _price(
        self, text: str, epsilon: float, delta: float | None, rows: int | None, groups: int | None
    ) -> _Priced:
        checked = check.describe_query(text, self.codebook, rows=rows, groups=groups)
        the_plan = checked.plan
        used = self.codebook.delta if delta is None else delta
        bounded = bound.bind(the_plan, self.engine.choose_path(the_plan), self.engine.find_spread(the_plan))
        # A threshold for private keys fails with a probability of its own: half of delta is for that.
        spent = cost.count_delta_units(used / 2) if the_plan.has_private_keys else 0
        rho = cost.find_rho(epsilon, used / 2 if the_plan.has_private_keys else used)
        paid = Cost(rho, spent)
        return _Priced(checked, bounded, noise.schedule_noise(bounded, paid), paid, used)

    def _compose(self, text: str, key: str, priced: _Priced, noisy: Sequence[Noisy]) -> Release:
        rows, ends = release.compute_rows(priced.bounded, priced.schedule, noisy)
        left_out = _describe_truncation(self._find_histogram(priced.bounded), priced.bounded)
        empty = release.tell_empty(priced.bounded.plan, rows)
        found = Release(
            id=key,
            query=text,
            columns=tuple(output.name for output in priced.bounded.plan.outputs),
            rows=tuple(rows),
            intervals=tuple(ends),
            charge=release.describe_charge(priced.paid, priced.delta),
            plan=release.describe_plan(priced.bounded, priced.schedule),
            notes=(*empty, _INTERVALS, *_tell_bounds(priced.bounded, left_out, self.codebook)),
            data_version=self.engine.version,
            dataset=self.codebook.dataset,
            is_sample=self.codebook.is_sample,
            truncation=left_out,
        )
        return release.settle_release(found)

    def _find_histogram(self, bounded: Bounded) -> Histogram | None:
        """What was bought of the rows that a plan's bound is about."""
        scan = plan.find_scan(bounded.plan.source)
        is_bounding = any(measure.kind in _OF_ROWS for measure in bounded.plan.measures)
        return self.engine.histograms.get(scan.table) if scan is not None and is_bounding else None

    def _suggest(self, bought: Histogram | None, priced: _Priced) -> Suggestion | None:
        """The bound on rows with which this question errs least, at its price and in its groups."""
        if bought is None:
            return None
        the_plan = priced.bounded.plan
        # How many private groups there are is nobody's to know.
        groups = truncation.REFERENCE_GROUPS if the_plan.has_private_keys else the_plan.count_groups()
        most = self.codebook.tables[bought.table].rows_per_child
        return truncation.suggest(bought, most, list_asked(priced.bounded, priced.schedule), groups)


def compute_answer_key(
    bounded: Bounded,
    of: Codebook,
    paid: Cost,
    data_version: str,
    bought: str = "",
    *,
    described: canonical.Json = None,
) -> str:
    """Compute the id of an answer: whoever has question, codebook, price and data version finds it again.

    `described` is the plan as JSON, for whoever has it already.

    `bought` is the id of the histogram of rows per child from which the answer says what its bound leaves
    out: with and without it are two answers, because one that was kept from before it was bought would tell
    that somebody asked then.
    """
    bounds: dict[str, Any] = {
        "rows": bounded.plan.rows,
        "groups": bounded.plan.groups,
        "scales": list(bounded.scales),
        "codebook": of.digest,
        **({"bought": bought} if bought else {}),
    }
    return ledger.compute_key(
        plan=described or plan.describe(bounded.plan),
        path=bounded.path,
        bounds=bounds,
        cost=paid,
        data_version=data_version,
    )


_INTERVALS = (
    "Each interval holds the bounded quantity in 95 of 100 answers; it covers the noise and nothing else."
)
# Measures to which each row of a child adds, so that a bound on rows leaves something out.
_OF_ROWS = ("rows", "total", "squares", "bins")


def list_asked(bounded: Bounded, schedule: Schedule) -> list[Asked]:
    """The numbers of a question that hang on the bound on rows, with the noise of each at a bound of one."""
    the_plan, found = bounded.plan, []
    deviations = [
        1 / math.sqrt(2 * sum(share.nano_rho for share in shares) / cost.NANO_RHO_PER_RHO)
        for shares in schedule.shares
    ]
    for one in the_plan.statistics:
        measures = [the_plan.measures[place] for place in one.measures]
        noise = deviations[one.measures[0]]
        if measures[0].kind not in _OF_ROWS:
            continue
        kind = one.kind if one.kind in ("mean", "quantile") else "count"
        if kind == "quantile":
            # A rank is the sum of up to BRANCHES - 1 nodes of each level, half of that on average.
            levels = len(bound.list_levels(measures[0].count))
            noise *= levels * math.sqrt((bound.BRANCHES - 1) / 2)
        found.append(Asked(kind, _find_column(the_plan, measures[-1]), noise))
    return found


def _find_column(the_plan: Plan, measure: plan.Measure) -> str:
    """The bare column of the bounded table that a measure is about; empty where it is anything else."""
    scan = plan.find_scan(the_plan.source)
    value, _ = path.split_argument(measure.argument)
    if scan is None or not isinstance(value, Field):
        return ""
    prefix, _, name = value.name.partition(".")
    return name.lower() if prefix == scan.name else ""


def _describe_truncation(bought: Histogram | None, bounded: Bounded) -> dict[str, Any] | None:
    if bought is None:
        return None
    the_plan = bounded.plan
    means = [one for one in the_plan.statistics if one.kind == "mean"]
    averages = [_find_column(the_plan, the_plan.measures[one.measures[1]]) for one in means]
    return truncation.describe_truncation(bought, the_plan.rows, averages)


def _tell_bounds(bounded: Bounded, left_out: Mapping[str, Any] | None, of: Codebook) -> tuple[str, ...]:
    """Say what the bounds leave out: from the plan, and from what was bought about rows per child."""
    if bounded.is_one_row:
        return ()
    the_plan, notes = bounded.plan, []
    scan = plan.find_scan(the_plan.source)
    if left_out is not None:
        notes.append(truncation.tell_truncation(left_out))
        moves = truncation.tell_moves(left_out)
        notes += moves
        if not isinstance(the_plan.source, plan.Scan):
            moved = ", and move their average by something else" if moves else ""
            notes.append(f"Of the rows that were asked for it may leave out another share{moved}.")
        elif moves and the_plan.keys:
            notes.append("Within a group it may move the average by something else.")
    elif not plan.counts_every_row(the_plan) and any(one.kind in _OF_ROWS for one in the_plan.measures):
        how = ": these rows are not those of one table."
        if scan is not None and of.tables[scan.table].partition:
            how = ": it is not bought of data that are kept by week."
        elif scan is not None:
            how = "; preparing the data buys that once (lightwell dataset prepare)."
        notes.append(f"How many rows the bound leaves out is not known{how}")
    if any(measure.kind == "distinct" for measure in the_plan.measures):
        notes.append(f"How many values beyond {the_plan.rows} of a child are left out is not known.")
    is_limited = path.limits_groups(the_plan) if bounded.path in bound.RANKED else bounded.group_scale > 1
    if bounded.spread is not None:
        is_limited = bounded.spread.limits_groups
    if is_limited and any(measure.kind == "children" for measure in the_plan.measures):
        notes.append(f"What the bound of {the_plan.groups} groups a child leaves out is not known.")
    return tuple(notes)


def _write_counts(items: Sequence[str], table: str, where: str, order: str = "") -> str:
    only = f" WHERE {where}" if where else ""
    places = ", ".join(str(place + 1) for place in range(len(items)))
    return f"SELECT {', '.join(items)}, COUNT(*) AS n FROM {table}{only} GROUP BY {places} {order}".rstrip()  # noqa: S608

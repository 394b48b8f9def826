"""The auditor of sensitivity: the real engine's SQL over a table with and without one child, exactly.

A *triple* is a query, a table and a child. Its finding is a sentence that names the triple, so that anybody
can repeat it. What is judged: the vector of each measure (each level of a tree of bins) against its declared
squared sensitivity; with private keys also in how many groups a child is, and that a group it is alone in
counts at most one child; that noise costs no more than was paid; and that nothing fails, because an error
would tell of a row. The children are nasty on purpose: among them some that use every bound to the full.
"""

import copy
import dataclasses
import datetime
import math
import random
import threading
from fractions import Fraction

import duckdb as driver
import query_cases

from lightwell.base import errors
from lightwell.engines import duckdb, preparation, prepared
from lightwell.query import bound, check, class_means, codebook, cost, layout, noise, path

TYPES = {
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "real": "DOUBLE",
    "text": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
# The tables of the other tests, and a public one that is joined on a date.
BOOK = copy.deepcopy(query_cases.BOOK)
BOOK["tables"]["calendar"] = {
    "public": True,
    "key": "day",
    "columns": {
        "day": {"type": "date", "low": query_cases.DAYS[0], "high": query_cases.DAYS[-1], "attested": "calendar"},
        "holiday": {"type": "boolean"},
    },
}  # fmt: skip
CHILDREN = 6
PRICE = 1.0, 1e-7
SALT = "the same for neighbours"


class Writer(query_cases._Writer):
    """More forms than other tests have: what multiplies rows, and one-row relations that meet others."""

    FORMS = (
        *query_cases._Writer.FORMS,
        "self",
        "one and one",
        "one looked",
        "private pair",
        "constant pair",
        "met",
    )
    ONE_ROW = (*query_cases._Writer.ONE_ROW, "self", "one and one", "one looked")

    def read_self(self):
        return (
            "survey AS s JOIN survey AS o ON s.child = o.child",
            ["s.score", "s.weight", "o.score - s.score"],
            ["s.sad", "o.sad OR s.sad", "o.score > s.score"],
            ["s.grade", "o.sad"],
            "s.child",
        )

    def read_one_and_one(self):
        join = self.pick("JOIN", "LEFT JOIN")
        return (
            "(SELECT child, COUNT(*) AS n, SUM(minutes) AS spent FROM usage GROUP BY child) AS a "
            f"{join} (SELECT child, MAX(score) AS score, BOOL_OR(sad) AS sad FROM survey GROUP BY child) AS b "
            "ON a.child = b.child",
            ["a.n", "a.spent", "b.score"],
            ["b.sad", "a.n > 4", "b.score IS NULL"],
            ["b.sad", "b.score", "a.n // 2"],
            "a.child",
        )

    def read_one_looked(self):
        join = self.pick("JOIN", "LEFT JOIN")
        return (
            "(SELECT child, MIN(day) AS first_day, COUNT(*) AS n FROM usage GROUP BY child) AS a "
            f"{join} calendar AS c ON a.first_day = c.day",
            ["a.n", "a.n * 2 - 5"],
            ["c.holiday", "a.n > 4", "c.holiday IS NULL"],
            ["c.holiday", "a.first_day"],
            "a.child",
        )

    def read_private_pair(self):
        source, numbers, conditions, _, unit = self.read_usage()
        return source, numbers, conditions, ["tag", "night", "LOWER(country)"], unit

    def read_met(self):
        join = self.pick("SEMI JOIN", "ANTI JOIN")
        _, numbers, conditions, keys, unit = self.read_usage()
        met = self.pick("survey", "(SELECT child FROM survey WHERE sad) AS s")
        return f"usage {join} {met} USING (child)", numbers, conditions, keys, unit

    def read_constant_pair(self):
        source, numbers, conditions, _, unit = self.read_usage()
        return source, numbers, conditions, ["country", "band", "UPPER(country)"], unit


def write_query(seed):
    return Writer(random.Random(seed)).write()


def make_tables(seed):
    """Random tables, with children that reach every bound, and public tables whose keys are doubled."""
    tables = query_cases.make_tables(seed, CHILDREN)
    for child, (minutes, messages, night, rows) in enumerate(
        [(1e300, 60, True, 40), (-3.0, -4, True, 40), (300.0, 50, True, 8), (0.0, 0, False, 8), (299.0, 50, True, 70)],
        100,
    ):  # fmt: skip
        spread = child == 104
        for row in range(rows):
            day = query_cases.DAYS[row % 14 if spread else 3]
            tables["usage"].append(
                {
                    "child": child,
                    "country": query_cases.COUNTRIES[row % 4 if spread else 0],
                    "band": "10-12",
                    "day": day,
                    "minutes": float(row * 4) if spread else minutes,
                    "messages": row % 50 if spread else messages,
                    "night": night,
                    "moment": datetime.datetime.combine(day, datetime.time(row % 24 if spread else 3)),
                    "tag": ("null", None, "a", f"only{row}")[row % 4] if spread else "a",
                }
            )
        for _ in range(3):
            tables["survey"].append(
                {"child": child, "sad": night, "score": 99 if night else -99, "grade": "9", "weight": 9.0}
            )
    tables["places"] += [dict(row) for row in tables["places"]]
    days = [{"day": day, "holiday": day.isoweekday() > 5} for day in query_cases.DAYS]
    tables["calendar"] = days + days
    return tables


class Stage(duckdb.DuckDB):
    """The engine over tables in memory, of which one child can be left out: no file, no noise.

    Only how tables are opened is another: `_measure` and all below it are the engine's own.
    """

    def __init__(self, *, optimizes=True):
        self._codebook, self._lock = codebook.parse_codebook(BOOK), threading.Lock()
        self._connection, self._prepared = driver.connect(), {}
        self._connection.execute("SET threads = 1")
        if not optimizes:
            # Rewriting a plan takes longer than running it over so few rows.
            self._connection.execute("PRAGMA disable_optimizer")
        self._connection.execute("CREATE TABLE left_out AS SELECT CAST(-1 AS BIGINT) AS child")
        for name, table in self._codebook.tables.items():
            types = {column.name: TYPES[column.domain.kind] for column in table.columns.values()}
            only = ""
            if not table.is_public:
                types, only = (
                    {"child": "BIGINT", **types},
                    " WHERE child IS DISTINCT FROM (SELECT child FROM left_out)",
                )
            self._connection.execute(
                f"CREATE TABLE raw_{name} ({', '.join(f'{one} {kind}' for one, kind in types.items())})"
            )
            self._connection.execute(f"CREATE VIEW {name} AS SELECT * FROM raw_{name}{only}")  # fmt: skip

    @property
    def codebook(self):
        return self._codebook

    def load(self, tables):
        for name, rows in tables.items():
            columns = [row[0] for row in self._connection.execute(f"DESCRIBE raw_{name}").fetchall()]
            self._connection.execute(f"DELETE FROM raw_{name}")
            marks = ", ".join("?" for _ in columns)
            listed = ", ".join(f"({marks})" for _ in rows)
            values = [row[column] for row in rows for column in columns]
            self._connection.execute(f"INSERT INTO raw_{name} VALUES {listed}", values)

    def _run(self, text):
        # Written once and run for each child: a fifth of the time went into reading it again.
        try:
            if text not in self._prepared:
                self._prepared[text] = f"statement_{len(self._prepared)}"
                self._connection.execute(f"PREPARE {self._prepared[text]} AS {text}")
            return self._connection.execute(f"EXECUTE {self._prepared[text]}").fetchall()
        except driver.Error:
            raise errors.Damaged("DuckDB fails.") from None

    judges_weighted = True

    def choose_path(self, plan):
        return "weighted"

    def find_spread(self, plan):
        return None

    def leave_out(self, child):
        self._connection.execute(f"UPDATE left_out SET child = {child}")


class PreparedStage:
    """The engine over prepared folders: for each child, preparation is run again without it, by the same salt."""

    def __init__(self, folder, judges_weighted=False):
        self.judges_weighted = judges_weighted
        self.folder, self.files, self.engines = folder, Stage(), {}
        self.codebook, self.loads, self.child = self.files.codebook, 0, -1

    def load(self, tables):
        self.files.load(tables)
        self.loads, self.engines = self.loads + 1, {}

    def leave_out(self, child):
        self.child = child
        if child in self.engines:
            return
        self.files.leave_out(child)
        place = self.folder / f"{self.loads}-{child}"
        place.mkdir()
        files = {}
        for name in self.codebook.tables:
            files[name] = place / f"{name}.parquet"
            self.files._connection.execute(f"COPY (SELECT * FROM {name}) TO '{files[name]}' (FORMAT parquet)")
        self.prepare(files, place)
        self.engines[child] = prepared.Prepared(place / "prepared", self.codebook, None, threads=1)

    def prepare(self, files, place):
        preparation.prepare(files, self.codebook, place / "prepared", salt=SALT, threads=1)

    def choose_path(self, plan):
        return path.choose_path(plan, layout.lay_out(self.codebook))

    def find_spread(self, plan):
        return None

    def _measure(self, bounded):
        return self.engines[self.child]._measure(bounded)


class WeeklyStage(PreparedStage):
    """The same over folders that two weeks were added to, one by one, after the first."""

    SUNDAYS = (datetime.date(2026, 1, 4), datetime.date(2026, 1, 11), datetime.date(2026, 1, 18))

    def __init__(self, folder, judges_weighted=False):
        super().__init__(folder, judges_weighted)
        book = copy.deepcopy(BOOK)
        # Few weeks, and a child that reaches the bound in each of them.
        book["tables"]["usage"] |= {"partition": "day", "rows_per_child": 26}
        self.codebook = codebook.parse_codebook(book)

    def prepare(self, files, place):
        before = datetime.date(1, 1, 1)
        for number, sunday in enumerate(self.SUNDAYS):
            part = place / f"usage-{number}.parquet"
            within = f"day > DATE '{before}' AND day <= DATE '{sunday}'"
            self.files._connection.execute(
                f"COPY (SELECT * FROM usage WHERE {within}) TO '{part}' (FORMAT parquet)"
            )
            before = sunday
            if number == 0:
                preparation.prepare(
                    {**files, "usage": part},
                    self.codebook,
                    place / "prepared",
                    through=sunday,
                    salt=SALT,
                    threads=1,
                )
            else:
                preparation.add_weeks({"usage": part}, self.codebook, place / "prepared", sunday, threads=1)

    def choose_path(self, plan):
        return self.engines[-1].choose_path(plan)

    def find_spread(self, plan):
        return self.engines[-1].find_spread(plan)


class Exact:
    """Dice that draw nothing, for what is bought when data are prepared."""

    def add_noise(self, values, sigma, square, nano_rho):
        return list(values)


def audit_purchases(seed, places, stage):
    """What is bought of rows per child and means by that: tables prepared again without each child.

    A finding is a sentence; the other part is how near each vector came to its squared sensitivity.
    """
    findings, tightest, triples = [], {}, 0
    for place in range(places):
        tables = make_tables(seed + place)
        stage.load(tables)
        children = sorted({row["child"] for name in ("usage", "survey") for row in tables[name]} - {None})
        stage.leave_out(-1)
        whole = list_purchases(stage.engines[-1])
        for child in children:
            triples += 1
            stage.leave_out(child)
            less = list_purchases(stage.engines[child])
            for name, (square, vector) in whole.items():
                moved = sum((one - other) ** 2 for one, other in zip(vector, less[name][1], strict=True))
                kind = name[-1]
                tightest[kind] = max(tightest.get(kind, Fraction(0)), Fraction(moved, square))
                if moved > square:
                    findings.append(
                        f"seed {seed + place}, child {child}: {name} moves by {moved} of {square}"
                    )
    return findings, tightest, triples


def list_purchases(engine):
    """The exact vectors that are bought of a folder, with their squared sensitivities."""
    engine._dice, found = Exact(), {}
    for table, one in engine.layouts.items():
        found[table, "rows"] = 1, engine.release_rows_per_child(table, 1.0, 1)
        scales = class_means.list_scales(one)
        bought = engine.release_class_means(table, {scale.name: (1.0, 1) for scale in scales})
        for scale, means in zip(scales, bought, strict=True):
            vector = [*means.sums, *means.known, means.squares, means.own]
            found[table, scale.name, "means"] = class_means.find_square(scale), vector
    return found


@dataclasses.dataclass
class Report:
    """What an audit found, how many triples it tried, and how near each kind of measure came to its bound."""

    triples: int = 0
    findings: list = dataclasses.field(default_factory=list)
    tightest: dict = dataclasses.field(default_factory=dict)
    paths: dict = dataclasses.field(default_factory=dict)

    def add(self, other):
        for name, count in other.paths.items():
            self.paths[name] = self.paths.get(name, 0) + count
        self.triples += other.triples
        self.findings += other.findings
        for kind, ratio in other.tightest.items():
            self.tightest[kind] = max(self.tightest.get(kind, Fraction(0)), ratio)

    def show(self):
        near = ", ".join(f"{kind} {float(ratio):.4f}" for kind, ratio in sorted(self.tightest.items()))
        by_path = ", ".join(f"{count} {name}" for name, count in sorted(self.paths.items()))
        return f"{self.triples} triples ({by_path}), {len(self.findings)} findings; squared distance over bound: {near}"


def audit(seed, triples, *, stop=False, queries=24, stage=None):
    """Try so many triples, all children of the tables of a query; `stop` at the first finding."""
    report, stage = Report(), stage or Stage()
    place = 0
    while report.triples < triples and not (stop and report.findings):
        if place % queries == 0:
            tables = make_tables(seed + place)
            stage.load(tables)
            children = sorted({row["child"] for name in ("usage", "survey") for row in tables[name]} - {None})
        text, bounds = write_query(seed + place)
        told = f"seed {seed + place} over tables {seed + place - place % queries}: {text} {bounds or ''}"
        judge_query(stage, text, bounds, children, report, told)
        place += 1
    return report


def audit_part(seed, triples, part):
    """A part of a long audit; every fourth one lets DuckDB rewrite plans, as it does for everybody."""
    return audit(seed + 10_000 * part, triples, stage=Stage(optimizes=part % 4 == 0))


def judge_query(stage, text, bounds, children, report, told):
    plan = check.check_query(text, stage.codebook, **bounds)
    stage.leave_out(-1)
    chosen = stage.choose_path(plan)
    if chosen == "weighted" and not stage.judges_weighted:
        return
    bounded = bound.bind(plan, chosen, stage.find_spread(plan))
    report.paths[bounded.path] = report.paths.get(bounded.path, 0) + len(children)
    report.findings += [f"{told}: {word}" for word in judge_price(bounded)]
    try:
        whole = stage._measure(bounded)
        for child in children:
            report.triples += 1
            stage.leave_out(child)
            less = stage._measure(bounded)
            for word in judge_pair(bounded, whole, less, report.tightest):
                report.findings.append(f"{told}, child {child}: {word}")
    except errors.LightwellError as error:
        report.findings.append(f"{told}: fails with rows that may exist: {error}")


def judge_price(bounded):
    """Noise that costs more than was paid: the exact sum of square / (2 sigma^2) over every vector."""
    private = bounded.plan.has_private_keys
    delta = PRICE[1] / 2 if private else PRICE[1]
    paid = cost.Cost(cost.find_rho(PRICE[0], delta), cost.count_delta_units(delta) if private else 0)
    schedule, used = noise.schedule_noise(bounded, paid), Fraction(0)
    for measure, square, shares in zip(bounded.plan.measures, bounded.squares, schedule.shares, strict=True):
        levels = len(bound.build_levels([0] * measure.count)) if measure.kind == "bins" else 1
        if len(shares) != levels:
            yield f"{levels} levels of bins have {len(shares)} shares of noise"
        used += sum(Fraction(square) / (2 * Fraction(share.sigma) ** 2) for share in shares)
    if used * cost.NANO_RHO_PER_RHO > paid.nano_rho:
        yield f"the noise costs {float(used):.6f} rho and {paid.nano_rho / 1e9:.6f} were paid"
    if private:
        decides = bounded.plan.measures.index(duckdb.plan.Measure("children"))
        sigma, scale = schedule.shares[decides][0].sigma, bounded.scales[decides]
        # The tail of the Gaussian below the standard bound of it: exact enough to see a unit mistaken.
        chance = bounded.plan.groups * math.exp(-(((schedule.threshold - scale) / sigma) ** 2) / 2)
        if chance * cost.DELTA_UNITS_PER_ONE > paid.delta_units:
            yield f"a child alone is shown with probability {chance:.3g} and {delta:g} were paid"


def judge_pair(bounded, whole, less, tightest):
    """Each vector of a pair of neighbours that differs by more than its bound says."""
    groups = {*whole, *less}
    for number, measure in enumerate(bounded.plan.measures):
        size = max(measure.count, 1)
        zero = [0] * size
        squares = [0]
        for group in groups:
            here = whole[group][number] if group in whole else zero
            there = less[group][number] if group in less else zero
            if here == there:
                continue
            moved = [one - other for one, other in zip(here, there, strict=True)]
            # Levels are sums, so the levels of a difference are the differences of levels.
            levels = bound.build_levels(moved) if measure.kind == "bins" else [moved]
            squares += [0] * (len(levels) - len(squares))
            for level, values in enumerate(levels):
                squares[level] += sum(value * value for value in values)
        for square in squares:
            ratio = Fraction(square, bounded.squares[number])
            tightest[measure.kind] = max(tightest.get(measure.kind, Fraction(0)), ratio)
            if ratio > 1:
                yield f"{measure.kind} moves by {square} and the bound is {bounded.squares[number]}, squared"
    if bounded.plan.has_private_keys:
        alone = [group for group in groups if group not in less]
        moved = [
            group
            for group in groups
            if group not in less or group not in whole or whole[group] != less[group]
        ]
        if len(moved) > bounded.plan.groups:
            yield f"a child is in {len(moved)} private groups and may be in {bounded.plan.groups}"
        decides = bounded.plan.measures.index(duckdb.plan.Measure("children"))
        if any(whole[group][decides][0] > bounded.scales[decides] for group in alone):
            yield "a group of one child counts more than one"  # fmt: skip

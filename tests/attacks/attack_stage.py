"""What every attack needs: invented children, one of whom is the victim; the engine; and unprotected twins.

An attack's file has in its docstring what it is, `Reference:`, `Twin:` (what it got without the defence) and
`Here:` (what it got from the engine); docs/explanation/attacks.md is made of them. The test shows both.
"""

import dataclasses
import datetime
import math
import random

import duckdb as driver

from lightwell.engines import budgets, dice, duckdb, ledger_stores
from lightwell.query import bound, check, codebook, cost, noise, release, session

VICTIM = 77
CHILDREN = 300
# Unmistakable: in no other row, and in no codebook.
SECRET = "only-one-child-wrote-this"
ATTESTED = {"attested": "an invented source"}
SCHOOLS = ["north", "south", "east"]
BOOK = {
    "codebook": 1,
    "dataset": "invented-attack",
    "population": "invented-children",
    "delta": 1e-7,
    "budget": {"epsilon": 2.0, "delta": 1e-6},
    "tables": {
        "usage": {
            "unit": "child",
            "rows_per_child": 8,
            **ATTESTED,
            "columns": {
                "school": {"type": "text", "values": SCHOOLS, "constant": True, "nulls": False, **ATTESTED},
                "grade": {"type": "integer", "low": 1, "high": 12, **ATTESTED},
                "day": {"type": "date", "low": datetime.date(2026, 1, 1), "high": datetime.date(2026, 1, 14), **ATTESTED},
                "minutes": {"type": "real", "low": 0, "high": 300, "step": 0.01, **ATTESTED},
                "messages": {"type": "integer", "low": 0, "high": 50, **ATTESTED},
                "sad": {"type": "boolean"},
                "tag": {"type": "text"},
            },
        },
        "schools": {
            "public": True,
            "key": "school",
            "columns": {"school": {"type": "text", "values": SCHOOLS}, "city": {"type": "boolean"}},
        },
    },
}  # fmt: skip
TYPES = {
    "child": "BIGINT",
    "school": "VARCHAR",
    "grade": "BIGINT",
    "day": "DATE",
    "minutes": "DOUBLE",
    "messages": "BIGINT",
    "sad": "BOOLEAN",
    "tag": "VARCHAR",
}


def make_codebook(**changes):
    return codebook.parse_codebook({**BOOK, **changes})


def make_rows(seed=1, children=CHILDREN):
    """Rows of everybody but the victim."""
    dice = random.Random(seed)
    for child in range(children):
        if child == VICTIM:
            continue
        school, sad = dice.choice(SCHOOLS), dice.random() < 0.3
        for _ in range(dice.choice([1, 2, 3, 6])):
            yield {
                "child": child, "school": school, "grade": dice.randrange(1, 12),
                "day": datetime.date(2026, 1, 1 + dice.randrange(14)), "minutes": round(dice.random() * 200, 2),
                "messages": dice.randrange(40), "sad": sad, "tag": f"tag{dice.randrange(4)}",
            }  # fmt: skip


def make_victim(rows=3, **changes):
    """The victim's rows: the only child of grade 12, sad, with a secret tag."""
    return [
        {"child": VICTIM, "school": "north", "grade": 12, "day": datetime.date(2026, 1, 5), "minutes": 250.0,
         "messages": 45, "sad": True, "tag": SECRET, **changes}
        for _ in range(rows)
    ]  # fmt: skip


def write_files(folder, rows):
    """The tables as Parquet files, by the table's name."""
    folder.mkdir(parents=True, exist_ok=True)
    connection = driver.connect()
    connection.execute(f"CREATE TABLE usage ({', '.join(f'{name} {kind}' for name, kind in TYPES.items())})")
    rows = list(rows)
    marks = ", ".join("(" + ", ".join("?" for _ in TYPES) + ")" for _ in rows)
    connection.execute(f"INSERT INTO usage VALUES {marks}", [row[name] for row in rows for name in TYPES])
    connection.execute(
        "CREATE TABLE schools AS SELECT * FROM (VALUES ('north', TRUE), ('south', FALSE), ('east', FALSE)) AS s(school, city)"
    )
    files = {}
    for name in ("usage", "schools"):
        files[name] = folder / f"{name}.parquet"
        connection.execute(f"COPY {name} TO '{files[name]}' (FORMAT parquet)")
    return files


class Raw:
    """The unprotected twin: DuckDB over the same files, and whatever it answers or fails with."""

    def __init__(self, files):
        self.connection = driver.connect()
        for name, place in files.items():
            self.connection.execute(f"CREATE VIEW {name} AS SELECT * FROM '{place}'")

    def ask(self, text):
        return self.connection.execute(text).fetchall()

    def find(self, text):
        return self.ask(text)[0][0]

    def try_asking(self, text):
        """The answer or the error's text: both are something that an attacker sees."""
        try:
            return self.ask(text)
        except driver.Error as error:
            return str(error)


class NoDice:
    def add_noise(self, values, sigma, square, nano_rho):
        return list(values)


class FreshEngine(duckdb.DuckDB):
    """The engine, its exact numbers measured once and its noise drawn anew; no ledger is asked."""

    def __init__(self, files, book, dice_=None):
        super().__init__(files, book, dice_ or dice.OpenDP(), threads=1)
        self.kept = {}

    def _measure(self, bounded):
        if bounded not in self.kept:
            self.kept[bounded] = super()._measure(bounded)
        return self.kept[bounded]

    def ask(self, text, epsilon=1.0, delta=1e-7, threshold=True, **bounds):
        """The rows of an answer with fresh noise."""
        bounded = bound.bind(check.check_query(text, self._codebook, **bounds))
        private = bounded.plan.has_private_keys
        rho = cost.find_rho(epsilon, delta / 2 if private else delta)
        schedule = noise.schedule_noise(
            bounded, cost.Cost(rho, cost.count_delta_units(delta / 2) if private else 0)
        )
        if not threshold:
            schedule = dataclasses.replace(schedule, threshold=None)
        return release.compute_rows(bounded, schedule, self.release(bounded, schedule))[0]


def measure(files, text, book=None, **bounds):
    """The vector of whole numbers of a plan before noise, and its bounds."""
    book = book or make_codebook()
    engine = duckdb.DuckDB(files, book, NoDice(), threads=1)
    bounded = bound.bind(check.check_query(text, book, **bounds))
    return engine._measure(bounded), bounded


def find_distances(files, others, text, **bounds):
    """For each measure: how far two data sets are apart, squared, and how far they may be."""
    one, bounded = measure(files, text, **bounds)
    two, _ = measure(others, text, **bounds)
    found = []
    for number, square in enumerate(bounded.squares):
        zero = [0] * max(bounded.plan.measures[number].count, 1)
        moved = 0
        for group in {*one, *two}:
            here = one[group][number] if group in one else zero
            there = two[group][number] if group in two else zero
            moved += sum((a - b) ** 2 for a, b in zip(here, there, strict=True))
        found.append((moved, square))
    return found


def open_session(folder, files, *, book=None, grant="owner", epsilon=None, engine=None, ledger=None):
    """The real thing: engine, noise, and a ledger in a file."""
    book = book or make_codebook(**({"budget": {"epsilon": epsilon, "delta": 1e-6}} if epsilon else {}))
    opened = ledger or ledger_stores.open_ledger(folder / "ledger.sqlite")
    if book.population in opened.read_populations():
        population = opened.read_balance(book.population)
        # Asking opens no second grant; whoever decides does.
        if grant not in {one.id for one in population.grants}:
            opened.open_grant(book.population, grant, population.balance.cap, by="owner")
    budgets.open_budget(opened, book, grant, by="owner")
    return session.Session(
        engine or duckdb.DuckDB(files, book, dice.OpenDP(), threads=1), book, opened, grant=grant
    )


def find_limit(epsilon, delta=1e-7):
    """How often the best guess between two equally likely neighbours can be right: (e^eps + 2 delta) / (1 + e^eps)."""
    return (math.exp(epsilon) + delta) / (1 + math.exp(epsilon)) + delta


def allow_luck(limit, runs):
    """The same with five standard errors, for a rate that was measured."""
    return limit + 5 * math.sqrt(limit * (1 - limit) / runs)


def show(twin, here):
    print(f"\n  unprotected: {twin}\n  here:        {here}")

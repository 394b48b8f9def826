"""The invented codebook of the spec: that of the property tests and two more tables, one of them public.

`make_clean_tables` gives rows within every bound, so that a query means to DuckDB itself what it means here.
"""

import copy
import datetime
import math
import random

import duckdb as driver
import query_cases

from lightwell.engines import reference
from lightwell.query import codebook

TYPES = {
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "real": "DOUBLE",
    "text": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
BOOK = copy.deepcopy(query_cases.BOOK)
BOOK["tables"]["answers"] = {
    "unit": "pupil",
    "rows_per_child": 1,
    "attested": "an invented source",
    "columns": {
        "feeling": query_cases.column("integer", values=[1, 2, 3, 9]),
        "hours": {"type": "real"},
        "age": {"type": "integer"},
        "born": {"type": "date"},
        "started": {"type": "timestamp"},
        "note": {"type": "text"},
    },
}
BOOK["tables"]["calendar"] = {
    "public": True,
    "key": "day",
    "columns": {
        "day": query_cases.column("date", low=query_cases.DAYS[0], high=query_cases.DAYS[-1]),
        "school": query_cases.column("boolean", nulls=False),
        "term": query_cases.column("text", values=["winter", "spring"]),
    },
}


def make_codebook():
    return codebook.parse_codebook(BOOK)


def make_tables(seed):
    """Rows of each table, many of them outside what the codebook says."""
    dice = random.Random(seed)
    tables = query_cases.make_tables(seed)
    tables["answers"] = [
        {
            "pupil": child,
            "feeling": dice.choice([1, 2, 3, 9, 4, None]),
            "hours": dice.choice([dice.random() * 30, None, math.nan, -math.inf, 1e12]),
            "age": dice.choice([dice.randrange(8, 19), None, -1, 2**53]),
            "born": datetime.date(2010, 1, 1) + datetime.timedelta(days=dice.choice([0, 5, 400, 1000])),
            "started": datetime.datetime.combine(query_cases.DAYS[0], datetime.time(dice.randrange(24))),
            "note": dice.choice(["yes", "no", "", None]),
        }
        for child in range(40)
        if dice.random() < 0.7
    ]
    tables["calendar"] = [
        {"day": day, "school": day.isoweekday() < 6, "term": "winter"} for day in query_cases.DAYS
    ]
    return tables


def make_clean_tables(seed):
    """The same within the codebook: values settled, rows of a child bounded, one home, a key once."""
    book, clean = make_codebook(), {}
    for name, rows in make_tables(seed).items():
        table = book.tables[name]
        kept, counts, homes, keys = [], {}, {}, set()
        for row in rows:
            child = row.get(table.unit)
            if table.unit and (child is None or counts.get(child, 0) >= table.rows_per_child):
                continue
            if table.key and row[table.key] in keys:
                continue
            keys.add(row.get(table.key))
            counts[child] = counts.get(child, 0) + 1
            row = {
                key: reference.settle(value, table.columns[key].domain) if key in table.columns else value
                for key, value in row.items()
            }
            if "country" in row and table.unit:
                row["country"] = homes.setdefault(child, row["country"])
            kept.append(row)
        clean[name] = kept
    return clean


def write_files(folder, tables):
    """Each table as a Parquet file; the path by the table's name."""
    connection, files = driver.connect(), {}
    for name, rows in tables.items():
        said = BOOK["tables"][name]
        types = {column: TYPES[words["type"]] for column, words in said["columns"].items()}
        if "unit" in said:
            types = {said["unit"]: "BIGINT", **types}
        columns = ", ".join(f"{one} {kind}" for one, kind in types.items())
        connection.execute(f"CREATE TABLE {name} ({columns})")
        marks = ", ".join("?" for _ in types)
        connection.executemany(
            f"INSERT INTO {name} VALUES ({marks})", [[row[one] for one in types] for row in rows]
        )
        files[name] = folder / f"{name}.parquet"
        connection.execute(f"COPY {name} TO '{files[name]}' (FORMAT parquet)")
    return files

"""Spark for data that are larger than one machine: the same plan in Spark's dialect, the same whole numbers.

SQLGlot writes the statements of `engines.sql` in Spark's dialect; a test compares the numbers before noise
with DuckDB's and plain Python's, on a real master and worker. Only sums by group come back to this process,
where the noise is drawn. `lightwell[spark]` and Java 17 or newer are needed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import sqlglot

from lightwell.base import errors
from lightwell.engines import duckdb, sql
from lightwell.query import domain as domains
from lightwell.query.bound import Bounded, Spread
from lightwell.query.codebook import Codebook
from lightwell.query.domain import Key
from lightwell.query.noise import Dice, Schedule
from lightwell.query.plan import Plan
from lightwell.query.release import Noisy
from lightwell.query.truncation import Histogram

_KINDS = {
    domains.BOOLEAN: ("boolean",),
    domains.INTEGER: ("tinyint", "smallint", "int", "bigint", "float", "double"),
    domains.REAL: ("float", "double", "tinyint", "smallint", "int", "bigint", "decimal"),
    domains.TEXT: ("string",),
    domains.DATE: ("date",),
    domains.TIMESTAMP: ("timestamp", "timestamp_ntz"),
}
_WHOLE_UNITS = ("tinyint", "smallint", "int", "bigint")
# What a child may be named by; the decimal is how Spark reads whole numbers of 64 bits without a sign.
_UNITS = (*_WHOLE_UNITS, "decimal(20,0)", "string")
_COULD_NOT = "The data could not be read to the end; the charge stands and nothing was shown."


class Spark:
    """Measures plans over Parquet on a Spark cluster and gives them out with noise, never without.

    `master` is Spark's address, such as spark://host:7077 or local[2]; `files` as of `duckdb.DuckDB`.
    """

    # Nothing is bought of rows per child where nothing is prepared.
    histograms: Mapping[str, Histogram] = MappingProxyType({})

    def __init__(
        self,
        files: Mapping[str, Path | str],
        codebook: Codebook,
        dice: Dice,
        *,
        master: str = "local[2]",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        try:
            from pyspark.logger import PySparkLogger
            from pyspark.sql import SparkSession
        except ImportError:
            raise errors.UserMistake(
                "Spark is not installed; install it with: pip install 'lightwell[spark]'"
            ) from None
        self._codebook, self._dice = codebook, dice
        self._files = {name.lower(): Path(place) for name, place in files.items()}
        duckdb.check_files(self._files, codebook)
        self._stamps = {place: duckdb.find_stamp(place) for place in self._files.values()}
        self.version = duckdb.compute_version(self._files)
        # Its own messages quote data; nothing of them is shown or kept.
        logging.getLogger("py4j").setLevel(logging.CRITICAL)
        for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
            PySparkLogger.getLogger(name).disabled = True
        builder = SparkSession.builder.appName("lightwell").master(master)
        for name, value in (_SETTINGS | dict(settings or {})).items():
            builder = builder.config(name, value)
        try:
            self._session = builder.getOrCreate()
            self._session.sparkContext.setLogLevel("OFF")
            for name, place in self._files.items():
                table = self._codebook.tables[name].name
                rows = self._session.read.parquet(str(place.resolve()))
                rows.createOrReplaceTempView(table)
                # Every value once, before there is a question: as of `duckdb.DuckDB._read_through`.
                rows.write.format("noop").mode("overwrite").save()
        except Exception as error:
            raise errors.UserMistake(_find_reason(error)) from None
        self._compare_columns()

    def close(self) -> None:
        """Let the cluster go."""
        self._session.stop()

    def choose_path(self, plan: Plan) -> str:
        """Name the path that serves a plan: rows are weighted, for nothing is prepared here."""
        return "weighted"

    def find_spread(self, plan: Plan) -> Spread | None:
        """How a plan's bounds are spread over weeks: not at all, for nothing is kept by week here."""
        return None

    def write_statements(self, bounded: Bounded) -> list[str]:
        """The SQL that would be run, in Spark's dialect."""
        return [translate(statement.text) for statement in sql.write_statements(bounded, self._codebook)]

    def release(self, bounded: Bounded, schedule: Schedule) -> list[Noisy]:
        """Measure a plan and give each group's numbers with noise; as of `duckdb.DuckDB.release`."""
        duckdb.check_stamps(self._stamps)
        return duckdb.draw_noise(self._measure(bounded), bounded, schedule, self._dice)

    def _measure(self, bounded: Bounded) -> dict[tuple[Key, ...], list[list[int]]]:
        return duckdb.gather(bounded, sql.write_statements(bounded, self._codebook), self._run)

    def _run(self, text: str) -> Sequence[tuple[Any, ...]]:
        try:
            return [tuple(row) for row in self._session.sql(translate(text)).collect()]
        except Exception:
            raise errors.Damaged(_COULD_NOT) from None

    def _compare_columns(self) -> None:
        """Refuse a codebook that is not these files', by names and types, which are public."""
        problems, units = [], {}
        for table in self._codebook.tables.values():
            stored = {name.lower(): kind for name, kind in self._session.table(table.name).dtypes}
            wanted = [(column.name, _KINDS[column.domain.kind]) for column in table.columns.values()]
            if table.unit:
                wanted.append((table.unit, _UNITS))
                unit = stored.get(table.unit.lower(), "")
                units[table.name] = "a whole number" if unit in _WHOLE_UNITS else unit
            for name, kinds in wanted:
                found = stored.get(name.lower())
                place = f"{table.name}.{name}"
                if found is None:
                    problems.append(errors.Problem(place, "The file has no such column."))
                elif not {found, found.partition("(")[0]} & {*kinds}:
                    problems.append(
                        errors.Problem(place, f"The file stores {found}, which the codebook does not say.")
                    )
        problems += duckdb.compare_units(units)
        if problems:
            raise errors.UserMistake(problems=problems)


# A cast that fails ends a query; none can by how statements are written, and the old rule, which gives
# another value instead, must not hide one that does. Times have no zone here.
_SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "4",
}


def translate(text: str) -> str:
    """A statement of `engines.sql` in Spark's dialect."""
    return sqlglot.transpile(text, read="duckdb", write="spark")[0]


def _find_reason(error: Exception) -> str:
    if "JAVA" in str(error).upper():
        return (
            "Spark needs Java 17 or newer; on Debian install it with: apt-get install openjdk-17-jre-headless"
        )
    return (
        "Spark cannot be reached or cannot read a file: see its address, and that its workers see the files."
    )

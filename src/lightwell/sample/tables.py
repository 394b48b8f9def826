"""The invented platform's two tables as Parquet files, with what is true of them written down beside.

Rules: one seed, one pair of files, whatever machine wrote them; the columns are those of the published codebook
(`data/examples/codebooks/larkfield-use.yaml`) and no more, so the latent ones never get here. What is true
(`Truth`) is counted in the simulation itself and never in the files, so that an answer about the files is judged
by something else: of children who did not answer the survey only the simulation knows what they would have said.
Absent: preparation and questions (`asking`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from lightwell.sample import emission, instrument, simulation, world
from lightwell.sample.simulation import Platform

NAMES = ("events", "survey")
# What the three questions of the demo ask about, as the simulation knows it.
LATE_HOURS = 5
OFTEN_NIGHTS = 4
LOW_ANSWER = 4
MEMORY = "700MB"


@dataclass(frozen=True)
class Truth:
    """What is so on the invented platform, as shares from 0 to 1.

    `late`, by age band: of the events, those that began from 00:00 to 04:59, without the few children whose device
    opens the service by itself. `often`, by alerts: of the children, those with such an event in `OFTEN_NIGHTS`
    nights or more of the last two weeks. `low`: of all children, asked or not, those who felt low several times a
    week or more in the last week.
    """

    children: int
    events: int
    late: Mapping[str, float]
    often: Mapping[str, float]
    low: float


def write_tables(
    folder: Path,
    columns: Mapping[str, list[str]],
    seed: int = world.DEFAULT_SEED,
    children: int = simulation.FULL,
) -> Truth:
    """Write `events.parquet` and `survey.parquet` with these columns into a folder; about 4.4 million rows of events.

    `columns` are the names of each table's columns, in their order.
    """
    counting = _Counting()
    with duckdb.connect() as connection:
        connection.execute("SET memory_limit = ?", [MEMORY])
        begun = False
        for block in simulation.iterate_blocks(seed, children):
            counting.add(block)
            for name, made in zip(
                NAMES, (emission.make_event_table(block), emission.make_survey_table(block)), strict=True
            ):
                _add_rows(connection, name, {column: made[column] for column in columns[name]}, begun)
            begun = True
        for name in NAMES:
            place = str(folder / f"{name}.parquet").replace("'", "''")
            connection.execute(f"COPY {name} TO '{place}' (FORMAT parquet, COMPRESSION zstd)")
    return counting.finish()


def _add_rows(connection: duckdb.DuckDBPyConnection, name: str, rows: Mapping[str, Any], begun: bool) -> None:
    listed = ", ".join(_write_column(column) for column in rows)
    connection.register("rows", dict(rows))
    first = f"INSERT INTO {name}" if begun else f"CREATE TABLE {name} AS"
    connection.execute(f"{first} SELECT {listed} FROM rows")  # noqa: S608  # names of our own codebook
    connection.unregister("rows")


def _write_column(column: str) -> str:
    if column not in emission.WORDS:
        return column
    words = ", ".join(f"'{word}'" for word in emission.WORDS[column])
    return f"([{words}])[{column} + 1] AS {column}"


class _Counting:
    """Counts what is true, block by block."""

    def __init__(self) -> None:
        self.bands, self.lates = (np.zeros(len(simulation.BANDS), dtype=np.int64) for _ in range(2))
        self.arms, self.oftens = (np.zeros(len(simulation.ALERTS), dtype=np.int64) for _ in range(2))
        self.events = self.low = 0

    def add(self, block: Platform) -> None:
        who, events, survey = block.children, block.events, block.survey
        row = events.child - who.child[0]
        own = (np.bincount(row, minlength=len(who)) < simulation.BUSY_ROWS)[row]
        self.bands += np.bincount(who.band[row[own]], minlength=len(self.bands))
        self.lates += np.bincount(who.band[row[own & (events.hour < LATE_HOURS)]], minlength=len(self.lates))
        often = survey.nights[:, simulation.QUIET_FROM_WAVE :].sum(axis=1) >= OFTEN_NIGHTS
        self.arms += np.bincount(who.quiet, minlength=len(self.arms))
        self.oftens += np.bincount(who.quiet[often], minlength=len(self.oftens))
        self.low += int((survey.items[:, -1, instrument.COLUMN["m1"]] >= LOW_ANSWER).sum())
        self.events += len(events)

    def finish(self) -> Truth:
        children = int(self.arms.sum())
        late = np.divide(self.lates, self.bands).tolist()
        often = np.divide(self.oftens, self.arms).tolist()
        return Truth(
            children=children,
            events=self.events,
            late=dict(zip(simulation.BANDS, late, strict=True)),
            often=dict(zip(simulation.ALERTS, often, strict=True)),
            low=self.low / children,
        )

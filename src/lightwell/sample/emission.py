"""The event table and the survey table of the sample platform, block by block, with the columns of the codebook.

Rules: the columns are those of LF-NS-08 (`plainfiles.make_codebook`); latent columns (frailty, appetite, the share of
clips) are never emitted; `panel` = 1 marks the children on whom every printed figure rests, so that a query over the
full tables finds the printed numbers again. Absent: the file format; whoever stores the tables chooses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightwell.sample import instrument, simulation
from lightwell.sample.simulation import Platform

Columns = dict[str, NDArray[Any]]
# Columns of text hold the place of a word in its list, so that whoever stores them names them once for all rows.
WORDS = {
    "age_band": simulation.BANDS,
    "country": simulation.COUNTRY_CODES,
    "alerts": simulation.ALERTS,
    "gender": simulation.GENDERS,
    "service": simulation.SERVICES,
    "kind": simulation.KINDS,
}


def make_event_table(block: Platform) -> Columns:
    """One row per event, sorted by child, day and hour. All columns have the same length."""
    events, who = block.events, block.children
    row = events.child - who.child[0]
    return {
        "child": events.child,
        "age_band": who.band[row],
        "country": who.country[row],
        "alerts": who.quiet[row],
        "panel": (events.child < simulation.PANEL).astype(np.int64),
        "day": events.day,
        "hour": events.hour,
        "service": events.service,
        "kind": events.kind,
        "minutes": events.minutes,
    }


def make_survey_table(block: Platform) -> Columns:
    """One row per child and wave in which the child answered, sorted by child and wave."""
    row, wave = np.nonzero(block.survey.answered)
    who, survey = block.children, block.survey
    columns: Columns = {
        "child": who.child[row],
        "age_band": who.band[row],
        "country": who.country[row],
        "alerts": who.quiet[row],
        "panel": (who.child[row] < simulation.PANEL).astype(np.int64),
        "wave": wave + 1,
        "gender": who.gender[row],
        "nights": survey.nights[row, wave],
        "sleep_hours": survey.sleep[row, wave],
        "weight": np.rint(100 / survey.chance[row, wave]) / 100,
    }
    for item in instrument.ITEMS:
        columns[item.key] = survey.items[row, wave, instrument.COLUMN[item.key]]
    return columns


def iterate_tables(seed: int, children: int = simulation.FULL) -> Iterator[tuple[Columns, Columns]]:
    """Yield (events, survey) for each block of children; memory stays that of one block."""
    for block in simulation.iterate_blocks(seed, children):
        yield make_event_table(block), make_survey_table(block)

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
from lightwell.sample.simulation import Ints, Platform

Columns = dict[str, NDArray[Any]]


def _name(labels: tuple[str, ...], codes: Ints) -> NDArray[Any]:
    return np.array(labels)[codes]


def make_event_table(block: Platform) -> Columns:
    """One row per event, sorted by child, day and hour. All columns have the same length."""
    events, who = block.events, block.children
    row = events.child - who.child[0]
    return {
        "child": events.child,
        "age_band": _name(simulation.BANDS, who.band[row]),
        "country": _name(simulation.COUNTRY_CODES, who.country[row]),
        "panel": (events.child < simulation.PANEL).astype(np.int64),
        "day": events.day,
        "hour": events.hour,
        "service": _name(simulation.SERVICES, events.service),
        "kind": _name(simulation.KINDS, events.kind),
        "minutes": events.minutes,
    }


def make_survey_table(block: Platform) -> Columns:
    """One row per child and wave in which the child answered, sorted by child and wave."""
    row, wave = np.nonzero(block.survey.answered)
    who, survey = block.children, block.survey
    columns: Columns = {
        "child": who.child[row],
        "age_band": _name(simulation.BANDS, who.band[row]),
        "country": _name(simulation.COUNTRY_CODES, who.country[row]),
        "panel": (who.child[row] < simulation.PANEL).astype(np.int64),
        "wave": wave + 1,
        "gender": _name(simulation.GENDERS, who.gender[row]),
        "nights": survey.nights[row, wave],
        "sleep_hours": survey.sleep[row, wave],
    }
    for item in instrument.ITEMS:
        columns[item.key] = survey.items[row, wave, instrument.COLUMN[item.key]]
    return columns


def iterate_tables(seed: int, children: int = simulation.FULL) -> Iterator[tuple[Columns, Columns]]:
    """Yield (events, survey) for each block of children; memory stays that of one block."""
    for block in simulation.iterate_blocks(seed, children):
        yield make_event_table(block), make_survey_table(block)

"""Everything simulated at once, and the shape in which a study hands its findings to the press.

Rules: each part has its own random stream (second argument of `make_generator`), so that changing one part leaves
the numbers of the others as they are. Absent: any analysis; that is the `study_*` modules' work.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lightwell.sample import experiment, simulation, spread, tracker
from lightwell.sample.estimates import Estimate

DEFAULT_SEED = 20_211_004


@dataclass(frozen=True)
class World:
    """Everything that the sample is drawn from; equal seeds give equal worlds."""

    seed: int
    panel: simulation.Platform
    pieces: spread.Pieces
    reports: spread.Reports
    tracker: tracker.Tracker
    authors: experiment.Authors


def make_world(seed: int = DEFAULT_SEED, panel: int = simulation.PANEL) -> World:
    """Simulate every part at the size in which the documents are printed (about a second on one core)."""
    pieces = spread.draw_pieces(simulation.make_generator(seed, 2))
    return World(
        seed=seed,
        panel=simulation.simulate(seed, panel),
        pieces=pieces,
        reports=spread.draw_reports(simulation.make_generator(seed, 3), pieces),
        tracker=tracker.draw_tracker(simulation.make_generator(seed, 4)),
        authors=experiment.draw_authors(simulation.make_generator(seed, 5)),
    )


@dataclass(frozen=True)
class Table:
    """A printed table: every cell is text already. `left` columns are set flush left, the others centred."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    left: int = 1
    widths: tuple[float, ...] = ()  # shares of the text width; empty = by content
    strong: tuple[int, ...] = ()  # row numbers set in bold (totals)


@dataclass(frozen=True)
class Series:
    """One line, set of bars or set of points of a chart; a value without data is NaN."""

    name: str
    values: tuple[Estimate, ...]


@dataclass(frozen=True)
class Chart:
    """A printed chart. `kind`: `bars`, `points`, `lines` or `steps`; values are multiplied by `scale` on paper."""

    kind: str
    caption: str
    x_label: str
    y_label: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    scale: float = 1.0
    note: str = ""
    from_zero: bool = True


@dataclass(frozen=True)
class Page:
    """One page of an appendix: heading, a sentence or two of reading, tables, perhaps a chart (its caption unused)."""

    heading: str
    reading: str
    tables: tuple[Table, ...]
    chart: Chart | None = None


@dataclass
class Findings:
    """What a study found: numbers for the sentences, tables and charts by key, pages of cross-tabulation by section."""

    numbers: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    charts: dict[str, Chart] = field(default_factory=dict)
    crosstabs: dict[str, list[Page]] = field(default_factory=dict)
    claims: dict[str, bool] = field(default_factory=dict)  # what the prose says in words; all must be true

    def merge(self, other: Findings) -> Findings:
        """Both together; a key in both is a mistake, because the same name would print two numbers."""
        for mine, theirs in (
            (self.numbers, other.numbers), (self.tables, other.tables), (self.charts, other.charts),
            (self.crosstabs, other.crosstabs), (self.claims, other.claims),
        ):  # fmt: skip
            if twice := set(mine) & set(theirs):
                raise ValueError(f"Two studies use the same finding names: {', '.join(sorted(twice))}.")
        return Findings(
            self.numbers | other.numbers, self.tables | other.tables, self.charts | other.charts,
            self.crosstabs | other.crosstabs, self.claims | other.claims,
        )  # fmt: skip


def select(panel: simulation.Platform, wave: int | None = None, **where: int) -> np.ndarray:
    """Mask of shape (children, waves) of those who answered, narrowed by columns of `Children` (band=1, …)."""
    mask = panel.survey.answered == 1
    if wave is not None:
        only = np.zeros_like(mask)
        only[:, wave] = True
        mask = mask & only
    for column, value in where.items():
        mask = mask & (getattr(panel.children, column) == value)[:, None]
    return mask

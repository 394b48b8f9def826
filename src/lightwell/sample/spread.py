"""Aggregate model of how known and new child sexual abuse material spreads between accounts and is removed.

Rules: counts, routes and hours only. A "piece" is a number in a table; nothing in this module, and nothing printed
from it, describes a picture, a child or a way to find either. Two years, January 2024 to December 2025.
Absent: any link to the simulated children of `simulation`; the two never share a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from lightwell.sample import simulation
from lightwell.sample.simulation import Floats, Ints

START = date(2024, 1, 1)
WEEKS = 104
QUARTERS = tuple(f"{year} Q{q}" for year in (2024, 2025) for q in range(1, 5))
ROUTES = (
    "match with a known hash",
    "classifier, confirmed by a person",
    "report by a user",
    "report by the child",
)
HASH, CLASSIFIER, USER, CHILD = range(4)
PLANTED: tuple[simulation.Effect, ...] = (
    simulation.Effect("hash_minutes", "median time to removal after a hash match", 0.11, "hours"),
    simulation.Effect("classifier_hours", "median time to removal, classifier confirmed by a person", 5.5, "hours"),
    simulation.Effect("user_hours", "median time to removal after a user's report", 24.0, "hours"),
    simulation.Effect("child_hours", "median time to removal after the report of the child shown", 47.0, "hours"),
    simulation.Effect("weekend", "reports that arrive on Saturday or Sunday take this many times longer", 1.7, "ratio"),
    simulation.Effect("reach", "accounts reached grow with hours visible to this power", 0.52, "exponent"),
    simulation.Effect("reupload", "removed pieces of which a copy appears again within 30 days, no hash kept", 0.31,
                      "share"),
    simulation.Effect("reupload_kept", "the same where the hash was kept and shared between services", 0.06, "share"),
)  # fmt: skip
EFFECT = {effect.key: effect.size for effect in PLANTED}


@dataclass(frozen=True)
class Pieces:
    """One row per distinct piece found. `hours` is the time from first upload to removal on every service."""

    week: Ints
    weekday: Ints  # 0 = Monday
    service: Ints
    route: Ints
    hours: Floats
    accounts: Ints  # accounts that posted or forwarded the piece before removal
    kept: Ints  # 1 = a hash was kept and shared between the provider's services
    returned: Ints  # 1 = a copy was found again within 30 days of removal

    def __len__(self) -> int:
        return len(self.week)


def draw_pieces(rng: np.random.Generator, per_week: float = 58.0) -> Pieces:
    """Draw two years of pieces: volume, route, delay, reach and return, in this causal order."""
    growth = np.linspace(0.82, 1.22, WEEKS) * (1 + 0.07 * np.sin(np.arange(WEEKS) / 52 * 2 * np.pi))
    week = np.repeat(np.arange(WEEKS), rng.poisson(per_week * growth))
    n = len(week)
    weekday = rng.choice(7, size=n, p=[0.13, 0.13, 0.13, 0.13, 0.14, 0.17, 0.17])
    service = rng.choice(6, size=n, p=[0.17, 0.41, 0.06, 0.14, 0.18, 0.04])
    # In Messages hashes are compared for pictures only, so fewer pieces are found by a match there.
    shares = np.array([[0.66, 0.17, 0.13, 0.04], [0.49, 0.12, 0.30, 0.09], [0.30, 0.38, 0.27, 0.05],
                       [0.63, 0.22, 0.12, 0.03], [0.57, 0.15, 0.23, 0.05], [0.60, 0.14, 0.21, 0.05]])  # fmt: skip
    route = (rng.random(n)[:, None] > shares.cumsum(axis=1)[service]).sum(axis=1).clip(0, 3)
    median = np.array(
        [EFFECT["hash_minutes"], EFFECT["classifier_hours"], EFFECT["user_hours"], EFFECT["child_hours"]]
    )
    spread = np.array([1.0, 0.9, 1.05, 1.0])
    slow = np.where((weekday >= 5) & (route != HASH), EFFECT["weekend"], 1.0)
    hours = median[route] * slow * np.exp(spread[route] * rng.normal(size=n))
    hours = np.clip(hours, 0.01, 24.0 * 60)
    mean_accounts = (
        0.55 * np.power(hours, EFFECT["reach"]) * np.array([1.0, 1.45, 0.8, 1.0, 1.6, 0.5])[service]
    )
    accounts = 1 + rng.poisson(rng.gamma(0.75, mean_accounts / 0.75))
    kept = (rng.random(n) < np.where(route == HASH, 1.0, 0.62)).astype(np.int64)
    back = np.where(kept == 1, EFFECT["reupload_kept"], EFFECT["reupload"])
    returned = (rng.random(n) < back).astype(np.int64)
    return Pieces(week, weekday, service, route, hours, accounts, kept, returned)


@dataclass(frozen=True)
class Reports:
    """Weekly counts, shape (weeks, services): what reached the review teams and what became of it."""

    received: Ints
    by_children: Ints  # accounts with a declared age under 18
    upheld: Ints
    backlog: Ints  # waiting longer than 24 hours at the end of the week
    accounts_closed: Ints


def draw_reports(rng: np.random.Generator, pieces: Pieces) -> Reports:
    """Draw the weekly report queue that fits the pieces: most reports concern something else or a copy."""
    cells = np.zeros((WEEKS, 6), dtype=np.int64)
    slow = np.zeros((WEEKS, 6), dtype=np.int64)
    closed = np.zeros((WEEKS, 6))
    reported = pieces.route >= USER
    np.add.at(cells, (pieces.week[reported], pieces.service[reported]), 1)
    late = reported & (pieces.hours > 24)
    np.add.at(slow, (pieces.week[late], pieces.service[late]), 1)
    np.add.at(closed, (pieces.week, pieces.service), pieces.accounts * 0.41)
    upheld = rng.poisson(cells * 2.9)
    received = upheld + rng.poisson(16.0 + cells * 6.5)
    by_children = rng.binomial(received, 0.34)
    return Reports(received, by_children, upheld, slow + rng.poisson(slow * 4.2), rng.poisson(closed))


def date_week(week: int) -> date:
    """The Monday on which a week of the model begins."""
    return START + timedelta(weeks=int(week))

"""The bullying experiment: young authors of hostile comments, three arms, four weeks before and eight after.

Rules: authors are drawn from the provider's accounts, not from the survey panel. Planted effects are those of
`simulation.PLANTED` whose keys begin with `prompt`. Absent: the text of any comment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lightwell.sample.simulation import EFFECT, Floats, Ints

ARMS = ("no prompt", "prompt", "prompt and ten-second pause")
NONE, PROMPT, PAUSE = range(3)
GROUPS = ("first time", "one or two earlier", "three or more earlier")


@dataclass(frozen=True)
class Authors:
    """One row per author, randomised by coin within country."""

    arm: Ints
    group: Ints  # earlier hostile comments in the year before
    band: Ints
    country: Ints
    before: Ints  # hostile public comments in the four weeks before
    after: Ints  # in the eight weeks after
    private: Ints  # hostile private messages reported by others in the eight weeks after
    stayed: Ints  # 1 = still active in week eight
    received: (
        Floats  # score 1 to 5 of bullying received, asked of a random friend of the author in week eight
    )

    def __len__(self) -> int:
        return len(self.arm)


def draw_authors(rng: np.random.Generator, count: int = 60_000) -> Authors:
    """Draw the authors and their outcomes."""
    arm = rng.integers(0, 3, count)
    group = rng.choice(3, size=count, p=[0.56, 0.27, 0.17])
    band = rng.choice(3, size=count, p=[0.17, 0.46, 0.37])
    country = rng.choice(6, size=count, p=[0.24, 0.25, 0.09, 0.12, 0.19, 0.11])
    heat = rng.gamma(1.6, 1 / 1.6, count) * np.array([0.55, 1.3, 4.1])[group]
    before = rng.poisson(heat * 0.9)
    full = np.array([EFFECT["prompt_hostile"], EFFECT["prompt_hostile"] * 0.6, EFFECT["prompt_repeat"]])[
        group
    ]
    share = np.where(arm == NONE, 0.0, np.where(arm == PROMPT, full, full * 1.25))
    after = rng.poisson(heat * 1.8 * (1 + share))
    shift = np.where(arm == NONE, 0.0, EFFECT["prompt_shift"])
    private = rng.poisson(heat * 0.42 * (1 + shift))
    stayed = (rng.random(count) < np.where(arm == PAUSE, 0.868, 0.884)).astype(np.int64)
    mean = 1.72 + 0.05 * group + EFFECT["prompt_received"] * (arm != NONE)
    received = np.clip(np.rint(mean + 0.85 * rng.normal(size=count)), 1, 5)
    return Authors(arm, group, band, country, before, after, private, stayed, received)

"""The yearly survey of 2015 to 2021, before Lightwell: simulated like the panel, but with its own small samples.

Rules: a fresh cross-section each autumn, ages 13 to 17 (10 to 12 from 2018), three countries at first and six from
2019. Yes/no items with planted yearly changes. Absent: any link from one year's children to the next's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lightwell.sample.simulation import Ints

YEARS = tuple(range(2015, 2022))


@dataclass(frozen=True)
class Question:
    """One question of the yearly survey with the change over the years that is planted in it."""

    key: str
    wording: str
    short: str
    level: float  # log-odds in 2015 for a boy of 15
    year: float  # planted change in log-odds per year
    girl: float  # planted difference of girls in log-odds
    first: int = 2015  # the year in which the question was first asked


QUESTIONS: tuple[Question, ...] = (
    Question("low", "In the past month I felt low on most days.", "felt low on most days", -2.25, 0.085, 0.55),
    Question("compare", "In the past month I often compared my looks with people on Larkfield.",
             "often compared their looks", -1.75, 0.115, 0.95),
    Question("worse", "Looking at Larkfield made me feel worse about my body.", "felt worse about their body",
             -2.55, 0.105, 1.15, 2017),
    Question("hurt", "In the past month someone on Larkfield wrote something meant to hurt me.",
             "were hurt by something written", -1.70, -0.010, 0.15),
    Question("adult", "In the past month an adult I do not know wrote to me.", "were written to by an unknown adult",
             -2.30, 0.100, 0.50, 2016),
    Question("image", "In the past month I was sent a sexual picture that I did not want.",
             "were sent an unwanted sexual picture", -2.90, 0.120, 0.90, 2018),
    Question("night", "On the last school night I used Larkfield after midnight.", "used Larkfield after midnight",
             -1.70, 0.120, -0.05),
    Question("told", "The last time something bad happened online I told an adult.", "told an adult",
             -0.95, -0.045, 0.30),
    Question("enjoy", "I enjoy using Larkfield.", "enjoy using Larkfield", 1.55, -0.060, 0.05),
)  # fmt: skip
BY_KEY = {question.key: question for question in QUESTIONS}


@dataclass(frozen=True)
class Tracker:
    """One row per child and year. `answers` has one column per question; -1 where it was not asked that year."""

    year: Ints
    age: Ints
    gender: Ints  # 0 girl, 1 boy
    country: Ints
    answers: Ints

    def __len__(self) -> int:
        return len(self.year)


def draw_tracker(rng: np.random.Generator, per_year: int = 2_400) -> Tracker:
    """Draw seven cross-sections. 2020 adds a step to night use and low mood (schools closed)."""
    year = np.repeat(np.array(YEARS), per_year)
    n = len(year)
    youngest = np.where(year >= 2018, 10, 13)
    age = youngest + np.floor(rng.random(n) * (18 - youngest)).astype(np.int64)
    gender = rng.integers(0, 2, n)
    six = rng.choice(6, size=n, p=[0.24, 0.25, 0.09, 0.12, 0.19, 0.11])
    three = rng.choice(np.array([0, 1, 4]), size=n, p=[0.36, 0.36, 0.28])
    country = np.where(year >= 2019, six, three)
    frailty = rng.normal(size=n)
    answers = np.full((n, len(QUESTIONS)), -1, dtype=np.int64)
    slopes = {"night": 0.33, "low": 0.05, "compare": 0.02, "enjoy": -0.10, "told": -0.18}
    for column, question in enumerate(QUESTIONS):
        odds = (
            question.level + question.year * (year - 2015) + question.girl * (gender == 0)
            + slopes.get(question.key, 0.04) * (age - 15)
            + 0.45 * frailty * (-1 if question.key in ("enjoy", "told") else 1)
            + (0.38 if question.key == "night" else 0.22 if question.key == "low" else 0.0) * (year >= 2020)
        )  # fmt: skip
        drawn = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(np.int64)
        answers[:, column] = np.where(year >= question.first, drawn, -1)
    return Tracker(year=year, age=age, gender=gender, country=country, answers=answers)

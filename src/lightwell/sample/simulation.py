"""The one seeded simulation behind every figure the sample provider prints.

Rules: randomness is an argument (numpy Generators spawned from one seed, a stream per block of children); children
are made in blocks of `BLOCK`, so that child 17 is the same child at any size; the research panel is the first
`PANEL` children, so that a query over the full event table with `panel = 1` finds the printed numbers again.
Nothing here is taken from a real service: shapes are plausible, sizes are planted (see `PLANTED`).
Absent: anything about the content of any picture or message. Material depicting abuse is modelled in `spread`,
as counts and hours only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightwell.sample import instrument

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BLOCK = 4_000
PANEL = 12_000
FULL = 100_000
WAVES = (date(2025, 3, 10), date(2025, 6, 9), date(2025, 9, 15), date(2025, 12, 1))
DAYS_PER_WAVE = 7
QUIET_FROM_WAVE = 2  # the hold-out of night alerts runs in waves 3 and 4 (index 2 and 3)

BANDS = ("10–12", "13–15", "16–17")
COUNTRIES = ("France", "Germany", "Ireland", "Portugal", "Spain", "Sweden")
COUNTRY_CODES = ("FR", "DE", "IE", "PT", "ES", "SE")
GENDERS = ("girl", "boy", "other or not said")
SERVICES = (
    "Larkfield",
    "Larkfield Messages",
    "Larkfield Live",
    "Larkfield Clips",
    "Larkfield Groups",
    "Larkfield Play",
)
FEED, MESSAGES, LIVE, CLIPS, GROUPS, PLAY = range(6)
ALERTS = ("usual", "quiet")  # quiet: none from 22:00 to 06:00 in waves 3 and 4
# Outside the panel one child in so many has a device that opens the service by itself, so many times in the four weeks.
BUSY_ONE_IN, BUSY_ROWS = 6_000, 2_400
KINDS = ("session", "request-unknown-adult", "bullying-report", "sexual-image-report")
SESSION, REQUEST, BULLYING_REPORT, IMAGE_REPORT = range(4)


@dataclass(frozen=True)
class Effect:
    """One planted effect: what is true in the simulated world, so that any analysis can be judged."""

    key: str
    statement: str
    size: float
    unit: str


PLANTED: tuple[Effect, ...] = (
    Effect("night_sleep", "each night of use after midnight takes this from sleep on an average night of that week",
           -0.125, "hours per night"),
    Effect("frailty_sleep", "one standard deviation of frailty lowers sleep by itself (confounds the crude contrast)",
           -0.20, "hours"),
    Effect("age_nights", "each year of age above 13 raises the log-odds of use after midnight, per night", 0.24, "log-odds"),
    Effect("quiet_nights", "no alerts from 22:00 to 06:00: change in the log-odds of use after midnight, per night",
           -0.34, "log-odds"),
    Effect("quiet_minutes", "no alerts from 22:00 to 06:00: change in the number of daytime sessions", 0.0, "share"),
    Effect("sleep_mood", "each hour of sleep below 8.5 raises the mood score (higher = worse)", 0.36, "score points"),
    Effect("appearance_girls", "comparison score from no to only appearance clips, girls", 1.9, "score points"),
    Effect("appearance_boys", "comparison score from no to only appearance clips, boys", 0.7, "score points"),
    Effect("see_less", "the 'see less of this' control: change in the share of appearance clips", -0.02, "share"),
    Effect("live_requests", "going live in a week multiplies requests from unknown adults", 3.1, "ratio"),
    Effect("live_youngest", "the same for ages 10–12, who pass as older", 4.2, "ratio"),
    Effect("prompt_hostile", "a prompt before posting: change in hostile public comments, first-time authors",
           -0.17, "share"),
    Effect("prompt_repeat", "the same, authors with three or more earlier hostile comments", 0.0, "share"),
    Effect("prompt_shift", "the same: change in hostile private messages reported (displacement)", 0.09, "share"),
    Effect("prompt_received", "the same: change in bullying that children say they received", 0.0, "score points"),
)  # fmt: skip

EFFECT = {effect.key: effect.size for effect in PLANTED}


@dataclass(frozen=True)
class Children:
    """One row per child. Latent columns (frailty, appetite) exist here only and are never printed or emitted."""

    child: Ints
    age: Ints
    band: Ints
    country: Ints
    gender: Ints
    quiet: Ints  # 1 = no night alerts in waves 3 and 4, assigned by coin within pairs alike in earlier use
    see_less: Ints  # 1 = offered the 'see less of this' control, assigned by coin
    streams: Ints  # 1 = has ever gone live
    appearance: Floats  # share of recommended clips about looks, 0 to 1
    frailty: Floats
    appetite: Floats

    def __len__(self) -> int:
        return len(self.child)


@dataclass(frozen=True)
class Events:
    """One row per event, sorted by child and day. `day` counts from 0 over four weeks, one week in each wave."""

    child: Ints
    day: Ints
    hour: Ints
    service: Ints
    kind: Ints
    minutes: Ints  # 0 unless kind is a session

    def __len__(self) -> int:
        return len(self.child)


@dataclass(frozen=True)
class Survey:
    """Shape (children, waves) unless said otherwise; `answered` is 0 where the child did not take part."""

    answered: Ints
    chance: Floats  # with which the child answered in the wave; 1 / chance is how many children an answer stands for
    nights: Ints  # nights of the wave's week with a session that began between 00:00 and 04:59
    minutes: Ints
    night_minutes: Ints
    live: Ints  # 1 = went live in the week
    requests: Ints  # requests from unknown adults in the week
    sleep: Floats  # hours on an average school night, reported to the quarter hour
    items: Ints  # (children, waves, items), 1 to 5


@dataclass(frozen=True)
class Platform:
    """The invented platform: its children, what they do hour by hour, and what they answer."""

    children: Children
    events: Events
    survey: Survey


def make_generator(seed: int, *key: int) -> np.random.Generator:
    """A stream of its own for each part of the simulation, so that no part moves another's numbers."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy=seed, spawn_key=key)))


def draw_children(rng: np.random.Generator, first: int, count: int) -> Children:
    """Draw `count` children numbered from `first`. Ages 10 to 17; under-13s are below the stated minimum age."""
    age = rng.choice(np.arange(10, 18), size=count, p=[0.055, 0.075, 0.10, 0.135, 0.15, 0.16, 0.165, 0.16])
    band = np.digitize(age, [13, 16])
    country = rng.choice(6, size=count, p=[0.24, 0.25, 0.09, 0.12, 0.19, 0.11])
    gender = rng.choice(3, size=count, p=[0.488, 0.485, 0.027])
    frailty = rng.normal(size=count)
    appetite = rng.normal(size=count) + 0.12 * (age - 13.5)
    girl = gender == 0
    appearance = rng.beta(2.0, 5.2 - 1.2 * girl - 0.5 * (age >= 13))
    see_less = rng.integers(0, 2, count)
    appearance = np.clip(appearance + EFFECT["see_less"] * see_less, 0.0, 1.0)
    streams = rng.random(count) < np.array([0.13, 0.21, 0.25])[band]
    return Children(
        child=np.arange(first, first + count),
        age=age, band=band, country=country, gender=gender,
        quiet=toss_in_pairs(rng, 0.9 * appetite + 0.7 * frailty + 0.3 * rng.normal(size=count)), see_less=see_less, streams=streams.astype(np.int64),
        appearance=appearance, frailty=frailty, appetite=appetite,
    )  # fmt: skip


def toss_in_pairs(rng: np.random.Generator, earlier_use: Floats) -> Ints:
    """Sort by earlier use, pair neighbours, toss a coin in each pair: halves alike before the experiment begins."""
    order = np.argsort(earlier_use, kind="stable")
    coins = rng.integers(0, 2, (len(order) + 1) // 2)
    arm = np.empty(len(order), dtype=np.int64)
    arm[order[0::2]] = coins
    arm[order[1::2]] = 1 - coins[: len(order) // 2]
    return arm


HOUR_WEIGHTS = np.array(
    [1, 1, 2, 5, 4, 2, 2, 2, 4, 3, 4, 8, 9, 9, 10, 11, 11, 10.5, 10], dtype=float
)  # 05:00 to 23:00
SERVICE_WEIGHTS = np.array([
    [0.20, 0.22, 0.05, 0.30, 0.05, 0.18],
    [0.22, 0.25, 0.06, 0.31, 0.07, 0.09],
    [0.24, 0.28, 0.06, 0.27, 0.09, 0.06],
])  # fmt: skip


def draw_events(rng: np.random.Generator, who: Children) -> tuple[Events, Ints, Ints]:
    """Draw four weeks of events. Returns the events and, per child and wave, weeks gone live and requests."""
    n, days = len(who), DAYS_PER_WAVE * len(WAVES)
    weekend = np.isin(np.arange(days) % 7, [4, 5])  # the nights before Saturday and Sunday
    wave_of_day = np.arange(days) // 7
    quiet = who.quiet[:, None] * (wave_of_day >= QUIET_FROM_WAVE)[None, :]
    odds = (
        -2.35 + EFFECT["age_nights"] * (who.age - 13)[:, None] + 0.62 * who.frailty[:, None] + 0.55 * who.appetite[:, None]
        + 0.55 * weekend[None, :] + 0.45 * rng.normal(size=(n, len(WAVES)))[:, wave_of_day]
        + EFFECT["quiet_nights"] * quiet
    )  # fmt: skip
    awake = rng.random((n, days)) < 1 / (1 + np.exp(-odds))
    daytime = rng.poisson(np.exp(0.18 + 0.33 * who.appetite[:, None] + 0.16 * weekend[None, :]))

    night_child, night_day = np.nonzero(awake)
    day_child, day_day = np.nonzero(daytime)
    repeats = daytime[day_child, day_day]
    day_child, day_day = np.repeat(day_child, repeats), np.repeat(day_day, repeats)
    hours = rng.choice(np.arange(5, 24), size=len(day_child), p=HOUR_WEIGHTS / HOUR_WEIGHTS.sum())
    night_hours = rng.choice(5, size=len(night_child), p=[0.50, 0.27, 0.13, 0.06, 0.04])
    child = np.concatenate([day_child, night_child])
    day = np.concatenate([day_day, night_day])
    hour = np.concatenate([hours, night_hours])
    lengths = rng.gamma(1.5, 17.0 * np.exp(0.12 * who.appetite[child]))
    minutes = np.clip(np.rint(lengths), 1, 180).astype(np.int64)
    cumulative = SERVICE_WEIGHTS.cumsum(axis=1)[who.band[child]]
    service = (rng.random(len(child))[:, None] > cumulative).sum(axis=1).clip(0, 5)
    kind = np.full(len(child), SESSION)

    # Going live and what follows it, a week at a time.
    live = (rng.random((n, len(WAVES))) < 0.38).astype(np.int64) * who.streams[:, None]
    ratio = np.where(who.band == 0, EFFECT["live_youngest"], EFFECT["live_requests"])
    rate = np.exp(-2.75 + 0.30 * (who.gender == 0) + 0.16 * np.minimum(who.age - 13, 2) + 0.25 * who.frailty)
    requests = rng.poisson(rate[:, None] * np.where(live == 1, ratio[:, None], 1.0))
    images = rng.binomial(requests, 0.10)
    bullying = rng.poisson(
        np.exp(-3.6 + 0.35 * who.frailty - 0.05 * (who.age - 13))[:, None], size=(n, len(WAVES))
    )
    rows = [(child, day, hour, service, kind, minutes)]
    streams = (
        (requests, REQUEST, MESSAGES),
        (bullying, BULLYING_REPORT, GROUPS),
        (images, IMAGE_REPORT, MESSAGES),
    )
    for counts, which, where in streams:
        c, w = np.nonzero(counts)
        times = counts[c, w]
        c, w = np.repeat(c, times), np.repeat(w, times)
        d = w * 7 + rng.integers(0, 7, len(c))
        h = rng.choice(np.arange(5, 24), size=len(c), p=HOUR_WEIGHTS / HOUR_WEIGHTS.sum())
        rows.append(
            (c, d, h, np.full(len(c), where), np.full(len(c), which), np.zeros(len(c), dtype=np.int64))
        )
    columns = [np.concatenate(parts) for parts in zip(*rows, strict=True)]
    order = np.lexsort((columns[2], columns[1], columns[0]))
    child, day, hour, service, kind, minutes = (column[order] for column in columns)
    events = Events(child=child, day=day, hour=hour, service=service, kind=kind, minutes=minutes)
    return events, live, requests


def add_busy(rng: np.random.Generator, events: Events, who: Children) -> Events:
    """Add what the devices of a few children do by themselves: thousands of sessions of a minute by day, and no night."""
    busy = np.nonzero(rng.random(len(who)) < 1 / BUSY_ONE_IN)[0]
    child = np.repeat(busy, BUSY_ROWS)
    added = {
        "child": child,
        "day": rng.integers(0, DAYS_PER_WAVE * len(WAVES), len(child)),
        "hour": rng.integers(5, 24, len(child)),
        "service": np.full(len(child), FEED),
        "kind": np.full(len(child), SESSION),
        "minutes": np.ones(len(child), dtype=np.int64),
    }
    columns = {f.name: np.concatenate([getattr(events, f.name), added[f.name]]) for f in fields(Events)}
    order = np.lexsort((columns["hour"], columns["day"], columns["child"]))
    return Events(**{name: column[order] for name, column in columns.items()})


def draw_survey(
    rng: np.random.Generator, who: Children, events: Events, live: Ints, requests: Ints
) -> Survey:
    """Draw the answers of four waves from the children and the events of the same weeks (indexes, not ids)."""
    n, waves = len(who), len(WAVES)
    cell = events.child * waves + events.day // 7
    sessions = events.kind == SESSION
    night = sessions & (events.hour < 5)
    minutes = np.bincount(cell[sessions], events.minutes[sessions], n * waves).reshape(n, waves)
    night_minutes = np.bincount(cell[night], events.minutes[night], n * waves).reshape(n, waves)
    nights = np.bincount(cell[night], minlength=n * waves).reshape(n, waves)

    sleep = (
        9.35 - 0.19 * (who.age - 10)[:, None] + EFFECT["night_sleep"] * nights
        + EFFECT["frailty_sleep"] * who.frailty[:, None]
        + 0.48 * rng.normal(size=n)[:, None] + 0.50 * rng.normal(size=(n, waves))
    )  # fmt: skip
    sleep = np.clip(np.rint(sleep * 4) / 4, 3.0, 12.0)

    girl, boy = (who.gender == 0)[:, None], (who.gender == 1)[:, None]
    older = (who.age >= 13)[:, None]
    slope = EFFECT["appearance_girls"] * girl + EFFECT["appearance_boys"] * boy + 1.3 * ~(girl | boy)
    frailty = who.frailty[:, None]
    received = frailty * 0.35 + 0.25 * rng.normal(size=(n, waves))
    scores = {
        "sleep": 0.30 * (nights - 1.2) + 0.22 * frailty,
        "mood": 0.42 * frailty + EFFECT["sleep_mood"] * (8.5 - sleep) + 0.20 * girl * older,
        "body": slope * (who.appearance[:, None] - 0.28) + 0.36 * frailty + 0.42 * girl * older,
        "bully": received + 0.10 * (who.age < 16)[:, None],
        "contact": 0.75 * np.minimum(requests, 4) + 0.18 * girl,
        "report": -0.30 * frailty - 0.10 * (who.age - 13)[:, None] / 2,
    }
    trait = rng.normal(size=(n, len(instrument.SECTIONS)))
    items = np.empty((n, waves, len(instrument.ITEMS)), dtype=np.int64)
    place = {section: index for index, section in enumerate(instrument.SECTIONS)}
    shift = np.array([0.0, 0.02, -0.03, 0.05, 0.0, -0.05])[who.country][:, None]  # countries differ a little
    for column, item in enumerate(instrument.ITEMS):
        noise = 0.55 * trait[:, place[item.section]][:, None] + 0.72 * rng.normal(size=(n, waves))
        answer = item.base + item.load * scores[item.section] + noise + shift
        items[:, :, column] = np.clip(np.rint(answer), 1, 5)
    chance = np.array([0.86, 0.79, 0.74, 0.70])[None, :] - 0.035 * frailty - 0.04 * (who.age >= 16)[:, None]
    chance = chance - 0.014 * (nights - 1.2)  # children who are up at night answer less often
    answered = (rng.random((n, waves)) < chance).astype(np.int64)
    return Survey(
        answered=answered, chance=np.clip(chance, 0.4, 1.0), nights=nights, minutes=minutes.astype(np.int64),
        night_minutes=night_minutes.astype(np.int64), live=live, requests=requests, sleep=sleep, items=items,
    )  # fmt: skip


def iterate_blocks(seed: int, children: int) -> Iterator[Platform]:
    """Yield the platform in blocks of at most `BLOCK` children; child numbers count on from block to block."""
    if children < 1:
        raise ValueError(f"The simulation needs at least one child; {children} were asked for.")
    for block, first in enumerate(range(0, children, BLOCK)):
        rng = make_generator(seed, 1, block)
        who = draw_children(rng, first, BLOCK)
        events, live, requests = draw_events(rng, who)
        if first >= PANEL:
            events = add_busy(make_generator(seed, 7, block), events, who)
        survey = draw_survey(rng, who, events, live, requests)
        keep = min(BLOCK, children - first)
        inside = events.child < keep
        moved = {f.name: getattr(events, f.name)[inside] for f in fields(Events)}
        moved["child"] = moved["child"] + first
        yield Platform(_head(who, keep), Events(**moved), _head(survey, keep))


def _head(record: Any, keep: int) -> Any:
    return type(record)(**{f.name: getattr(record, f.name)[:keep] for f in fields(record)})


def simulate(seed: int, children: int = PANEL) -> Platform:
    """The whole platform at once. At `FULL` size this is about three million events; prefer `iterate_blocks`."""
    blocks = list(iterate_blocks(seed, children))
    return Platform(
        *(
            kind(
                **{
                    f.name: np.concatenate([getattr(getattr(b, part), f.name) for b in blocks])
                    for f in fields(kind)
                }
            )
            for part, kind in (("children", Children), ("events", Events), ("survey", Survey))
        )
    )

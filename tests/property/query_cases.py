"""Random tables of children and random queries about them, by a seed: what engines and checkers are tried on.

The rows are nasty on purpose: nulls, values outside every domain, NaN and infinities, children with one row
and with hundreds, constants that are not constant.
"""

import datetime
import math
import random

from lightwell.query import codebook

DAYS = [datetime.date(2026, 1, 1) + datetime.timedelta(days=day) for day in range(14)]
COUNTRIES = ["AT", "BE", "CY", "DK"]
BANDS = ["10-12", "13-15", "16-17"]
REGIONS = {"AT": "south", "BE": "north", "CY": "south"}


def column(kind, **rest):
    return {"type": kind, "attested": "an invented source", **rest}


BOOK = {
    "codebook": 1,
    "dataset": "invented-usage",
    "population": "invented-children",
    "delta": 1e-7,
    "budget": {"epsilon": 10.0, "delta": 1e-6},
    "tables": {
        "usage": {
            "unit": "child",
            "rows_per_child": 8,
            "attested": "an invented source",
            "columns": {
                "country": column("text", values=COUNTRIES, constant=True),
                "band": column("text", values=BANDS, constant=True, nulls=False),
                "day": column("date", low=DAYS[0], high=DAYS[-1]),
                "minutes": column("real", low=0, high=300, step=0.01),
                "messages": column("integer", low=0, high=50),
                "night": column("boolean"),
                "moment": column(
                    "timestamp", low=datetime.datetime(2026, 1, 1), high=datetime.datetime(2026, 1, 15)
                ),
                "tag": {"type": "text"},
            },
        },
        "survey": {
            "unit": "child",
            "rows_per_child": 1,
            "attested": "an invented source",
            "columns": {
                "sad": column("boolean"),
                "score": column("integer", low=-5, high=10),
                "grade": column("text", values=["9", "10", "11", "12"]),
                "weight": column("real", low=0, high=5, step=0.001),
            },
        },
        "places": {
            "public": True,
            "key": "country",
            "columns": {"country": column("text"), "region": column("text", values=["north", "south"])},
        },
    },
}


def make_codebook():
    return codebook.parse_codebook(BOOK)


def make_tables(seed, children=40):
    """Rows of each table, as Python's own values."""
    dice = random.Random(seed)
    usage, survey = [], []
    for child in range(children):
        home, band = dice.choice(COUNTRIES), dice.choice(BANDS)
        for _ in range(dice.choice([0, 1, 2, 5, 8, 9, 30, 120])):
            day = dice.choice(DAYS)
            usage.append(
                {
                    "child": child,
                    "country": home if dice.random() < 0.95 else dice.choice([None, "XX", "AT"]),
                    "band": band,
                    "day": dice.choice([day, day, day, None, datetime.date(1999, 1, 1)]),
                    "minutes": dice.choice(
                        [dice.expovariate(1 / 20), dice.random() * 400, None, math.nan, math.inf, -3.5, 1e300]
                    ),
                    "messages": dice.choice([dice.randrange(60), dice.randrange(5), None, -4]),
                    "night": dice.choice([True, False, False, None]),
                    "moment": datetime.datetime.combine(
                        day, datetime.time(dice.randrange(24), dice.randrange(60))
                    ),
                    "tag": dice.choice(["a", "b%", "ab", "", None, "null", f"tag{dice.randrange(30)}"]),
                }
            )
        if dice.random() < 0.8:
            for _ in range(dice.choice([1, 1, 1, 2])):
                survey.append(
                    {
                        "child": child,
                        "sad": dice.choice([True, False, None]),
                        "score": dice.choice([dice.randrange(-7, 14), None]),
                        "grade": dice.choice(["9", "10", "11", "12", "13", None]),
                        "weight": dice.choice([dice.random() * 6, None, math.nan]),
                    }
                )
    usage.append({"child": None, **dict.fromkeys(BOOK["tables"]["usage"]["columns"])})
    dice.shuffle(usage)
    places = [{"country": country, "region": region} for country, region in REGIONS.items()]
    # A key that is there twice, against its codebook, with another value and with none.
    twice = dice.choice(sorted(REGIONS))
    places += [{"country": twice, "region": region} for region in ("north", "south", None)]
    dice.shuffle(places)
    return {"usage": usage, "survey": survey, "places": places}


def write_query(seed):
    """A legal query: its text, and the bounds to tighten."""
    return _Writer(random.Random(seed)).write()


class _Writer:
    FORMS: tuple[str, ...] = (
        "usage", "usage", "survey", "joined", "looked", "per child", "per child and day", "computed", "distinct days",
        "joined back",
    )  # fmt: skip
    ONE_ROW: tuple[str, ...] = ("survey", "per child")

    def __init__(self, dice):
        self.dice = dice

    def pick(self, *choices):
        return self.dice.choice(choices)

    def write(self):
        form = self.pick(*self.FORMS)
        source, numbers, conditions, keys, unit = getattr(self, f"read_{form.replace(' ', '_')}")()
        named = ""
        if form == "computed" and self.pick(True, False):
            named, source = f"WITH c AS {source.removesuffix(' AS c')} ", "c"
        chosen = self.dice.sample(keys, self.pick(0, 0, 1, 1, min(2, len(keys))))
        items = [self.aggregate(numbers, conditions, unit) for _ in range(self.pick(1, 1, 2, 3))]
        text = f"{named}SELECT {', '.join([*chosen, *(f'{item} AS a{place}' for place, item in enumerate(items))])} FROM {source}"
        if self.pick(True, False):
            text += f" WHERE {self.condition(conditions, numbers)}"
        if chosen:
            text += f" GROUP BY {', '.join(chosen)}"
        bounds = {}
        if self.pick(True, False, False):
            bounds["rows"] = 1 if form in self.ONE_ROW else self.pick(1, 3)
        if self.pick(True, False, False):
            bounds["groups"] = self.pick(1, 2, 3)
        return text, bounds

    def read_usage(self):
        return (
            "usage",
            ["minutes", "messages", "COALESCE(messages, 7)", "LEAST(minutes, 60)", "messages * 2 - 3", "minutes / 7",
             "CASE WHEN night THEN minutes ELSE 0 END", "FLOOR(minutes / 9)", "messages % 7", "messages // 4",
             "ROUND(minutes, 1)", "ABS(messages - 20)", "GREATEST(minutes, messages)", "minutes / NULLIF(messages, 0) * 0 + 1"][:13],
            ["night", "night IS NULL", "tag LIKE 'a%'", "tag = 'b%'", "country IN ('AT', 'BE')", "LOWER(country) = 'dk'",
             "day >= DATE '2026-01-05'", "EXTRACT(hour FROM moment) < 5", "ISODOW(day) = 6", "minutes > messages",
             "SUBSTRING(country, 1, 1) <> 'A'", "day + INTERVAL 3 DAY < DATE '2026-01-09'", "messages / minutes > 0.5"],
            ["country", "band", "day", "night", "DATE_TRUNC('week', day)", "FLOOR(minutes / 100)", "messages // 10",
             "CASE WHEN messages > 10 THEN 'many' ELSE 'few' END", "EXTRACT(hour FROM moment)", "tag", "UPPER(country)",
             "DATE_DIFF('day', DATE '2026-01-04', day)"],
            "child",
        )  # fmt: skip

    def read_survey(self):
        return (
            "survey",
            ["score", "weight", "score * score", "CASE WHEN sad THEN weight ELSE 0 END", "-score"],
            ["sad", "NOT sad", "score BETWEEN 0 AND 5", "grade IN ('9', '10')", "weight > 1 OR sad IS NULL"],
            ["grade", "sad", "score", "LENGTH(grade)"],
            "child",
        )

    def read_joined(self):
        join = self.pick("JOIN", "LEFT JOIN")
        return (
            f"usage AS u {join} survey AS s ON u.child = s.child",
            ["u.minutes", "s.score", "u.messages + s.score", "s.weight"],
            ["s.sad", "u.night AND s.sad", "s.score IS NULL", "u.minutes > 10"],
            ["s.grade", "u.country", "u.night", "s.sad"],
            "u.child",
        )

    def read_looked(self):
        join = self.pick("JOIN", "LEFT JOIN")
        return (
            f"usage AS u {join} places AS p ON u.country = p.country",
            ["u.minutes", "u.messages"],
            ["p.region = 'south'", "p.region IS NULL", "u.night"],
            ["p.region", "u.band", "u.day"],
            "u.child",
        )

    def read_per_child(self):
        inner = (
            "SELECT child, COUNT(*) AS n, COUNT(DISTINCT day) AS days, SUM(messages) AS total, AVG(minutes) AS mean, "
            "MAX(minutes) AS most, MIN(day) AS first_day, BOOL_OR(night) AS any_night, COUNT_IF(night) AS nights, "
            "SUM(minutes) FILTER (WHERE night) AS night_minutes FROM usage"
        )
        if self.pick(True, False):
            inner += " WHERE messages < 30"
        inner += " GROUP BY child"
        if self.pick(True, False):
            inner += " HAVING COUNT(*) > 1"
        return (
            f"({inner}) AS per",
            ["n", "days", "total", "mean", "most", "night_minutes", "n - days"],
            ["n > 3", "any_night", "mean > 20", "first_day < DATE '2026-01-03'", "nights >= 2", "total > n"],
            ["days", "any_night", "n // 3", "CASE WHEN n > 4 THEN 'heavy' ELSE 'light' END"],
            "per.child" if self.pick(True, False) else "child",
        )

    def read_per_child_and_day(self):
        return (
            "(SELECT child, day, SUM(messages) AS total, COUNT(*) AS n FROM usage GROUP BY child, day) AS daily",
            ["total", "n"],
            ["total > 20", "n > 2", "day IS NOT NULL"],
            ["day", "n"],
            "child",
        )

    def read_computed(self):
        inner = (
            "SELECT child, country AS home, day, tag, minutes / 3 AS part, messages * messages AS square, "
            "CASE WHEN night THEN messages ELSE -1 END AS late, FLOOR(minutes / 50) AS bin, NOT night AS day_time FROM usage"
        )
        if self.pick(True, False):
            inner += f" WHERE {self.pick('messages < 30', 'night', 'minutes > 3')}"
        return (
            f"({inner}) AS c",
            ["part", "square", "late", "part + late", "LEAST(part, 9)"],
            ["day_time", "late > 3", "bin = 1 OR tag LIKE '%a%'", "home = 'AT'", "square IS NULL"],
            ["bin", "home", "tag", "day_time", "day", "CASE WHEN late < 0 THEN 'none' ELSE tag END"],
            "child",
        )

    def read_distinct_days(self):
        return (
            "(SELECT DISTINCT child, day, night FROM usage) AS days",
            ["ISODOW(day)", "DATE_DIFF('day', DATE '2026-01-01', day)", "EXTRACT(day FROM day) * 2"],
            ["night", "day < DATE '2026-01-08'", "ISODOW(day) > 5"],
            ["day", "night", "ISODOW(day)"],
            "child",
        )

    def read_joined_back(self):
        join = self.pick("JOIN", "LEFT JOIN")
        only = self.pick("", " WHERE night", " WHERE messages > 3")
        return (
            f"usage AS u {join} (SELECT child, COUNT(*) AS n, MAX(messages) AS most FROM usage{only} GROUP BY child) AS per "
            "ON u.child = per.child",
            ["u.minutes", "per.n", "per.most", "u.messages - per.most"],
            ["per.n > 2", "u.night", "u.messages = per.most", "per.n IS NULL"],
            ["per.n // 3", "u.band", "u.tag", "u.day", "CASE WHEN per.n > 4 THEN 'heavy' ELSE 'light' END"],
            "u.child",
        )

    def condition(self, conditions, numbers):
        one = self.dice.choice(conditions)
        if self.pick(True, False, False):
            other = self.pick(
                self.dice.choice(conditions), f"{self.dice.choice(numbers)} > {self.dice.randrange(20)}"
            )
            one = f"({one}) {self.pick('AND', 'OR')} NOT ({other})"
        return one

    def aggregate(self, numbers, conditions, unit):
        number = self.dice.choice(numbers)
        only = (
            f" FILTER (WHERE {self.condition(conditions, numbers)})" if self.pick(True, False, False) else ""
        )
        return (
            self.pick(
                "COUNT(*)", f"COUNT({number})", f"COUNT(DISTINCT {unit})", f"SUM({number})", f"AVG({number})",
                f"VARIANCE({number})", f"STDDEV({number})", f"MEDIAN({number})", f"QUANTILE({number}, 0.9)",
                f"AVG({self.dice.choice(conditions)})", f"COUNT(DISTINCT FLOOR({number}))",
            )
            + only
        )  # fmt: skip

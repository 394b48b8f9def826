"""Draw the pictures of docs/how-to/choose-epsilon.md and write the tables in it.

    .venv/bin/python docs/make/epsilon.py

Everything follows from the mechanisms: a question is planned, priced and given its noise by the code that
answers questions, and its interval is computed from numbers that are made up. No data are read. The test
`tests/docs/test_epsilon_pictures.py` fails when a picture or a table is not what this writes.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from lightwell.query import bound, check, codebook, cost, noise, release
from lightwell.query.cost import Cost
from lightwell.query.release import Noisy

DOCS = Path(__file__).resolve().parents[1]
PAGE = DOCS / "how-to" / "choose-epsilon.md"
PICTURES = DOCS / "pictures"
DELTA = 1e-7
EPSILONS = (0.1, 0.3, 1.0, 3.0)
SIZES = (30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)
# What the pictures are about: a share of yes of 30 %, and a mean of 60 minutes of at most 300, in 20 rows of
# at most 30 a child.
SHARE, MINUTES, ROWS_OF_A_CHILD, MOST_ROWS, MOST_MINUTES = 0.3, 60.0, 20, 30, 300
_ATTESTED = {"attested": "made up for this picture"}
BOOK = codebook.parse_codebook(
    {
        "codebook": 1,
        "dataset": "picture",
        "population": "picture",
        "budget": {"epsilon": 20.0, "delta": 1e-6},
        "tables": {
            "answers": {
                "unit": "child",
                "rows_per_child": 1,
                **_ATTESTED,
                "columns": {"yes": {"type": "boolean", "nulls": False}},
            },
            "days": {
                "unit": "child",
                "rows_per_child": MOST_ROWS,
                **_ATTESTED,
                "columns": {
                    "minutes": {
                        "type": "real", "low": 0, "high": MOST_MINUTES, "step": 0.1, "nulls": False,
                        **_ATTESTED,
                    }
                },
            },
        },
    }
)  # fmt: skip


def find_half_width(text: str, epsilon: float, rows: int, mean: float) -> float:
    """Half the width of the interval of a mean, as the product computes it, of rows that are made up."""
    plan = check.check_query(text, BOOK)
    bounded = bound.bind(plan)
    schedule = noise.schedule_noise(bounded, Cost(cost.find_rho(epsilon, DELTA)))
    numbers = []
    for measure, scale in zip(plan.measures, bounded.scales, strict=True):
        whole = rows if measure.kind == "rows" else round((mean - measure.center) / measure.step * rows)
        numbers.append((whole * scale,))
    _, ((around),) = release.compute_rows(bounded, schedule, [Noisy((), tuple(numbers))])
    low, high = next(iter(around.values())) or (None, None)
    if low is None or high is None:
        raise ValueError("a mean has both ends")
    return (high - low) / 2


def find_share(epsilon: float, size: int) -> float:
    """How far a share of so many children is known, in percentage points."""
    return 100 * find_half_width("SELECT AVG(yes) AS x FROM answers", epsilon, size, SHARE)


def find_mean(epsilon: float, size: int) -> float:
    """How far the mean of minutes of so many children is known, in minutes."""
    return find_half_width("SELECT AVG(minutes) AS x FROM days", epsilon, size * ROWS_OF_A_CHILD, MINUTES)


def find_belief(epsilon: float, before: float) -> float:
    """The most that an answer can raise a belief about one child to, but for delta.

    The odds grow at most e^epsilon times, by definition of the price.
    """
    odds = before / (1 - before) * math.exp(epsilon)
    return odds / (1 + odds)


# --- pictures -------------------------------------------------------------------------------------------

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 120, 64, 56
_COLOURS = ("#0b5394", "#a61c00", "#38761d", "#674ea7")
_DASHES = ("", "7 3", "2 3", "10 3 2 3")
_INK, _SOFT, _RULE = "#1b1b1b", "#505a5f", "#d0d4d6"
Point = tuple[float, float]


def draw_chart(
    title: str,
    lines: Sequence[tuple[str, Sequence[Point]]],
    across: tuple[str, Sequence[tuple[float, str]]],
    up: tuple[str, Sequence[tuple[float, str]]],
    place: tuple[Callable[[float], float], Callable[[float], float]],
    told: str,
) -> str:
    """Draw lines named at their ends; `place` says how far along each axis a value lies, from 0 to 1."""
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def to_x(value: float) -> float:
        return _LEFT + width * place[0](value)

    def to_y(value: float) -> float:
        return _TOP + height * (1 - place[1](value))

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" role="img" font-family="sans-serif" font-size="14">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(told)}</desc>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="16" y="26" font-size="17" font-weight="bold" fill="{_INK}">{escape(title)}</text>',
        f'<text x="16" y="48" fill="{_SOFT}">{escape(up[0])}</text>',
        f'<text x="{_LEFT + width / 2:.0f}" y="{_HEIGHT - 12}" text-anchor="middle" fill="{_SOFT}">'
        f"{escape(across[0])}</text>",
    ]
    for value, name in up[1]:
        parts.append(_draw_rule(_LEFT, to_y(value), _LEFT + width, to_y(value)))
        parts.append(_write(_LEFT - 8, to_y(value) + 5, name, "end"))
    for value, name in across[1]:
        parts.append(_draw_rule(to_x(value), _TOP, to_x(value), _TOP + height))
        parts.append(_write(to_x(value), _TOP + height + 20, name, "middle"))
    ends = sorted(to_y(points[-1][1]) for _, points in lines)
    meets = any(below - above < 15 for above, below in itertools.pairwise(ends))
    for number, (name, points) in enumerate(lines):
        path = " ".join(f"{to_x(x):.1f},{to_y(y):.1f}" for x, y in points)
        dash = f' stroke-dasharray="{_DASHES[number]}"' if _DASHES[number] else ""
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{_COLOURS[number]}" stroke-width="2.5"{dash}/>'
        )
        x, y = points[-1]
        if not meets:
            parts.append(_write(to_x(x) + 8, to_y(y) + 5, name, "start", _COLOURS[number]))
            continue
        # Where lines end in one point, their names stand in the empty corner, each after a piece of its line.
        row = _TOP + height - 22 * (len(lines) - number)
        piece = f'x1="{_LEFT + width - 170}" x2="{_LEFT + width - 120}" y1="{row}" y2="{row}"'
        parts.append(f'<line {piece} stroke="{_COLOURS[number]}" stroke-width="2.5"{dash}/>')
        parts.append(_write(_LEFT + width - 110, row + 5, name, "start", _COLOURS[number]))
    return "\n".join([*parts, "</svg>", ""])


def _draw_rule(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{_RULE}"/>'


def _write(x: float, y: float, text: str, anchor: str, colour: str = _SOFT) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _make_logarithmic(low: float, high: float) -> Callable[[float], float]:
    return lambda value: math.log(min(max(value, low), high) / low) / math.log(high / low)


def draw_pictures() -> dict[str, str]:
    """Draw every picture; by the name of its file."""
    across = ("children in the group", [(size, f"{size:,}") for size in SIZES if str(size)[0] == "1"])
    along = _make_logarithmic(SIZES[0], SIZES[-1])
    # Points between the sizes of the table, so that a line is as smooth as what it stands for.
    fine = [SIZES[0] * (SIZES[-1] / SIZES[0]) ** (step / 40) for step in range(41)]
    found = {}
    for name, find, title, unit, ticks in (
        (
            "epsilon-shares.svg",
            find_share,
            "How far a share of 30 % is known, by the size of its group",
            "likely range, plus and minus, in percentage points",
            [(50, "50"), (10, "10"), (1, "1"), (0.1, "0.1"), (0.01, "0.01"), (0.001, "0.001")],
        ),
        (
            "epsilon-means.svg",
            find_mean,
            "How far a mean of 60 minutes is known, by the size of its group",
            "likely range, plus and minus, in minutes",
            [(150, "150"), (60, "60"), (10, "10"), (1, "1"), (0.1, "0.1"), (0.01, "0.01")],
        ),
    ):
        lines = [
            (f"epsilon {epsilon:g}", [(size, find(epsilon, round(size))) for size in fine])
            for epsilon in EPSILONS
        ]
        told = "; ".join(
            f"epsilon {epsilon:g}: {find(epsilon, 100):.2g} for 100, {find(epsilon, 10_000):.2g} for 10,000"
            for epsilon in EPSILONS
        )
        upward = _make_logarithmic(ticks[-1][0], ticks[0][0])
        found[name] = draw_chart(title, lines, across, (unit, ticks), (along, upward), told)
    shares = [step / 100 for step in range(1, 100)]
    percent = [(each / 100, f"{each} %") for each in (0, 20, 40, 60, 80, 100)]
    beliefs = [
        (name, [(before, find_belief(epsilon, before)) for before in shares])
        for name, epsilon in (
            ("no answer", 0.0),
            ("epsilon 0.1", 0.1),
            ("epsilon 1", 1.0),
            ("epsilon 3", 3.0),
        )
    ]
    told = "; ".join(
        f"{name}: from 10 % to at most {100 * find_belief(epsilon, 0.1):.0f} %"
        for name, epsilon in (("epsilon 0.1", 0.1), ("epsilon 1", 1.0), ("epsilon 3", 3.0))
    )
    found["epsilon-secret.svg"] = draw_chart(
        "What somebody may come to believe about one child",
        beliefs,
        ("how likely they thought it before", percent),
        ("how likely they may think it afterwards, at most", percent),
        (lambda value: value, lambda value: value),
        told,
    )
    return found


# --- tables ---------------------------------------------------------------------------------------------


def write_tables() -> dict[str, str]:
    """Write every table of the page, by its name there."""
    head = "| children in the group | " + " | ".join(f"epsilon {epsilon:g}" for epsilon in EPSILONS) + " |"
    rule = "| --- |" + " --- |" * len(EPSILONS)

    def write(find: Callable[[float, int], float], unit: str, most: float) -> str:
        rows = [
            f"| {size:,} | "
            + " | ".join(_tell(find(epsilon, size), unit, most) for epsilon in EPSILONS)
            + " |"
            for size in SIZES
        ]
        return "\n".join([head, rule, *rows])

    beliefs = ["| believed before | epsilon 0.1 | epsilon 1 | epsilon 3 |", "| --- | --- | --- | --- |"]
    for before in (0.01, 0.1, 0.5, 0.9):
        after = " | ".join(f"{100 * find_belief(epsilon, before):.0f} %" for epsilon in (0.1, 1.0, 3.0))
        beliefs.append(f"| {100 * before:.0f} % | {after} |")
    sums = ["| answers | at 0.1 each | at 0.3 each | at 1 each |", "| --- | --- | --- | --- |"]
    for answers in (1, 3, 10, 30, 100):
        totals = [
            cost.find_epsilon(answers * cost.find_rho(epsilon, DELTA), DELTA) for epsilon in EPSILONS[:3]
        ]
        sums.append(f"| {answers} | " + " | ".join(f"{total:.2g}" for total in totals) + " |")
    return {
        "shares": write(find_share, " points", 50),
        "means": write(find_mean, " minutes", MOST_MINUTES / 2),
        "beliefs": "\n".join(beliefs),
        "sums": "\n".join(sums),
    }


def _tell(width: float, unit: str, most: float) -> str:
    # Cut off by what the number can be at all: nothing was learned.
    if width > 0.6 * most:
        return "nothing"
    return f"± {width:.2g}{unit}" if width < 10 else f"± {width:.0f}{unit}"


def write_page(page: str) -> str:
    """Put the tables into the page, between the lines that name them."""
    for name, table in write_tables().items():
        pattern = rf"(<!-- table {name}:[^>]*-->\n).*?(<!-- end -->)"
        page, count = re.subn(
            pattern, lambda found, table=table: f"{found[1]}{table}\n{found[2]}", page, flags=re.DOTALL
        )
        if count != 1:
            raise SystemExit(f"{PAGE} has no place for the table {name}")
    return page


def main() -> None:
    """Write the pictures and the page."""
    PICTURES.mkdir(exist_ok=True)
    for name, picture in draw_pictures().items():
        (PICTURES / name).write_text(picture, "utf-8")
    PAGE.write_text(write_page(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()

"""How answers are printed: a table with an interval beside each number, what it cost, what is left; or JSON.

Schemas of the JSON: data/schemas/query-answer.json and query-explanation.json.
"""

from __future__ import annotations

import decimal
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from lightwell.query import codebook as codebooks
from lightwell.query import cost
from lightwell.query.cost import Cost

if TYPE_CHECKING:
    from lightwell.query.codebook import Codebook
    from lightwell.query.ledger import Population
    from lightwell.query.release import Release
    from lightwell.query.session import Explanation
    from lightwell.query.survey import SurveyShare

DUMMY_NOTE = "Dummy data: every row is invented from the codebook alone, so no number here is about anybody."
# No table is cut to the width of a file.
_WIDTH = 10_000
# Numbers with more places behind the point are written with a power of ten; below `_TINY` six say too little.
_MOST_PLACES, _TINY = 12, 1e-4


@dataclass(frozen=True, slots=True)
class Left:
    """What a grant may still use, in whole units and, for people, as epsilon of the whole budget."""

    rest: Cost
    epsilon: float
    whole_epsilon: float
    delta: float
    more: int

    def describe(self) -> dict[str, Any]:
        """Write it for programs."""
        return {
            "nano_rho": self.rest.nano_rho,
            "delta_units": self.rest.delta_units,
            "epsilon": round(self.epsilon, 9),
            "of_epsilon": round(self.whole_epsilon, 9),
            "delta": repr(self.delta),
            "more_like_this": self.more,
        }


def make_left(population: Population, grant: str, book: Codebook, release: Release) -> Left:
    """Find what is left of the grant after an answer, and how many more at its price that is."""
    from lightwell.engines import budgets

    rest = budgets.find_left(population, grant)
    delta = book.budget["delta"]
    more = rest.nano_rho // release.charge["nano_rho"]
    if release.charge["delta_units"]:
        more = min(more, rest.delta_units // release.charge["delta_units"])
    cap = next((each.balance.cap for each in population.grants if each.id == grant), population.balance.cap)
    # Half of delta, as the cap was made: what is left of an untouched budget reads as it was granted.
    return Left(
        rest,
        cost.find_epsilon(rest.nano_rho, delta / 2),
        cost.find_epsilon(cap.nano_rho, delta / 2),
        delta,
        more,
    )


def print_answer(release: Release, left: Left | None, as_json: bool) -> None:
    """Print an answer; without `left` it is about dummy data, and nothing was charged."""
    notes = list(release.notes) if left else [DUMMY_NOTE, *release.notes]
    if as_json:
        click.echo(json.dumps(_describe_answer(release, left, notes), indent=1, ensure_ascii=False))
        return
    click.echo(write_answer(release, left))


def write_answer(release: Release, left: Left | None) -> str:
    """Write an answer for people: the table, what it cost, what is left, its notes, its id."""
    opening = [f"DUMMY DATA{DUMMY_NOTE[10:]}\n"] if left is None else []
    from lightwell.query import release as releases

    empty = releases.find_empty_note(release)
    notes = [note for note in release.notes if note != empty]
    table = f"{show(empty)}\n" if empty else _draw_table(release)
    return "\n".join([*opening, table, *_list_facts(release, left, notes)])


def write_share(found: SurveyShare, left: Left | None) -> str:
    """Write a weighted share for people, with both intervals, and what the release behind it cost."""
    rows: list[tuple[str, str]] = [
        ("share", format_number(found.share, found.noise)[0]),
        ("95 % interval, noise alone", format_number(found.share, found.noise)[1]),
        ("95 % interval, noise and sampling", format_number(found.share, found.noise_and_sampling)[1]),
    ]
    if found.effective_size is not None:
        rows.append(("as many as answered, for precision", f"{found.effective_size:,.0f}"))
    width = max(len(name) for name, _ in rows)
    table = "".join(f" {name:<{width}}   {value}\n" for name, value in rows)
    return "\n".join([table, *_list_facts(found.release, left, found.notes)])


def _list_facts(release: Release, left: Left | None, notes: Sequence[str]) -> list[str]:
    return [
        _say_charge(release, left),
        *([] if left is None else [_say_left(left)]),
        *(f"note: {show(note)}" for note in notes),
        f"id: {release.id}",
        f"data: {release.dataset}, version {release.data_version}",
    ]


def print_explanation(told: Explanation, book: Codebook, text: str, as_json: bool) -> None:
    """Print what a question would do and cost."""
    unattested = codebooks.list_unattested(book)
    notes = [*told.notes, "No data were read and nothing was charged."]
    if unattested:
        notes.append(
            f"The codebook is a draft, so it answers nothing yet: {len(unattested)} bounds are not attested."
        )
    if as_json:
        described = {
            "dataset": book.dataset,
            "query": text,
            "plan": list(told.plan),
            "statements": list(told.statements),
            "charge": dict(told.charge),
            "noise": [dict(each) for each in told.noise],
            "notes": notes,
            "truncation": dict(told.truncation) if told.truncation else None,
            "suggested_rows": told.suggested_rows,
        }
        click.echo(json.dumps(described, indent=1, ensure_ascii=False))
        return
    click.echo("It would do this:")
    for sentence in told.plan:
        click.echo(f"  - {show(sentence)}")
    click.echo(f"\nIt would cost {_say_price(told.charge)}.")
    click.echo("\nIt would run:")
    for statement in told.statements:
        click.echo("\n".join(f"  {line}" for line in _wrap_statement(statement).splitlines()))
    for note in notes:
        click.echo(f"note: {note}")


def show(text: str) -> str:
    """Make text safe for a terminal."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _describe_answer(release: Release, left: Left | None, notes: Sequence[str]) -> dict[str, Any]:
    body = json.loads(release.body)
    charge = dict(body["charge"]) | {"is_free": release.is_free or left is None}
    return {
        "rows": body["rows"],
        "intervals": body["intervals"],
        "charge": charge,
        "left": left.describe() if left else None,
        "id": release.id,
        "columns": body["columns"],
        "plan": body["plan"],
        "notes": list(notes),
        "truncation": body.get("truncation"),
        "dataset": release.dataset,
        "data_version": release.data_version,
        "query": release.query,
        "sample": release.is_sample,
        "dummy": left is None,
    }


def _draw_table(release: Release) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    measured = [name for name in release.columns if any(row[name] is not None for row in release.intervals)]
    for name in release.columns:
        is_number = name in measured
        drawn.add_column(Text(show(name)), justify="right" if is_number else "left", overflow="fold")
        if is_number:
            drawn.add_column(Text("95 % interval"), overflow="fold")
    for row, around in zip(release.rows, release.intervals, strict=True):
        cells = []
        for name in release.columns:
            ends = around[name]
            if name not in measured:
                cells.append(show(codebooks.show_value(row[name])))
            else:
                cells += format_number(row[name], ends)
        drawn.add_row(*map(Text, cells))
    # Into text first, so that a pipe gets whole lines; a terminal that is narrower wraps them itself.
    out = io.StringIO()
    Console(file=out, width=_WIDTH, no_color=True).print(drawn)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines() if line.strip()) + "\n"


def format_number(value: Any, ends: tuple[float | None, float | None] | None) -> tuple[str, str]:
    """Write a number and its interval, with as many digits as the interval gives meaning to.

    Ends are rounded outwards, so that the interval printed holds the one computed.
    """
    low, high = ends if ends is not None else (None, None)
    if low is None and high is None:
        # Where any number is possible, more digits would say what is not known.
        return ("unknown" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.2g}"), (
            "any number"
        )
    if low is not None and high is not None and high > low:
        digits = 1 - math.floor(math.log10(high - low))
    else:
        known = [abs(each) for each in (value, low, high) if each]
        digits = 6 if not known or min(known) > _TINY else 3 - math.floor(math.log10(min(known)))
    if digits > _MOST_PLACES:
        first = "no lower end" if low is None else _write_power(low, decimal.ROUND_FLOOR)
        last = "no upper end" if high is None else _write_power(high, decimal.ROUND_CEILING)
        number = "unknown" if value is None else _write_power(value, decimal.ROUND_HALF_EVEN)
        return number, f"{first} to {last}"
    digits = max(0, digits)
    first = "no lower end" if low is None else _write(_floor(low, digits), digits)
    last = "no upper end" if high is None else _write(_floor(high, digits, up=True), digits)
    return ("unknown" if value is None else _write(value, digits)), f"{first} to {last}"


def _write_power(value: float, rounding: str) -> str:
    """Write a number that is too small for places behind a point, such as 1.23e-15."""
    if not value:
        return "0"
    context = decimal.Context(prec=3, rounding=rounding)
    return f"{context.create_decimal(repr(value)).normalize():e}"


def _floor(value: float, digits: int, *, up: bool = False) -> float:
    scaled = value * float(10**digits)
    near = round(scaled)
    # A number that is written with so many digits already stays itself.
    if math.isclose(scaled, near, rel_tol=1e-12, abs_tol=1e-12):
        return value
    return (math.ceil(scaled) if up else math.floor(scaled)) / float(10**digits)


def _write(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}" if not isinstance(value, int) else f"{value:,}"
    if digits > 6 or digits == 6:
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _say_price(charge: Mapping[str, Any]) -> str:
    return (
        f"epsilon {charge['epsilon']:.4g} at delta {float(charge['delta']):g} "
        f"({cost.format_rho(charge['nano_rho'])} rho)"
    )


def _say_charge(release: Release, left: Left | None) -> str:
    if left is None:
        return f"charge: nothing; on the data this would cost {_say_price(release.charge)}"
    if release.is_free:
        return f"charge: nothing now, because this was answered before, for {_say_price(release.charge)}"
    return f"charge: {_say_price(release.charge)}, for good"


def _say_left(left: Left) -> str:
    more = "nothing more at this price" if not left.more else f"enough for {left.more:,} more at this price"
    return (
        f"left: epsilon {_round_down(left.epsilon)} of {_round_down(left.whole_epsilon)} at delta "
        f"{left.delta:g}, {more}"
    )


def _round_down(epsilon: float) -> str:
    # Found by bisection from below, so a budget of 10 comes back as 9.9999999.
    return f"{math.floor((epsilon + 1e-6) * 100) / 100:g}"


def _wrap_statement(text: str) -> str:
    import sqlglot

    try:
        return sqlglot.transpile(text, read="duckdb", write="duckdb", pretty=True)[0]
    except sqlglot.errors.SqlglotError:
        return text

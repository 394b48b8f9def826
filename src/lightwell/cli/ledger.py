"""`lightwell ledger`: the record of all charges against a privacy budget: show it, verify it, open and grant.

A ledger is a file, or a PostgreSQL that several machines share. Exit codes: 0 done, 1 refused or a mistake, 2
the server does not answer, 3 the ledger is damaged. Nothing here needs a site.
"""

from __future__ import annotations

import json
from typing import Any

import click

from lightwell.base import errors
from lightwell.engines import ledger_stores
from lightwell.query import cost as costs
from lightwell.query.cost import Cost
from lightwell.query.entry import Balance, Entry, check_digest
from lightwell.query.ledger import USUAL_DELTA, Ledger, Population

# Wide enough for the longest row when nobody's terminal says how wide it is.
_PIPE_WIDTH = 140

_place = click.argument("place", metavar="FILE|URL")
_population = click.argument("population")
_by = click.option("--by", required=True, help="Who decides it.")
_epsilon = click.option("--epsilon", type=float, required=True, help="The most that all queries may cost.")
_delta = click.option(
    "--delta", type=float, default=USUAL_DELTA, show_default=True, help="The delta that belongs to it."
)
_threshold = click.option(
    "--threshold-delta",
    type=float,
    help="The part of delta for groups whose names are not known beforehand; default: half of it.",
)
_reason = click.option("--reason", required=True, help="Why, in one line.")


@click.group()
def ledger() -> None:
    """The record of every charge against a privacy budget; it only grows.

    FILE|URL is a file, or postgresql://… where several machines ask.
    """


@ledger.command()
@_place
@click.option(
    "--last",
    type=click.IntRange(0, 1_000_000),
    default=10,
    show_default=True,
    help="How many entries of each.",
)
@click.option("--json", "as_json", is_flag=True, help="Print for programs.")
def show(place: str, last: int, as_json: bool) -> None:
    """Show what each population and grant may cost, what was charged, and what is left.

    Costs add up in rho; epsilon is for people, and epsilons do not add up.

    Example: lightwell ledger show ledger.db
    """
    opened = ledger_stores.open_ledger(place, is_new=False)
    found = [
        (opened.read_balance(name), opened.read_entries(name, last=last) if last else [])
        for name in opened.read_populations()
    ]
    opened.close()
    if as_json:
        described = {"populations": [_describe(*each) for each in found]}
        click.echo(json.dumps(described, ensure_ascii=False, indent=1))
    elif not found:
        click.echo("no population is opened yet; open one with lightwell ledger open")
    else:
        for population, entries in found:
            _print_population(population, entries)


@ledger.command()
@_place
@click.option(
    "--head", "heads", multiple=True, metavar="POPULATION=DIGEST", help="A digest written down; repeatable."
)
def verify(place: str, heads: tuple[str, ...]) -> None:
    """Recompute every digest, balance and cap from the first entry on; the first wrong one is named.

    Write the printed digests down elsewhere: with --head they show later that no entry was taken away.

    Example: lightwell ledger verify ledger.db
    """
    noted = {}
    for each in heads:
        population, sign, digest = each.partition("=")
        if not sign:
            raise errors.UserMistake("write the population, = and the digest", place="--head")
        noted[population] = check_digest(digest, "--head")
    opened = ledger_stores.open_ledger(place, is_new=False)
    for found in opened.verify(noted):
        noun = "entry is" if found.entries == 1 else "entries are"
        click.echo(f"{found.id}: {found.entries:,} {noun} whole; {found.id}={found.head}")
    opened.close()


@ledger.command("open")
@_place
@_population
@_epsilon
@_delta
@_threshold
@_by
def open_population(
    place: str, population: str, epsilon: float, delta: float, threshold_delta: float | None, by: str
) -> None:
    """Open the one budget of a population for its lifetime, and the ledger where there is none.

    A population is all children whom data sets share: all versions and tables of them have one budget.

    Example: lightwell ledger open ledger.db pupils --epsilon 10 --delta 1e-6 --by "Ann Lee"
    """
    cap = costs.make_cap(epsilon, delta, threshold_delta)
    opened = ledger_stores.open_ledger(place)
    _tell(opened.open_population(population, cap, by=by), opened)


@ledger.command("grant")
@_place
@_population
@click.option("--name", default="", help="What the grant is called; default: a name by chance.")
@_epsilon
@_delta
@_threshold
@_by
def open_grant(
    place: str,
    population: str,
    name: str,
    epsilon: float,
    delta: float,
    threshold_delta: float | None,
    by: str,
) -> None:
    """Give a project a part of a population's budget.

    Example: lightwell ledger grant ledger.db pupils --name sleep-study --epsilon 2 --by "Ann Lee"
    """
    cap = costs.make_cap(epsilon, delta, threshold_delta)
    opened = ledger_stores.open_ledger(place, is_new=False)
    _tell(opened.open_grant(population, name, cap, by=by), opened)


@ledger.command("raise")
@_place
@_population
@click.option("--grant", default="", help="The grant whose cap is raised; default: that of the population.")
@_epsilon
@_delta
@_threshold
@click.option("--by", multiple=True, required=True, help="Who decides it; give it twice.")
@_reason
def raise_cap(
    place: str,
    population: str,
    grant: str,
    epsilon: float,
    delta: float,
    threshold_delta: float | None,
    by: tuple[str, ...],
    reason: str,
) -> None:
    """Raise a cap to another (epsilon, delta): two people, and the reason, stand in the ledger.

    Example: lightwell ledger raise ledger.db pupils --epsilon 12 --by Ann --by Bo --reason "a new study"
    """
    cap = costs.make_cap(epsilon, delta, threshold_delta)
    opened = ledger_stores.open_ledger(place, is_new=False)
    _tell(opened.raise_cap(population, cap, by=by, reason=reason, grant=grant), opened)


@ledger.command()
@_place
@_population
@click.argument("grant")
@_by
@_reason
def revoke(place: str, population: str, grant: str, by: str, reason: str) -> None:
    """Let a grant ask nothing any more; what it used stays charged.

    Example: lightwell ledger revoke ledger.db pupils sleep-study --by "Ann Lee" --reason "the study ended"
    """
    opened = ledger_stores.open_ledger(place, is_new=False)
    _tell(opened.revoke(population, grant, by=by, reason=reason), opened)


def _tell(entry: Entry, opened: Ledger) -> None:
    opened.close()
    balance = entry.part or entry.whole
    whose = f"{entry.population}, grant {entry.grant}" if entry.grant else entry.population
    shown = _find_delta(balance.cap)
    left = f"{costs.format_rho(balance.left.nano_rho)} rho ({_show_epsilon(balance.left, shown)}"
    click.echo(f"{whose}: entry {entry.number}, {entry.kind}; {left} at delta {shown:g}) left")


def _find_delta(cap: Cost) -> float:
    """Find the delta at which a cap is told: what is set aside for thresholds, and as much for noise."""
    if not cap.delta_units:
        return USUAL_DELTA
    return min(costs.MAX_DELTA, float(costs.format_delta(2 * cap.delta_units)))


def _show_epsilon(cost: Cost, delta: float) -> str:
    epsilon = costs.find_epsilon_of(cost, delta)
    return "no epsilon" if epsilon is None else f"epsilon {epsilon:.3g}"


def _print_population(population: Population, entries: list[Entry]) -> None:
    # Imported here: `lightwell --help` asks every command for its line, in the plain install too.
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    noun = "entry" if population.entries == 1 else "entries"
    console.print(f"population {population.id}, {population.entries:,} {noun}")
    table = Table()
    table.add_column("")
    for word in ("cap", "used", "left"):
        table.add_column(f"{word}, rho", justify="right")
    for word in ("cap", "used", "left"):
        table.add_column(f"{word}, epsilon", justify="right")
    table.add_column("at delta", justify="right")
    table.add_column("delta used", justify="right")
    _add_row(table, "everybody", population.balance)
    for grant in population.grants:
        _add_row(table, f"{grant.id}, revoked" if grant.is_revoked else grant.id, grant.balance)
    console.print(table)
    if entries:
        table = Table("entry", "at", "kind", "grant", "rho", "delta", "answer or people")
        for each in entries:
            table.add_row(*_list_cells(each))
        console.print(table)
    console.print()


def _add_row(table: Any, name: str, balance: Balance) -> None:
    shown = _find_delta(balance.cap)
    three = (balance.cap, balance.used, balance.left)
    epsilons = [costs.find_epsilon_of(each, shown) for each in three]
    table.add_row(
        name,
        *(costs.format_rho(each.nano_rho) for each in three),
        *("-" if each is None else f"{each:.3g}" for each in epsilons),
        f"{shown:g}",
        costs.format_delta(balance.used.delta_units),
    )


def _list_cells(entry: Entry) -> list[str]:
    cost = entry.cost
    about = ", ".join(entry.by) if entry.by else entry.key[:19]
    return [
        str(entry.number),
        entry.at,
        entry.kind,
        entry.grant,
        costs.format_rho(cost.nano_rho) if cost else "",
        costs.format_delta(cost.delta_units) if cost else "",
        f"{about}: {entry.reason}" if entry.reason else about,
    ]


def _describe(population: Population, entries: list[Entry]) -> dict[str, Any]:
    return {
        "population": population.id,
        **_describe_balance(population.balance),
        "grants": [
            {"grant": each.id, "is_revoked": each.is_revoked, **_describe_balance(each.balance)}
            for each in population.grants
        ],
        "entries": population.entries,
        "head": population.head,
        "last_entries": [_describe_entry(each) for each in entries],
    }


def _describe_balance(balance: Balance) -> dict[str, Any]:
    shown = _find_delta(balance.cap)
    return {
        "cap": _describe_cost(balance.cap, shown),
        "used": _describe_cost(balance.used, shown),
        "left": _describe_cost(balance.left, shown),
    }


def _describe_cost(cost: Cost, shown: float) -> dict[str, Any]:
    return {
        "nano_rho": cost.nano_rho,
        "delta_units": cost.delta_units,
        "epsilon": costs.find_epsilon_of(cost, shown),
        "delta": shown,
    }


def _describe_entry(entry: Entry) -> dict[str, Any]:
    described: dict[str, Any] = {"number": entry.number, "at": entry.at, "kind": entry.kind}
    if entry.cost:
        described["cost"] = {"nano_rho": entry.cost.nano_rho, "delta_units": entry.cost.delta_units}
    optional = {
        "grant": entry.grant,
        "key": entry.key,
        "plan": entry.plan,
        "data_version": entry.data_version,
        "charge": entry.charge,
        "answer": entry.answer,
        "by": list(entry.by),
        "reason": entry.reason,
    }
    return described | {name: value for name, value in optional.items() if value}

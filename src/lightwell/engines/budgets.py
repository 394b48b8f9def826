"""The budget that a codebook grants to its population: what it amounts to, and opening it in a ledger.

Without a ledger there is no budget, so the first query of a codebook opens both; afterwards the ledger alone
counts, and a codebook that says more opens nothing (two people raise a cap).
"""

from __future__ import annotations

import contextlib

from lightwell.base import errors
from lightwell.query import cost
from lightwell.query.codebook import Codebook
from lightwell.query.cost import Cost
from lightwell.query.ledger import Ledger, Population


def find_cap(codebook: Codebook) -> Cost:
    """Find the most that all queries together may cost, so that (epsilon, delta) of the codebook holds.

    Half of delta is set aside for thresholds of private keys. Raises UserMistake for a budget that buys or
    promises nothing.
    """
    try:
        return cost.make_cap(codebook.budget["epsilon"], codebook.budget["delta"])
    except errors.UserMistake as error:
        raise errors.UserMistake(
            problems=[errors.Problem(f"/budget/{each.place}", each.sentence) for each in error.problems]
        ) from None


def open_budget(ledger: Ledger, codebook: Codebook, grant: str, *, by: str) -> bool:
    """Open the codebook's population and a grant for all of it, where they are not there yet.

    Answers whether anything was opened. Another process that does the same at once does no harm. Where the
    population has grants already, somebody decides who may ask, so no further one is opened (Refused).
    """
    population, is_opened = codebook.population, False
    if population not in ledger.read_populations():
        cap = find_cap(codebook)
        with contextlib.suppress(errors.Refused):
            ledger.open_population(population, cap, by=by)
            is_opened = True
    found = ledger.read_balance(population)
    if not found.grants:
        # Of those who find none at the same time only one may open its own.
        with contextlib.suppress(errors.Refused):
            ledger.open_grant(population, grant, found.balance.cap, by=by, must_be_first=True)
            is_opened = True
        found = ledger.read_balance(population)
    names = [each.id for each in found.grants]
    if grant not in names:
        raise errors.Refused(
            f"the population {population} has no grant {grant}, but {', '.join(names)}; ask for one of these "
            "with --grant NAME, or have one opened with lightwell ledger grant"
        )
    return is_opened


def find_left(population: Population, grant: str) -> Cost:
    """Find what a grant may still use: what is left of it, and never more than is left of the population."""
    whole = population.balance.left
    own = next((each.balance.left for each in population.grants if each.id == grant), whole)
    return Cost(min(own.nano_rho, whole.nano_rho), min(own.delta_units, whole.delta_units))

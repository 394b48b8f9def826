"""The rules of a ledger: what may be charged, to whom, when an answer is free, and whether a ledger is whole.

A *population* is all children whom several data sets share: one budget for all versions and all tables, for
its lifetime. A *grant* is the part of it that one project may use. Before data is touched, the cost of a
query is charged to both, and never given back.

The same question on the same data has the same *key* and the same bytes for an answer. They are free for a
grant that was already given them and for everybody once published. A grant that was not is charged as for any
other query, even where the bytes lie there already: what is free, and what balances say, tells nobody whether
another asked. A charge whose answer was never kept (a crash) stays, and asking again is charged again.

Pure: each `decide_` takes the last entries and a moment and returns the entry to append, or raises `Refused`.
The stores (`engines.ledger_stores`) hold a lock, append, and commit before they return. `verify_chain`
decides everything once more from the bytes alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Context
from typing import Any, Protocol

from lightwell.base import canonical, errors
from lightwell.query import cost as costs
from lightwell.query import entry as entries
from lightwell.query.cost import Cost
from lightwell.query.entry import Balance, Entry

# The delta at which a sentence tells what is left, for people; charges do not depend on it.
USUAL_DELTA = 1e-7
# What is left below this, epsilon 0.005, answers nothing that anybody could use.
_TOO_LITTLE_NANO_RHO = 1000


@dataclass(frozen=True, slots=True)
class Grant:
    """The part of a population's budget that one project may use; a revoked one asks nothing any more."""

    id: str
    population: str
    balance: Balance

    @property
    def is_revoked(self) -> bool:
        """Whether it asks nothing any more."""
        return self.balance.is_revoked


@dataclass(frozen=True, slots=True)
class Population:
    """All children whom several data sets share, and their one budget, after `entries` entries.

    `head` is the digest of the last entry: written down elsewhere, it shows later that none was taken away.
    """

    id: str
    balance: Balance
    entries: int
    head: str
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """A question that wants to be charged. `key` by `compute_key`; `plan` a digest of the canonical plan.

    `data_version` names the very data, and belongs to one population for ever.
    """

    population: str
    grant: str
    data_version: str
    key: str
    plan: str
    cost: Cost

    def __post_init__(self) -> None:
        entries.check_name(self.population, "population")
        entries.check_name(self.grant, "grant")
        entries.check_text(self.data_version, "data_version")
        entries.check_digest(self.key, "key")
        entries.check_digest(self.plan, "plan")
        if self.cost.is_nothing():
            raise errors.UserMistake("a query that touches data costs more than nothing", place="cost")


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes that count for a question: kept earlier, to be shown as they are, without touching data.

    `charge` is the entry that charged for them now; None where they are free.
    """

    body: bytes
    charge: Entry | None = None


class Ledger(Protocol):
    """What every store of a ledger does; all of it is committed before it returns.

    `UserMistake` and `Refused` for what the rules forbid, `CouldNotCheck` where the store cannot be asked
    now, and `Damaged` where its disk or its content is broken. After any of them no number may be shown.
    """

    def open_population(self, population: str, cap: Cost, *, by: str) -> Entry:
        """Open the one budget of a population; `Refused` if it has one."""

    def open_grant(
        self, population: str, grant: str, cap: Cost, *, by: str, must_be_first: bool = False
    ) -> Entry:
        """Give a project a part of a population's budget; `Refused` where it must be the first and is not."""

    def raise_cap(
        self, population: str, cap: Cost, *, by: Sequence[str], reason: str, grant: str = ""
    ) -> Entry:
        """Raise the cap of a population, or of a grant of it: two people, and why."""

    def revoke(self, population: str, grant: str, *, by: str, reason: str) -> Entry:
        """Let a grant ask nothing any more."""

    def charge(self, request: Request) -> Entry | Answer:
        """Charge for a question, or hand out its answer; an `Entry` means: compute, then `keep_answer`."""

    def find_answer(self, population: str, key: str, grant: str = "") -> bytes | None:
        """Find an answer that is free: given to this grant before, or published."""

    def keep_answer(self, charge: Entry, key: str, answer: bytes) -> bytes:
        """Keep the answer that a charge paid for; returns the bytes that count, which were kept first."""

    def publish(self, population: str, key: str, *, by: str) -> Entry | None:
        """Make a kept answer free for everybody; None if it is already."""

    def read_populations(self) -> list[str]:
        """List the populations, in the order of their names."""

    def read_balance(self, population: str) -> Population:
        """Read the balances of a population and of its grants."""

    def read_entries(self, population: str, *, last: int | None = None) -> list[Entry]:
        """Read the entries of a population from the first on, or its `last` ones."""

    def verify(self, heads: Mapping[str, str] | None = None) -> list[Population]:
        """Recompute everything; `Damaged` names the first wrong entry.

        `heads` are digests of entries, by population, that somebody wrote down: each must still be there.
        """

    def close(self) -> None:
        """Let go of the store; another call opens it again."""


def compute_key(*, plan: Any, path: str, bounds: Any, cost: Cost, data_version: str) -> str:
    """Compute the key of a question: one for each canonical plan, path, bounds, cost and data version."""
    return canonical.compute_digest(
        {
            "v": 1,
            "plan": plan,
            "path": path,
            "bounds": bounds,
            "cost": {"nano_rho": cost.nano_rho, "delta_units": cost.delta_units},
            "data_version": data_version,
        }
    )


def decide_opening(last: Entry | None, population: str, cap: Cost, by: str, at: str) -> Entry:
    """Decide the first entry of a population; `Refused` if it has one: one budget in a lifetime."""
    entries.check_name(population, "population")
    if last is not None:
        raise errors.Refused(
            f"the population {population} has its one budget already; two people may raise its cap with "
            "lightwell ledger raise"
        )
    return Entry(
        population=population,
        number=1,
        previous=entries.NO_PREVIOUS,
        at=at,
        kind=entries.OPENED,
        whole=Balance(_check_cap(cap)),
        by=_check_people([by], 1),
    )


def decide_grant(last: Entry, part: Entry | None, grant: str, cap: Cost, by: str, at: str) -> Entry:
    """Decide the opening of a grant, whose cap lies within that of its population."""
    entries.check_name(grant, "grant")
    if part is not None:
        raise errors.Refused(
            f"there is a grant {grant} already; choose another name, or let two people raise its cap"
        )
    _check_below(last.whole.cap, _check_cap(cap))
    return _follow(last, at, entries.GRANTED, grant=grant, part=Balance(cap), by=_check_people([by], 1))


def decide_raise(
    last: Entry, part: Entry | None, cap: Cost, by: Sequence[str], reason: str, at: str
) -> Entry:
    """Decide that two people raise the cap of a grant (`part`: its last entry), else of the population."""
    people = _check_people(by, 2)
    entries.check_text(reason, "reason")
    if part is None:
        _check_higher(last.whole.cap, cap)
        whole = dataclasses.replace(last.whole, cap=cap)
        return _follow(last, at, entries.RAISED, whole=whole, by=people, reason=reason)
    balance = _read_part(part)
    _refuse_revoked(part)
    _check_higher(balance.cap, cap)
    _check_below(last.whole.cap, cap)
    return _follow(
        last,
        at,
        entries.RAISED,
        grant=part.grant,
        part=dataclasses.replace(balance, cap=cap),
        by=people,
        reason=reason,
    )


def decide_revocation(last: Entry, part: Entry, by: str, reason: str, at: str) -> Entry:
    """Decide that a grant asks nothing any more; what it used stays charged."""
    _refuse_revoked(part)
    return _follow(
        last,
        at,
        entries.REVOKED,
        grant=part.grant,
        part=dataclasses.replace(_read_part(part), is_revoked=True),
        by=_check_people([by], 1),
        reason=entries.check_text(reason, "reason"),
    )


def check_version(owner: str, request: Request) -> None:
    """Check that the data belong to the population that pays (`owner`: whose they are already, or empty).

    Otherwise a second name for the same children would open a second budget.
    """
    if owner and owner != request.population:
        raise errors.Refused(
            f"these data belong to the population {owner}, whose budget pays for them, and not to "
            f"{request.population}; use the codebook that was used before"
        )


def decide_charge(last: Entry, part: Entry, request: Request, at: str) -> Entry:
    """Decide whether a question fits into what is left of its grant and of its population, and charge both.

    `Refused` says what is left of the grant and how to ask for less. Of the population it says only that too
    little is left, which its public balance says too.
    """
    _refuse_revoked(part)
    balance, price = _read_part(part), request.cost
    if not price.fits_within(balance.left):
        raise errors.Refused(
            f"this query costs {format_cost(price)}, and the grant {part.grant} has "
            f"{format_cost(balance.left)} left{_advise(price, balance.left)}"
        )
    if not price.fits_within(last.whole.left):
        raise errors.Refused(
            f"this query costs {format_cost(price)}, and the population {last.population} has "
            f"{format_cost(last.whole.left)} left for everybody together{_advise(price, last.whole.left)}"
        )
    return _follow(
        last,
        at,
        entries.CHARGED,
        whole=_add(last.whole, price),
        grant=part.grant,
        part=_add(balance, price),
        cost=price,
        key=request.key,
        plan=request.plan,
        data_version=request.data_version,
    )


def decide_answer(last: Entry, part: Entry, charge: Entry, answer: str, at: str) -> Entry:
    """Decide that a charge was answered, by bytes of the digest `answer`: its grant has them now."""
    if charge.kind != entries.CHARGED:
        raise ValueError("only a charge is answered")
    return _follow(
        last,
        at,
        entries.ANSWERED,
        grant=charge.grant,
        part=_read_part(part),
        key=charge.key,
        charge=charge.number,
        answer=answer,
    )


def decide_publication(last: Entry, key: str, answer: str, by: str, at: str) -> Entry:
    """Decide that the answer of a key, with the digest `answer`, is free for everybody."""
    return _follow(last, at, entries.PUBLISHED, key=key, answer=answer, by=_check_people([by], 1))


def format_cost(cost: Cost) -> str:
    """Write a cost for a sentence, such as "0.0202 rho (epsilon 1.00 at delta 1e-07)"."""
    parts = [f"{costs.format_rho(cost.nano_rho)} rho"]
    if cost.delta_units:
        parts.append(f"delta {costs.format_delta(cost.delta_units)}")
    epsilon = costs.find_epsilon_of(cost, USUAL_DELTA) if cost.nano_rho else None
    about = "" if epsilon is None else f" (epsilon {epsilon:.3g} at delta {USUAL_DELTA:g})"
    return " and ".join(parts) + about


@dataclass
class Chain:
    """The entries of one population, followed from the first on; `add` decides each once more."""

    population: str
    last: Entry | None = None
    head: str = entries.NO_PREVIOUS
    # Grant -> its last entry; key -> digest of its answer.
    parts: dict[str, Entry] = field(default_factory=dict)
    charges: dict[int, Entry] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    published: set[str] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)

    def add(self, digest: str, data: bytes) -> Entry:
        """Add the next entry by its stored digest and bytes; `Damaged` if it is not the one that follows."""
        number = self.last.number + 1 if self.last else 1
        place = f"entry {number} of the population {self.population}"
        try:
            found = entries.parse_entry(data)
        except errors.UserMistake as error:
            raise errors.Damaged(f"{place} cannot be read: {error.problems[0].sentence}") from None
        if (found.population, found.number) != (self.population, number):
            raise errors.Damaged(
                f"{place} is missing or was moved: entry {found.number} of {found.population} stands in "
                "its place"
            )
        # Read strictly, so these very bytes are the canonical ones.
        if entries.digest_bytes(data) != digest:
            raise errors.Damaged(f"{place} was changed: its bytes do not have its digest")
        if found.previous != self.head:
            raise errors.Damaged(f"{place} does not stand on the entry before it: one of the two was changed")
        try:
            expected = self._decide(found)
        except (errors.UserMistake, errors.Refused) as error:
            raise errors.Damaged(f"{place} is against the rules: {error}") from None
        if expected != found:
            raise errors.Damaged(
                f"{place} says other balances or people than follow from the entries before it"
            )
        self._take(found, digest)
        return found

    def describe(self) -> Population:
        """Describe the population as the entries leave it."""
        if self.last is None:
            raise errors.Damaged(f"the population {self.population} has no entry")
        grants = tuple(
            Grant(name, self.population, _read_part(part)) for name, part in sorted(self.parts.items())
        )
        return Population(self.population, self.last.whole, self.last.number, self.head, grants)

    def _decide(self, found: Entry) -> Entry:
        at, by = found.at, found.by
        if found.kind == entries.OPENED:
            return decide_opening(self.last, found.population, found.whole.cap, "".join(by), at)
        if self.last is None:
            raise errors.Refused("the first entry opens the population")
        last, part = self.last, self.parts.get(found.grant)
        if found.kind == entries.GRANTED and found.part:
            return decide_grant(last, part, found.grant, found.part.cap, "".join(by), at)
        if found.kind == entries.RAISED and not found.grant:
            return decide_raise(last, None, found.whole.cap, by, found.reason, at)
        if found.kind == entries.PUBLISHED:
            if self.answers.get(found.key) != found.answer or found.key in self.published:
                raise errors.Refused("what is published is an answer that was kept, once")
            return decide_publication(last, found.key, found.answer, "".join(by), at)
        if part is None or found.part is None:
            raise errors.Refused(f"no grant {found.grant} was opened before")
        if found.kind == entries.RAISED:
            return decide_raise(last, part, found.part.cap, by, found.reason, at)
        if found.kind == entries.REVOKED:
            return decide_revocation(last, part, "".join(by), found.reason, at)
        if found.kind == entries.ANSWERED:
            charge = self.charges.get(found.charge)
            if charge is None or (charge.grant, charge.key) != (found.grant, found.key):
                raise errors.Refused("it answers no open charge of its grant and key")
            if self.answers.get(found.key, found.answer) != found.answer:
                raise errors.Refused("a key has one answer")
            return decide_answer(last, part, charge, found.answer, at)
        request = Request(
            found.population,
            found.grant,
            found.data_version,
            found.key,
            found.plan,
            found.cost or costs.NOTHING,
        )
        return decide_charge(last, part, request, at)

    def _take(self, found: Entry, digest: str) -> None:
        self.last, self.head = found, digest
        if found.grant:
            self.parts[found.grant] = found
        if found.kind == entries.CHARGED:
            self.charges[found.number] = found
            self.versions.add(found.data_version)
        elif found.kind == entries.ANSWERED:
            # Answered once only; what is crashed stays here and counts nothing.
            del self.charges[found.charge]
            self.answers.setdefault(found.key, found.answer)
        elif found.kind == entries.PUBLISHED:
            self.published.add(found.key)


def verify_chain(
    population: str, written: Iterable[tuple[str, bytes]], *, head: str = "", witnessed: str = ""
) -> Chain:
    """Recompute every digest, number, balance and cap from (digest, bytes) of all entries in order.

    `head` is the digest that the store says is the last; `witnessed` one that somebody wrote down and that
    must still be there. `Damaged` names the first wrong entry.
    """
    chain = Chain(population)
    is_there = not witnessed
    for digest, data in written:
        chain.add(digest, data)
        is_there = is_there or digest == witnessed
    if chain.last is None:
        raise errors.Damaged(f"entry 1 of the population {population} is missing")
    if head and chain.head != head:
        raise errors.Damaged(
            f"entry {chain.last.number + 1} of the population {population} is missing: the last one is not "
            "the one that was written last"
        )
    if not is_there:
        raise errors.Damaged(
            f"no entry of the population {population} has the digest {witnessed}: entries were taken "
            "away after it was written down"
        )
    return chain


def _follow(last: Entry, at: str, kind: str, *, whole: Balance | None = None, **members: Any) -> Entry:
    return Entry(
        population=last.population,
        number=last.number + 1,
        previous=entries.compute_digest(last),
        at=at,
        kind=kind,
        whole=whole or last.whole,
        **members,
    )


def _add(balance: Balance, price: Cost) -> Balance:
    return dataclasses.replace(balance, used=balance.used + price)


def _read_part(part: Entry) -> Balance:
    if part.part is None:
        raise ValueError("the last entry of a grant holds its balance")
    return part.part


def _refuse_revoked(part: Entry) -> None:
    if _read_part(part).is_revoked:
        raise errors.Refused(
            f"the grant {part.grant} was revoked and asks nothing any more; ask for another grant"
        )


def _check_cap(cap: Cost) -> Cost:
    if cap.nano_rho == 0:
        raise errors.UserMistake("a cap of no rho lets nobody ask; give more", place="cap")
    return cap


def _check_below(whole: Cost, cap: Cost) -> None:
    if not cap.fits_within(whole):
        raise errors.Refused(
            f"the cap of a grant lies within that of its population, which is {format_cost(whole)}; give less"
        )


def _check_higher(before: Cost, cap: Cost) -> None:
    if not before.fits_within(cap) or before == cap:
        raise errors.Refused(f"the cap is {format_cost(before)} and can only be raised; give more")


def _check_people(by: Sequence[str], least: int) -> tuple[str, ...]:
    people = tuple(entries.check_text(each, "by").strip() for each in by)
    if len({each.casefold() for each in people}) != least or len(people) != least:
        words = "one person" if least == 1 else "two people, who are not the same"
        raise errors.UserMistake(f"name {words}", place="by")
    return people


def _advise(price: Cost, left: Cost) -> str:
    """Say how to ask for less; nothing helps where next to nothing is left."""
    if price.nano_rho <= left.nano_rho:
        return "; group by public keys, which cost no delta"
    if left.nano_rho < _TOO_LITTLE_NANO_RHO:
        return "; two people may raise the cap with lightwell ledger raise"
    epsilon = costs.find_epsilon(left.nano_rho, USUAL_DELTA)
    most = Context(prec=3, rounding=ROUND_FLOOR).create_decimal(epsilon)
    return f"; ask with epsilon {most:g} or less, or for fewer numbers at once"

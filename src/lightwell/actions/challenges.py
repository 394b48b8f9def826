"""Challenges: somebody asks whether a file is in a company's inventory, and the company owes an answer.

Nobody here decides whether a challenge is taken: whoever brings enough work has it logged, and what is turned
away is counted for everybody to see. What a holder hands over is kept in its own table, which no exit reads.
Answering takes two people (`actions/proposals`), and no denial is carried out while the very file lies in the
inventory; to show an answer false takes arithmetic and nobody's leave. Rules and states: `archive/register`.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from lightwell.actions import inventories, log, organisations
from lightwell.archive import challenge, entry, register, seal, sheaf
from lightwell.base import errors, ids
from lightwell.base.canonical import Json
from lightwell.db.models import Challenge, Item, LogEntry, Person, Provider, TurnedAway
from lightwell.files.state import State
from lightwell.tlog import tile_proof

TOO_LITTLE_WORK, TOO_FAST, MALFORMED = "work", "pace", "form"
REASONS = (TOO_LITTLE_WORK, TOO_FAST, MALFORMED)
_SIZE_LINE = 1


@dataclass(frozen=True, slots=True)
class Found:
    """What the installation finds for those who have to answer: documents with exactly these bytes.

    `provable` are those whose key is there, so that the holder can be shown the way to one of them.
    """

    challenge: Challenge
    items: tuple[Item, ...]
    provable: tuple[Item, ...]


def ask(*, provider: str, commitment: bytes, nonce: int, now: datetime.datetime) -> Challenge:
    """Log a challenge; the same once more is the one that was logged.

    Raises `Refused` with the work that it takes today, `UserMistake` for a company that takes no part here.
    """
    company = Provider.objects.visible().filter(pk=provider, joined=True).first()
    if company is None:
        raise errors.UserMistake("no company of that id takes part here", place="company")
    with transaction.atomic():
        # The company's row is the lock: two at once are two of the day's number.
        Provider.objects.select_for_update().get(pk=provider)
        known = Challenge.objects.filter(commitment=commitment.hex()).first()
        if known is not None:
            if known.provider_id != provider:
                raise errors.UserMistake("this was logged for another company; make a new one for each")
            return known
        needed = challenge.count_bits(count_today(now.date()))
        reached = challenge.measure_work(provider, commitment, nonce)
        if reached < needed:
            raise errors.Refused(
                f"this takes work of {needed} bits today and has {reached}; make it with: "
                f"lightwell challenge make FILE --company {provider} --bits {needed}"
            )
        name = ids.format_id("challenge", secrets.token_bytes(ids.RANDOM_BYTES))
        (place,) = log.append(entries=[entry.make_challenge(now, name, provider, commitment)])
        return Challenge.objects.create(
            id=name, provider=company, commitment=commitment.hex(), log_index=place, at=now
        )


def hand_over(*, name: str, salt: bytes, measure: seal.FileMeasure, now: datetime.datetime) -> Challenge:
    """Tell the company which file is meant: kept for its people alone, and from now on an answer is owed.

    Raises `UserMistake` when there is no such challenge or the file is not the one that was asked about.
    """
    with transaction.atomic():
        row = Challenge.objects.select_for_update().filter(pk=name).first()
        if row is None:
            raise errors.UserMistake(f"there is no challenge {name}", place="challenge")
        if challenge.commit_file(salt, measure).hex() != row.commitment:
            raise errors.UserMistake("these numbers do not belong to this question; copy all three again")
        if row.handed_at is not None:
            return row
        log.append(entries=[entry.make_challenge_handover(now, name, register.find_due(now.date()))])
        row.handed_at, row.salt = now, salt.hex()
        row.sha256, row.size = measure.digest.hex(), measure.size
        row.save()
        return row


def disprove(
    *,
    name: str,
    salt: bytes,
    measure: seal.FileMeasure,
    route: challenge.Route | None,
    now: datetime.datetime,
) -> None:
    """Log that an answer was false; everybody learns which file was meant. Nobody's leave is asked.

    Raises `Refused` when it shows nothing (`archive/register`), or leads to the study of somebody else.
    """
    made = entry.make_challenge_disproof(
        now, name, salt, measure.digest, measure.size, None if route is None else route.parts
    )
    with transaction.atomic():
        list(Challenge.objects.select_for_update().filter(pk=name).values_list("pk"))
        book = read_register()
        asked = book.asked.get(name)
        if asked is None:
            raise errors.UserMistake(f"there is no challenge {name}", place="challenge")
        book.add(log.count_entries(), made)
        _, exposed = asked.disproofs[-1]
        if exposed is not None and organisations.find_owner(exposed.study) != asked.provider:
            raise errors.Refused("it leads to a study that somebody else put here, not to one of the company")
        log.append(entries=[made])


def count_today(day: datetime.date) -> int:
    """Count the challenges that were logged on a day, which sets the price of the next one."""
    begin = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
    return Challenge.objects.filter(at__gte=begin, at__lt=begin + datetime.timedelta(days=1)).count()


def count_turned_away(*, reason: str, now: datetime.datetime) -> None:
    """Count one that was turned away, so that everybody sees how often that happens; nothing else is kept."""
    if reason not in REASONS:
        raise KeyError(reason)
    with transaction.atomic():
        row, _ = TurnedAway.objects.get_or_create(day=now.date(), reason=reason)
        TurnedAway.objects.filter(pk=row.pk).update(count=F("count") + 1)


def list_turned_away() -> list[TurnedAway]:
    """List what was turned away, the newest day first."""
    return list(TurnedAway.objects.order_by("-day", "reason"))


def read_register() -> register.Register:
    """Read every challenge out of the log."""
    rows = LogEntry.objects.order_by("index").values_list("data", flat=True)
    return register.read_register([bytes(each) for each in rows])


def make_sheaf(*, state: State, name: str) -> sheaf.Sheaf:
    """Make the proof that what is logged of a challenge is in the log, as far as the log was signed.

    `CouldNotCheck` before its first entry is signed.
    """
    asked = read_register().asked[name]
    places = [asked.logged, asked.handover, *asked.answers, *(noted for noted, _ in asked.disproofs)]
    return gather(state=state, places=[each.index for each in places if each is not None])


def gather(*, state: State, places: Sequence[int]) -> sheaf.Sheaf:
    """Gather entries by their places into one file with their proofs, as far as the log was signed."""
    text = state.tiles.read_checkpoint()
    size = int(text.split("\n")[_SIZE_LINE]) if text else 0
    signed = sorted(place for place in places if place < size)
    if text is None or not signed:
        raise errors.CouldNotCheck("the log has not signed for this yet; try again in a minute")
    return sheaf.Sheaf(
        tuple(
            sheaf.Stalk(
                place,
                log.read_entry(place),
                tuple(tile_proof.prove_inclusion_from_tiles(state.tiles.read_tile, place, size)),
            )
            for place in signed
        ),
        text,
    )


def look_up(*, actor: Person, name: str) -> Found:
    """Look for the file of a challenge among the company's own sealed documents; `Refused` to others.

    To an officer or auditor of the house as well: what a holder told the company is for its own people.
    """
    row = _find(name)
    organisations.check_owner(actor, "read_sealed", row.provider_id)
    if actor.organisation_id != row.provider_id:
        raise errors.Refused("what a holder told a company is read by its own people alone")
    return _look_up(row)


def check_answer(payload: dict[str, Json], now: datetime.datetime) -> None:
    """Check a proposal to answer; `UserMistake` with every problem. A false denial is one."""
    problems: list[errors.Problem] = []
    row = Challenge.objects.filter(pk=str(payload.get("challenge"))).first()
    answer = payload.get("answer")
    if answer not in challenge.ANSWERS:
        problems.append(errors.Problem("answer", f"the answer is one of {', '.join(challenge.ANSWERS)}"))
    if row is None:
        problems.append(errors.Problem("challenge", f"there is no challenge {payload.get('challenge')}"))
    elif row.handed_at is None:
        problems.append(errors.Problem("challenge", "its holder has not said yet which file is meant"))
    else:
        problems += _check_truth(row, answer)
    if problems:
        raise errors.UserMistake(problems=problems)


def _check_truth(row: Challenge, answer: Json) -> list[errors.Problem]:
    asked = read_register().asked[row.pk]
    if asked.admission or (asked.denial and answer == challenge.NOT_IN_INVENTORY):
        return [errors.Problem("challenge", "it was answered before")]
    found = _look_up(row)
    listed = ", ".join(f"document {item.number} of {item.study_id}" for item in found.items)
    if answer == challenge.NOT_IN_INVENTORY and found.items:
        return [errors.Problem("answer", f"the very file is in the inventory: {listed}")]
    if answer == challenge.IN_INVENTORY and not found.items:
        return [errors.Problem("answer", "no document of the inventory has these bytes")]
    if answer == challenge.IN_INVENTORY and not found.provable:
        return [errors.Problem("answer", f"the key of {listed} was destroyed, so that nothing can be shown")]
    return []


def find_owner(payload: dict[str, Json]) -> str | None:
    """Find whose answer a proposal is: the company that was asked."""
    return Challenge.objects.filter(pk=str(payload["challenge"])).values_list("provider", flat=True).first()


def answer(
    *, state: State, payload: dict[str, Json], decided_by: tuple[str, str], now: datetime.datetime
) -> int:
    """Log the answer that two people decided on; returns its place.

    An answer "in our inventory" carries the route to the document, hidden for the holder; with `named` the
    document is named to everybody. What the holder handed over is forgotten then. `UserMistake` as in
    `check_answer`, since things may have changed.
    """
    with transaction.atomic():
        row = Challenge.objects.select_for_update().get(pk=str(payload["challenge"]))
        check_answer(payload, now)
        if payload["answer"] == challenge.NOT_IN_INVENTORY:
            made = entry.make_challenge_answer(
                now, row.pk, challenge.NOT_IN_INVENTORY, None, None, decided_by
            )
        else:
            item = _look_up(row).provable[0]
            hidden = challenge.hide_route(bytes.fromhex(row.salt), trace_item(state, item))
            place = (item.study_id, item.number) if payload.get("named") is True else None
            made = entry.make_challenge_answer(now, row.pk, challenge.IN_INVENTORY, hidden, place, decided_by)
            row.salt, row.sha256, row.size = "", "", None
            row.save()
        (place_in_log,) = log.append(entries=[made])
    return place_in_log


def trace_item(state: State, item: Item) -> challenge.Route:
    """Trace the route to a sealed document of ours; `Damaged` when it does not lead there."""
    key = inventories.unwrap_item_key(state, item)
    header = seal.Header(item.study_id, item.number, item.pages, item.renderer)
    route = challenge.trace_route(key, header, inventories.read_page_roots(item))
    if (
        route.find_commitment(seal.FileMeasure(bytes.fromhex(item.sha256), item.size)).hex()
        != item.commitment
    ):
        raise errors.Damaged(f"document {item.number} of {item.study_id} does not match its own seal")
    return route


def _find(name: str) -> Challenge:
    found = Challenge.objects.filter(pk=name).first()
    if found is None:
        raise errors.UserMistake(f"there is no challenge {name}; list them with: lightwell challenge list")
    return found


def _look_up(row: Challenge) -> Found:
    if not row.sha256:
        return Found(row, (), ())
    listed = Item.objects.filter(
        sha256=row.sha256, size=row.size, inventory__isnull=False, study__provider=row.provider_id
    ).order_by("log_index")
    own = [each for each in listed if organisations.find_owner(each.study_id) == row.provider_id]
    return Found(row, tuple(own), tuple(each for each in own if each.wrapped_key is not None))

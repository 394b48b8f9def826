"""A challenge from outside: what a bundle says of each, whether an answer holds, what shows it to be false.

Everything here runs on the holder's own computer; only `hand_in`, `tell` and `publish` send anything, and
what they send is said. An answer "not in our inventory" cannot be proven, only disproved: by the same file
opened whole later, or by the company's own later answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import httpx

from lightwell.archive import challenge, dating, entry, receipt, register, release, sheaf
from lightwell.archive.challenge import Route
from lightwell.archive.receipt import Disproof, Receipt
from lightwell.archive.register import Place, Register, Standing
from lightwell.base import canonical, disclosure, errors
from lightwell.base.canonical import Json
from lightwell.client import records as record_files
from lightwell.client.bundle import Bundle, name_place
from lightwell.client.history import History
from lightwell.tlog import policy, tree

# More would keep a computer busy for an hour; somebody floods that log today.
MOST_BITS = 30
_DONE = (200, 201)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a receipt or a disproof shows: whether nothing contradicts it, in sentences, of which log."""

    holds: bool
    sentences: tuple[str, ...]
    origin: str
    size: int
    state: str


def list_challenges(history: History, owners: Mapping[str, str]) -> list[Standing]:
    """Say where every challenge of a verified log stands on its day."""
    find_time = dating.make_finder(dating.list_covers(history.publishers_policy, history.results))
    return register.judge_challenges(history.book.challenges, history.account.day, find_time, owners)


def read_owners(bundle: Bundle, history: History) -> dict[str, str]:
    """Read whose own study each is, from the first version of its record; what is gone is left out."""
    found = []
    for study in history.book.studies:
        named = history.book.versions[study][0]
        path = record_files.name_record(named.digest)
        if bundle.has(path):
            with name_place(path):
                found.append(_read_record(bundle.read(path), named.digest))
    return register.list_owners(found)


def check_receipt(kept: Receipt, bundle: Bundle, history: History) -> Judgement:
    """Hold a receipt against a bundle: is it logged, what was answered, does that hold, was there silence?"""
    book = history.book.challenges
    origin, size = history.newest.origin, history.newest.size
    asked = next((each for each in book.asked.values() if each.commitment == kept.commitment), None)
    if asked is None:
        if kept.log is not None:
            sentence = "it is not in this log, although the receipt has a proof that it was logged"
        else:
            sentence = "it is not in this log; hand it in, or take a newer bundle"
        return Judgement(False, (sentence,), origin, size, "")
    standings = list_challenges(history, read_owners(bundle, history))
    standing = next((each for each in standings if each.id == asked.id), None)
    if standing is None:
        return Judgement(True, (f"{asked.id} was logged after the day of this bundle",), origin, size, "")
    said = [register.describe_standing(standing)]
    holds = standing.state not in ("overdue", "disproved")
    place = register.follow_proof(book, asked, kept.salt, kept.measure)
    if asked.admission and place:
        said.append(f"the proof holds: your file was sealed as document {place.number} of {place.study}")
    elif asked.admission:
        holds = False
        said.append("the proof that came with the answer leads to no sealed document: the answer is false")
    elif asked.denial and standing.state == "not-in-inventory":
        found = find_route(kept, bundle, history)
        if found is not None:
            _, there = found
            holds = there.index > asked.denial.index
            said.append(
                f"but your very file is public as document {there.number} of {there.study}, sealed "
                + (
                    "after that answer"
                    if holds
                    else "before that answer: it is false. Show it with: disprove"
                )
            )
    return Judgement(holds, tuple(said), origin, size, standing.state)


def find_route(kept: Receipt, bundle: Bundle, history: History) -> tuple[Route, Place] | None:
    """Find the document that the company sealed over the very file, among those that are open whole."""
    owners = read_owners(bundle, history)
    for named in history.book.named:
        if named.kind != "opening" or not bundle.has(path := record_files.name_record(named.digest)):
            continue
        data = bundle.read(path)
        if kept.measure.digest.hex().encode() not in data:
            continue
        with name_place(path):
            _check_digest(data, named.digest)
            opened = release.parse_opening(canonical.decode(data))
        if not isinstance(opened, release.WholeOpening) or opened.file != kept.measure:
            continue
        if owners.get(opened.header.study, kept.provider) != kept.provider:
            continue
        route = challenge.trace_route(opened.key, opened.header, opened.page_roots)
        place = history.book.challenges.items.get(route.find_commitment(kept.measure))
        if place is not None:
            return route, place
    return None


def make_disproof(kept: Receipt, bundle: Bundle, history: History, newest: str) -> Disproof:
    """Make the file that shows an answer to be false; `newest` is the signed text of the newest checkpoint.

    Raises `Refused` when nothing in the bundle contradicts what was answered.
    """
    book = history.book.challenges
    asked = next((each for each in book.asked.values() if each.commitment == kept.commitment), None)
    if asked is None or not asked.answers:
        raise errors.Refused("nothing was answered yet, so nothing can be shown to be false")
    places = [asked.logged.index, *(each.index for each in asked.answers)]
    if asked.denial is None:
        if register.follow_proof(book, asked, kept.salt, kept.measure) is not None:
            raise errors.Refused("the answer holds: its proof leads to a sealed document")
        log = _gather(history, places, newest)
        return Disproof(asked.id, kept.salt, kept.measure, None, log, None)
    found = _admitted_route(kept, book, asked) or find_route(kept, bundle, history)
    if found is None:
        raise errors.Refused(
            "your file is not among what the company published whole, so this bundle does not show that the "
            "denial is false"
        )
    route, place = found
    named = history.book.versions[place.study][0]
    path = record_files.name_record(named.digest)
    if not bundle.has(path):
        raise errors.Refused(f"the record of {place.study} was removed, so nobody can tell whose study it is")
    log = _gather(history, [*places, place.index, history.book.studies[place.study]], newest)
    return Disproof(asked.id, kept.salt, kept.measure, route, log, canonical.decode(bundle.read(path)))


def check_disproof(shown: Disproof, rule: policy.Policy) -> Judgement:
    """Check a disproof with nothing but a policy; `Refused` when it does not show what it claims.

    `CouldNotCheck` for one that says of a proof that it leads nowhere: that takes the whole log.
    """
    judged = sheaf.check_sheaf(shown.log, rule)
    assert judged.checkpoint is not None
    origin, size = judged.checkpoint.origin, judged.checkpoint.size
    if shown.route is None or shown.record is None:
        raise errors.CouldNotCheck("that a proof leads to no document is seen in the whole log: use --bundle")
    found = Register()
    exposed = None
    for each in shown.log.stalks:
        if each.entry.get("type") == "item":
            found.add_item(each.index, each.entry)
        elif each.entry.get("type") in ("challenge", "challenge-answer") and (
            each.entry.get("challenge") == shown.challenge
        ):
            _add_alone(found, each)
    asked = found.asked.get(shown.challenge)
    denial = asked.denial if asked else None
    if asked is None or denial is None:
        raise errors.Refused(
            "it holds no challenge of that id with the answer that it is not in the inventory"
        )
    if challenge.commit_file(shown.salt, shown.measure) != asked.commitment:
        raise errors.Refused("the file that it names is not the one that was asked about")
    exposed = found.items.get(shown.route.find_commitment(shown.measure))
    if exposed is None:
        raise errors.Refused("its values lead to none of the sealed documents that it names")
    _check_owner(shown, exposed, asked.provider)
    day = entry.read_time(denial.entry).date()
    where = f"document {exposed.number} of {exposed.study}"
    if exposed.index > denial.index:
        sentence = (
            f"{asked.provider} denied {asked.id} on {day}; the very file was sealed as {where} after that, "
            "so the denial is not shown to be false"
        )
        return Judgement(False, (sentence,), origin, size, "sealed-after-denial")
    sentence = (
        f"{asked.provider} said of {asked.id} on {day} that it is not in its inventory. That was false: "
        f"the very file had been sealed as {where} before (log entry {exposed.index}, the denial is entry "
        f"{denial.index})"
    )
    return Judgement(True, (sentence,), origin, size, "disproved")


def check_empty_proof(shown: Disproof, history: History) -> Judgement:
    """Check with the whole log that the proof which came with an answer leads to no sealed document."""
    book = history.book.challenges
    asked = book.asked.get(shown.challenge)
    if asked is None or challenge.commit_file(shown.salt, shown.measure) != asked.commitment:
        raise errors.Refused("the file that it names is not the one that was asked about")
    opening = None if shown.route is None else [part.hex() for part in shown.route.parts]
    register.find_exposed(book, asked, shown.salt, shown.measure, opening)
    sentence = f"what {asked.provider} gave as proof for {asked.id} leads to no sealed document: it was false"
    return Judgement(True, (sentence,), history.newest.origin, history.newest.size, "disproved")


def hand_in(kept: Receipt, site: str, wire: httpx.Client) -> tuple[Receipt, bool]:
    """Log a challenge at a site; sent are the company, the commitment and the work, nothing of the file.

    Finds more work when the site asks for more today. What comes back is the receipt with its id, and whether
    the company was told before which file is meant.
    """
    address = f"{site.rstrip('/')}/challenges/"
    for _ in range(3):
        sent = {"company": kept.provider, "commitment": kept.commitment.hex(), "nonce": str(kept.nonce)}
        status, said = _post(address, sent, wire)
        if status in _DONE:
            name = receipt.check_id(said.get("challenge"))
            return replace(kept, challenge=name, site=site.rstrip("/")), said.get("told") is True
        bits = said.get("bits")
        reached = challenge.measure_work(kept.provider, kept.commitment, kept.nonce)
        if type(bits) is not int or bits <= reached:
            raise errors.Refused(f"{site} did not take it: {said.get('sentence') or status}")
        if bits > MOST_BITS:
            raise errors.CouldNotCheck(f"{site} asks for work of {bits} bits today; try again tomorrow")
        kept = replace(kept, nonce=challenge.find_work(kept.provider, kept.commitment, bits))
    raise errors.CouldNotCheck(f"{site} asks for more work each time; try again later")


def tell(kept: Receipt, site: str, wire: httpx.Client) -> None:
    """Tell the company, through the site, which file is meant: salt, SHA-256 and size, not the file."""
    sent = {"salt": kept.salt.hex(), "sha256": kept.measure.digest.hex(), "size": str(kept.measure.size)}
    address = f"{site.rstrip('/')}/challenges/{kept.challenge}/hand-over/"
    status, said = _post(address, sent, wire)
    if status not in _DONE:
        raise errors.Refused(f"{site} did not take it: {said.get('sentence') or status}")


def publish(text: str, name: str, site: str, wire: httpx.Client) -> None:
    """Publish a disproof at a site: from then on everybody knows which file was meant."""
    status, said = _post(f"{site.rstrip('/')}/challenges/{name}/disprove/", {"proof": text}, wire)
    if status not in _DONE:
        raise errors.Refused(f"{site} did not take it: {said.get('sentence') or status}")


def fetch_log(kept: Receipt, site: str, wire: httpx.Client) -> sheaf.Sheaf | None:
    """Fetch the proof of what is logged of a challenge; None while nobody has confirmed it yet."""
    address = f"{site.rstrip('/')}/challenges/{kept.challenge}/log.json"
    try:
        answer = wire.get(address)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise errors.CouldNotCheck(f"{address} cannot be reached: {error}") from None
    if answer.status_code != httpx.codes.OK:
        return None
    found = sheaf.parse_sheaf(canonical.decode(answer.content, require_canonical=False))
    first = found.stalks[0].entry
    if (first.get("challenge"), first.get("commitment")) != (kept.challenge, kept.commitment.hex()):
        raise errors.Refused(f"{address} is about another challenge than the receipt")
    return found


def format_json(found: Judgement) -> dict[str, Json]:
    """Return a judgement as a JSON object for programs."""
    return {
        "verdict": "holds" if found.holds else "refused",
        "state": found.state or None,
        "sentences": list(found.sentences),
        "origin": found.origin,
        "size": found.size,
    }


def _post(address: str, sent: Mapping[str, str], wire: httpx.Client) -> tuple[int, dict[str, Json]]:
    try:
        answer = wire.post(address, data=dict(sent), headers={"Accept": "application/json"})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise errors.CouldNotCheck(f"{address} cannot be reached: {error}") from None
    try:
        value = answer.json()
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise errors.CouldNotCheck(f"{address} answered with status {answer.status_code} and nothing to read")
    return answer.status_code, value


def _admitted_route(kept: Receipt, book: Register, asked: register.Asked) -> tuple[Route, Place] | None:
    """Take the route from the company's own later answer to the same challenge."""
    place = register.follow_proof(book, asked, kept.salt, kept.measure)
    if asked.admission is None or place is None:
        return None
    return challenge.show_route(kept.salt, register.read_parts(asked.admission.entry["proof"])), place


def _gather(history: History, places: list[int], newest: str) -> sheaf.Sheaf:
    hashes = [tree.hash_leaf(each) for each in history.entries]
    stalks = []
    for place in sorted(set(places)):
        path = tree.prove_inclusion(hashes, place, len(hashes))
        stalks.append(sheaf.Stalk(place, canonical.decode(history.entries[place]), tuple(path)))
    return sheaf.Sheaf(tuple(stalks), newest)


def _add_alone(found: Register, each: sheaf.Stalk) -> None:
    """Take a challenge or an answer without the entries between them, which other checks need."""
    noted = register.Noted(each.index, each.entry)
    if each.entry["type"] == "challenge":
        found.add(each.index, each.entry)
    elif each.entry["challenge"] in found.asked and each.entry.get("answer") in challenge.ANSWERS:
        found.asked[each.entry["challenge"]].answers.append(noted)


def _check_owner(shown: Disproof, exposed: Place, provider: str) -> None:
    registered = [
        each for each in sheaf.find_stalks(shown.log, "study") if each.entry.get("study") == exposed.study
    ]
    data = canonical.encode(shown.record)
    if len(registered) != 1:
        raise errors.Refused("it does not hold the registration of the study")
    record = _read_record(data, str(registered[0].entry.get("record")))
    if (
        record.id != exposed.study
        or record.provider.id != provider
        or not disclosure.counts_as_answer(record)
    ):
        raise errors.Refused(f"{exposed.study} is no study of {provider} itself")


def _read_record(data: bytes, digest: str) -> disclosure.Disclosure:
    _check_digest(data, digest)
    return disclosure.decode_disclosure(data)


def _check_digest(data: bytes, digest: str) -> None:
    if canonical.format_digest(hashlib.sha256(data).digest()) != digest:
        raise errors.Refused("this record is not the one that the log names")

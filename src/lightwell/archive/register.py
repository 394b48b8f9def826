"""The register of challenges: what the entries of a log say about each, and where it stands on a day.

`Register.add` takes the entries of type challenge one by one and refuses what breaks a rule; a proof that an
answer was false is refused unless its arithmetic holds, so that not even the publisher can log an empty one.
`judge_challenges` is a pure function of register, date and times: site, bundle and monitor call the same one,
and `tests/independent/challenges.py` recomputes it without us. Hashes: `archive/challenge`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lightwell.archive import challenge, completeness, seal
from lightwell.archive.entry import read_time
from lightwell.base import canonical, disclosure, errors
from lightwell.base.canonical import Json

TYPES = frozenset({"challenge", "challenge-handover", "challenge-answer", "challenge-disproof"})
STATES = (
    "waits-for-holder",
    "open",
    "overdue",
    "in-inventory",
    "not-in-inventory",
    "sealed-after-denial",
    "disproved",
)
COLUMNS = (
    "challenge",
    "company",
    "state",
    "logged",
    "handed_over",
    "due",
    "answered",
    "days_late",
    "denied",
    "study",
    "item",
)

# From the place of an entry and its own time to the time that counts (`archive/dating`).
FindTime = Callable[[int, datetime.datetime], datetime.datetime]
_MARK = b'"type":"challenge'
_ITEM = b'"type":"item"'
# The canonical form of an item's entry. Decoding a hundred thousand of them takes seconds, this a tenth.
_ITEM_FORM = re.compile(
    rb'\{"at":"([^"\\]*)","commitment":"([0-9a-f]{64})","due":"[^"\\]*","item":([0-9]+),"kind":"[^"\\]*",'
    rb'"pages":(?:null|[0-9]+),"read":(?:true|false),"study":"([^"\\]*)","type":"item","v":1\}'
)


@dataclass(frozen=True, slots=True)
class Noted:
    """One entry of a challenge at its place."""

    index: int
    entry: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Place:
    """A sealed item: where its entry stands, its study and number, and the writer's own time."""

    index: int
    study: str
    number: int
    at: datetime.datetime


@dataclass
class Asked:
    """Everything the log says of one challenge; each disproof with the item to which it leads, if to one."""

    id: str
    provider: str
    commitment: bytes
    logged: Noted
    handover: Noted | None = None
    answers: list[Noted] = field(default_factory=list)
    disproofs: list[tuple[Noted, Place | None]] = field(default_factory=list)

    @property
    def denial(self) -> Noted | None:
        """The entry that says "not in our inventory"; None when none does."""
        return next((each for each in self.answers if _says(each, challenge.NOT_IN_INVENTORY)), None)

    @property
    def admission(self) -> Noted | None:
        """The entry that says "in our inventory"; None when none does."""
        return next((each for each in self.answers if _says(each, challenge.IN_INVENTORY)), None)


@dataclass
class Register:
    """All challenges of a log by id, and the sealed items by commitment, oldest first."""

    asked: dict[str, Asked] = field(default_factory=dict)
    items: dict[bytes, Place] = field(default_factory=dict)
    places: dict[tuple[str, int], Place] = field(default_factory=dict)

    def add_item(self, index: int, value: Mapping[str, Json]) -> None:
        """Note the entry of a sealed item, to which answers and disproofs may lead."""
        place = Place(index, str(value["study"]), int(str(value["item"])), read_time(value))
        self.items.setdefault(read_hash(value["commitment"]), place)
        self.places.setdefault((place.study, place.number), place)

    def add(self, index: int, value: dict[str, Json]) -> None:
        """Note one entry of `TYPES` with exactly its members; `Refused` when it breaks a rule."""
        name = value["challenge"]
        if not isinstance(name, str):
            raise errors.Refused("its member challenge is no text")
        if value["type"] == "challenge":
            self._begin(name, Noted(index, value))
            return
        asked = self.asked.get(name)
        if asked is None:
            raise errors.Refused(f"the challenge {name} does not stand before it")
        match value["type"]:
            case "challenge-handover":
                _hand_over(asked, Noted(index, value))
            case "challenge-answer":
                self._answer(asked, Noted(index, value))
            case _:
                self._disprove(asked, Noted(index, value))

    def _begin(self, name: str, noted: Noted) -> None:
        provider = noted.entry["provider"]
        if name in self.asked or not isinstance(provider, str):
            raise errors.Refused(f"the challenge {name} is logged twice or names no company")
        sealed = read_hash(noted.entry["commitment"])
        self.asked[name] = Asked(name, provider, sealed, noted)

    def _answer(self, asked: Asked, noted: Noted) -> None:
        answer, proof, place = (noted.entry[name] for name in ("answer", "proof", "place"))
        if asked.handover is None:
            raise errors.Refused("it answers what the holder never handed over")
        if answer not in challenge.ANSWERS:
            raise errors.Refused("it gives an answer that is none")
        if asked.answers and (asked.admission or answer != challenge.IN_INVENTORY):
            raise errors.Refused("a second answer only takes back that it is not in the inventory")
        decided = noted.entry["decided_by"]
        if not isinstance(decided, list) or len(decided) != 2:
            raise errors.Refused("two people answer, and it does not name two roles")
        if answer == challenge.NOT_IN_INVENTORY:
            if proof is not None or place is not None:
                raise errors.Refused("what is not in the inventory has no proof and no place")
        else:
            read_parts(proof)
            if place is not None and not self._knows(place):
                raise errors.Refused("the document that it names was never sealed before it")
        asked.answers.append(noted)

    def _knows(self, place: Json) -> bool:
        return (
            isinstance(place, dict)
            and sorted(place) == ["item", "study"]
            and isinstance(place["study"], str)
            and type(place["item"]) is int
            and (place["study"], place["item"]) in self.places
        )

    def _disprove(self, asked: Asked, noted: Noted) -> None:
        if not asked.answers:
            raise errors.Refused("it disproves what was not answered")
        salt, measure = read_file(noted.entry)
        if challenge.commit_file(salt, measure) != asked.commitment:
            raise errors.Refused("the file that it names is not the one that was asked about")
        found = find_exposed(self, asked, salt, measure, noted.entry["opening"])
        if found in [place for _, place in asked.disproofs]:
            raise errors.Refused("the same was shown before")
        asked.disproofs.append((noted, found))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one challenge stands on a day.

    `place` is the document that is named publicly, by the company or by a disproof. `denied` is the day on
    which "not in our inventory" was said, also where that was taken back later; `disproved` the day on which
    an answer was shown to be false, `sealed` the day on which the document that shows it was locked in.
    """

    id: str
    provider: str
    state: str
    logged: datetime.date
    handed_over: datetime.date | None
    due: datetime.date | None
    answered: datetime.date | None
    days_late: int
    denied: datetime.date | None
    place: Place | None
    disproved: datetime.date | None
    sealed: datetime.date | None
    asked: Asked

    @property
    def late(self) -> bool:
        """Whether an answer is due and did not come."""
        return self.state == "overdue"


def read_register(entries: Sequence[bytes]) -> Register:
    """Read the challenges alone out of entries that were checked before; far less work than all of them.

    Raises `Refused` naming the place of an entry that breaks a rule.
    """
    register = Register()
    if not any(_MARK in data for data in entries):
        return register
    for index, data in enumerate(entries):
        if _MARK in data or _ITEM in data:
            try:
                value = _read_item(data) or canonical.decode(data)
                if not isinstance(value, dict):
                    continue
                if value.get("type") == "item":
                    register.add_item(index, value)
                elif value.get("type") in TYPES:
                    register.add(index, value)
            except (errors.LightwellError, KeyError, TypeError, ValueError) as error:
                raise errors.Refused(f"log entry {index}: {error}") from None
    return register


def _read_item(data: bytes) -> dict[str, Json] | None:
    found = _ITEM_FORM.fullmatch(data)
    if found is None:
        return None
    at, commitment, number, study = (each.decode() for each in found.groups())
    return {"type": "item", "at": at, "commitment": commitment, "item": int(number), "study": study}


def judge_challenges(
    register: Register, day: datetime.date, find_time: FindTime, owners: Mapping[str, str]
) -> list[Standing]:
    """Say where every challenge stands on `day`, in the order of the log; later entries are not looked at.

    `owners` maps a study to the company whose own study it is; a disproof that leads to the study of another
    company is none, and one whose study is not in the map counts.
    """
    found = [_judge(each, register, day, find_time, owners) for each in register.asked.values()]
    return [each for each in found if each is not None]


def list_owners(records: Iterable[disclosure.Disclosure]) -> dict[str, str]:
    """Map each study to the company whose own study it is; to nobody where somebody else put it here."""
    return {
        each.id: each.provider.id if disclosure.counts_as_answer(each) else ""
        for each in records
        if each.kind == "study"
    }


def find_exposed(
    register: Register, asked: Asked, salt: bytes, measure: seal.FileMeasure, opening: Json
) -> Place | None:
    """Find the item by which an answer is false; None where it is false because its proof leads nowhere.

    With an `opening` (three values in hex) it contradicts a denial. Without one it shows that the proof which
    the company gave leads to no item sealed before. Raises `Refused` when it shows neither.
    """
    if opening is not None:
        if asked.denial is None:
            raise errors.Refused("nobody said that it is not in the inventory")
        route = challenge.Route(*read_parts(opening))
        found = register.items.get(route.find_commitment(measure))
        if found is None:
            raise errors.Refused("its values lead to no sealed document")
        return found
    admission = asked.admission
    if admission is None or asked.denial is not None:
        raise errors.Refused("there is no answer “in our inventory” of which the proof could be empty")
    if follow_proof(register, asked, salt, measure) is not None:
        raise errors.Refused("the proof that the company gave leads to a sealed document")
    return None


def follow_proof(register: Register, asked: Asked, salt: bytes, measure: seal.FileMeasure) -> Place | None:
    """Follow the proof of an answer "in our inventory" with the holder's salt: to an item, or nowhere."""
    admission = asked.admission
    if admission is None:
        return None
    route = challenge.show_route(salt, read_parts(admission.entry["proof"]))
    found = register.items.get(route.find_commitment(measure))
    return found if found is not None and found.index < admission.index else None


def format_row(standing: Standing) -> tuple[object, ...]:
    """Write a standing as a row of `COLUMNS`; empty where there is nothing to say."""
    place = standing.place
    return (
        standing.id,
        standing.provider,
        standing.state,
        standing.logged.isoformat(),
        standing.handed_over.isoformat() if standing.handed_over else "",
        standing.due.isoformat() if standing.due else "",
        standing.answered.isoformat() if standing.answered else "",
        standing.days_late,
        standing.denied.isoformat() if standing.denied else "",
        place.study if place else "",
        place.number if place else "",
    )


def describe_standing(standing: Standing) -> str:
    """Say in one sentence where a challenge stands."""
    late = f", {standing.days_late} days late" if standing.days_late else ""
    where = f" (document {standing.place.number} of {standing.place.study})" if standing.place else ""
    match standing.state:
        case "waits-for-holder":
            words = "waits for its holder, who has not told the company which file is meant"
        case "open":
            words = f"an answer is due by {standing.due}"
        case "overdue":
            words = f"no answer came, which was due by {standing.due}{late}"
        case "in-inventory":
            earlier = f", after a denial on {standing.denied}" if standing.denied else ""
            words = f"the company says it is in its inventory{where}, on {standing.answered}{late}{earlier}"
        case "not-in-inventory":
            words = f"the company says it is not in its inventory, on {standing.answered}{late}"
        case "sealed-after-denial":
            words = f"denied on {standing.denied}{late}, and locked in later{where}, on {standing.sealed}"
        case _ if standing.place:
            words = f"the denial of {standing.denied} was false{late}: sealed on {standing.sealed}{where}"
        case _:
            words = f"the answer of {standing.answered} was false{late}: its proof leads to no document"
    return f"{standing.id} to {standing.provider}: {words}"


def read_file(value: Mapping[str, Json]) -> tuple[bytes, seal.FileMeasure]:
    """Read salt, SHA-256 and size of a file that is named openly; `Refused` when one is malformed."""
    size = value.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < 1 << 53:
        raise errors.Refused("the size of a file is a whole number from 0 on")
    return read_hash(value.get("salt")), seal.FileMeasure(read_hash(value.get("sha256")), size)


def read_hash(value: Json) -> bytes:
    """Read 32 bytes from 64 hex digits; `Refused` for anything else."""
    if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{64}", value):
        raise errors.Refused("a digital fingerprint has 64 hex digits")
    return bytes.fromhex(value)


def read_parts(value: Json) -> list[bytes]:
    """Read the three values of a route, hidden or not; `Refused` when they are others."""
    if not isinstance(value, list) or len(value) != 3:
        raise errors.Refused("three values lead to a sealed document")
    return [read_hash(each) for each in value]


def _says(noted: Noted, answer: str) -> bool:
    return bool(noted.entry["answer"] == answer)


def _hand_over(asked: Asked, noted: Noted) -> None:
    if asked.handover is not None:
        raise errors.Refused(f"the challenge {asked.id} was handed over before")
    due = datetime.date.fromisoformat(str(noted.entry["due"]))
    if due != find_due(read_time(noted.entry).date()):
        raise errors.Refused(f"an answer is due {challenge.DAYS} days after the handover")
    asked.handover = noted


def find_due(day: datetime.date) -> datetime.date:
    """Find the day by which what was handed over on a day is to be answered."""
    return day + datetime.timedelta(days=challenge.DAYS)


def _judge(
    asked: Asked,
    register: Register,
    day: datetime.date,
    find_time: FindTime,
    owners: Mapping[str, str],
) -> Standing | None:
    def find_day(noted: Noted | None) -> datetime.date | None:
        if noted is None:
            return None
        found = find_time(noted.index, read_time(noted.entry)).date()
        return found if found <= day else None

    logged = find_day(asked.logged)
    if logged is None:
        return None
    handed, denied, admitted = (find_day(each) for each in (asked.handover, asked.denial, asked.admission))
    # By the time that counts and not as stated: nobody gains a day by a clock of their own.
    due = find_due(handed) if handed else None
    answered = min((each for each in (denied, admitted) if each), default=None)
    late = completeness.count_days_past(due, answered or day)
    shown = [
        (found, place)
        for noted, place in asked.disproofs
        if (found := find_day(noted)) is not None
        and (place is None or owners.get(place.study, asked.provider) == asked.provider)
    ]
    # Of several the one that weighs most: the document that was locked in first.
    disproved, exposed = min(shown, key=lambda each: each[1].index if each[1] else -1, default=(None, None))
    state = _name_state(asked, handed, denied, admitted, disproved, exposed, late)
    return Standing(
        asked.id,
        asked.provider,
        state,
        logged,
        handed,
        due,
        answered,
        late,
        denied,
        exposed or (_read_place(asked, register) if admitted else None),
        disproved,
        find_time(exposed.index, exposed.at).date() if exposed else None,
        asked,
    )


def _name_state(
    asked: Asked,
    handed: datetime.date | None,
    denied: datetime.date | None,
    admitted: datetime.date | None,
    disproved: datetime.date | None,
    exposed: Place | None,
    late: int,
) -> str:
    denial = asked.denial
    if disproved and not (exposed and denial and exposed.index > denial.index):
        return "disproved"
    if admitted:
        return "in-inventory"
    if disproved:
        return "sealed-after-denial"
    if denied:
        return "not-in-inventory"
    if handed is None:
        return "waits-for-holder"
    return "overdue" if late else "open"


def _read_place(asked: Asked, register: Register) -> Place | None:
    admission = asked.admission
    named = admission.entry["place"] if admission else None
    if not isinstance(named, dict):
        return None
    return register.places.get((named["study"], named["item"]))

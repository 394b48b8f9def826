"""Questions about papers: what was asked, answered, left unanswered, shown to be false.

Part of the second verifier, written from docs/reference/challenges.md alone.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import gaps

MEMBERS = {
    "challenge": "challenge provider commitment",
    "challenge-handover": "challenge due",
    "challenge-answer": "challenge answer place proof decided_by",
    "challenge-disproof": "challenge salt sha256 size opening",
}
DAYS = datetime.timedelta(days=30)
IN, NOT_IN = "in-inventory", "not-in-inventory"


@dataclass
class Question:
    index: int
    entry: dict
    handover: tuple[int, dict] | None = None
    answers: list[tuple[int, dict]] = field(default_factory=list)
    disproofs: list[tuple[int, dict, tuple[int, dict] | None]] = field(default_factory=list)

    def find(self, answer: str) -> tuple[int, dict] | None:
        return next((each for each in self.answers if each[1]["answer"] == answer), None)


class Questions:
    """All questions by id; `items` maps the commitment of each sealed item to its place and entry."""

    def __init__(self) -> None:
        self.all: dict[str, Question] = {}
        self.items: dict[str, tuple[int, dict]] = {}

    def seal(self, index: int, value: dict) -> None:
        self.items.setdefault(value["commitment"], (index, value))

    def add(self, index: int, value: dict) -> None:
        """Take one entry whose members are known to be the right ones; ValueError when it breaks a rule."""
        name = value["challenge"]
        if not isinstance(name, str):
            raise ValueError("the id of a challenge is a text")
        if value["type"] == "challenge":
            if name in self.all or not isinstance(value["provider"], str):
                raise ValueError("a challenge is logged once and names a company")
            read_hex(value["commitment"])
            self.all[name] = Question(index, value)
            return
        question = self.all.get(name)
        if question is None:
            raise ValueError("there is no such challenge before it")
        if value["type"] == "challenge-handover":
            at = gaps.read_time(value["at"], "its time").date()
            if question.handover or value["due"] != (at + DAYS).isoformat():
                raise ValueError("a challenge is handed over once, and due 30 days later")
            question.handover = index, value
        elif value["type"] == "challenge-answer":
            self._answer(question, index, value)
        else:
            self._disprove(question, index, value)

    def _answer(self, question: Question, index: int, value: dict) -> None:
        answer, place, proof = value["answer"], value["place"], value["proof"]
        if question.handover is None or answer not in (IN, NOT_IN):
            raise ValueError("an answer follows the handover and is one of two")
        before = [each["answer"] for _, each in question.answers]
        if before and (before, answer) != ([NOT_IN], IN):
            raise ValueError("a second answer only takes back a denial")
        if not isinstance(value["decided_by"], list) or len(value["decided_by"]) != 2:
            raise ValueError("two people answer")
        if answer == NOT_IN and (place is not None or proof is not None):
            raise ValueError("a denial has neither a place nor a proof")
        if answer == IN:
            read_three(proof)
            sealed = [[each["study"], each["item"]] for _, each in self.items.values()]
            if place is not None and (
                set(place) != {"study", "item"}
                or type(place["item"]) is not int
                or [place["study"], place["item"]] not in sealed
            ):
                raise ValueError("it names a document that was not sealed before")
        question.answers.append((index, value))

    def _disprove(self, question: Question, index: int, value: dict) -> None:
        size = value["size"]
        if type(size) is not int or not 0 <= size < 1 << 53 or not question.answers:
            raise ValueError("a disproof follows an answer and names a file with its size")
        salt, measure = read_hex(value["salt"]), read_hex(value["sha256"]) + size.to_bytes(8, "big")
        if hash_parts(b"lightwell.challenge.v1\n", salt, measure) != question.entry["commitment"]:
            raise ValueError("it is about another file than the challenge")
        denial, admission = question.find(NOT_IN), question.find(IN)
        if value["opening"] is None:
            if denial or not admission:
                raise ValueError("there is no proof that could be empty")
            parts = read_three(admission[1]["proof"])
            shown = [
                bytes(a ^ b for a, b in zip(part, pad_of(salt, place), strict=True))
                for place, part in enumerate(parts)
            ]
            led = self.follow(shown, measure)
            if led and led[0] < admission[0]:
                raise ValueError("the proof leads to a sealed document")
            found = None
        else:
            found = self.follow(read_three(value["opening"]), measure)
            if denial is None or found is None:
                raise ValueError("it shows no document that was denied")
        if found in [each[2] for each in question.disproofs]:
            raise ValueError("the same was shown before")
        question.disproofs.append((index, value, found))

    def follow(self, route: list[bytes], measure: bytes) -> tuple[int, dict] | None:
        header, salt, pages = route
        leaf = hashlib.sha256(b"\x00lightwell.file.v1\n" + salt + measure).digest()
        return self.items.get(hash_parts(b"lightwell.item.v1\n", header, leaf, pages))

    def write_table(
        self,
        find_day: Callable[[int, dict], datetime.date],
        day: datetime.date,
        find_owner: Callable[[str], str | None],
    ) -> list[list[str]]:
        """A row for each challenge that counts on the day, in log order.

        `find_owner(study)` is the company whose own study it is, "" for nobody, None where nobody can tell.
        """
        rows = [self._write_row(name, each, find_day, day, find_owner) for name, each in self.all.items()]
        return [row for row in rows if row]

    def _write_row(self, name, question, find_day, day, find_owner) -> list[str]:  # type: ignore[no-untyped-def]
        def date(found: tuple | None) -> datetime.date | None:
            on = find_day(found[0], found[1]) if found else None
            return on if on and on <= day else None

        company, logged = question.entry["provider"], date((question.index, question.entry))
        if logged is None:
            return []
        handed, denial = date(question.handover), question.find(NOT_IN)
        denied, admitted = date(denial), date(question.find(IN))
        due = handed + DAYS if handed else None
        answered = min((each for each in (denied, admitted) if each), default=None)
        late = max(0, ((answered or day) - due).days) if due else 0
        shown = [
            (found[0] if found else -1, found)
            for index, entry, found in question.disproofs
            if date((index, entry)) and (not found or find_owner(found[1]["study"]) in (None, company))
        ]
        place, found = min(shown, key=lambda each: each[0], default=(None, None))
        later = bool(found and denial and found[0] > denial[0])
        states = [
            ("disproved", place is not None and not later),
            (IN, admitted),
            ("sealed-after-denial", place is not None),
            (NOT_IN, denied),
            ("waits-for-holder", handed is None),
            ("overdue", late),
            ("open", True),
        ]
        state = next(word for word, fits in states if fits)
        named = found[1] if found else None
        if named is None and admitted:
            named = question.find(IN)[1]["place"]
        cells = [logged, handed, due, answered]
        written = [each.isoformat() if each else "" for each in cells]
        where = [named["study"], str(named["item"])] if named else ["", ""]
        return [name, company, state, *written, str(late), denied.isoformat() if denied else "", *where]


def write_sentences(rows: list[list[str]]) -> list[str]:
    """What a verdict says of them."""
    return [
        f"challenge {name} to {company}: {state}"
        + (f", {late} days late" if late != "0" else "")
        + (f", denied on {denied}" if denied else "")
        + (f", document {item} of {study}" if study else "")
        for name, company, state, _, _, _, _, late, denied, study, item in rows
    ]


def hash_parts(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()


def pad_of(salt: bytes, place: int) -> bytes:
    return hashlib.sha256(b"lightwell.challenge-pad.v1\n" + salt + bytes([place])).digest()


def read_hex(text: object) -> bytes:
    if not isinstance(text, str) or not re.fullmatch("[0-9a-f]{64}", text, re.ASCII):
        raise ValueError("a hash or a salt has 64 hex digits")
    return bytes.fromhex(text)


def read_three(value: object) -> list[bytes]:
    if not isinstance(value, list) or len(value) != 3:
        raise ValueError("a route has three values")
    return [read_hex(each) for each in value]


def read_owner(record: dict | None) -> str | None:
    """The company whose own study a record describes; "" for nobody, None without a record."""
    if record is None:
        return None
    publisher, provider = record["publisher"], record["provider"]
    own = publisher["role"] == "provider" and publisher["id"] == provider["id"]
    return provider["id"] if own else ""

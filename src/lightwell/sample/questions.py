"""Questions to the sample's company about papers: answered, denied, left without an answer, and one lie.

The lie is written past the program, which refuses to deny what lies in the inventory: so would a company have to
write it. Whoever asked shows it to be false once the document is published.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lightwell.actions import challenges, log, proposals
from lightwell.archive import challenge, entry, seal
from lightwell.db.models import Item
from lightwell.sample.timeline import Cast, Step

COMPANY = "larkfield"


@dataclass
class Holder:
    """Somebody who has a file; `id` is that of the question once it is asked."""

    words: bytes | Path
    salt: bytes
    id: str = ""

    def measure(self) -> seal.FileMeasure:
        """Measure the file."""
        data = self.words.read_bytes() if isinstance(self.words, Path) else self.words
        return seal.FileMeasure(hashlib.sha256(data).digest(), len(data))

    def ask(self, now: datetime.datetime) -> None:
        """Log the question, without telling the company which file is meant."""
        sealed = challenge.commit_file(self.salt, self.measure())
        bits = challenge.count_bits(challenges.count_today(now.date()))
        nonce = challenge.find_work(COMPANY, sealed, bits)
        self.id = challenges.ask(provider=COMPANY, commitment=sealed, nonce=nonce, now=now).pk

    def tell(self, now: datetime.datetime) -> None:
        """Ask, and tell the company."""
        self.ask(now)
        challenges.hand_over(name=self.id, salt=self.salt, measure=self.measure(), now=now)


def list_steps(cast: Cast) -> Iterator[Step]:
    """List what is asked and answered, on the sample's days."""
    memo = _hold(1, cast.documents / "earlier/LF-ER-01 memo 2015.pdf")
    draft = _hold(2, cast.documents / "live/LF-LV-02 draft report.pdf")
    strange = _hold(3, b"A paper that no study of Larkfield holds.")
    silent = _hold(4, b"A paper about which nobody at Larkfield ever answers.")
    waiting = _hold(5, b"A paper whose holder does not dare to say which it is.")
    day = datetime.date
    yield Step(day(2026, 2, 16), "is asked about a paper: the memo of 2015", memo.tell)
    yield Step(day(2026, 3, 2), "denies it, falsely", lambda now: _lie(memo, now))
    yield Step(day(2026, 5, 20), "is shown that its denial was false", lambda now: _disprove(cast, memo, now))
    yield Step(day(2026, 4, 20), "is asked about a paper: a draft report", draft.tell)
    yield Step(day(2026, 5, 5), "answers: in its inventory", _answer(cast, draft, challenge.IN_INVENTORY))
    yield Step(day(2026, 4, 1), "is asked about a paper that it does not have", strange.tell)
    yield Step(day(2026, 4, 10), "answers: not in it", _answer(cast, strange, challenge.NOT_IN_INVENTORY))
    yield Step(day(2026, 4, 22), "is asked about a paper and never answers", silent.tell)
    yield Step(day(2026, 5, 28), "is asked by somebody who does not say which paper", waiting.ask)


def _hold(number: int, words: bytes | Path) -> Holder:
    # A sample is the same each time; a holder's own salt comes from dice.
    return Holder(words, hashlib.sha256(f"the sample's question {number}".encode()).digest())


def _answer(cast: Cast, holder: Holder, answer: str) -> Callable[[datetime.datetime], None]:
    def act(now: datetime.datetime) -> None:
        payload = {"challenge": holder.id, "answer": answer, "named": False}
        proposal = proposals.propose(
            actor=cast.publisher, kind="challenge-answer", subject=holder.id, payload=payload, now=now
        )
        proposals.approve(state=cast.state, actor=cast.approver, proposal_id=proposal.pk, now=now)

    return act


def _lie(holder: Holder, now: datetime.datetime) -> None:
    roles = ("publisher", "approver")
    denial = entry.make_challenge_answer(now, holder.id, challenge.NOT_IN_INVENTORY, None, None, roles)
    log.append(entries=[denial])


def _disprove(cast: Cast, holder: Holder, now: datetime.datetime) -> None:
    measure = holder.measure()
    item = Item.objects.get(sha256=measure.digest.hex(), inventory__isnull=False)
    route = challenges.trace_item(cast.state, item)
    challenges.disprove(name=holder.id, salt=holder.salt, measure=measure, route=route, now=now)

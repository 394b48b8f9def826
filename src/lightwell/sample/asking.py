"""The sample's private questions: tables written, prepared, three questions asked, and one answer put on record.

All of it by the code that everybody uses: `engines.preparation`, a ledger with a budget and a part of it for the
sample's researcher, `query.session`, `actions.query_releases`, and two people of the company. What is true on the
invented platform (`tables.Truth`) is printed beside each answer, which nobody could do for real children.
Absent: who may ask; until a panel decides it, the sample's researcher alone does.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from lightwell.actions import datasets, organisations, proposals, query_releases
from lightwell.base import errors
from lightwell.db.models import Disclosure
from lightwell.sample import people, simulation, tables
from lightwell.sample.timeline import Cast, Step

if TYPE_CHECKING:
    from lightwell.cli.answers import Left
    from lightwell.query.codebook import Codebook
    from lightwell.query.ledger import Ledger
    from lightwell.query.release import Release
    from lightwell.query.session import Session

Say = Callable[[str], None]

DATASET = "dat-6axk5dst76s3k1"
GRANT = "sample-researcher"
# The researcher's part of the budget that the codebook names, and the price of each question.
GRANT_EPSILON, EPSILON = 4.0, 0.5
# What preparing pays for each table, from a part of the budget of its own, to know how many rows children have.
PREPARING, PREPARING_EPSILON = "preparation", 0.15
# No weight is larger, so none is cut: the codebook's own bound.
CLAMP = 2.5
PREPARED, ASKED = datetime.date(2026, 8, 19), datetime.date(2026, 8, 21)

LATE = "SELECT age_band, AVG(CASE WHEN hour < 5 THEN 1 ELSE 0 END) AS after_midnight FROM events GROUP BY age_band"
OFTEN = (
    "SELECT alerts, AVG(CASE WHEN nights > 3 THEN 1 ELSE 0 END) AS share_with_more_than_3_nights FROM ("
    "SELECT child, alerts, COUNT_IF(hour < 5 AND day >= 14) AS nights FROM events GROUP BY child, alerts"
    ") AS each_child GROUP BY alerts"
)
LOW, WEIGHTS, LAST_WEEK = "m1 >= 4", "weight", "wave = 4"

TITLE = "Fewer children are up after midnight where Larkfield sends no alerts at night"
SUMMARY = (
    "Share of children who used Larkfield after midnight in more than three nights of two weeks. In those weeks half of "
    "the children, drawn by tossing a coin, got no alerts from 22:00 to 06:00, so the difference comes from the "
    "alerts. Noise was added so that the numbers tell of no one child. This world is invented, so what is true in it is "
    "known: {usual:.4f} and {quiet:.4f}."
)


@dataclass(frozen=True)
class Figure:
    """One number of an answer, its interval, and what is true of the invented children."""

    name: str
    value: float
    low: float
    high: float
    truth: float

    @property
    def holds(self) -> bool:
        """Whether the interval holds what is true."""
        return self.low <= self.truth <= self.high


@dataclass
class Asking:
    """The sample's data set while the story is played: first `prepare`, then `ask`. `lines` are for the reader, later."""

    cast: Cast
    home: Path
    say: Say
    children: int = simulation.FULL
    truth: tables.Truth | None = None
    record: str = ""
    figures: list[Figure] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    is_introduced: bool = False

    def list_steps(self) -> Iterator[Step]:
        """List what happens to the data set, after its record names its codebook."""
        yield Step(PREPARED, "prepares its data set for private questions", self.prepare)
        yield Step(ASKED, "answers three private questions and puts one answer on record", self.ask)

    def prepare(self, now: datetime.datetime) -> None:
        """Write the two tables, prepare them, and open the children's budget with the researcher's part."""
        from lightwell.engines import preparation
        from lightwell.query import cost

        book = self._read_codebook()
        columns = {name: [book.tables[name].unit, *book.tables[name].columns] for name in tables.NAMES}
        folder = self.home / "tables"
        folder.mkdir()
        self.truth = tables.write_tables(folder, columns, children=self.children)
        self.say(
            f"wrote {self.truth.events:,} rows of what {self.truth.children:,} invented children did, "
            "and their answers to a survey"
        )
        place = datasets.place_data(self.cast.state, book)
        place.parent.mkdir(exist_ok=True)
        with Console(stderr=True).status("preparing") as status:
            preparation.prepare(
                {name: folder / f"{name}.parquet" for name in tables.NAMES},
                book,
                place,
                memory=tables.MEMORY,
                report=lambda step: status.update(f"preparing: {step}"),
            )
        self.say("prepared them, ranked within each child, so that each answer comes in a second")
        ledger = self._open_ledger(is_new=True)
        try:
            by = self._find_pair().approver.get_username()
            budget = book.budget
            cap = cost.make_cap(budget["epsilon"], budget["delta"])
            ledger.open_population(book.population, cap, by=by)
            part = cost.make_cap(GRANT_EPSILON, budget["delta"])
            ledger.open_grant(book.population, GRANT, part, by=by)
            self._buy(place, book, ledger, by)
        finally:
            ledger.close()

    def _buy(self, place: Path, book: Codebook, ledger: Ledger, by: str) -> None:
        """Buy how many rows children have, once, so that each answer says what its bound leaves out."""
        from lightwell.engines import preparation, sessions
        from lightwell.query import cost, truncation

        rho = cost.find_rho(PREPARING_EPSILON, book.delta)
        part = cost.Cost(rho * len(tables.NAMES), 0)
        ledger.open_grant(book.population, PREPARING, part, by=by)
        engine = sessions.open_prepared(place, book)
        bought = preparation.buy_histograms(engine, ledger, epsilon=PREPARING_EPSILON, grant=PREPARING)
        self.lines += ["", "Preparing bought once how many rows children have:"]
        for name, histogram in bought.items():
            told = truncation.describe_truncation(histogram, book.tables[name].rows_per_child)
            self.lines += [
                f"charge: epsilon {PREPARING_EPSILON:g} at delta {book.delta:g} "
                f"({cost.format_rho(histogram.nano_rho)} rho), for good, for {name}",
                truncation.tell_truncation(told),
            ]

    def ask(self, now: datetime.datetime) -> None:
        """Ask the three questions, and publish the second's answer as the company's two people."""
        from lightwell.cli import answers
        from lightwell.engines import sessions
        from lightwell.query.session import Session

        book, truth = self._read_codebook(), self.truth
        assert truth is not None, "prepare comes first"
        ledger = self._open_ledger(is_new=False)
        try:
            engine = sessions.open_prepared(datasets.place_data(self.cast.state, book), book)
            session = Session(engine, book, ledger, grant=GRANT)

            def left(release: Release) -> answers.Left:
                return answers.make_left(ledger.read_balance(book.population), GRANT, book, release)

            late = session.sql(LATE, epsilon=EPSILON)
            self._tell("How much of what children do on Larkfield begins after midnight?", LATE)
            self._show(answers.write_answer(late, left(late)), _list_figures(late, "age_band", truth.late))
            often = session.sql(OFTEN, epsilon=EPSILON)
            self._tell("Do alerts at night keep children up? A coin decided who got none.", OFTEN)
            self._show(answers.write_answer(often, left(often)), _list_figures(often, "alerts", truth.often))
            self._ask_survey(session, left)
            self.record = self._publish(often, truth, ledger, book, now)
        finally:
            ledger.close()
        held, count = sum(each.holds for each in self.figures), len(self.figures)
        self.lines += [
            "",
            f"{held} of {count} ranges hold what is true; 95 of 100 do. Only an invented world has a truth to look up: it "
            "was planted by src/lightwell/sample/simulation.py, and nobody can look it up for real children.",
            f"The second answer is on record: /records/{self.record}/; the data set: /datasets/{DATASET}/try/",
        ]

    def _ask_survey(self, session: Session, left: Callable[[Release], Left]) -> None:
        from lightwell.cli import answers

        assert self.truth is not None
        found = session.survey_share(
            LOW, "survey", weights=WEIGHTS, clamp=CLAMP, epsilon=EPSILON, where=LAST_WEEK
        )
        if found.share is None:
            raise errors.Damaged("the survey of the sample has too few children for its share")
        self._tell(
            "Which share of children felt low several times a week or more?",
            f"survey_share({LOW!r}, 'survey', weights={WEIGHTS!r}, clamp={CLAMP}, where={LAST_WEEK!r})",
        )
        low, high = found.noise_and_sampling
        self._show(
            answers.write_share(found, left(found.release)),
            [Figure("all children", found.share, low, high, self.truth.low)],
        )

    def _publish(
        self, answer: Release, truth: tables.Truth, ledger: Ledger, book: Codebook, now: datetime.datetime
    ) -> str:
        dataset = Disclosure.objects.newest().get(record=DATASET)
        pair = self._find_pair()
        ready = query_releases.prepare_answer(
            state=self.cast.state,
            answer=answer,
            dataset=dataset,
            said=query_releases.Said(TITLE, SUMMARY.format_map(truth.often), ["sleep"]),
            publisher=organisations.find_own(pair.publisher),
            now=now,
        )
        proposal = proposals.propose(
            actor=pair.publisher, kind=ready.kind, subject=ready.subject, payload=ready.payload, now=now
        )
        proposals.approve(state=self.cast.state, actor=pair.approver, proposal_id=proposal.pk, now=now)
        ledger.publish(book.population, answer.id, by=pair.approver.get_username())
        return ready.subject

    def _tell(self, question: str, text: str) -> None:
        if not self.is_introduced and self.truth is not None:
            self.is_introduced = True
            self.lines.append(
                f"\nThree private questions about {self.truth.children:,} children and {self.truth.events:,} rows of what "
                "they did, all of it sample data: no child exists."
            )
        self.lines += ["", question, f"  {text}"]

    def _show(self, answer: str, figures: list[Figure]) -> None:
        listed = ", ".join(
            f"{each.name} {each.truth:.4f} ({'inside' if each.holds else 'outside'})" for each in figures
        )
        self.lines += [answer, f"true of the invented children: {listed}"]
        self.figures += figures

    def _read_codebook(self) -> Codebook:
        found = datasets.find_dataset(self.cast.state, DATASET)
        if found is None:
            raise errors.Damaged(f"the sample's data set {DATASET} is not on record with a codebook")
        return found.codebook

    def _find_pair(self) -> people.Pair:
        company = Disclosure.objects.newest().get(record=DATASET).read_record().publisher
        return people.hire_pair(
            self.cast.state, {"id": company.id, "role": company.role, "name": company.name}
        )

    def _open_ledger(self, *, is_new: bool) -> Ledger:
        from lightwell.engines import ledger_stores

        place = datasets.place_ledger(self.cast.state)
        return ledger_stores.open_ledger(place, is_new=is_new, clock=self.cast.state.read_now)


def _list_figures(release: Release, key: str, truth: Mapping[str, float]) -> list[Figure]:
    (measure,) = (name for name in release.columns if name != key)
    found = []
    for row, ends in zip(release.rows, release.intervals, strict=True):
        low, high = ends[measure] or (None, None)
        found.append(
            Figure(
                str(row[key]),
                float(row[measure]),
                float("-inf") if low is None else float(low),
                float("inf") if high is None else float(high),
                truth[row[key]],
            )
        )
    return found

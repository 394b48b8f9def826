"""The five asks of the letter and what a company has answered: what there is, what is missing, days late.

An ask is never "answered" because one record exists: each answer says how many services it covers, what is
missing and how late the latest promise is. Only what the company published about itself counts.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lightwell.actions.overview import Overview, ProviderView
from lightwell.base import disclosure
from lightwell.base.canonical import Json
from lightwell.files import data

# Each ask in everyday words: a name, and what was asked for.
ASKS = {
    1: (
        "Research on children",
        "All research on children's well-being, and the data for others to check it.",
    ),
    2: ("Child sexual abuse", "Its findings on how its services help abuse to happen or spread."),
    3: ("Risk assessments", "The risk assessment of every service that children use."),
    4: ("Product reviews", "Its internal reviews of products: who looked, at what, and what was decided."),
    5: ("Encryption", "A review of what it means for children when nobody else can read the messages."),
}


@dataclass(frozen=True, slots=True)
class Point:
    """One sentence, and the place it leads to: ("study", id), ("record", id), ("late", slug) or nothing."""

    text: str
    place: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a company has answered to one ask; `late_days` is its longest broken promise, 0 for none."""

    number: int
    name: str
    asked: str
    has: tuple[Point, ...]
    missing: tuple[Point, ...]
    late_days: int
    by_others: tuple[Point, ...] = ()
    covered: tuple[str, ...] = field(default_factory=tuple)
    services: int = 0

    @property
    def squares(self) -> list[tuple[int, bool]]:
        """One square for each service, those covered first: its place in pixels, and whether it is full."""
        return [(16 * k + 1, k < len(self.covered)) for k in range(max(self.services, len(self.covered)))]


def list_answers(overview: Overview, provider: ProviderView) -> list[Answer]:
    """Answer each ask in turn for one company."""
    return [
        _answer_research(overview, provider, 1),
        _answer_research(overview, provider, 2),
        _answer_risks(overview, provider),
        _answer_reviews(overview, provider, 4, "reputational-review"),
        _answer_reviews(overview, provider, 5, "encryption-review"),
    ]


def count(number: int, one: str, many: str = "") -> str:
    """Write "1 study", "3 studies"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def is_current(record: disclosure.Disclosure, day: datetime.date) -> bool:
    """Answer whether a risk assessment is final and its next one is not due yet."""
    dates = record.body.get("dates")
    following = str(dates.get("next") or "") if isinstance(dates, dict) else ""
    return record.body.get("status") != "draft-for-consultation" and following >= day.isoformat()


def list_asks(record: disclosure.Disclosure) -> list[int]:
    """Return the numbers of the asks that a record says it answers to."""
    asks = record.body.get("asks")
    return [each for each in asks if isinstance(each, int)] if isinstance(asks, list) else []


def _answer_research(overview: Overview, provider: ProviderView, ask: int) -> Answer:
    studies = [each for each in provider.own_studies if each.record and ask in list_asks(each.record)]
    has: list[Point] = []
    missing: list[Point] = []
    if studies:
        total = sum(len(each.documents) for each in studies)
        pages = sum(each.account.published + each.account.hidden for each in studies)
        promised = sum(each.account.promised for each in studies)
        full = sum(each.in_full for each in studies)
        has.append(
            Point(
                f"{count(len(studies), 'study', 'studies')} with {count(total, 'document')}: "
                f"{pages:,} of {count(promised, 'promised page')} published",
                ("studies", provider.slug),
            )
        )
        in_full = Point(
            f"{full or 'none'} of them published in full".capitalize(), ("studies", provider.slug)
        )
        (has if full else missing).append(in_full)
    for kind, text in (
        ("dataset", "dataset"),
        ("access-decision", "decision on access"),
        ("figures-edition", "set of figures"),
    ):
        rows = [each for each in provider.own_records if each.kind == kind and ask in list_asks(each)]
        if rows:
            plural = {"decision on access": "decisions on access", "set of figures": "sets of figures"}
            has.append(Point(count(len(rows), text, plural.get(text, "")), _place(provider, rows)))
    covered = _cover(provider, [each.record for each in studies if each.record])
    for study in studies:
        if study.late:
            name = _title(study.record)
            missing.append(
                Point(
                    f"{count(len(study.late), 'document')} of “{name}” past the promised date",
                    ("study", study.id),
                )
            )
        if study.broken:
            locked = "nothing published" if study.documents else "nothing locked in"
            waited = count(study.broken.lateness.strict_days, "day")
            missing.append(
                Point(f"“{_title(study.record)}”: {locked}, {waited} after the promise", ("study", study.id))
            )
        waiting = [each for each in study.documents if each.review_days]
        if waiting:
            missing.append(
                Point(
                    f"{count(len(waiting), 'document')} of “{_title(study.record)}” held back past the day "
                    "on which the reason should have been looked at again",
                    ("held", provider.slug),
                )
            )
    held = sum(each.account.held for each in studies)
    if held:
        missing.append(
            Point(f"{count(held, 'page')} held back, each for a legal reason", ("held", provider.slug))
        )
    if not studies:
        missing.append(Point("No study at all"))
    missing += _name_uncovered(provider, covered, "No study of")
    if ask == 1 and not provider.list_own("dataset"):
        missing.append(Point("No data that others may ask questions of"))
    if ask == 2 and not provider.list_own("figures-edition"):
        missing.append(Point("No published figures"))
    late = max((each.days_late for each in studies), default=0)
    return _answer(ask, provider, has, missing, late, covered)


def _answer_risks(overview: Overview, provider: ProviderView) -> Answer:
    rows = provider.list_own("risk-assessment")
    current = [each for each in rows if is_current(each, overview.day)]
    covered = _cover(provider, current)
    has, missing, late = [], [], 0
    if rows:
        verb = "has" if len(covered) == 1 else "have"
        text = f"{_count_covered(covered, provider)} {verb} a current risk assessment"
        has.append(Point(text, _place(provider, rows)))
        has += [Point(_title(each), ("record", each.id)) for each in rows]
    else:
        missing.append(Point("No risk assessment of any service"))
    for each in rows:
        dates = each.body.get("dates")
        following = str(dates.get("next") or "") if isinstance(dates, dict) else ""
        if following and following < overview.day.isoformat():
            days = (overview.day - datetime.date.fromisoformat(following)).days
            late = max(late, days)
            missing.append(
                Point(f"“{_title(each)}” should have been renewed {days} days ago", ("record", each.id))
            )
    missing += _name_uncovered(provider, covered, "No current assessment of") if rows else []
    return _answer(3, provider, has, missing, late, covered)


def _answer_reviews(overview: Overview, provider: ProviderView, ask: int, kind: str) -> Answer:
    rows = provider.list_own(kind)
    covered = _cover(provider, rows)
    has, missing, late = [], [], 0
    name = "review" if ask == 4 else "review of encryption"
    if rows:
        plural = "reviews" if ask == 4 else "reviews of encryption"
        has.append(
            Point(
                f"{count(len(rows), name, plural)}, about {_count_covered(covered, provider)}",
                _place(provider, rows),
            )
        )
    else:
        missing.append(
            Point(
                "No review of any product" if ask == 4 else "No review of what encryption means for children"
            )
        )
    for each in rows:
        held = len(each.withheld)
        if held:
            missing.append(
                Point(
                    f"{count(held, 'answer')} held back in “{_title(each)}”, each for a legal reason",
                    ("record", each.id),
                )
            )
        unread = len(_list(each.body.get("research_not_consulted")))
        if unread:
            missing.append(
                Point(
                    f"{count(unread, 'known piece')} of its own research not looked at in “{_title(each)}”",
                    ("record", each.id),
                )
            )
        outcome = each.body.get("outcome")
        due = str(outcome.get("due") or "") if isinstance(outcome, dict) else ""
        if (
            isinstance(outcome, dict)
            and due
            and not outcome.get("checked_on")
            and due < overview.day.isoformat()
        ):
            days = (overview.day - datetime.date.fromisoformat(due)).days
            late = max(late, days)
            missing.append(
                Point(f"The later check of “{_title(each)}” was due {days} days ago", ("record", each.id))
            )
    missing += _name_uncovered(provider, covered, "No review of") if rows else []
    return _answer(ask, provider, has, missing, late, covered)


def _answer(
    ask: int,
    provider: ProviderView,
    has: Sequence[Point],
    missing: Sequence[Point],
    late: int,
    covered: Sequence[str],
) -> Answer:
    others = _leave_newest_editions([each for each in provider.other_records if ask in list_asks(each)])
    by_others = tuple(
        Point(
            f"{_title(each)} ({each.publisher.name}"
            + (f"; and {count(earlier, 'earlier edition')})" if earlier else ")"),
            ("record", each.id),
        )
        for each, earlier in others
    )
    name, asked = ASKS[ask]
    return Answer(
        ask, name, asked, tuple(has), tuple(missing), late, by_others, tuple(covered), len(provider.services)
    )


def _leave_newest_editions(
    rows: Iterable[disclosure.Disclosure],
) -> list[tuple[disclosure.Disclosure, int]]:
    """Leave the newest edition of figures of one publisher and layout, with how many older there are."""
    held: dict[object, list[disclosure.Disclosure]] = {}
    for each in rows:
        layout = each.body.get("mapping") if each.kind == "figures-edition" else None
        name = layout.get("name") if isinstance(layout, dict) and layout.get("digest") else None
        held.setdefault((each.publisher.id, name) if name else each.id, []).append(each)
    return [(max(group, key=_read_last), len(group) - 1) for group in held.values()]


def _read_last(record: disclosure.Disclosure) -> str:
    """Read the last month that a record of figures covers; nothing for any other."""
    span = record.body.get("period")
    return str(span.get("to") or "") if isinstance(span, dict) else ""


def _cover(provider: ProviderView, rows: Iterable[disclosure.Disclosure]) -> list[str]:
    named = {service.id for each in rows for service in each.services}
    return [service.id for service in provider.services if service.id in named]


def _count_covered(covered: Sequence[str], provider: ProviderView) -> str:
    return f"{len(covered)} of {count(len(provider.services), 'service')}"


def _name_uncovered(provider: ProviderView, covered: Sequence[str], lead: str) -> list[Point]:
    names = [service.name for service in provider.services if service.id not in covered]
    if not names or len(names) == len(provider.services):
        return []
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    return [Point(f"{lead} {listed}")]


def _place(provider: ProviderView, rows: Sequence[disclosure.Disclosure]) -> tuple[str, str]:
    return ("record", rows[0].id) if len(rows) == 1 else ("company", provider.slug)


def _title(record: disclosure.Disclosure | None) -> str:
    return str(record.body.get("title") or record.id) if record else "a study whose words were removed"


def _list(value: Json) -> list[dict[str, Json]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def read_letter() -> dict[str, Json]:
    """Return the letter of October 2021."""
    return data.read_letter()

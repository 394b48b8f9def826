"""Two people and the example drafts, proposed by one and approved by the other."""

import datetime
import json

from lightwell.actions import drafts, people, proposals
from lightwell.db.models import Disclosure, Person, Proposal
from lightwell.files import data, yaml_lines
from lightwell.files.state import State

NOON = datetime.time(12, tzinfo=datetime.UTC)


def make_people() -> tuple[Person, Person]:
    return people.add_person(name="ana", roles=["publisher"]), people.add_person(
        name="ben", roles=["approver"]
    )


def at(date: str) -> datetime.datetime:
    return datetime.datetime.combine(datetime.date.fromisoformat(date), NOON)


def read_value(name: str) -> dict:
    return yaml_lines.parse_document(data.read_example(name), f"{name}.yaml").value


def make_document(value: dict, name: str = "draft.yaml") -> yaml_lines.Document:
    # JSON is YAML, one field a line, so that lines can be told apart.
    return yaml_lines.parse_document(json.dumps(value, indent=1).encode(), name)


def list_files(value: dict) -> list[drafts.File]:
    titles = [each["title"] for each in value.get("attachments", [])]
    return [drafts.File(title, data.read_example_attachment(title)) for title in titles]


def propose(state: State, actor: Person, value: dict, now: datetime.datetime) -> Proposal:
    prepared = drafts.prepare_draft(
        state=state, document=make_document(value), files=list_files(value), now=now
    )
    return proposals.propose(
        actor=actor, kind=prepared.kind, subject=prepared.subject, payload=prepared.payload, now=now
    )


class Desk:
    """A state folder and its two people."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.ana, self.ben = make_people()

    def disclose(self, value: dict, now: datetime.datetime | None = None) -> Disclosure:
        now = now or at(value["date"])
        proposal = propose(self.state, self.ana, value, now)
        self.approve(proposal, now)
        return Disclosure.objects.filter(record=proposal.subject).order_by("-version").first()

    def disclose_examples(self, until: str = "9999") -> list[Disclosure]:
        values = [read_value(name) for name in data.list_examples()]
        dated = sorted(values, key=lambda value: (value["date"], value.get("version", 1)))
        return [self.disclose(value) for value in dated if value["date"] <= until]

    def lift(self, record: str, places: list[str], now: datetime.datetime) -> Disclosure:
        self.do("lift", record, {"record": record, "fields": places}, now)
        return Disclosure.objects.filter(record=record).order_by("-version").first()

    def withdraw(self, record: str, ground: str, now: datetime.datetime, version: int | None = None) -> None:
        self.do("withdrawal", record, {"record": record, "version": version, "ground": ground}, now)

    def do(self, kind: str, subject: str, payload: dict, now: datetime.datetime) -> None:
        proposal = proposals.propose(actor=self.ana, kind=kind, subject=subject, payload=payload, now=now)
        self.approve(proposal, now)

    def approve(self, proposal: Proposal, now: datetime.datetime) -> None:
        proposals.approve(state=self.state, actor=self.ben, proposal_id=proposal.pk, now=now)

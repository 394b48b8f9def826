"""Two people and the example drafts, proposed by one and approved by the other."""

import datetime
import json

from lightwell.actions import drafts, organisations, people, proposals
from lightwell.db.models import Disclosure, Organisation, Person, Proposal
from lightwell.files import data, yaml_lines
from lightwell.files.state import State

NOON = datetime.time(12, tzinfo=datetime.UTC)


LARKFIELD = {"id": "larkfield", "role": "provider", "name": "Larkfield (sample)"}


def find_organisation(publisher: dict = LARKFIELD) -> Organisation:
    found = Organisation.objects.filter(pk=publisher["id"]).first()
    return found or organisations.add_organisation(
        by="test", slug=publisher["id"], role=publisher["role"], name=publisher["name"]
    )


def make_people(
    publisher: dict = LARKFIELD, names: tuple[str, str] = ("ana", "ben")
) -> tuple[Person, Person]:
    organisation = find_organisation(publisher)
    proposer, approver = (
        people.add_person(name=name, roles=[role], organisation=organisation)
        for name, role in zip(names, ("publisher", "approver"), strict=True)
    )
    return proposer, approver


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
    """A state folder and two people of each publisher; ana and ben are Larkfield's."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.ana, self.ben = make_people()
        self.pairs = {"larkfield": (self.ana, self.ben)}

    def find_pair(self, publisher: dict) -> tuple[Person, Person]:
        slug = publisher["id"]
        if slug not in self.pairs:
            self.pairs[slug] = make_people(publisher, (f"{slug}-ana", f"{slug}-ben"))
        return self.pairs[slug]

    def disclose(self, value: dict, now: datetime.datetime | None = None) -> Disclosure:
        now = now or at(value["date"])
        proposal = propose(self.state, self.find_pair(value["publisher"])[0], value, now)
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
        owner = organisations.find_owner(subject) or "larkfield"
        actor = self.pairs.get(owner, (self.ana, self.ben))[0]
        proposal = proposals.propose(actor=actor, kind=kind, subject=subject, payload=payload, now=now)
        self.approve(proposal, now)

    def approve(self, proposal: Proposal, now: datetime.datetime) -> None:
        approver = self.pairs[proposal.organisation_id][1] if proposal.organisation_id else self.ben
        proposals.approve(state=self.state, actor=approver, proposal_id=proposal.pk, now=now)

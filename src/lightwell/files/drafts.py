"""Drafts: a record written by hand in YAML, read, checked and made ready to publish.

A draft is the envelope and the body as in `base/disclosure`, with four freedoms: `id`,
`version` and `supersedes` may be left out and are given when it is published, `schema` may be
left out and means the newest, attachments may be left out, and `hold_back` lists fields to
hold back:

    hold_back:
      - field: /body/people/2/function
        ground: junior-staff
        expires: 2027-03-31
        decided_by: approver
        repeats_accepted: false      # true when a person has looked at the same words elsewhere

Nothing is written or published here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import yaml

from lightwell.base import disclosure, errors, fields, ground, withholding
from lightwell.base.canonical import Json
from lightwell.files import data, schemas, yaml_lines

# The letter went to Facebook, whose company took the name Meta the same month.
ADDRESSEE = ("meta", "Meta (Facebook in October 2021)")
_HOLD_BACK = ("field", "ground", "expires", "decided_by", "repeats_accepted")


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked draft: the full record, nothing held back yet, and what is to be held back."""

    record: disclosure.Disclosure
    decisions: tuple[withholding.Decision, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a new draft goes: its id, its version, and the digest of the version before it."""

    id: str
    version: int = 1
    supersedes: str | None = None


def parse_draft(document: yaml_lines.Document, slot: Slot) -> Draft:
    """Check a YAML document; what the draft says itself about id, version, supersedes stands."""
    draft, problems = inspect_draft(document, slot)
    if problems or draft is None:
        raise place_problems(document, problems)
    return draft


def format_letter() -> str:
    """Return a draft of the open letter of October 2021 in YAML, without who puts it here and when."""
    value: dict[str, Json] = {
        "kind": "letter",
        "publisher": {"id": None, "role": "campaign-group", "name": None},
        "provider": dict(zip(("id", "name"), ADDRESSEE, strict=True)),
        "services": [],
        "language": "en",
        "date": None,
        "body": data.read_letter(),
    }
    return (
        "# The open letter of October 2021. Fill in who puts it here (publisher: a short id such as\n"
        "# our-coalition, a role, the public name) and the date; then: lightwell disclose FILE --as NAME\n"
        + yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)
    )


def inspect_draft(document: yaml_lines.Document, slot: Slot) -> tuple[Draft | None, list[errors.Problem]]:
    """Read a document as far as it goes: the draft, if its envelope holds, and every problem by pointer."""
    value = document.value
    if not isinstance(value, dict):
        return None, [errors.Problem("", "a draft is a list of fields such as kind:")]
    record = {name: item for name, item in value.items() if name != "hold_back"}
    record.setdefault("id", slot.id)
    record.setdefault("version", slot.version)
    record.setdefault("supersedes", slot.supersedes)
    kind = record.get("kind")
    if isinstance(kind, str) and kind in data.list_kinds():
        record.setdefault("schema", data.list_versions(kind)[-1])
    problems: list[errors.Problem] = []
    parsed: disclosure.Disclosure | None = None
    try:
        parsed = disclosure.parse_disclosure(record)
    except errors.UserMistake as error:
        problems += error.problems
    problems += _find_body_problems(record)
    decisions, more = _take_decisions(value, str(record.get("date") or ""))
    return (Draft(parsed, decisions) if parsed else None), problems + more


def place_problems(document: yaml_lines.Document, problems: Iterable[errors.Problem]) -> errors.UserMistake:
    """Make one mistake of problems found by pointer, in the order of the document's lines, each once."""
    placed = {errors.Problem(document.format_place(each.place), each.sentence): each for each in problems}
    order = sorted(placed, key=lambda problem: document.find_line(placed[problem].place))
    return errors.UserMistake(problems=order)


def _find_body_problems(record: dict[str, Json]) -> list[errors.Problem]:
    kind, version, body = record.get("kind"), record.get("schema"), record.get("body")
    if kind not in data.list_kinds() or not isinstance(body, dict):
        return []
    if isinstance(version, bool) or version not in data.list_versions(kind):
        known = ", ".join(str(each) for each in data.list_versions(kind))
        return [errors.Problem("/schema", f"the kind {kind} has the schema versions {known}")]
    return schemas.find_problems(kind, version, body)


def _take_decisions(
    value: dict[str, Json], date: str
) -> tuple[tuple[withholding.Decision, ...], list[errors.Problem]]:
    reader = fields.Reader(value)
    decisions = []
    for place in reader.list_places("/hold_back"):
        reader.check_object(place, _HOLD_BACK)
        decision = withholding.Decision(
            reader.take_text(place, "field", fields.check_body_pointer),
            reader.take_text(place, "ground", fields.check_slug),
            reader.take_text(place, "expires", fields.check_date),
            reader.take_text(place, "decided_by", fields.check_slug),
            reader.find(place, "repeats_accepted") is True,
        )
        if reader.find(place, "repeats_accepted") not in (None, True, False):
            reader.report(f"{place}/repeats_accepted", "repeats_accepted is true or false")
        if not any(problem.place.startswith(place) for problem in reader.problems):
            try:
                ground.check_use(
                    data.read_grounds(), decision.ground, "field", decision.decided_by, date, decision.expires
                )
            except errors.UserMistake as error:
                reader.problems += [errors.Problem(place, each.sentence) for each in error.problems]
        decisions.append(decision)
    return tuple(decisions), reader.problems

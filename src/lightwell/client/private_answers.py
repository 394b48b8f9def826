"""Private answers of a bundle: each record against the bytes of the answer attached to it.

A record of the kind query-release states numbers, likely ranges and costs that the query engine gave out; the
bytes are in the bundle, so anybody can find out whether the record says the same, and whether a record of the
data set names the same codebook. That the engine gave out these bytes and no others (their id is of question
and price, not of numbers), that the noise was drawn, and that the data were right, no bytes can show, and the
verdict says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lightwell.base import disclosure, errors
from lightwell.base.canonical import Json
from lightwell.client.bundle import Bundle, PlacedRefusal, name_place
from lightwell.client.records import Records, name_record
from lightwell.query import statement

UNPROVEN = (
    "that the bytes of private answers are those that the query engine gave out, that the noise of private "
    "answers was drawn as their records say, that the data behind them were right, or that no other answer "
    "was given and not published; that the question beside an answer is the one that was asked, which its id "
    "shows to whoever has lightwell[query]"
)


@dataclass
class Compared:
    """What was compared: answers and numbers; and those whose data set names no such codebook here."""

    answers: int = 0
    numbers: int = 0
    alone: list[str] = field(default_factory=list)


def check_answers(bundle: Bundle, records: Records) -> Compared:
    """Compare every answer with its record; refused by the record's place where they say something else."""
    found = Compared()
    for digest, record in records.disclosures.items():
        if record.kind != statement.KIND:
            continue
        with name_place(name_record(digest)):
            data = _read_file(bundle, record)
            if problems := statement.find_problems(record.body, data):
                raise errors.Refused(str(problems[0])[:400])
            found.answers += 1
            found.numbers += len(record.body["numbers"])
            if not _find_codebook(record, records):
                found.alone.append(record.id)
    return found


def describe_compared(found: Compared) -> list[str]:
    """Say what was proven of private answers, for the verdict."""
    if not found.answers:
        return []
    count = f"{found.answers:,} private answer{'' if found.answers == 1 else 's'}"
    return [
        f"{count} with {found.numbers:,} numbers: each record states what the answer attached to it says, "
        "published then and not changed since"
    ]


def describe_unproven(found: Compared) -> list[str]:
    """Say what no bytes show of private answers, and which cannot be held beside their data set."""
    if not found.answers:
        return []
    lines = [UNPROVEN]
    lines += [
        f"by which codebook {each} was answered: no record of its data set here names it"
        for each in found.alone
    ]
    return lines


def format_compared(found: Compared) -> dict[str, Json]:
    """Return what was compared as a JSON object for programs."""
    return {"answers": found.answers, "numbers": found.numbers, "without_codebook": list(found.alone)}


def _read_file(bundle: Bundle, record: disclosure.Disclosure) -> bytes:
    digest = record.body.get("file")
    if digest not in [each.digest for each in record.attachments]:
        raise errors.Refused("it names an answer that is not attached to it")
    path = f"files/{str(digest).removeprefix('sha256:')}"
    if not bundle.has(path):
        raise PlacedRefusal(path, "the bytes of this answer are missing")
    return bundle.read(path)


def _find_codebook(record: disclosure.Disclosure, records: Records) -> bool:
    named, about = record.body.get("codebook"), record.body.get("dataset")
    dataset = about.get("id") if isinstance(about, dict) else None
    return any(
        each.id == dataset
        and isinstance(each.body.get("codebook"), dict)
        and isinstance(named, dict)
        and all(each.body["codebook"].get(name) == named.get(name) for name in ("name", "version", "digest"))
        for each in records.disclosures.values()
    )

"""Private answers of a bundle: each record against the bytes of the answer attached to it.

A record of the kind query-release states numbers, likely ranges and costs that the query engine gave out; the
bytes are in the bundle, so anybody can find out whether the record says the same, and whether a record of the
data set names the same codebook. What a record of a data set states of its codebook is held beside the
attached file where the caller brings a reader of YAML, which the plain install has not. That the engine gave
out these bytes and no others (their id is of question and price, not of numbers), that the noise was drawn,
and that the data were right, no bytes can show, and the verdict says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lightwell.base import disclosure, errors
from lightwell.base.canonical import Json
from lightwell.client.bundle import Bundle, PlacedRefusal, name_place
from lightwell.client.records import Records, name_record
from lightwell.query import statement

# From the bytes of a codebook to its name, version and digest; UserMistake for what is no codebook.
ReadCodebook = Callable[[bytes], Mapping[str, str]]
_DATASET, _ARTICLES = "dataset", {"answer": "an", "codebook": "a"}
_STATED = ("name", "version", "digest")
UNPROVEN = (
    "that the bytes of private answers are those that the query engine gave out, that the noise of private "
    "answers was drawn as their records say, that the data behind them were right, or that no other answer "
    "was given and not published; that the question beside an answer is the one that was asked, which its id "
    "shows to whoever has lightwell[query]"
)


@dataclass
class Compared:
    """What was compared: answers, numbers and codebooks; the answers whose data set names no such codebook
    here, and the records whose codebook was not read.
    """

    answers: int = 0
    numbers: int = 0
    alone: list[str] = field(default_factory=list)
    codebooks: int = 0
    unread: list[str] = field(default_factory=list)


def check_answers(bundle: Bundle, records: Records, read_codebook: ReadCodebook | None = None) -> Compared:
    """Compare every answer and every codebook with its record; refused by the record's place where they say
    something else.
    """
    found = Compared()
    for digest, record in records.disclosures.items():
        if record.kind != statement.KIND:
            with name_place(name_record(digest)):
                _check_codebook(bundle, record, read_codebook, found)
            continue
        with name_place(name_record(digest)):
            data = _read_attached(bundle, record, record.body.get("file"), "answer")
            if problems := statement.find_problems(record.body, data):
                raise errors.Refused(str(problems[0])[:400])
            found.answers += 1
            found.numbers += len(record.body["numbers"])
            if not _find_codebook(record, records):
                found.alone.append(record.id)
    return found


def _check_codebook(
    bundle: Bundle, record: disclosure.Disclosure, read_codebook: ReadCodebook | None, found: Compared
) -> None:
    """Hold what a record of a data set states of its codebook beside the file attached to it."""
    named = record.body.get("codebook")
    if record.kind != _DATASET or not isinstance(named, dict):
        return
    if read_codebook is None:
        found.unread.append(f"{record.id}, version {record.version}")
        return
    data = _read_attached(bundle, record, named.get("file"), "codebook")
    try:
        attached = read_codebook(data)
    except errors.UserMistake as error:
        raise errors.Refused(
            f"the codebook attached to it cannot be read: {error.problems[0]}"[:400]
        ) from None
    for name in _STATED:
        if named.get(name) != attached[name]:
            raise errors.Refused(f"the {name} of the codebook attached to it is {attached[name]}"[:400])
    found.codebooks += 1


def describe_compared(found: Compared) -> list[str]:
    """Say what was proven of private answers, for the verdict."""
    return [*_describe_codebooks(found), *_describe_answers(found)]


def _describe_codebooks(found: Compared) -> list[str]:
    if not found.codebooks:
        return []
    many = "" if found.codebooks == 1 else "s"
    return [
        f"{found.codebooks:,} codebook{many} of data that can be asked: name, version and digest that the "
        "record states are those of the attached file"
    ]


def _describe_answers(found: Compared) -> list[str]:
    if not found.answers:
        return []
    count = f"{found.answers:,} private answer{'' if found.answers == 1 else 's'}"
    return [
        f"{count} with {found.numbers:,} numbers: each record states what the answer attached to it says, "
        "published then and not changed since"
    ]


def describe_unproven(found: Compared) -> list[str]:
    """Say what no bytes show of private answers, and which cannot be held beside their data set."""
    lines = [UNPROVEN] if found.answers else []
    if found.unread:
        lines.append(
            "that the digests of codebooks are those of the attached files, which lightwell[query] reads: "
            f"{', '.join(found.unread)}"
        )
    lines += [
        f"by which codebook {each} was answered: no record of its data set here names it"
        for each in found.alone
    ]
    return lines


def format_compared(found: Compared) -> dict[str, Json]:
    """Return what was compared as a JSON object for programs."""
    return {
        "answers": found.answers,
        "numbers": found.numbers,
        "without_codebook": list(found.alone),
        "codebooks": found.codebooks,
        "codebooks_not_read": list(found.unread),
    }


def _read_attached(bundle: Bundle, record: disclosure.Disclosure, digest: Json, what: str) -> bytes:
    if digest not in [each.digest for each in record.attachments]:
        raise errors.Refused(f"it names {_ARTICLES[what]} {what} that is not attached to it")
    path = f"files/{str(digest).removeprefix('sha256:')}"
    if not bundle.has(path):
        raise PlacedRefusal(path, f"the bytes of this {what} are missing")
    return bundle.read(path)


def _find_codebook(record: disclosure.Disclosure, records: Records) -> bool:
    named, about = record.body.get("codebook"), record.body.get("dataset")
    dataset = about.get("id") if isinstance(about, dict) else None
    return any(
        each.id == dataset
        and isinstance(each.body.get("codebook"), dict)
        and isinstance(named, dict)
        and all(each.body["codebook"].get(name) == named.get(name) for name in _STATED)
        for each in records.disclosures.values()
    )

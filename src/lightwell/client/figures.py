"""Published figures of a bundle, read again: the attached file by the attached layout, and each revision.

A record states how many figures its file holds and how many earlier ones it revised, dropped and added
compared with the edition before; both files are in the bundle, so anybody can find out whether that is so.
Only CSV and JSON are read here, with the standard library. Of every record of figures that was not read, also
of one whose layout is held back or that was removed, it is said by name that it was not, and why.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from lightwell.archive import logbook
from lightwell.base import canonical, disclosure, errors
from lightwell.base.canonical import Json
from lightwell.client.bundle import Bundle, PlacedRefusal, name_place
from lightwell.client.records import Records, name_record
from lightwell.figures import assertion, statement, table
from lightwell.figures import layout as layouts
from lightwell.figures import mapping as mappings
from lightwell.figures.edition import Edition
from lightwell.figures.period import Period

KIND = "figures-edition"
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class Unread:
    """A version of a record of figures that was not read again, and why; `title` may be empty."""

    record: str
    version: int
    title: str
    why: str


@dataclass
class Reread:
    """What was read again: editions, figures, steps between editions, revisions; and what was not."""

    editions: int = 0
    points: int = 0
    steps: int = 0
    revised: int = 0
    unread: list[Unread] = field(default_factory=list)
    uncompared: list[str] = field(default_factory=list)


def check_figures(bundle: Bundle, book: logbook.Logbook, records: Records) -> Reread:
    """Read every edition of figures again; refused by the record's place where it states something else."""
    found = Reread()
    editions: dict[str, Edition] = {}
    for named in book.named:
        if named.of_record and named.entry.get("kind") == KIND and named.digest in records.absent:
            record_id, version = str(named.entry["id"]), int(named.entry["version"])
            found.unread.append(Unread(record_id, version, "", records.absent[named.digest]))
    for digest, record in records.disclosures.items():
        if record.kind != KIND:
            continue
        with name_place(name_record(digest)):
            why = _explain_unread(record)
            if why is None:
                edition = editions[digest] = _read_edition(bundle, record)
                found.editions += 1
                found.points += edition.size
            else:
                title = str(record.body.get("title") or "")
                found.unread.append(Unread(record.id, record.version, title, why))
    versions: dict[str, list[Edition]] = {}
    for digest, edition in editions.items():
        versions.setdefault(records.disclosures[digest].id, []).append(edition)
    publishers = {record.id: record.publisher.id for record in records.disclosures.values()}
    for digest, edition in editions.items():
        record = records.disclosures[digest]
        stated = record.body.get("revisions")
        if isinstance(stated, dict) and isinstance(stated.get("record"), str):
            before = str(stated["record"])
            if publishers.get(before, record.publisher.id) != record.publisher.id:
                sentence = "it compares itself with an edition that another publisher put here"
                raise PlacedRefusal(name_record(digest), sentence)
            # A version that was not read, or is gone, may be the one that was compared.
            read = versions.get(before, [])
            whole = bool(read) and len(read) == len(book.versions.get(before, ()))
            with name_place(name_record(digest)):
                if not _check_step(read, edition, stated, whole, found):
                    found.uncompared.append(str(record.body.get("title") or record.id))
    return found


def describe_reread(found: Reread) -> list[str]:
    """Say what was proven of figures, for the verdict."""
    if not found.editions:
        return []
    return [
        f"{found.editions:,} editions of published figures read again from their files: "
        f"{found.points:,} figures, and in {found.steps:,} steps the {found.revised:,} revisions that the "
        "records state"
    ]


def describe_unread(found: Reread) -> list[str]:
    """Say which records of figures were not read again, each by name with the reason, and how many."""
    count = len(found.unread)
    lines = []
    if count:
        lines.append(
            f"the figures in {count:,} of {count + found.editions:,} versions of records of published "
            "figures: their files were not read again, nor what they say was revised compared; by name:"
        )
    lines += [f"the figures of {_name_unread(each)}: {each.why}" for each in found.unread]
    lines += [
        f"what {_show(title)} revised: the edition it was compared with is not here as it was then"
        for title in found.uncompared
    ]
    return lines


def format_reread(found: Reread) -> dict[str, Json]:
    """Return what was read again, and what was not, as a JSON object for programs."""
    return {
        "editions": found.editions,
        "values": found.points,
        "steps": found.steps,
        "revisions": found.revised,
        "not_read": [
            {"record": each.record, "version": each.version, "title": each.title, "why": each.why}
            for each in found.unread
        ],
        "not_compared": list(found.uncompared),
    }


def _name_unread(each: Unread) -> str:
    title = f" “{_show(each.title)}”" if each.title else ""
    return f"{each.record}, version {each.version}{title}"


def _explain_unread(record: disclosure.Disclosure) -> str | None:
    """Say why a record's file is not read again; None where it is. What is held back is null in its place."""
    if _find_layout(record) is None:
        held = any(each.pointer.startswith("/body/mapping") for each in record.withheld)
        return "its layout is held back" if held else "no layout is attached to it by its fingerprint"
    title = _find_file(record)[0]
    if not title.lower().endswith((".csv", ".tsv", ".txt", ".json")):
        return f"only CSV and JSON files are read here, and its file is {_show(title)}"
    return None


def _find_file(record: disclosure.Disclosure) -> tuple[str, str]:
    """Find the name and the digest of the one file of a record with a layout."""
    named = record.body["files"]
    if not isinstance(named, list) or len(named) != 1 or not isinstance(named[0], dict):
        raise errors.Refused("a record with a layout has one file")
    title, digest = named[0].get("title"), named[0].get("digest")
    if not isinstance(title, str) or not isinstance(digest, str):
        raise errors.Refused("the name and the fingerprint of its file are held back")
    return title, digest


def _read_edition(bundle: Bundle, record: disclosure.Disclosure) -> Edition:
    title, digest = _find_file(record)
    layout = _read_file(bundle, record, _find_layout(record) or "")
    try:
        mapping = mappings.parse_mapping(canonical.decode(layout))
    except errors.UserMistake as error:
        raise errors.Refused(f"its layout cannot be read: {_show(str(error.problems[0]), 400)}") from None
    edition = read_figures(
        mapping, title, _read_file(bundle, record, digest), statement.find_hint(record, title)
    )
    if problems := statement.find_problems(record, edition, mapping):
        raise errors.Refused(_show(str(problems[0]), 400))
    return edition


def read_figures(mapping: mappings.Mapping, title: str, data: bytes, hint: Period | None) -> Edition:
    """Read a file of figures from its bytes; `hint` is its period where the file itself says none."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), mapping.layouts[0].encoding)
    try:
        text = data.decode(encoding)
        if title.lower().endswith(".json"):
            value = assertion.parse_json(text)
            return layouts.read_edition(layouts.open_value(mapping, value, title, hint))
        rows = table.split_rows(io.StringIO(text, newline=""), title, mapping.layouts[0].delimiter)
        return layouts.read_edition(layouts.open_rows(mapping, rows, title, hint))
    except UnicodeDecodeError as error:
        raise errors.Refused(f"{_show(title)} is not {encoding} text at byte {error.start}") from None
    except (ValueError, RecursionError):
        raise errors.Refused(f"{_show(title)} is not JSON") from None
    except errors.UserMistake as error:
        raise errors.Refused(
            f"its file cannot be read by its layout: {_show(str(error.problems[0]), 400)}"
        ) from None


def _check_step(
    before: list[Edition], after: Edition, stated: dict[str, object], whole: bool, found: Reread
) -> bool:
    """Compare with the version of the edition before that was compared then; False where it is not here.

    A record states its step once; the edition before may have had later versions since.
    """
    problems = [statement.find_step_problems(stated, each, after) for each in before]
    if [] not in problems:
        if not whole:
            return False
        raise errors.Refused(f"of its revisions it states something else: {_show(str(problems[-1][0]), 400)}")
    found.steps += 1
    found.revised += sum(int(str(stated[name])) for name in statement.COUNTS)
    return True


def _find_layout(record: disclosure.Disclosure) -> str | None:
    named = record.body.get("mapping")
    digest = named.get("digest") if isinstance(named, dict) else None
    return digest if isinstance(digest, str) else None


def _read_file(bundle: Bundle, record: disclosure.Disclosure, digest: str) -> bytes:
    if digest not in {each.digest for each in record.attachments}:
        raise errors.Refused("it names a file that is not attached to it")
    path = f"files/{digest.removeprefix('sha256:')}"
    if not bundle.has(path):
        raise PlacedRefusal(path, "this file of figures is missing")
    return bundle.read(path)


def _show(text: str, most: int = 100) -> str:
    # A stranger's words must not speak to the terminal that shows the verdict.
    return "".join(each if each.isprintable() else "?" for each in text[:most])

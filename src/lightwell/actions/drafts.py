"""Drafts: from a YAML file and its attachments to the payload of a proposal, every problem at its line.

The id, version and predecessor that a draft leaves out are found here: a draft with the id of a published
record becomes its next version, one without an id a new record. Attachments are kept in the sealed area
until the record is published. Nothing else is written.
"""

from __future__ import annotations

import datetime
import hashlib
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lightwell.actions import disclosures
from lightwell.base import disclosure, errors
from lightwell.base.canonical import Json
from lightwell.db.models import Disclosure
from lightwell.files import drafts, yaml_lines
from lightwell.files.state import State

MAX_FILE_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class File:
    """A file to attach: its public title (a file name), and its bytes."""

    title: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Prepared:
    """A draft ready to be proposed: `kind` names the story, `subject` the record."""

    kind: str
    subject: str
    version: int
    payload: dict[str, Json]


def prepare_draft(
    *,
    state: State,
    document: yaml_lines.Document,
    files: Sequence[File] = (),
    now: datetime.datetime,
    keep: bool = True,
) -> Prepared:
    """Check a draft and keep its files; `UserMistake` lists every problem by path and line.

    With `keep` false nothing is written. A crash here leaves files in the sealed area that no proposal names.
    """
    draft, problems = drafts.inspect_draft(_list_files(document, files), find_slot(document))
    if draft is None:
        raise drafts.place_problems(document, problems)
    record = draft.record
    problems += _find_absent_files(state, record, files)
    payload = disclosures.format_payload(record, draft.decisions)
    try:
        disclosures.check_disclosure(payload, now)
    except errors.UserMistake as error:
        problems += error.problems
    if problems:
        raise drafts.place_problems(document, problems)
    for file in files if keep else ():
        state.files.put_bytes("sealed", file.data)
    kind = "study" if record.kind == "study" and record.version == 1 else "disclosure"
    return Prepared(kind, record.id, record.version, payload)


def find_slot(document: yaml_lines.Document) -> drafts.Slot:
    """Find where a draft goes: after the newest version of the record it names, or a new record."""
    value = document.value if isinstance(document.value, dict) else {}
    record = value.get("id")
    newest = None
    if isinstance(record, str):
        newest = Disclosure.objects.filter(record=record).order_by("-version").first()
    if newest is None:
        return drafts.Slot(disclosures.make_id(_read_kind(value)))
    return drafts.Slot(newest.record, newest.version + 1, newest.digest)


def read_file(path: Path) -> File:
    """Read a file to attach; `UserMistake` when it cannot be read or is too large."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise errors.UserMistake(f"at most {MAX_FILE_BYTES:,} bytes can be attached", place=str(path))
        return File(path.name, path.read_bytes())
    except OSError as error:
        raise errors.UserMistake(f"the file cannot be read: {error.strerror}", place=str(path)) from None


def _read_kind(value: dict[str, Json]) -> str:
    kind = value.get("kind")
    # With an unknown kind the draft is refused anyway; the id is only needed to find its other problems.
    return kind if isinstance(kind, str) and kind in disclosure.KINDS else "study"


def _list_files(document: yaml_lines.Document, files: Sequence[File]) -> yaml_lines.Document:
    """Add the files that the draft does not list itself to its attachments."""
    value = document.value
    if not isinstance(value, dict) or not files:
        return document
    listed = value.get("attachments") or []
    if not isinstance(listed, list):
        return document
    known = {each.get("digest") for each in listed if isinstance(each, dict)}
    added = [
        {
            "digest": digest,
            "bytes": len(file.data),
            "media_type": mimetypes.guess_type(file.title)[0] or "application/octet-stream",
            "title": file.title,
        }
        for file in files
        if (digest := _compute_digest(file)) not in known
    ]
    return yaml_lines.Document(document.name, {**value, "attachments": [*listed, *added]}, document.lines)


def _find_absent_files(
    state: State, record: disclosure.Disclosure, files: Sequence[File]
) -> list[errors.Problem]:
    sizes = {_compute_digest(file): len(file.data) for file in files}
    problems = []
    for index, attachment in enumerate(record.attachments):
        size = sizes.get(attachment.digest)
        if size is None:
            # A file of an earlier version, or of a proposal that is still open, need not be given again.
            digest = attachment.digest.removeprefix("sha256:")
            sizes_here = [state.files.read_size(area, digest) for area in ("public", "sealed")]
            size = next((each for each in sizes_here if each is not None), None)
        if size is None:
            problems.append(
                errors.Problem(
                    f"/attachments/{index}",
                    f"no file with this digest was given; add --attach {attachment.title}",
                )
            )
        elif size != attachment.bytes:
            problems.append(
                errors.Problem(
                    f"/attachments/{index}/bytes", f"the file has {size} bytes, not {attachment.bytes}"
                )
            )
    return problems


def _compute_digest(file: File) -> str:
    return f"sha256:{hashlib.sha256(file.data).hexdigest()}"

"""Versions of public records: each as logged, each following from the one before, or removed.

Part of the second verifier, written from docs/reference/{bundle,disclosures,codebook}.md alone.
"""

from __future__ import annotations

import codebooks
import jcs
import seals
from notes import Refusal
from openings import need_members, read_hash
from verify import Folder

ENTRY, TOMBSTONE = "lightwell.disclosure.v1", "lightwell.tombstone.v1"
ENVELOPE = (
    "id kind version schema publisher provider services language date supersedes about body"
    " withheld opened attachments"
)
LOGGED = "type id kind version date digest supersedes about withheld opened"
BURIED = "type about kind version ground date decided_by"


class History:
    """The versions that the log names, by id, and the digests of those removed."""

    def __init__(self) -> None:
        self.versions: dict[str, list[tuple[int, dict]]] = {}
        self.removed: set[str] = set()
        self.codebooks = codebooks.Compared()

    def add(self, index: int, value: dict, place: str) -> None:
        try:
            if value["type"] == TOMBSTONE:
                self._bury(value)
                return
            need_members(value, LOGGED)
            known = self.versions.setdefault(value["id"], [])
            before = known[-1][1]["digest"] if known else None
            if (value["version"], value["supersedes"]) != (len(known) + 1, before):
                raise ValueError(f"the versions of {value['id']} do not follow on one another")
            known.append((index, value))
        except (ValueError, KeyError, TypeError) as error:
            raise Refusal(place, str(error)) from None

    def check(self, folder: Folder, studies: dict[str, str]) -> set[str]:
        """Hold every record against its entry; returns the files that the records lead to."""
        import statements

        used = set()
        for study, digest in studies.items():
            first = self.versions.get(study)
            if not first or first[0][1]["digest"] != digest:
                raise Refusal(f"study {study}", "its record is not the first version that was logged")
        for versions in self.versions.values():
            older = None
            for _, entry in versions:
                removed = entry["digest"] in self.removed
                record, path = statements.read_record(folder, entry["digest"], removed)
                if record is not None:
                    used |= {path} | self._check_record(record, entry, older, folder, path)
                older = record
        return used

    def _bury(self, value: dict) -> None:
        need_members(value, BURIED)
        need_members(value["about"], "id digest")
        if not isinstance(value["decided_by"], list) or len(value["decided_by"]) < 2:
            raise ValueError("two people decide a removal")
        for _, entry in self.versions.get(value["about"]["id"], []):
            if entry["digest"] == value["about"]["digest"]:
                if (entry["kind"], entry["version"]) != (value["kind"], value["version"]):
                    break
                self.removed.add(entry["digest"])
                return
        raise ValueError("the tombstone is not about a version that was logged before")

    def _check_record(
        self, record: dict, entry: dict, older: dict | None, folder: Folder, place: str
    ) -> set[str]:
        try:
            need_members(record, ENVELOPE)
            if make_entry(record, entry["digest"]) != entry:
                raise ValueError("the record is not what its log entry says")
            if older is not None:
                check_succession(older, record)
            used = set()
            for attachment in record["attachments"]:
                path = f"files/{read_hash(attachment['digest'].removeprefix('sha256:')).hex()}"
                if folder.size(path) != attachment["bytes"] or folder.digest(path) != path[6:]:
                    raise Refusal(path, "this is not the attachment that the record names")
                used.add(path)
            if record["kind"] == "dataset" and record["body"].get("codebook"):
                self.codebooks.compare(record, folder)
            return used
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refusal(place, str(error)) from None


def make_entry(record: dict, digest: str) -> dict:
    return {
        "type": ENTRY,
        **{name: record[name] for name in ("id", "kind", "version", "date", "supersedes", "about")},
        "digest": digest,
        "withheld": [
            {name: held[name] for name in ("ground", "expires", "commitment")} for held in record["withheld"]
        ],
        "opened": [opened["commitment"] for opened in record["opened"]],
    }


def check_succession(older: dict, newer: dict) -> None:
    """A version keeps id, kind and parties; one that shows what was held back proves it."""
    for name in ("id", "kind"):
        if older[name] != newer[name]:
            raise ValueError(f"a new version has another {name}")
    for name in ("publisher", "provider"):
        if older[name]["id"] != newer[name]["id"]:
            raise ValueError(f"a new version has another {name}")
    if newer["date"] < older["date"] or newer["schema"] < older["schema"]:
        raise ValueError("a new version goes back in time")
    held = {each["pointer"]: each for each in older["withheld"]}
    body = newer["body"]
    for opened in newer["opened"]:
        place = opened["pointer"]
        if held.pop(place, {}).get("commitment") != opened["commitment"]:
            raise ValueError(f"{place} was not held back in the version before")
        value, body = take_value(body, place)
        shown = jcs.write([place, value]).encode()
        salted = seals.digest(b"lightwell.field.v1\n" + read_hash(opened["salt"]) + shown)
        if salted.hex() != opened["commitment"]:
            raise ValueError(f"what stands at {place} is not what was held back there")
    if newer["opened"] and (body != older["body"] or [*held.values()] != newer["withheld"]):
        raise ValueError("a version that shows held back fields changes nothing else")


def take_value(body: object, pointer: str) -> tuple[object, object]:
    """The value at a place of the body (RFC 6901) and the body with null there."""
    tokens = [each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")]
    if tokens[:2] != ["", "body"] or len(tokens) < 3:
        raise ValueError(f"{pointer} is no place in the body")

    def walk(value: object, rest: list[str]) -> tuple[object, object]:
        if not rest:
            return value, None
        if isinstance(value, dict) and rest[0] in value:
            found, new = walk(value[rest[0]], rest[1:])
            return found, {**value, rest[0]: new}
        if isinstance(value, list) and rest[0].isdigit() and int(rest[0]) < len(value):
            at = int(rest[0])
            found, new = walk(value[at], rest[1:])
            return found, [*value[:at], new, *value[at + 1 :]]
        raise ValueError(f"{pointer} is no place in the body")

    return walk(body, tokens[2:])

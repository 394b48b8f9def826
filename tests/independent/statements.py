"""What the log says, and whether the bundle shows it: entries, records, openings, table, certificates.

Part of the second verifier, written from docs/reference/{bundle,states,disclosures}.md alone. `check` yields
the sentences of a good verdict and raises `Refusal` with the place otherwise.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterator

import challenges
import disclosures
import gaps
import jcs
import openings
import redactions
import seals
import trees
from notes import Refusal
from verify import Folder, Log

MEMBERS = {
    "rules": "version due_soon_days grace_days tolerance_seconds",
    "study": "study in_advance record after beacon",
    "item": "study item kind pages read due commitment",
    "inventory": "study inventory items root",
    "opening": "study item pages opening",
    "withholding": "study item ground decided_by review",
    "extension": "study item due ground",
    "already-public": "study item record",
    "suspension": "study item page ground decided_by",
    "restoration": "study item page decided_by",
    "erasure": "study item ground decided_by",
    "key-lost": "study item",
    "dispute": "study item",
    "publication": "study publication record",
    "audit": "study sampled agreed missing originals size decided_by",
    "count": "date studies items",
    **challenges.MEMBERS,
}
RULES = {"version": 1, "due_soon_days": 30, "grace_days": 30, "tolerance_seconds": 86_400}
FIXED = {"README.txt", "ro-crate-metadata.json", "SHA256SUMS", "policy", "gaps.csv", "log/checkpoint"}
MAX_SUMMARY_WORDS = 80
GROUPS = {
    "open": ("opened", "opened-late"),
    "partly_open": ("partly-opened",),
    "held_back": ("withheld",),
    "already_public": ("already-public",),
    "held_not_read": ("held-not-read",),
    "suspended": ("suspended",),
    "erased": ("erased-by-law",),
    "key_lost": ("key-lost",),
    "not_yet_due": ("sealed", "due-soon"),
    "overdue": ("overdue",),
}
Key = tuple[str, int]


class Account:
    """Everything the entries say, gathered in log order; each method takes one type of entry."""

    def __init__(self) -> None:
        self.studies: dict[str, str] = {}
        self.items: dict[Key, dict] = {}
        self.waiting: list[tuple[dict, bytes]] = []
        self.inventories: dict[str, int] = {}
        self.openings: list[tuple[int, Key, dict]] = []
        self.taken_back: dict[Key, list[int]] = {}
        self.suspended: dict[Key, set[int | None]] = {}
        self.publications: list[tuple[int, dict]] = []
        self.disclosed = disclosures.History()
        self.questions = challenges.Questions()

    def add(self, index: int, data: bytes) -> None:
        place = gaps.ENTRY_PLACE.format(index)
        try:
            self._add(index, gaps.read_entry(index, data), data, place)
        except (ValueError, KeyError, TypeError) as error:
            raise Refusal(place, f"a value has another form than it must have: {error}") from None

    def _add(self, index: int, value: dict, data: bytes, place: str) -> None:
        kind = value["type"]
        if kind == disclosures.ENTRY or kind == disclosures.TOMBSTONE:
            self._close_run(place)
            self.disclosed.add(index, value, place)
            return
        if kind not in MEMBERS:
            raise Refusal(place, f"the type {kind[:40]!r} is unknown")
        counted = " redacted" if kind == "opening" and "redacted" in value else ""
        openings.need_members(value, f"type v at {MEMBERS[kind]}{counted}")
        gaps.read_time(value["at"], place)
        if value["v"] != 1 or value["v"] is True:
            raise Refusal(place, "entries have version 1")
        check_plain(value)
        check_form(value, place)
        if kind not in ("item", "inventory"):
            self._close_run(place)
        if "study" in value and kind != "study" and value["study"] not in self.studies:
            raise Refusal(place, f"the study {value['study']!r} was not registered before")
        if "item" in MEMBERS[kind].split() and kind != "item" and self._key(value) not in self.items:
            raise Refusal(place, f"item {value['item']} of {value['study']} was not sealed before")
        if kind in challenges.MEMBERS:
            self.questions.add(index, value)
        method = getattr(self, f"_take_{kind.replace('-', '_')}", None)
        if method:
            method(index, value, data, place)

    def is_taken_back(self, key: Key, since: int) -> bool:
        """Whether something explains that an opening made at the place `since` is not in the bundle."""
        return max(self.taken_back.get(key, [-1])) > since or bool(self.suspended.get(key))

    def _close_run(self, place: str) -> None:
        if self.waiting:
            raise Refusal(place, "an item before it stands in no inventory")

    @staticmethod
    def _key(value: dict) -> Key:
        return value["study"], value["item"]

    def _take_rules(self, index: int, value: dict, data: bytes, place: str) -> None:
        if jcs.write({name: value[name] for name in RULES}) != jcs.write(RULES):
            raise Refusal(place, "this program knows only version 1 of the rules")

    def _take_study(self, index: int, value: dict, data: bytes, place: str) -> None:
        if value["study"] in self.studies:
            raise Refusal(place, f"{value['study']} is registered twice")
        after, beacon = value["after"], value["beacon"]
        if not isinstance(value["in_advance"], bool) or not (after is None or is_digest(after)):
            raise Refusal(place, "the registration is malformed")
        if beacon is not None and not is_beacon(beacon):
            raise Refusal(place, "the beacon of the registration is malformed")
        self.studies[value["study"]] = value["record"]

    def _take_item(self, index: int, value: dict, data: bytes, place: str) -> None:
        study = value["study"]
        if value["item"] != 1 + sum(1 for other, _ in self.items if other == study):
            raise Refusal(place, f"the items of {study} do not count from 1 without a gap")
        openings.read_hash(value["commitment"])
        if (
            value["pages"] == 0
            or not isinstance(value["read"], bool)
            or (value["read"] and not value["pages"])
        ):
            raise Refusal(place, "an item that was read has pages, and any other null for their number")
        self.items[self._key(value)] = value
        self.questions.seal(index, value)
        self.waiting.append((value, data))

    def _take_inventory(self, index: int, value: dict, data: bytes, place: str) -> None:
        study = value["study"]
        self.inventories[study] = self.inventories.get(study, 0) + 1
        root = trees.compute_root([trees.hash_leaf(each) for _, each in self.waiting])
        counts = (value["inventory"], value["items"]) == (self.inventories[study], len(self.waiting))
        if not counts or any(item["study"] != study for item, _ in self.waiting) or not self.waiting:
            raise Refusal(place, "the inventory does not count the items before it")
        if value["root"] != root.hex():
            raise Refusal(place, "the inventory's root is not that of the items before it")
        self.waiting = []

    def _take_opening(self, index: int, value: dict, data: bytes, place: str) -> None:
        if "redacted" in value and not (
            seals.is_count(value["redacted"], 1) and seals.is_count(value["pages"], value["redacted"])
        ):
            raise Refusal(place, "its redacted is no whole number from 1 up to its pages")
        self.openings.append((index, self._key(value), value))

    def _take_audit(self, index: int, value: dict, data: bytes, place: str) -> None:
        counts = [value[name] for name in ("sampled", "agreed", "missing", "size")]
        if not all(seals.is_count(count) for count in counts) or counts[1] + counts[2] > counts[0]:
            raise Refusal(place, "the audit counts more pages than were chosen")
        if value["originals"] not in ("own-copies", "archive") or not 0 < counts[3] <= index:
            raise Refusal(place, "the audit does not say whose originals, or names a state still to come")

    def _take_withholding(self, index: int, value: dict, data: bytes, place: str) -> None:
        self.taken_back.setdefault(self._key(value), []).append(index)

    _take_erasure = _take_withholding

    def _take_suspension(self, index: int, value: dict, data: bytes, place: str) -> None:
        self.suspended.setdefault(self._key(value), set()).add(value["page"])

    def _take_restoration(self, index: int, value: dict, data: bytes, place: str) -> None:
        stopped = self.suspended.get(self._key(value), set())
        if value["page"] not in stopped:
            raise Refusal(place, "it restores what was not suspended")
        if not isinstance(value["decided_by"], list) or len(value["decided_by"]) != 2:
            raise Refusal(place, "two people restore")
        stopped.discard(value["page"])

    def _take_publication(self, index: int, value: dict, data: bytes, place: str) -> None:
        number = 1 + sum(1 for _, other in self.publications if other["study"] == value["study"])
        if value["publication"] != number:
            raise Refusal(place, f"the publications of {value['study']} do not count from 1 without a gap")
        self.publications.append((index, {**value, "sealed": self._list_items(value["study"])}))

    def _take_count(self, index: int, value: dict, data: bytes, place: str) -> None:
        if (value["studies"], value["items"]) != (len(self.studies), len(self.items)):
            raise Refusal(place, "the count is not that of the entries before it")

    def _list_items(self, study: str) -> list[int]:
        return sorted(number for other, number in self.items if other == study)

    def list_named(self) -> Iterator[tuple[int, object, bool, str]]:
        """Each record that the log names: where, digest, whether its absence is explained, of what it is."""
        for versions in self.disclosed.versions.values():
            for index, entry in versions:
                about = ("study " if entry["id"].startswith("std-") else "record ") + entry["id"]
                yield index, entry["digest"], entry["digest"] in self.disclosed.removed, about
        for index, key, value in self.openings:
            about = f"document {key[1]} of {key[0]}"
            yield index, value["opening"], self.is_taken_back(key, index), about
        for index, value in self.publications:
            study = value["study"]
            explained = any(self.is_taken_back((study, number), index) for number in value["sealed"])
            yield index, value["record"], explained, f"publication {value['publication']} of {study}"


def check_plain(value: object) -> None:
    """Ids, types, dates and digests only: no words of a title or a name stand in the log."""
    if isinstance(value, str) and not re.fullmatch("[A-Za-z0-9.:+-]{1,140}", value, re.ASCII):
        raise ValueError("it holds text, where only ids, types, dates and digests may stand")
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        check_plain(each)


def check_form(value: dict, place: str) -> None:
    """Texts, whole numbers and days are such; in JSON true is no 1."""
    least = 0 if value["type"] == "count" else 1
    for name, each in value.items():
        if name in ("study", "kind", "ground") and not isinstance(each, str):
            raise Refusal(place, f"its {name} is no text")
        if name in ("item", "inventory", "publication", "items", "studies"):
            if not seals.is_count(each) or each < least:
                raise Refusal(place, f"its {name} is no whole number from {least} on")
        elif name in ("pages", "page") and each is not None and not seals.is_count(each):
            raise Refusal(place, f"its {name} is neither null nor a whole number")
        elif name in ("due", "review", "date"):
            gaps.read_date(each, place)


def read_account(entries: list[bytes]) -> Account:
    account = Account()
    for index, data in enumerate(entries):
        account.add(index, data)
    account._close_run(gaps.ENTRY_PLACE.format(len(entries)))
    return account


def check_presence(folder: Folder, account: Account) -> None:
    """Each record that the log names is here or its absence is explained."""
    for path, sentence in list_missing(folder, account):
        raise Refusal(path, sentence)


def list_missing(folder: Folder, account: Account) -> Iterator[tuple[str, str]]:
    """Path and sentence of each record that is not here although nothing explains it.

    Of a study whose own record is not here nothing else is said.
    """
    gone: list[str] = []
    for index, digest, explained, about in sorted(account.list_named(), key=lambda each: each[0]):
        path = name_record(digest)
        if not explained and not folder.has(path) and not about.endswith(tuple(gone)):
            gone += [about.removeprefix("study")] if about.startswith("study") else []
            where = f"{about} (log entry {index})"
            yield path, f"the log names {where}; its record is not here, and no entry explains that"


def check(folder: Folder, log: Log) -> Iterator[str]:
    account = read_account(log.entries)
    check_presence(folder, account)
    items = gaps.replay(log.entries, log.quorum_times, log.day)
    table = gaps.write_table(items, log.day)
    if folder.read("gaps.csv") != table.encode():
        raise Refusal("gaps.csv", "this table is not the one that the log gives")
    used = set(FIXED)
    for study in sorted({study for study, _ in items}):
        used.add(path := f"certificates/{study}.json")
        certificate = make_certificate(study, items, log)
        if folder.read(path) != jcs.write(certificate).encode():
            raise Refusal(path, "this certificate is not the one that the log gives")
    used |= account.disclosed.check(folder, account.studies)
    modes: dict[str, str] = {}
    tallies: dict[tuple, Counter] = {}
    replaced = 0
    for index, key, value in account.openings:
        document, path = read_record(folder, value["opening"], account.is_taken_back(key, index))
        if document is not None:
            modes[value["opening"]] = document.get("mode")
            tally: Counter = Counter()
            used |= {path} | openings.check(document, account.items[key], value, folder, path, tally)
            # Every opening is checked; of an item only the newest counts.
            replaced += key in tallies
            tallies[key] = tally
    for index, value in account.publications:
        study = value["study"]
        explained = any(account.is_taken_back((study, number), index) for number in value["sealed"])
        document, path = read_record(folder, value["record"], explained)
        if document is not None:
            used.add(path)
            check_publication(document, index, value, account, modes, path)
    used |= {f"log/{trees.name_tile(*each)}" for each in trees.list_tiles(log.checkpoint.size)}
    for path in sorted(folder.list() - used - {"verify.html"}):
        if not path.startswith("log/checkpoints/"):
            raise Refusal(path, "nothing in the log leads to this file")
    if missing := sorted(FIXED - folder.list()):
        raise Refusal(missing[0], "this file is missing")
    yield write_equation(items, log)
    yield from challenges.write_sentences(list_questions(folder, log, account))
    if (shown := sum(tallies.values(), Counter()))["items"]:
        yield redactions.write_sentence(shown)
    if replaced:
        yield f"openings that a later one of the same item replaced, checked and not counted: {replaced}"
    yield from account.disclosed.codebooks.describe()


def list_questions(folder: Folder, log: Log, account: Account) -> list[list[str]]:
    """The table of docs/reference/challenges.md, a row a question."""

    def find_day(index: int, value: dict) -> datetime.date:
        at = gaps.read_time(value["at"], gaps.ENTRY_PLACE.format(index))
        return gaps.find_date(at, log.quorum_times[index])

    def find_owner(study: str) -> str | None:
        first = account.disclosed.versions[study][0][1]
        removed = first["digest"] in account.disclosed.removed
        return challenges.read_owner(read_record(folder, first["digest"], removed)[0])

    return account.questions.write_table(find_day, log.day, find_owner)


def is_digest(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("sha256:[0-9a-f]{64}", value, re.ASCII) is not None


def is_beacon(value: object) -> bool:
    """A source of the table in docs/reference/bundle.md, a round from 1, 64 to 128 hex digits."""
    if not isinstance(value, dict) or set(value) != {"source", "round", "value"}:
        return False
    source, number, text = value["source"], value["round"], value["value"]
    known = source in ("drand-default", "drand-quicknet", "nist-2", "sample")
    plain = type(number) is int and number >= 1 and isinstance(text, str)
    return known and plain and re.fullmatch("[0-9a-f]{64,128}", text, re.ASCII) is not None


def name_record(digest: object) -> str:
    """The path of the record with this digest."""
    match = re.fullmatch("sha256:([0-9a-f]{64})", str(digest), re.ASCII)
    if not match:
        raise Refusal(f"records/{digest}", "this is not a digest")
    return f"records/{match[1]}.json"


def read_record(folder: Folder, digest: object, explained: bool) -> tuple[dict | None, str]:
    """A record by its digest and its path; None where its absence is explained."""
    path = name_record(digest)
    if explained and not folder.has(path):
        return None, path
    data = folder.read(path)
    if folder.digest(path) != path[8:72]:
        raise Refusal(path, "this record is not the one that the log names")
    try:
        document = jcs.read(data)
    except ValueError as error:
        raise Refusal(path, str(error)) from None
    if not isinstance(document, dict):
        raise Refusal(path, "a record is an object")
    return document, path


def check_publication(
    document: dict, index: int, entry: dict, account: Account, modes: dict[str, str], place: str
) -> None:
    try:
        sample = " sample" if "sample" in document else ""
        openings.need_members(document, f"type study number summary items{sample}")
        for row in document["items"]:
            openings.need_members(row, "item title kind date file_name media_type pages outcome opening")
        if document["type"] != "lightwell.publication.v1":
            raise ValueError("this is not a publication record of version 1")
        if (document["study"], document["number"]) != (entry["study"], entry["publication"]):
            raise ValueError("it is about another publication than the log says")
        if len(document["summary"].split()) > MAX_SUMMARY_WORDS:
            raise ValueError(f"the summary has more than {MAX_SUMMARY_WORDS} words")
        if [row["item"] for row in document["items"]] != entry["sealed"]:
            raise ValueError("it does not list every item that was sealed, once and in order")
        newest: dict[int, str] = {}
        for at, (study, number), opening in account.openings:
            if study == entry["study"] and at < index:
                stops = [k for k in account.taken_back.get((study, number), ()) if k < index]
                newest.pop(number, None)
                if max(stops, default=-1) < at:
                    newest[number] = opening["opening"]
        for row in document["items"]:
            item = account.items[entry["study"], row["item"]]
            if (row["kind"], row["pages"]) != (item["kind"], item["pages"]):
                raise ValueError(f"item {row['item']} is not described as it was sealed")
            opened = row["outcome"] in ("whole", "pages", "redacted")
            if not opened and row["outcome"] not in ("withheld", "pending"):
                raise ValueError(f"item {row['item']} has an unknown outcome")
            if row["opening"] != newest.get(row["item"]) or opened != (row["item"] in newest):
                raise ValueError(f"item {row['item']} does not name its newest opening")
            stops = account.taken_back.get((entry["study"], row["item"]), [index])
            if row["outcome"] == "withheld" and stops[0] >= index:
                raise ValueError(f"item {row['item']} is called held back, and the log does not say so")
            if opened and modes.get(row["opening"], row["outcome"]) != row["outcome"]:
                raise ValueError(f"item {row['item']} is opened otherwise than it says")
        if sample:
            check_sample(document, index)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal(place, str(error)) from None


def check_sample(document: dict, index: int) -> None:
    """What people are said to have read before publication; ValueError where that cannot be."""
    sample = document["sample"]
    openings.need_members(sample, "checkpoints items")
    open_pages = {row["item"]: row["pages"] or 0 for row in document["items"] if row["opening"] is not None}
    counts = []
    for row in sample["items"]:
        openings.need_members(row, "item drawn read missed")
        counts += [row["drawn"], row["read"], row["missed"]]
        if not 0 <= row["missed"] <= row["read"] <= row["drawn"] <= open_pages.get(row["item"], 0):
            raise ValueError(f"the sample counts pages of item {row['item']} that cannot be")
        if not row["drawn"]:
            raise ValueError("the sample lists an item of which no page was drawn")
    places = [sample["checkpoints"], [row["item"] for row in sample["items"]]]
    if any(type(n) is not int for n in [*counts, *places[0], *places[1]]):
        raise ValueError("the sample counts in whole numbers")
    if any(not listed or listed != sorted(set(listed)) or listed[0] < 1 for listed in places):
        raise ValueError("the sample is not in order")
    if places[0][-1] > index or not sum(row["read"] for row in sample["items"]):
        raise ValueError("the sample was not drawn by an earlier checkpoint, or nobody read it")


def make_certificate(study: str, items: dict[Key, gaps.Item], log: Log) -> dict:
    group_of = {state: group for group, states in GROUPS.items() for state in states}
    documents = dict.fromkeys(GROUPS, 0)
    pages = {"redacted": 0, **{group: 0 for group in GROUPS if group != "partly_open"}}
    unknown = 0
    states = []
    for (other, _), item in sorted(items.items()):
        if other != study:
            continue
        state = gaps.judge(item, log.day)[0]
        states.append(state)
        documents[group_of[state]] += 1
        if item.pages is None:
            unknown += 1
        elif state == "partly-opened":
            shown = item.pages_open or 0
            pages["open"] += shown - item.pages_redacted
            pages["redacted"] += item.pages_redacted
            pages["held_back"] += item.pages - shown
        else:
            pages[group_of[state]] += item.pages
    sealed = sum(pages.values())
    return {
        "type": "lightwell.certificate.v1",
        "study": study,
        "as_of": log.day.isoformat(),
        "origin": log.checkpoint.origin,
        "size": log.checkpoint.size,
        "root": log.checkpoint.root.hex(),
        "items": {"sealed": sum(documents.values()), **documents},
        "pages": {"sealed": sealed, **pages},
        "items_of_unknown_length": unknown,
        "percent_open": 100 * pages["open"] // sealed if sealed else 0,
        "in_full": bool(states) and set(states) <= {"opened", "opened-late"},
    }


def write_equation(items: dict[Key, gaps.Item], log: Log) -> str:
    counted = dict.fromkeys(GROUPS, 0)
    for item in items.values():
        state = gaps.judge(item, log.day)[0]
        counted[next(group for group, states in GROUPS.items() if state in states)] += 1
    parts = " + ".join(f"{count} {group.replace('_', ' ')}" for group, count in counted.items() if count)
    return f"on {log.day}: {len(items)} items sealed = {parts or 0}; what is shown matches what was sealed"

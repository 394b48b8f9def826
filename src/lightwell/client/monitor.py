"""Watching an archive from outside: remember the newest checkpoint, and say what vanished or is late.

A folder of the watcher's own keeps what was seen: `checkpoint`, `policy` (pinned when first seen, unless the
watcher brings one) and `entries/<n>`, full entry bundles by index. Whatever is shown next must begin with
exactly those entries, or the log has forked or shrunk; then what was seen is kept and nothing is
replaced. Watching proves nothing about who else is shown what: compare checkpoints with other watchers.
"""

from __future__ import annotations

import datetime
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from lightwell.archive import account, completeness, dating, entry, logbook, promise, register
from lightwell.base import canonical, disclosure, errors
from lightwell.base.canonical import Json
from lightwell.client import history
from lightwell.client import records as record_files
from lightwell.client.bundle import Bundle
from lightwell.client.verify import SAMPLE_PREFIX
from lightwell.tlog import checkpoint, policy, tile, tree

_MISSING = (404, 410, 451)


class Source(Protocol):
    """Where an archive is watched: a bundle on this disk or a site."""

    def read_checkpoints(self) -> Mapping[int, str]:
        """Every checkpoint shown, by size; the largest is the newest."""

    def read_policy(self) -> bytes:
        """The publisher's policy."""

    def read_entries(self, index: int, width: int) -> bytes:
        """One entry bundle."""

    def has_record(self, named: logbook.Named) -> bool | None:
        """Whether the record is there and is the one logged; None when this source cannot tell."""

    def read_record(self, named: logbook.Named) -> bytes | None:
        """The record that was logged; None when it is not there, is another one, or cannot be had here."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a watcher must know; `kind` is one that `cli/monitor` sorts by."""

    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was seen: the log, its size before and now, every finding, and the day by which it was judged."""

    origin: str
    size_before: int
    size: int
    witnesses: tuple[str, ...]
    findings: tuple[Finding, ...]
    day: datetime.date | None = None


class BundleSource:
    """A bundle that was unpacked."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def read_checkpoints(self) -> Mapping[int, str]:
        """Read those kept in the bundle, by size."""
        return history.read_checkpoints(self._bundle)

    def read_policy(self) -> bytes:
        """Read the bundle's own policy, which is the publisher's word."""
        return self._bundle.read("policy")

    def read_entries(self, index: int, width: int) -> bytes:
        """Read an entry bundle; refused by name when it is missing."""
        return self._bundle.read(f"log/{tile.TilePath(None, index, width)}")

    def has_record(self, named: logbook.Named) -> bool | None:
        """Whether the record's bytes are there and give its digest; a bundle can always tell."""
        return self.read_record(named) is not None

    def read_record(self, named: logbook.Named) -> bytes | None:
        """Read the record's bytes; None when they are absent or give another digest."""
        place = record_files.name_record(named.digest)
        data = self._bundle.read(place) if self._bundle.has(place) else b""
        return data if _is_digest(data, named.digest) else None


class SiteSource:
    """A running site, by its address."""

    def __init__(self, address: str, wire: httpx.Client) -> None:
        self._address = address.rstrip("/")
        self._wire = wire

    def read_checkpoints(self) -> Mapping[int, str]:
        """Ask for the newest; a site shows no other."""
        text = self._fetch("log/checkpoint").decode(errors="replace")
        return {_read_size(text): text}

    def read_policy(self) -> bytes:
        """Ask for the site's own policy, which is the publisher's word."""
        return self._fetch("log/policy")

    def read_entries(self, index: int, width: int) -> bytes:
        """Ask for an entry bundle of the log's own files (C2SP tlog-tiles)."""
        return self._fetch(f"log/{tile.TilePath(None, index, width)}")

    def has_record(self, named: logbook.Named) -> bool | None:
        """Whether the site shows what was logged; None for openings, which it shows as pages only."""
        if named.kind != "disclosure" or named.entry["type"] != logbook.DISCLOSURE:
            return None
        return self.read_record(named) is not None

    def read_record(self, named: logbook.Named) -> bytes | None:
        """Ask for the record's exact bytes; None when they are gone or give another digest."""
        path = f"records/{named.entry['id']}/{named.entry['version']}/record.json"
        try:
            data = self._fetch(path)
        except _Missing:
            return None
        return data if _is_digest(data, named.digest) else None

    def _fetch(self, path: str) -> bytes:
        try:
            answer = self._wire.get(f"{self._address}/{path}")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise errors.CouldNotCheck(f"{self._address}/{path} cannot be reached: {error}") from None
        if answer.status_code in _MISSING:
            raise _Missing(f"{self._address}/{path} is not there")
        if answer.status_code != httpx.codes.OK:
            raise errors.CouldNotCheck(f"{self._address}/{path} answered with status {answer.status_code}")
        return answer.content


class _Missing(errors.CouldNotCheck):
    """The site answers that there is nothing under this address."""


def watch_archive(
    source: Source,
    folder: Path,
    own_policy: policy.Policy | None,
    today: datetime.date,
    *,
    sample_day: bool = False,
) -> Report:
    """Look once, compare with what was seen before, and remember the newest if it only grew.

    With `sample_day` a labelled sample is judged as of its own newest day: its clock stands still, and by any
    other clock it would be silent and ever later.

    Raises `CouldNotCheck` when the source cannot be read, and `Refused` when it cannot be believed at all: no
    acceptable signature, or entries that do not lead to the signed root.
    """
    folder.mkdir(parents=True, exist_ok=True)
    findings: list[Finding] = []
    shown = source.read_policy()
    try:
        policy.parse_policy(shown)
    except errors.UserMistake:
        # Kept as the first policy seen, a page of some other site would be what all later ones are held to.
        raise errors.CouldNotCheck(
            "what is shown as the policy is none; is this the address of a log?"
        ) from None
    rule = own_policy or _pin_policy(folder, shown, findings)
    texts = source.read_checkpoints()
    size = max(texts)
    verdict = policy.check_policy(rule, texts[size])
    head = verdict.checkpoint
    if not verdict.satisfied or head is None:
        raise errors.Refused(f"the newest checkpoint is not acceptable: {verdict.sentence}")
    if head.size != size:
        raise errors.Refused(f"a checkpoint of {head.size} entries is shown as one of {size}")
    before = _read_seen(folder)
    if before is not None and before.origin != head.origin:
        raise errors.Refused(
            f"{folder} watches {before.origin}, and this is {head.origin}; use another --state"
        )
    entries = _read_entries(source, folder, head.size, before.size if before else 0)
    hashes = [tree.hash_leaf(each) for each in entries]
    if tree.compute_root(hashes) != head.root:
        findings += _explain_root(before, head, folder, source)
        return _make_report(before, head, verdict, findings)
    if before is not None and head.size < before.size:
        findings.append(
            Finding("shrink", f"the log had {before.size} entries when last seen and shows {head.size} now")
        )
        return _make_report(before, head, verdict, findings)
    if before is not None and tree.compute_root(hashes[: before.size]) != before.root:
        findings.append(_describe_fork(before, head))
        return _make_report(before, head, verdict, findings)
    # Only what continues everything seen before is remembered: a fork never replaces the evidence.
    _remember(folder, texts[size], entries)
    if sample_day and head.origin.startswith(SAMPLE_PREFIX):
        covers = dating.list_covers(rule, dating.judge_checkpoints(rule, texts))
        today = dating.find_day(entries, covers[-1])
    findings += _judge_entries(source, rule, texts, entries, today)
    return _make_report(before, head, verdict, findings, today)


def _judge_entries(
    source: Source,
    rule: policy.Policy,
    texts: Mapping[int, str],
    entries: Sequence[bytes],
    today: datetime.date,
) -> list[Finding]:
    """What is missing, silent or late according to the entries."""
    book = logbook.read_logbook(entries)
    findings = [
        Finding("missing", book.describe_missing(each)) for each in book.list_missing(source.has_record)
    ]
    results = dating.judge_checkpoints(rule, texts)
    stated = account.compute_account(entries, rule, results, today)
    findings += [_describe_late(gap) for gap in stated.gaps if gap.state == "overdue"]
    broken = list_broken(source, rule, results, entries, stated, today)
    findings += [Finding("overdue", sentence) for sentence in broken]
    findings += _list_challenges(source, book, dating.list_covers(rule, results), today)
    findings += _list_reviews(book, stated, today)
    last = _find_last_count(entries)
    if last is not None and (today - last).days > 1:
        findings.append(
            Finding("silent", f"the last daily count is of {last}, {(today - last).days} days ago")
        )
    return findings


def list_broken(
    source: Source,
    rule: policy.Policy,
    results: Mapping[int, policy.PolicyResult],
    entries: Sequence[bytes],
    stated: account.Account,
    day: datetime.date,
) -> list[str]:
    """Say of each study that promised something and locked nothing in by then how late it is on `day`.

    `results` is the verdict of `rule` on each checkpoint; `stated` the account of the same entries and day.
    """
    book = logbook.read_logbook(entries)
    find_day = _make_day_finder(dating.list_covers(rule, results), entries)
    items = [gap.item for gap in stated.gaps]
    return [
        f"{study}: promised for {broken.due}, nothing was locked in by then and nothing came since, "
        f"{broken.lateness.strict_days} days late"
        for study, broken in promise.list_broken(book, items, _make_body_reader(source), find_day, day)
    ]


def _describe_late(gap: completeness.Gap) -> Finding:
    item = gap.item
    stopped = f"; it is {item.stopped}, which ends no lateness" if item.stopped else ""
    return Finding(
        "overdue",
        f"{item.study}, document {item.number}: promised for {item.due}, "
        f"{gap.lateness.strict_days} days late{stopped}",
    )


def _list_challenges(
    source: Source, book: logbook.Logbook, covers: Sequence[dating.Cover], today: datetime.date
) -> list[Finding]:
    """List the challenges that nobody answered in time, and the answers that were shown to be false."""
    if not book.challenges.asked:
        return []
    led = {place.study for each in book.challenges.asked.values() for _, place in each.disproofs if place}
    records = [source.read_record(book.versions[study][0]) for study in sorted(led)]
    studies = [disclosure.decode_disclosure(data) for data in records if data is not None]
    standings = register.judge_challenges(
        book.challenges, today, dating.make_finder(covers), register.list_owners(studies)
    )
    kinds = {"overdue": "overdue", "disproved": "disproved"}
    return [
        Finding(kinds[each.state], register.describe_standing(each))
        for each in standings
        if each.state in kinds
    ]


def _list_reviews(book: logbook.Logbook, stated: account.Account, today: datetime.date) -> list[Finding]:
    """List what is held back past the day on which it should have been looked at again."""
    findings = [
        Finding(
            "review",
            f"{gap.item.study}, document {gap.item.number}: held back, to be looked at again by "
            f"{gap.item.review}, {days} days ago",
        )
        for gap in stated.gaps
        if (days := gap.find_overdue_review(today))
    ]
    for record, versions in book.versions.items():
        newest = versions[-1]
        held = [] if newest.digest in book.removed else newest.entry["withheld"]
        ends = sorted(datetime.date.fromisoformat(str(each["expires"])) for each in held)
        past = [each for each in ends if each < today]
        if past:
            findings.append(
                Finding(
                    "review",
                    f"{record}: {len(past)} answers held back until {past[0]}, "
                    f"{(today - past[0]).days} days ago",
                )
            )
    return findings


def _make_body_reader(source: Source) -> Callable[[logbook.Named], Json]:
    def read_body(named: logbook.Named) -> Json:
        data = source.read_record(named)
        value = canonical.decode(data) if data is not None else None
        return value.get("body") if isinstance(value, dict) else None

    return read_body


def _make_day_finder(
    covers: Sequence[dating.Cover], entries: Sequence[bytes]
) -> Callable[[int], datetime.date]:
    """Return the function from the place of an entry without a time of its own to the day it counts as made.

    That is the quorum's; where nobody but the writer states a time, that of the newest entry before it.
    """

    def find_day(index: int) -> datetime.date:
        cover = next((each for each in covers if each.size > index and each.time is not None), None)
        if cover is not None and cover.time is not None:
            return datetime.datetime.fromtimestamp(cover.time, datetime.UTC).date()
        for place in range(index, -1, -1):
            value = entry.decode_entry(place, entries[place])
            if "at" in value:
                return entry.read_time(value).date()
        return datetime.date.min

    return find_day


def _describe_fork(before: checkpoint.Checkpoint, head: checkpoint.Checkpoint) -> Finding:
    return Finding(
        "fork",
        f"the log shown now, of {head.size} entries, does not begin with the {before.size} entries seen "
        "before: two histories are signed. Keep the state folder as evidence and show it to the witnesses",
    )


def _explain_root(
    before: checkpoint.Checkpoint | None, head: checkpoint.Checkpoint, folder: Path, source: Source
) -> list[Finding]:
    """The entries do not lead to the root; if they do when fetched anew, the past was changed."""
    fresh = [each for index in _list_bundles(head.size) for each in _decode(source, index, head.size)]
    if before is None or tree.compute_root([tree.hash_leaf(each) for each in fresh]) != head.root:
        raise errors.Refused(f"the entries shown do not lead to the signed root of {head.size} entries")
    del folder
    if head.size < before.size:
        return [Finding("shrink", f"the log had {before.size} entries and shows {head.size} other ones now")]
    return [_describe_fork(before, head)]


def _read_entries(source: Source, folder: Path, size: int, known: int) -> list[bytes]:
    """All entries of the shown size, the full bundles that were seen before from the watcher's own folder."""
    entries: list[bytes] = []
    for index in _list_bundles(size):
        kept = folder / "entries" / str(index)
        if kept.exists() and (index + 1) * tile.FULL_WIDTH <= min(known, size):
            entries += tile.decode_bundle(kept.read_bytes())
        else:
            entries += _decode(source, index, size)
    return entries


def _decode(source: Source, index: int, size: int) -> list[bytes]:
    width = tile.count_width(size, 0, index)
    found = tile.decode_bundle(source.read_entries(index, width))
    if len(found) < width:
        raise errors.Refused(f"{tile.TilePath(None, index, width)} holds {len(found)} entries")
    return found[:width]


def _list_bundles(size: int) -> range:
    return range(-(-size // tile.FULL_WIDTH))


def _find_last_count(entries: Sequence[bytes]) -> datetime.date | None:
    for data in reversed(entries):
        if b'"type":"count"' in data:
            value = canonical.decode(data)
            if isinstance(value, dict) and value.get("type") == "count":
                return datetime.date.fromisoformat(str(value["date"]))
    return None


def _read_seen(folder: Path) -> checkpoint.Checkpoint | None:
    try:
        text = (folder / "checkpoint").read_text("utf-8")
        return checkpoint.parse_checkpoint(text.rpartition("\n\n")[0] + "\n")
    except FileNotFoundError:
        return None
    except (errors.LightwellError, UnicodeDecodeError):
        raise errors.Damaged(
            f"{folder / 'checkpoint'} cannot be read; restore it, it is your evidence"
        ) from None


def _pin_policy(folder: Path, shown: bytes, findings: list[Finding]) -> policy.Policy:
    pinned = folder / "policy"
    if not pinned.exists():
        _replace_file(pinned, shown)
    kept = pinned.read_bytes()
    if kept != shown:
        findings.append(
            Finding(
                "policy",
                f"the publisher's policy is another one than when first seen; the one in {pinned} counts "
                "here until you replace it",
            )
        )
    return policy.parse_policy(kept)


def _remember(folder: Path, text: str, entries: Sequence[bytes]) -> None:
    """Entries first, then the checkpoint: a crash between leaves entries too many, which do no harm."""
    for index in range(len(entries) // tile.FULL_WIDTH):
        path = folder / "entries" / str(index)
        if not path.exists():
            part = entries[index * tile.FULL_WIDTH : (index + 1) * tile.FULL_WIDTH]
            _replace_file(path, tile.encode_bundle(part))
    _replace_file(folder / "checkpoint", text.encode())


def _replace_file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _read_size(text: str) -> int:
    try:
        return checkpoint.parse_checkpoint(text.rpartition("\n\n")[0] + "\n").size
    except errors.LightwellError as error:
        raise errors.Refused(f"what is shown as checkpoint is none: {error}") from None


def _is_digest(data: bytes, digest: str) -> bool:
    return canonical.format_digest(hashlib.sha256(data).digest()) == digest


def _make_report(
    before: checkpoint.Checkpoint | None,
    head: checkpoint.Checkpoint,
    verdict: policy.PolicyResult,
    findings: Sequence[Finding],
    day: datetime.date | None = None,
) -> Report:
    return Report(
        head.origin,
        before.size if before else 0,
        head.size,
        tuple(sorted(verdict.witnesses)),
        tuple(findings),
        day,
    )

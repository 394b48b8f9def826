"""The verdict on a bundle, and what exactly it rests on; nothing here needs our server or its database.

`verify_bundle` returns a verdict only when everything holds; otherwise it raises a refusal whose sentence
names the place, or `CouldNotCheck`. The wording is part of the promise: "matches what the provider
sealed", never "true"; "in full" only where nothing is missing. Order of checks: docs/reference/bundle.md.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lightwell.archive import account, beacon, dating, logbook, register
from lightwell.base import canonical
from lightwell.base.canonical import Json
from lightwell.client import bundle as bundles
from lightwell.client import challenges, figures, openings, places, private_answers
from lightwell.client import history as histories
from lightwell.client import records as record_files
from lightwell.client.bundle import Bundle, PlacedRefusal
from lightwell.client.history import History
from lightwell.client.openings import Checked
from lightwell.client.records import Records
from lightwell.tlog import policy

SAMPLE_PREFIX = "sample."
UNVOUCHED = ("README.txt", "ro-crate-metadata.json", "verify.html")
_LONGEST_TITLE = 120
_MUST_BE_THERE = ("policy", "gaps.csv", "README.txt", "ro-crate-metadata.json")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was proven, what was not, and the numbers behind it; exists only for a verified bundle."""

    origin: str
    size: int
    root: str
    as_of: datetime.date
    sample: bool
    own_policy: bool
    witnesses: Mapping[str, int]
    local_witnesses: tuple[str, ...]
    certificates: Mapping[str, Json]
    proven: tuple[str, ...]
    not_proven: tuple[str, ...]
    titles: Mapping[str, str] = field(default_factory=dict)  # by study, as its publisher wrote them
    challenges: tuple[register.Standing, ...] = ()
    figures: Mapping[str, Json] = field(default_factory=dict)  # as `client/figures` formats it
    private_answers: Mapping[str, Json] = field(default_factory=dict)  # as `client/private_answers` does


def verify_bundle(
    root: Path,
    own_policy: policy.Policy | None = None,
    read_codebook: private_answers.ReadCodebook | None = None,
) -> Verdict:
    """Verify a bundle against the policy the verifier brings, or the publisher's own.

    Codebooks are YAML, which the plain install does not read: whoever can brings `read_codebook`.
    """
    bundle = bundles.open_bundle(root)
    try:
        return _judge(bundle, own_policy, read_codebook)
    except PlacedRefusal as refusal:
        raise places.find_place(bundle, refusal.place) or refusal from None


def _judge(
    bundle: Bundle, own_policy: policy.Policy | None, read_codebook: private_answers.ReadCodebook | None
) -> Verdict:
    bundles.check_list(bundle)
    history = histories.read_history(bundle, own_policy)
    records = record_files.read_records(bundle, history)  # first: what is gone is named as the log names it
    check_account(bundle, history)
    checked = openings.check_openings(bundle, history.book, records)
    reread = figures.check_figures(bundle, history.book, records)
    compared = private_answers.check_answers(bundle, records, read_codebook)
    check_paths(bundle, history, records, checked)
    stated = history.account
    return Verdict(
        stated.newest.origin,
        stated.newest.size,
        stated.newest.root.hex(),
        stated.day,
        stated.newest.origin.startswith(SAMPLE_PREFIX),
        own_policy is not None,
        dict(sorted(history.witnesses.items())),
        policy.list_local_witnesses(history.trusted_policy),
        {study: account.make_certificate(stated, study) for study in stated.list_studies()},
        (
            *_list_proven(bundle, history, records, checked),
            *figures.describe_reread(reread),
            *private_answers.describe_compared(compared),
        ),
        (
            *_list_not_proven(history, records),
            *figures.describe_unread(reread),
            *private_answers.describe_unproven(compared),
        ),
        _read_titles(history.book, records),
        tuple(challenges.list_challenges(history, challenges.read_owners(bundle, history))),
        figures.format_reread(reread),
        private_answers.format_compared(compared),
    )


def check_account(bundle: Bundle, history: History) -> None:
    """Compare gap table and certificates, byte for byte, with those the log leads to."""
    stated = history.account
    items = len(history.book.items)
    if len(stated.gaps) != items:
        raise PlacedRefusal("gaps.csv", f"the log seals {items} items, its events lead to {len(stated.gaps)}")
    found, right = bundle.read("gaps.csv").decode(errors="replace"), stated.format_gaps()
    if found != right:
        left_lines, right_lines = found.split("\n"), right.split("\n")
        same = sum(1 for _ in _common(left_lines, right_lines))
        expected = right_lines[same] if same < len(right_lines) else "nothing"
        raise PlacedRefusal(f"gaps.csv, line {same + 1}", f"by the log this row is {expected!r}")
    certificates = stated.make_certificates()
    for study, data in certificates.items():
        path = f"certificates/{study}.json"
        if bundle.read(path) != data:
            raise PlacedRefusal(path, "this certificate is not the one that the log leads to")
        counts = canonical.decode(data)
        for kind in ("items", "pages"):
            # Arithmetic that cannot fail while `account` is right; whoever changes it is stopped here.
            if counts[kind]["sealed"] != sum(n for place, n in counts[kind].items() if place != "sealed"):
                raise PlacedRefusal(path, f"the equation of its {kind} does not add up")


def check_paths(bundle: Bundle, history: History, records: Records, checked: Checked) -> None:
    """Refuse a file that nothing vouches for, and name a file that must be there and is not."""
    named = histories.list_log_paths(bundle, history.newest.size) | checked.paths | set(records.files)
    named |= {f"certificates/{study}.json" for study in history.account.list_studies()}
    named |= {*_MUST_BE_THERE, *UNVOUCHED}
    for path in bundle.paths:
        if path not in named and not path.startswith(record_files.AREA):
            raise PlacedRefusal(path, "nothing in the log speaks of this file")
    for path in _MUST_BE_THERE:
        bundle.read(path)


def format_verdict(verdict: Verdict) -> str:
    """Say a verdict in lines for a person."""
    whose = "your own policy" if verdict.own_policy else "the publisher's own policy"
    lines = [
        f"verified: what is in this bundle matches what the provider sealed ({verdict.origin}, "
        f"{verdict.size} log entries, as of {verdict.as_of}).",
        f"Signatures were required by {whose}."
        + ("" if verdict.own_policy else " Bring yours with --policy FILE to depend on nobody's word."),
    ]
    if verdict.sample:
        lines.append("This is a labelled sample on a sample clock.")
    if verdict.local_witnesses:
        lines.append(
            f"{', '.join(verdict.local_witnesses)} ran on the publisher's own computer: that shows the "
            "mechanism, not independence."
        )
    for study, certificate in verdict.certificates.items():
        title = f" “{verdict.titles[study]}”" if study in verdict.titles else ""
        lines += ["", f"{study}{title}:", f"  {account.describe_equation(certificate['items'], 'items')}"]
        lines.append(f"  {account.describe_equation(certificate['pages'], 'pages')}")
        if certificate["items_of_unknown_length"]:
            lines.append(
                f"  items of unknown length, in no page count: {certificate['items_of_unknown_length']}"
            )
        lines.append(f"  {describe_share(certificate)}")
    if verdict.challenges:
        lines += ["", "Challenges:", *(f"  - {register.describe_standing(e)}" for e in verdict.challenges)]
    lines += ["", "Proven:", *(f"  - {each}" for each in verdict.proven)]
    lines += ["", "Not proven:", *(f"  - {each}" for each in verdict.not_proven), ""]
    return "\n".join(lines)


def describe_share(certificate: Mapping[str, Json]) -> str:
    """Say how much of a study is open; "in full" only where nothing is missing."""
    if certificate["in_full"]:
        return "published in full: nothing is held back, late, suspended or lost"
    return f"all accounted for; {certificate['percent_open']} % of the pages open"


def format_json(verdict: Verdict) -> dict[str, Json]:
    """Return a verdict as a JSON object for programs."""
    return {
        "verdict": "verified",
        "origin": verdict.origin,
        "size": verdict.size,
        "root": verdict.root,
        "as_of": verdict.as_of.isoformat(),
        "sample": verdict.sample,
        "policy": "own" if verdict.own_policy else "publisher",
        "witnesses": dict(verdict.witnesses),
        "local_witnesses": list(verdict.local_witnesses),
        "certificates": dict(verdict.certificates),
        "titles": dict(verdict.titles),
        "challenges": [
            dict(zip(register.COLUMNS, register.format_row(each), strict=True)) for each in verdict.challenges
        ],
        "figures": dict(verdict.figures),
        "private_answers": dict(verdict.private_answers),
        "proven": list(verdict.proven),
        "not_proven": list(verdict.not_proven),
    }


def _read_titles(book: logbook.Logbook, records: Records) -> dict[str, str]:
    """Read the newest title of each study whose words are here: nobody can tell ids apart."""
    titles: dict[str, str] = {}
    for versions in book.versions.values():
        for named in versions:
            record = records.disclosures.get(named.digest)
            if record is not None and record.kind == "study" and isinstance(record.body.get("title"), str):
                # A publisher's words must not speak to the terminal that shows the verdict.
                title = "".join(each if each.isprintable() else "?" for each in str(record.body["title"]))
                titles[record.id] = title[:_LONGEST_TITLE]
    return titles


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _list_proven(bundle: Bundle, history: History, records: Records, checked: Checked) -> tuple[str, ...]:
    book = history.book
    names = ", ".join(policy.list_witness_names(history.trusted_policy, history.witnesses))
    when = _format_time(history.quorum_time)
    confirmed = (
        f"enough record-keepers confirmed the newest state by {when}: {names}"
        if history.quorum_time is not None
        else "the log signed its newest state; the policy asks for no witness"
    )
    lifted = sum(len(record.opened) for record in records.disclosures.values())
    found = [
        f"the {_count(len(bundle.paths), 'file')} are those of the list",
        confirmed,
        f"all entries of the log are in place, {len(history.entries):,} of them, and every state that was "
        f"signed, {len(history.state_times):,} of them, is a beginning of one history",
        f"{_count(len(book.studies), 'study', 'studies')} and {_count(len(book.items), 'item')} in the log; "
        "none was removed",
        f"{_count(len(records.disclosures), 'public record')} as logged, each version following from the one "
        "before it",
    ]
    found += _list_proven_times(history)
    found += _list_audits(book)
    if lifted:
        found.append(f"{_count(lifted, 'field')} held back before, opened to what was fixed then")
    if checked.whole_items:
        found.append(
            f"open whole: {_count(checked.whole_items, 'item')}; the files and the words of "
            f"{_count(checked.whole_pages, 'page')} match what the provider sealed"
        )
    if checked.partial_items:
        found.append(
            f"open in part: {_count(checked.partial_items, 'item')}; words and pictures of "
            f"{_count(checked.partial_pages, 'page')} match what the provider sealed, with "
            f"{_count(checked.hidden_lines, 'hidden line')}"
        )
    if checked.redacted_items:
        found += _list_redacted(checked)
    if checked.replaced:
        found.append(
            "openings that a later one of the same item replaced, checked and not counted: "
            f"{checked.replaced:,}"
        )
    found.append(f"gap table and certificates of {history.account.day} follow from the log, byte for byte")
    return tuple(found)


def _list_audits(book: logbook.Logbook) -> list[str]:
    """Say what the log holds of audits: the word of whoever drew pages again."""
    return [
        f"an audit of {each.study} (log entry {each.index}): of {each.sampled:,} pages chosen by the log "
        f"{each.agreed:,} agreed with the seal when drawn again from the originals, "
        f"{each.differing:,} differed, {each.missing:,} were not compared; "
        "that is the auditor's word"
        for each in book.audits
    ]


def _list_redacted(checked: Checked) -> list[str]:
    """Say what was checked of documents with hidden parts: regions by ground, and the share that was not."""
    regions = ", ".join(f"{count:,} {ground}" for ground, count in sorted(checked.regions.items()))
    lines, patches = checked.lines - checked.unchecked_lines, checked.patches - checked.hidden_patches
    share = 100 * (lines + patches) // max(checked.lines + checked.patches, 1)
    return [
        f"open with hidden parts: {_count(checked.redacted_items, 'item')}, "
        f"{_count(checked.shown_pages, 'page')}; hidden regions on "
        f"{_count(checked.redacted_pages, 'page')}, by ground: {regions or 'none'}",
        f"of these pages {lines:,} of {checked.lines:,} lines and {patches:,} of {checked.patches:,} patches "
        f"of their pictures match what the provider sealed ({share} %); what is shaded was not checked",
    ]


def _list_not_proven(history: History, records: Records) -> tuple[str, ...]:
    found = [
        "that the content is true, or that the sealed parts came from the file",
        "that nothing exists outside the sealed inventories, or when the work began",
        "titles, dates, file names and summaries: they are the publisher's words",
        f"{', '.join(UNVOUCHED)}: nothing in the log vouches for them",
        "that the picture of a page that is open whole looks as sealed: draw it from its file to check",
    ]
    if history.quorum_time is None:
        found.append("any time: the policy asks for no witness, so times are the publisher's own")
    if history.book.challenges.asked:
        found.append(
            "that an answer to a challenge is true, unless it was disproved or its holder shows the receipt"
        )
    found += record_files.describe_samples(history, records)
    found += _list_unproven_starts(history)
    found += [f"a record that is not here: {why}" for why in sorted(set(records.absent.values()))]
    return tuple(found)


def _bound_registrations(history: History) -> dict[str, tuple[logbook.Registration, dating.Bounds]]:
    """Bound the time of every study that was registered in advance."""
    covers = dating.list_covers(history.publishers_policy, history.results)
    return {
        study: (each, dating.bound_registration(each, covers, history.state_times))
        for study, each in history.book.registrations.items()
        if each.in_advance
    }


def _list_proven_times(history: History) -> list[str]:
    found = []
    for study, (_, bounds) in _bound_registrations(history).items():
        if bounds.not_after is not None:
            start = f" and not before {bounds.not_before:%Y-%m-%d %H:%M} UTC" if bounds.not_before else ""
            found.append(f"{study} was registered in advance by {bounds.not_after:%Y-%m-%d %H:%M} UTC{start}")
    return found


def _list_unproven_starts(history: History) -> list[str]:
    """Say what a registration names that is not checked here: a state that is gone, a public random value."""
    found, invented = [], 0
    for study, (each, bounds) in _bound_registrations(history).items():
        # Cosignatures are added after the digest was taken, so a named state may not be found byte for byte.
        if each.after is not None and each.after not in history.state_times:
            found.append(f"that {study} is not older than the signed state it names")
        if each.beacon is not None and each.beacon.source == beacon.SAMPLE:
            invented += 1
        elif each.beacon is not None:
            when = f" of {bounds.beacon:%Y-%m-%d %H:%M:%S} UTC" if bounds.beacon else ""
            found.append(
                f"that {study} is not older than the public random value{when} that it names: compare "
                f"{each.beacon.value[:16]}… with round {each.beacon.round} of {each.beacon.source}"
            )
    if invented:
        named = _count(invented, "registration")
        found.append(f"anything by the sample's invented random values, named by {named}")
    return found


def _common(left: list[str], right: list[str]) -> list[str]:
    shared = []
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        shared.append(a)
    return shared


def _format_time(time: int | None) -> str:
    if time is None:
        return "no stated time"
    return datetime.datetime.fromtimestamp(time, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")

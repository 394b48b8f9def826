"""Is this page, or a damaged or photographed copy of it, in the public archive, and what differs?

First the very bytes, then fingerprints, then the words themselves (`archive/word_difference`). Everything
happens here: an `Archive` is a file or a folder on this disk. What is found is what the publisher shows; that
these are the words which were locked in is what `lightwell verify` asks of a bundle.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lightwell.archive import fingerprint, word_difference
from lightwell.archive.fingerprint_set import Document, Head, PublicFile
from lightwell.archive.word_difference import Difference
from lightwell.base.canonical import Json
from lightwell.client.fingerprints import Archive

_MOST_CANDIDATES = 8
_MOST_COPIES = 5
# A passage in common that is worth a note although the page is no copy.
_LEAST_PASSAGE = 25
_SHOWN_CHANGES = 10
_SHOWN_WORDS = 80


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of the held file, or a stretch of a long text: its name and its words."""

    name: str
    text: str
    by_ocr: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """The held file: its name, its SHA-256, and its pages; none when only its bytes can be compared."""

    name: str
    sha256: bytes
    sheets: tuple[Sheet, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A published page that a held one was compared with."""

    document: Document
    page: int
    difference: Difference


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one held page: pages it is a copy of, the nearest first, and shared passages."""

    sheet: Sheet
    copies: tuple[Match, ...]
    passages: tuple[Match, ...]
    readable: bool  # it has enough words to be looked for


@dataclass(frozen=True, slots=True)
class Report:
    """The whole answer. `file` is the public file with the same bytes, `document` the one it belongs to."""

    held: Held
    head: Head
    file: PublicFile | None
    document: Document | None
    findings: tuple[Finding, ...] = field(default=())

    @property
    def is_found(self) -> bool:
        """Whether the file or one of its pages is in the archive."""
        return self.file is not None or any(finding.copies for finding in self.findings)

    @property
    def could_look(self) -> bool:
        """Whether any page had enough words; without one, only the very bytes were looked for."""
        return any(finding.readable for finding in self.findings)

    def list_documents(self) -> list[Document]:
        """List the documents that were found, without repeating one."""
        found = [finding.copies[0].document for finding in self.findings if finding.copies]
        return list(dict.fromkeys(([self.document] if self.document else []) + found))


def check_file(held: Held, archive: Archive) -> Report:
    """Look for a held file in an archive on this disk."""
    file = archive.find_file(held.sha256)
    document = archive.read_document(file.document) if file and file.document is not None else None
    prints = [fingerprint.make_fingerprints([sheet.text]) for sheet in held.sheets]
    found: dict[bytes, list[int]] = {}
    for each, place in archive.list_matches(frozenset().union(*prints)):
        found.setdefault(each, []).append(place)
    findings = tuple(
        _judge_sheet(sheet, own, found, archive) for sheet, own in zip(held.sheets, prints, strict=True)
    )
    return Report(held, archive.head, file, document, findings)


def _judge_sheet(
    sheet: Sheet, own: frozenset[bytes], found: Mapping[bytes, Sequence[int]], archive: Archive
) -> Finding:
    counted = Counter(place for each in own for place in found.get(each, ()))
    ranked = []
    for place, matches in counted.items():
        published = archive.read_page(place).fingerprints
        if fingerprint.is_candidate(matches, len(own), published):
            share = fingerprint.compute_share(matches, len(own), published)
            ranked.append((-share, -matches, place))
    compared = []
    for _, _, place in sorted(ranked)[:_MOST_CANDIDATES]:
        record = archive.read_page(place)
        difference = word_difference.compare_words(sheet.text, archive.read_words(place))
        compared.append(Match(archive.read_document(record.document), record.number, difference))
    copies = [match for match in compared if match.difference.is_copy]
    # Of versions of one page, the one with the fewest places that differ is nearest.
    copies.sort(key=lambda match: (len(match.difference.changes), -match.difference.in_order))
    passages = [
        match
        for match in compared
        if not match.difference.is_copy and match.difference.longest >= _LEAST_PASSAGE
    ]
    return Finding(sheet, tuple(copies[:_MOST_COPIES]), tuple(passages[:_MOST_COPIES]), bool(own))


def measure_bytes(data: bytes) -> bytes:
    """Compute the SHA-256 by which a public file is found."""
    return hashlib.sha256(data).digest()


def format_report(report: Report) -> str:
    """Say a report in lines for a person."""
    log = f"{report.head.origin}, as of log entry {report.head.log_size:,}"
    pages = f"{report.head.pages:,} pages with words"
    if report.is_found:
        lines = [f"found: {report.held.name} is in the public archive ({log}; {pages})."]
    elif report.could_look:
        lines = [f"not found: no page of {report.held.name} is in the public archive ({log}; {pages})."]
    else:
        lines = [f"not found: no public file has the same bytes as {report.held.name} ({log})."]
    if report.file is not None:
        lines.append(f"The very same file, byte for byte: {_describe_file(report.file, report.document)}.")
    for finding in report.findings:
        lines += _format_finding(finding)
    for document in report.list_documents():
        if document.held:
            listed = ", ".join(f"{each.page} ({each.ground})" for each in document.held)
            lines.append(f"Not public of {_name_document(document)}: page {listed}.")
    if report.head.unread_pages:
        lines.append(
            f"{report.head.unread_pages:,} published pages have too few words in a row to be found by them."
        )
    lines.append("This is what the publisher shows. That it was locked in before: lightwell verify BUNDLE.")
    return "\n".join(_clean(line) for line in lines)


def format_json(report: Report) -> dict[str, Json]:
    """Return a report as a JSON object for programs."""
    return {
        "verdict": "found" if report.is_found else "not found",
        "name": report.held.name,
        "sha256": report.held.sha256.hex(),
        "origin": report.head.origin,
        "log_size": report.head.log_size,
        "same_file": _list_file(report.file, report.document) if report.file else None,
        "pages": [
            {
                "page": finding.sheet.name,
                "by_ocr": finding.sheet.by_ocr,
                "enough_words": finding.readable,
                "copies": [_list_match(match) for match in finding.copies],
                "passages": [_list_match(match) for match in finding.passages],
            }
            for finding in report.findings
        ],
        "not_public": [
            {"study": each.study, "document": each.number, "page": held.page, "ground": held.ground}
            for each in report.list_documents()
            for held in each.held
        ],
    }


def _format_finding(finding: Finding) -> list[str]:
    name = finding.sheet.name
    if not finding.copies:
        reason = "not found" if finding.readable else "too few words in a row to look for it"
        lines = [f"{name}: {reason}"]
        for match in finding.passages:
            lines.append(
                f"  a passage of {match.difference.longest} words stands also on {_name_page(match)}; "
                "the rest of the page is another"
            )
        return lines
    nearest, *others = finding.copies
    lines = [f"{name}: {_name_page(nearest)}", f"  {_describe_difference(nearest.difference, finding.sheet)}"]
    for change in nearest.difference.changes[:_SHOWN_CHANGES]:
        lines.append(f"  - yours: {_quote(change.held)}  published: {_quote(change.published)}")
    if (more := len(nearest.difference.changes) - _SHOWN_CHANGES) > 0:
        lines.append(f"  - and {more} more places; --json lists all")
    for each in nearest.difference.hidden:
        reason = f", legal reason {each.ground}" if each.ground else ""
        count = f"; yours has {each.held_words} words there" if each.held_words else ""
        lines.append(f"  - hidden on the published page{reason}{count}")
    for match in others:
        lines.append(f"  also on {_name_page(match)}: {_count_changes(match.difference)}")
    return lines


def _describe_difference(difference: Difference, sheet: Sheet) -> str:
    if difference.is_same:
        return "every word is the same"
    said = f"{_count_changes(difference)}; {difference.in_order} words stand on both in the same order"
    if off := difference.before + difference.after:
        said += f"; {off} of its {difference.published} words are not on yours"
    if sheet.by_ocr and difference.changes:
        said += "; yours was read out of a picture, so a difference may be a misreading"
    return said


def _count_changes(difference: Difference) -> str:
    if difference.is_same:
        return "every word is the same"
    count = len(difference.changes)
    if not count:
        return "no word differs"
    return "1 place differs" if count == 1 else f"{count} places differ"


def _name_document(document: Document) -> str:
    title = f"“{document.title}”" if document.title else document.kind
    return f"{title} (document {document.number} of {document.study})"


def _name_page(match: Match) -> str:
    document = match.document
    return (
        f"page {match.page} of {_name_document(document)}, version {document.version}, published "
        f"{document.opened} in publication {document.publication} of the study"
    )


def _describe_file(file: PublicFile, document: Document | None) -> str:
    if document is None:
        title = f"“{file.title}”, " if file.title else ""
        return f"{title}beside record {file.record}, version {file.version}"
    part = f"the picture of page {file.page} of " if file.page else ""
    return f"{part}{_name_document(document)}, version {file.version}"


def _list_file(file: PublicFile, document: Document | None) -> dict[str, Json]:
    where: dict[str, Json] = {"record": file.record or None, "version": file.version, "page": file.page}
    named = {"study": document.study, "document": document.number} if document else {}
    return {**named, **where, "title": file.title}


def _list_match(match: Match) -> dict[str, Json]:
    document, difference = match.document, match.difference
    return {
        "study": document.study,
        "study_title": document.study_title,
        "document": document.number,
        "title": document.title,
        "company": document.company,
        "page": match.page,
        "version": document.version,
        "publication": document.publication,
        "published": document.opened,
        "opening": document.opening,
        "same": difference.is_same,
        "words_held": difference.held,
        "words_published": difference.published,
        "words_in_order": difference.in_order,
        "longest_passage": difference.longest,
        "words_before": difference.before,
        "words_after": difference.after,
        "changes": [{"held": each.held, "published": each.published} for each in difference.changes],
        "hidden": [{"ground": each.ground, "words_held": each.held_words} for each in difference.hidden],
    }


def _quote(text: str) -> str:
    shown = text if len(text) <= _SHOWN_WORDS else f"{text[:_SHOWN_WORDS]}…"
    return f"“{shown}”" if shown else "nothing"


def _clean(line: str) -> str:
    """Words of a file or a set must not speak to the terminal that shows them."""
    return "".join(each if each.isprintable() else "?" for each in line)

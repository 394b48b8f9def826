"""Measure the detectors on the 100 labelled pages and write src/lightwell/data/detection/figures.json.

    .venv/bin/python docs/make/detection.py [--presidio]

The labels were committed before any detector was written (tests/labels/pages.json; what they say and do not
say: docs/reference/detection-labels.md). Recall: *any* when a finding shares a word with the label, *full*
when findings cover all of its words, of whatever kind they are, because what matters is that the words are
proposed. Precision: the share of findings of a kind that share a word with any label. `shown` leaves out
findings below a confidence of 50. With --presidio the model is measured too, alone and together with the
rules; without it, its older figures stay only if the rules' are the same. Which labels were missed is never
printed, so that nobody mends rules for these pages: for that there are the other 739.
"""

from __future__ import annotations

import argparse
import collections
import datetime
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

import labels
from lightwell.archive import detection, finding
from lightwell.archive.finding import Finding
from lightwell.archive.page import Line
from lightwell.files import data, pdf

FIGURES = Path(__file__).resolve().parents[2] / "src" / "lightwell" / "data" / "detection" / "figures.json"
SHOWN_FROM = 50
# Shown beside the figures: what a reader must know to take them for no more than they are.
NOTES = [
    "Most names on these pages are authors, many of them in lists of references, whose shape the rules know; "
    "in running text the rules find fewer (docs/benchmarks.md).",
    "The pages were labelled before any detector ran, by the session that then wrote the rules; it had read "
    "them, nobody else has checked the labels, and which labels were missed was not looked at.",
    "There was one e-mail address, one phone number, and no id, IP address or date of birth on them: for "
    "these the figures say only how often a rule was wrong.",
]
Place = tuple[int, int]
Label = tuple[int, int, int, str]
Page = tuple[Sequence[Line], list[Label]]


def read_pages() -> list[Page]:
    """Read the labelled pages; stops when a document is not the one that was labelled."""
    pages: list[Page] = []
    for entry in json.loads(labels.LABELS.read_text("utf-8"))["pages"]:
        path = labels.SHARED / entry["document"]
        if hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
            raise SystemExit(f"{path} is not the document that was labelled")
        (parts,) = pdf.read_pages(path, [entry["page"]])
        pages.append((parts.lines, [tuple(label) for label in entry["labels"]]))
    return pages


def list_places(each: Finding) -> set[Place]:
    """List the places of a finding's words."""
    return {(line, at) for line, first, last in each.words for at in range(first, last + 1)}


def measure(pages: Sequence[Page], found: Sequence[list[Finding]], least: int) -> dict[str, object]:
    """Count by kind what was found of the labels, and which findings are labels."""
    labelled: collections.Counter[str] = collections.Counter()
    touched: collections.Counter[str] = collections.Counter()
    covered: collections.Counter[str] = collections.Counter()
    proposed: collections.Counter[str] = collections.Counter()
    right: collections.Counter[str] = collections.Counter()
    for (_, marks), findings in zip(pages, found, strict=True):
        kept = [each for each in findings if each.confidence >= least]
        hidden = set().union(*map(list_places, kept)) if kept else set()
        wanted = set()
        for line, first, last, kind in marks:
            places = {(line, at) for at in range(first, last + 1)}
            wanted |= places
            labelled[kind] += 1
            touched[kind] += bool(places & hidden)
            covered[kind] += places <= hidden
        for each in kept:
            proposed[each.kind] += 1
            right[each.kind] += bool(list_places(each) & wanted)
    return {
        kind: {
            "labels": labelled[kind],
            "found_any": touched[kind],
            "found_full": covered[kind],
            "findings": proposed[kind],
            "right": right[kind],
        }
        for kind in finding.KINDS
        if labelled[kind] or proposed[kind]
    }


def summarise(pages: Sequence[Page], found: Sequence[list[Finding]]) -> dict[str, object]:
    """Return the figures for all findings and for those that are shown first."""
    return {
        "all": measure(pages, found, 0),
        "shown": measure(pages, found, SHOWN_FROM),
        "findings_a_page": round(sum(map(len, found)) / len(pages), 2),
    }


def list_versions(packages: Iterable[str]) -> dict[str, str]:
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in packages
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presidio", action="store_true", help="measure the optional model too")
    options = parser.parse_args()
    pages, lists = read_pages(), data.read_names()
    rules = [detection.detect(lines, None, lists) for lines, _ in pages]
    packages = ["lightwell", "pypdfium2"]
    figures: dict[str, object] = {
        "title": "What the detectors found on 100 pages labelled beforehand",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "pages": len(pages),
        "labelled_by": labels.READER,
        "notes": NOTES,
        "shown_from": SHOWN_FROM,
        "rules": summarise(pages, rules),
    }
    if options.presidio:
        from lightwell.files import presidio

        model = presidio.load()
        alone = [finding.merge(found) for found in model.find_many([lines for lines, _ in pages])]
        union = [
            detection.detect(lines, None, lists, others=found)
            for (lines, _), found in zip(pages, alone, strict=True)
        ]
        figures["presidio"] = summarise(pages, alone)
        figures["union"] = summarise(pages, union)
        packages += presidio.PACKAGES
    elif FIGURES.exists():
        older = json.loads(FIGURES.read_text("utf-8"))
        if older["rules"] == figures["rules"]:
            figures |= {part: older[part] for part in ("presidio", "union") if part in older}
            figures["date"], packages = (
                older["date"],
                [name for name in older["versions"] if name != "python"],
            )
    figures["versions"] = list_versions(packages)
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    for part in ("rules", "presidio", "union"):
        for level in ("all", "shown"):
            for kind, row in figures.get(part, {}).get(level, {}).items():
                recall = f"{row['found_any']}/{row['found_full']} of {row['labels']}"
                right = f"{row['right']} of {row['findings']}"
                print(f"{part:9}{level:6}{kind:11} recall any/full {recall:18} right {right}")


if __name__ == "__main__":
    main()

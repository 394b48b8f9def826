"""The figures of the detectors are those of the labels that were committed, and the labels hold no words."""

import collections
import importlib.util
import json
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
MAKE = ROOT / "docs" / "make"
LABELS = json.loads((ROOT / "tests" / "labels" / "pages.json").read_text("utf-8"))
FIGURES = json.loads((ROOT / "src/lightwell/data/detection/figures.json").read_text("utf-8"))
SHARED = ROOT.parent / "shared" / "data"


def test_a_hundred_pages_are_labelled_by_place_and_kind_alone():
    assert len({(page["document"], page["page"]) for page in LABELS["pages"]}) == 100
    for page in LABELS["pages"]:
        assert set(page) == {"document", "sha256", "page", "labels"}
        for line, first, last, kind in page["labels"]:
            assert line >= 0
            assert 0 <= first <= last
            assert kind in LABELS["kinds"]


def test_the_figures_count_every_label():
    counted = collections.Counter(label[3] for page in LABELS["pages"] for label in page["labels"])
    for part in ("rules", "presidio", "union"):
        for level in ("all", "shown"):
            rows = FIGURES[part][level]
            assert {kind: row["labels"] for kind, row in rows.items() if row["labels"]} == counted
            for row in rows.values():
                assert row["found_full"] <= row["found_any"] <= row["labels"]
                assert row["right"] <= row["findings"]


@pytest.mark.full
@pytest.mark.skipif(not SHARED.exists(), reason="needs the documents of ../shared/data")
def test_the_figures_of_the_rules_are_those_of_today(monkeypatch):
    """When this fails: .venv/bin/python docs/make/detection.py --presidio"""
    monkeypatch.setattr(sys, "path", [str(MAKE), *sys.path])
    spec = importlib.util.spec_from_file_location("measured", MAKE / "detection.py")
    measured = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(measured)
    pages = measured.read_pages()
    lists = measured.data.read_names()
    found = [measured.detection.detect(lines, None, lists) for lines, _ in pages]
    assert measured.summarise(pages, found) == FIGURES["rules"]

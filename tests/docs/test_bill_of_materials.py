"""The bill of materials holds what is locked, in its standard form; nothing that runs is AGPL or GPL."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"make_{name}", ROOT / "docs" / "make" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


sbom, audit = load("sbom"), load("audit")
# Allowed with its reason in docs/decisions/0002-dependencies.md.
LESSER = {"psycopg", "psycopg-binary"}
_COPYLEFT = re.compile(r"\b(A?GPL|GNU (Affero )?General Public|General Public License)", re.I)
_LESSER = re.compile(r"\bLGPL|Lesser General Public", re.I)
# Named there too: docutils' files for an editor are not in its wheel; pyphen lets us choose MPL-1.1.
_EITHER = {"docutils", "pyphen"}


@pytest.fixture(scope="module")
def packages() -> dict:
    return sbom.list_packages()


def test_the_bill_is_valid_cyclonedx_and_holds_every_locked_package_with_its_hashes(packages):
    validation = pytest.importorskip(
        "cyclonedx.validation.json", reason="the dev tool pip-audit is not installed"
    )
    from cyclonedx.schema import SchemaVersion

    bill = sbom.describe(packages)
    assert validation.JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    locked = re.findall(
        r"^([a-z0-9._-]+)==([^\s;\\]+)", (ROOT / "requirements.lock").read_text(), re.M | re.I
    )
    assert sorted((each["name"], each["version"]) for each in bill["components"]) == sorted(locked)
    assert all(each["hashes"] for each in bill["components"])
    assert sbom.describe(sbom.list_packages()) == bill, "the same lock gives the same bill"


def test_what_is_needed_for_what_is_followed_to_the_end(packages):
    assert packages["cryptography"].scope == packages["httpcore"].scope == "required"
    assert packages["django"].scope == packages["pydantic"].scope == "optional"
    assert packages["pytest"].scope == "excluded"
    assert packages["psycopg-binary"].needed_by == {"postgres"}


def test_nothing_that_runs_is_under_agpl_or_gpl_and_the_lesser_one_is_the_documented_one(packages):
    running = {name: each for name, each in packages.items() if each.needed_by - {"dev"}}
    assert len(running) > 40
    unread = [name for name, each in running.items() if not each.licence]
    assert unread == [], "install what is locked before its licences are judged"
    wrong = [
        f"{name}: {each.licence}"
        for name, each in running.items()
        if name not in _EITHER and _COPYLEFT.search(_LESSER.sub("", each.licence))
    ]
    assert wrong == []
    assert {name for name, each in running.items() if _LESSER.search(each.licence)} - _EITHER <= LESSER
    reasons = (ROOT / "docs/decisions/0002-dependencies.md").read_text("utf-8")
    assert all(words in reasons for words in ("psycopg is LGPL", "| docutils |", "under MPL-1.1, unchanged"))


@pytest.mark.parametrize(
    "licence", ["AGPL-3.0-only", "GNU Affero General Public License v3", "GPL-2.0-or-later OR MIT", "GPLv3"]
)
def test_the_judge_of_licences_sees_them(licence):
    assert _COPYLEFT.search(_LESSER.sub("", licence))


@pytest.mark.parametrize(
    ("dependencies", "code", "words"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], 0, "1 packages looked up"),
        ([{"name": "a", "skip_reason": "gone"}, {"name": "b", "version": "1", "vulns": []}], 2, "1 of 2"),
        ([], 2, "could not check"),
        (
            [{"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]},
             {"name": "b", "skip_reason": "not found"}],
            1,
            "a 1: CVE-1, mended in 2",
        ),
    ],
)  # fmt: skip
def test_a_package_that_was_left_out_is_not_taken_for_one_that_is_fine(dependencies, code, words):
    got, sentences = audit.judge(json.dumps({"dependencies": dependencies}))
    assert got == code
    assert words in " ".join(sentences)


def test_no_answer_is_said_and_is_not_a_pass():
    code, sentences = audit.judge("", "Traceback\nConnectionError: no route")
    assert code == 2
    assert "could not check" in sentences[0]
    assert "no route" in sentences[0]

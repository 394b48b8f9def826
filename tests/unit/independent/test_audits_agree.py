"""Three verifiers on every audit that a log can hold, good and malformed."""

import datetime
import json
import shutil
import subprocess
from pathlib import Path

import notes
import pytest
import register_fixture as fixture
import statements

from lightwell.archive import entry, logbook
from lightwell.base import canonical, errors

SOURCES = Path(__file__).parents[3] / "docs/make/verifier"
HARNESS = """
const cases = JSON.parse(require("fs").readFileSync(0, "utf-8"));
console.log(JSON.stringify(cases.map((values) => {
  const none = values.map(() => null), leaves = values.map((v) => leafHash(json(v)));
  const log = { values, leaves, good: none, all: none, day: "2026-12-31" };
  try { readStory(log); return true; } catch { return false; }
})));
"""
AT = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
GOOD = entry.make_audit(AT, fixture.STUDY, 50, 48, 1, "own-copies", 1, "auditor")
CASES = {
    "good": (GOOD, True),
    "none drawn": ({**GOOD, "sampled": 0, "agreed": 0, "missing": 0}, True),
    "archive": ({**GOOD, "originals": "archive"}, True),
    "more than chosen": ({**GOOD, "agreed": 50}, False),
    "below nothing": ({**GOOD, "missing": -1}, False),
    "true": ({**GOOD, "agreed": True}, False),
    "a fraction": ({**GOOD, "sampled": 50.5}, False),
    "whose": ({**GOOD, "originals": "mine"}, False),
    "no state": ({**GOOD, "size": 0}, False),
    "a state to come": ({**GOOD, "size": 99}, False),
    "another study": ({**GOOD, "study": "std-y"}, False),
    "a member more": ({**GOOD, "pages": 3}, False),
    "a member less": ({k: v for k, v in GOOD.items() if k != "missing"}, False),
}


def list_values(what: str) -> list[dict]:
    return [*fixture.BEFORE, CASES[what][0]]


@pytest.mark.parametrize("what", CASES)
def test_both_programs_say_the_same(what: str) -> None:
    entries, right = [json.dumps(each).encode() for each in list_values(what)], CASES[what][1]
    if what != "a fraction":
        entries = [canonical.encode(each) for each in list_values(what)]
    for read, refusal in ((logbook.read_logbook, errors.Refused), (statements.read_account, notes.Refusal)):
        try:
            read(entries)
            found = True
        except refusal:
            found = False
        assert found == right


@pytest.mark.skipif(not shutil.which("node"), reason="there is no node here")
def test_the_page_of_the_bundle_says_the_same_as_well() -> None:
    sources = "".join(path.read_text() for path in sorted(SOURCES.glob("[1-6]-*.js")))
    sent = [list_values(what) for what in CASES]
    done = subprocess.run(
        ["node", "-e", sources + HARNESS], input=json.dumps(sent), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [right for _, right in CASES.values()]

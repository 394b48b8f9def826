"""Our register of challenges and the second verifier, on every list of entries that either has to judge."""

import datetime
import json
import shutil
import subprocess
from pathlib import Path

import challenges
import notes
import pytest
import register_fixture as fixture
import statements

from lightwell.archive import logbook, register
from lightwell.base import canonical, errors

SOURCES = Path(__file__).parents[3] / "docs/make/verifier"
HARNESS = """
const cases = JSON.parse(require("fs").readFileSync(0, "utf-8"));
console.log(JSON.stringify(cases.map(({ values, days, owner }) => {
  const none = values.map(() => null), leaves = values.map((v) => leafHash(json(v)));
  const log = { values, leaves, good: none, all: none, day: "2026-12-31" };
  const write = (q) => [q.id, q.company, q.state, q.due, String(q.late), q.denied,
    q.place ? q.place.study : "", q.place ? String(q.place.item) : ""];
  try {
    const story = readStory(log), owners = new Map(owner === null ? [] : [["std-x", owner]]);
    return days.map((day) => judgeQuestions(story, day, owners).map(write));
  } catch (error) { return null; }
})));
"""
DAYS = [
    datetime.date(2026, 2, 1),
    datetime.date(2026, 4, 1),
    datetime.date(2026, 4, 2),
    datetime.date(2026, 9, 1),
]


def read_ours(entries: list[bytes]) -> register.Register | None:
    try:
        return logbook.read_logbook(entries).challenges
    except errors.Refused:
        return None


def read_theirs(entries: list[bytes]) -> challenges.Questions | None:
    try:
        return statements.read_account(entries).questions
    except notes.Refusal:
        return None


CASES = {
    **{f"{state} {number}": after for number, (after, _, state, _) in enumerate(fixture.STANDINGS)},
    **fixture.WRONG,
    "a place that was sealed": [
        fixture.ask(),
        fixture.hand(),
        fixture.admit(fixture.on(3, 9), place=("std-x", 1)),
    ],
}


OWNERS = ["larkfield", "nightjar", "", None]


def list_values(what: str) -> list[dict]:
    asked = [fixture.ask()] if CASES[what][:1] != [fixture.ask()] and what not in fixture.WRONG else []
    values = [*fixture.BEFORE, *asked, *CASES[what]]
    sealed = sum(each["type"] == "item" for each in values)
    return [*values, *fixture.item(sealed + 1, b"z" * 32, fixture.on(7, 1))]


@pytest.mark.parametrize("what", CASES)
@pytest.mark.parametrize("owner", OWNERS)
def test_both_say_the_same(what: str, owner: str | None) -> None:
    values = list_values(what)
    entries = [canonical.encode(each) for each in values]
    ours, theirs = read_ours(entries), read_theirs(entries)
    assert (ours is None) == (theirs is None) == (what in fixture.WRONG)
    if ours is None or theirs is None:
        return
    owners = {} if owner is None else {fixture.STUDY: owner}
    for day in DAYS:
        standings = register.judge_challenges(ours, day, lambda _, at: at, owners)
        rows = theirs.write_table(
            lambda _, value: datetime.date.fromisoformat(value["at"][:10]), day, lambda _: owner
        )
        assert [list(map(str, register.format_row(each))) for each in standings] == rows


def test_the_list_of_refusals_is_what_both_refuse_for_the_challenge_and_not_by_chance() -> None:
    good = [*fixture.BEFORE, fixture.ask(), fixture.hand(), fixture.deny(fixture.on(3, 9))]
    entries = [canonical.encode(each) for each in good]
    assert read_ours(entries) is not None
    assert read_theirs(entries) is not None


@pytest.mark.skipif(not shutil.which("node"), reason="there is no node here")
def test_the_page_of_the_bundle_says_the_same_as_well() -> None:
    sources = "".join(path.read_text() for path in sorted(SOURCES.glob("[1-6]-*.js")))
    asked = [(what, owner) for what in CASES for owner in OWNERS]
    days = [day.isoformat() for day in DAYS]
    sent = [{"values": list_values(what), "days": days, "owner": owner} for what, owner in asked]
    done = subprocess.run(
        ["node", "-e", sources + HARNESS], input=json.dumps(sent), capture_output=True, text=True, check=True
    )
    for (what, owner), found in zip(asked, json.loads(done.stdout), strict=True):
        ours = read_ours([canonical.encode(each) for each in list_values(what)])
        # That entries hold no words is not asked there: the page shows none of them but ids.
        if ours is None:
            assert found is None or what in ("a company in words",), what
            continue
        owners = {} if owner is None else {fixture.STUDY: owner}
        for day, rows in zip(DAYS, found, strict=True):
            standings = register.judge_challenges(ours, day, lambda _, at: at, owners)
            told = [list(map(str, register.format_row(each))) for each in standings]
            assert rows == [[*row[:3], row[5], *row[7:]] for row in told], (what, owner, day)

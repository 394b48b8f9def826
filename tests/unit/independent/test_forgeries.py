"""A table of forgeries, each done as by somebody who hides it; both verifiers refuse and agree on the place.

"With the keys" is the worst case: the publisher and every witness sign the forged log together, and the list,
the table and the certificate are written to fit, so that only the rules of what a log may say are left.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import verify
from click.testing import CliRunner

from lightwell.base import canonical
from lightwell.cli import verify as command
from lightwell.tlog import tree

Entries = list[dict[str, Any]]
DISCLOSED, TOMBSTONE = "lightwell.disclosure.v1", "lightwell.tombstone.v1"


def find(entries: Entries, kind: str, **members: object) -> int:
    return next(k for k, each in enumerate(entries) if {"type": kind, **members}.items() <= each.items())


def close_inventories(entries: Entries) -> None:
    """Make every inventory fit the items before it again, as a forger would."""
    run: list[dict[str, Any]] = []
    for each in entries:
        if each["type"] == "item":
            run.append(each)
        elif each["type"] == "inventory":
            leaves = [tree.hash_leaf(canonical.encode(item)) for item in run]
            each["items"], each["root"] = len(run), tree.compute_root(leaves).hex()
            run = []


def count_less(entries: Entries) -> str:
    at = find(entries, "count")
    entries[at]["items"] -= 1
    return f"log entry {at}"


def drop_study(entries: Entries) -> str:
    del entries[at := find(entries, "study")]
    return f"log entry {at + 0}"


def drop_first_version(entries: Entries) -> str:
    del entries[find(entries, DISCLOSED)]
    return "log entry|study"


def skip_version(entries: Entries) -> str:
    at = find(entries, DISCLOSED, version=2)
    entries[at]["version"] = 3
    return f"log entry {at}"


def drop_item(entries: Entries) -> str:
    """The denominator shrinks by one; counts and inventories are made to fit."""
    del entries[find(entries, "item", item=5)]
    for each in entries:
        if each["type"] == "count":
            each["items"] -= 1
    close_inventories(entries)
    return "log entry"


def drop_item_of_inventory(entries: Entries) -> str:
    del entries[find(entries, "item", item=5)]
    return "log entry"


def renumber_items(entries: Entries) -> str:
    one, other = find(entries, "item", item=1), find(entries, "item", item=2)
    entries[one]["item"], entries[other]["item"] = 2, 1
    close_inventories(entries)
    return f"log entry {one}"


def seal_twice(entries: Entries) -> str:
    at = find(entries, "item", item=2)
    entries.insert(at + 1, copy.deepcopy(entries[at]))
    close_inventories(entries)
    return f"log entry {at + 1}"


def register_twice(entries: Entries) -> str:
    at = find(entries, "study")
    entries.append(copy.deepcopy(entries[at]))
    return f"log entry {len(entries) - 1}"


def seal_outside_inventory(entries: Entries) -> str:
    at = find(entries, "inventory", inventory=2)
    del entries[at]
    return f"log entry {at}"


def change_root(entries: Entries) -> str:
    at = find(entries, "inventory")
    entries[at]["root"] = "0" * 64
    return f"log entry {at}"


def skip_inventory(entries: Entries) -> str:
    at = find(entries, "inventory", inventory=2)
    entries[at]["inventory"] = 3
    return f"log entry {at}"


def invent_type(entries: Entries) -> str:
    entries.append({"type": "improvement", "v": 1, "at": "2026-01-31T09:00:00Z"})
    return f"log entry {len(entries) - 1}"


def invent_member(entries: Entries) -> str:
    at = find(entries, "opening", item=1)
    entries[at]["note"] = "fine"
    return f"log entry {at}"


def write_long(entries: Entries) -> str:
    at = find(entries, "withholding")
    entries[at]["ground"] = "x" * 8200
    return f"log entry {at}"


def write_text(entries: Entries) -> str:
    """Words of a title in the log, where only ids, types, dates, digests and commitments may stand."""
    at = find(entries, "withholding")
    entries[at]["ground"] = "the title of a study that nobody may read yet"
    return f"log entry {at}"


def add_later_rules(entries: Entries) -> str:
    """Rules that would forgive ten years of lateness, as the newest entry."""
    at = len(entries)
    entries.append({**entries[0], "grace_days": 3650, "tolerance_seconds": 86400 * 3650})
    return f"log entry {at}"


def add_next_rules(entries: Entries) -> str:
    entries.append({**entries[0], "version": 2})
    return f"log entry {len(entries) - 1}"


def open_unsealed(entries: Entries) -> str:
    at = find(entries, "opening", item=1)
    entries[at]["item"] = 99
    return f"log entry {at}"


def restore_alone(entries: Entries) -> str:
    """One person brings back what was taken out of view."""
    at = find(entries, "suspension")
    stamp = {"v": 1, "at": "2026-01-31T09:00:00Z", "study": entries[at]["study"], "item": 6, "page": None}
    entries.append({"type": "restoration", **stamp, "decided_by": ["approver"]})
    return f"log entry {len(entries) - 1}"


def restore_unsuspended(entries: Entries) -> str:
    at = find(entries, "suspension")
    stamp = {"v": 1, "at": "2026-01-31T09:00:00Z", "study": entries[at]["study"], "item": 1, "page": None}
    entries.append({"type": "restoration", **stamp, "decided_by": ["approver", "safeguarding-officer"]})
    return f"log entry {len(entries) - 1}"


def bury_alone(entries: Entries) -> str:
    at = find(entries, TOMBSTONE)
    entries[at]["decided_by"] = ["approver"]
    return f"log entry {at}"


def bury_nothing(entries: Entries) -> str:
    at = find(entries, TOMBSTONE)
    entries[at]["about"]["digest"] = "sha256:" + "0" * 64
    return f"log entry {at}"


def open_more_pages(entries: Entries) -> str:
    at = find(entries, "opening", item=2)
    entries[at]["pages"] = 4
    return "records/" + entries[at]["opening"][7:]


def reseal_otherwise(entries: Entries) -> str:
    """The commitment of a document is exchanged after the fact, as if it had always been another."""
    at = find(entries, "item", item=1)
    entries[at]["commitment"] = hashlib.sha256(b"another document").hexdigest()
    close_inventories(entries)
    return "records/" + entries[find(entries, "opening", item=1)]["opening"][7:]


def skip_publication(entries: Entries) -> str:
    at = find(entries, "publication")
    entries[at]["publication"] = 2
    return f"log entry {at}"


def exchange_openings(entries: Entries) -> str:
    one, other = find(entries, "opening", item=1), find(entries, "opening", item=3)
    first, second = entries[one], entries[other]
    first["opening"], second["opening"] = second["opening"], first["opening"]
    return "records/"


def lie_about_record(entries: Entries) -> str:
    at = find(entries, DISCLOSED, version=1)
    entries[at]["date"] = "2025-01-05"
    return "records/" + entries[at]["digest"][7:]


def promise_no_day(entries: Entries) -> str:
    at = find(entries, "item", item=7)
    entries[at]["due"] = "2026-02-30"
    close_inventories(entries)
    return f"log entry {at}"


def seal_no_page(entries: Entries) -> str:
    at = find(entries, "item", item=7)
    entries[at]["pages"] = 0
    close_inventories(entries)
    return f"log entry {at}"


def state_no_time(entries: Entries) -> str:
    at = find(entries, "opening", item=1)
    entries[at]["at"] = "2026-01-10 09:00"
    return f"log entry {at}"


def say_true_for_one(entries: Entries) -> str:
    at = find(entries, "opening", item=1)
    entries[at]["v"] = True
    return f"log entry {at}"


def say_true_in_rules(entries: Entries) -> str:
    entries[0]["version"] = True
    return "log entry 0"


def count_true(entries: Entries) -> str:
    at = find(entries, "count")
    entries[at]["studies"] = True
    return f"log entry {at}"


def number_true(entries: Entries) -> str:
    at = find(entries, "item", item=1)
    entries[at]["item"] = True
    close_inventories(entries)
    return f"log entry {at}"


def open_true_pages(entries: Entries) -> str:
    at = find(entries, "opening", item=6)
    entries[at]["pages"] = True
    return f"log entry {at}"


def suspend_true(entries: Entries) -> str:
    at = find(entries, "suspension")
    entries[at]["page"] = True
    return f"log entry {at}"


def withhold_without_ground(entries: Entries) -> str:
    at = find(entries, "withholding")
    entries[at]["ground"] = None
    return f"log entry {at}"


def withhold_until_no_day(entries: Entries) -> str:
    at = find(entries, "withholding")
    entries[at]["review"] = "2027-13-01"
    return f"log entry {at}"


def seal_no_fingerprint(entries: Entries) -> str:
    at = find(entries, "item", item=7)
    entries[at]["commitment"] = "AB" * 32
    close_inventories(entries)
    return f"log entry {at}"


def read_perhaps(entries: Entries) -> str:
    at = find(entries, "item", item=7)
    entries[at]["read"] = 1
    close_inventories(entries)
    return f"log entry {at}"


def count_no_day(entries: Entries) -> str:
    at = find(entries, "count")
    entries[at]["date"] = "today"
    return f"log entry {at}"


WITH_KEYS: list[Callable[[Entries], str]] = [
    *(count_less, drop_study, drop_first_version, skip_version, drop_item, drop_item_of_inventory),
    *(renumber_items, seal_twice, register_twice, seal_outside_inventory, change_root, skip_inventory),
    *(invent_type, invent_member, write_long, write_text, add_later_rules, add_next_rules, open_unsealed),
    *(restore_alone, restore_unsuspended, bury_alone, bury_nothing, open_more_pages, reseal_otherwise),
    *(say_true_for_one, say_true_in_rules, count_true, number_true, open_true_pages, suspend_true),
    *(withhold_without_ground, withhold_until_no_day, seal_no_fingerprint, read_perhaps, count_no_day),
    *(skip_publication, exchange_openings, lie_about_record, promise_no_day, seal_no_page, state_no_time),
]


@pytest.fixture(scope="session")
def forged(made: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str]]:
    """The folder of each forgery with the keys, and how its refusal must begin."""
    room, found = tmp_path_factory.mktemp("forged"), {}
    for forgery in WITH_KEYS:
        log = copy.deepcopy(made)
        entries: Entries = [canonical.decode(each) for each in log.entries]
        place = forgery(entries)
        log.forge([canonical.encode(each) for each in entries])
        log.write(room / forgery.__name__)
        found[forgery.__name__] = room / forgery.__name__, place
    return found


def judge_twice(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[str, str]:
    first = CliRunner().invoke(command.verify, [str(folder), *more])
    code = verify.main([str(folder), *more])
    return f"{first.exit_code} {first.output}", f"{code} {capsys.readouterr().out}"


def check_refusal(said: str, place: str) -> None:
    assert re.match(f"1 refused: .*({place})", said), said
    assert said.count("\n") == 1, "one sentence"


@pytest.mark.parametrize("name", [each.__name__ for each in WITH_KEYS])
def test_a_log_that_everybody_signed_is_refused_by_both_when_it_breaks_a_rule(
    name: str, forged: dict[str, tuple[Path, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, place = forged[name]
    for said in judge_twice(folder, capsys):
        check_refusal(said, place)

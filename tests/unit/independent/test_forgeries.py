"""A table of forgeries, each done as by somebody who hides it; all verifiers refuse and agree on the place.

"With the keys" is the worst case: the publisher and every witness sign the forged log together, and the list,
the table and the certificate are written to fit, so that only the rules of what a log may say are left.
"""

from __future__ import annotations

import copy
import csv
import hashlib
import json
import random
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import verifier_fixture
import verify
from click.testing import CliRunner
from verifier_fixture import needs_chromium

from lightwell.base import canonical
from lightwell.cli import verify as command
from lightwell.tlog import checkpoint, cosignature, note, tree

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


def call_whole_redacted(entries: Entries) -> str:
    """An opening without hidden regions, of which the log says that pages have some."""
    entries[find(entries, "opening", item=1)]["redacted"] = 2
    return "records/"


def call_pages_redacted(entries: Entries) -> str:
    entries[find(entries, "opening", item=2)]["redacted"] = 1
    return "records/"


def redact_no_page(entries: Entries) -> str:
    at = find(entries, "opening", item=2)
    entries[at]["redacted"] = 0
    return f"log entry {at}"


def redact_true_pages(entries: Entries) -> str:
    at = find(entries, "opening", item=2)
    entries[at]["redacted"] = True
    return f"log entry {at}"


def redact_of_unknown_length(entries: Entries) -> str:
    at = find(entries, "opening", item=3)
    entries[at]["redacted"] = 1
    return f"log entry {at}"


def withhold_redacted(entries: Entries) -> str:
    """The member in an entry of another type."""
    at = find(entries, "withholding")
    entries[at]["redacted"] = 1
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
    *(call_whole_redacted, call_pages_redacted, redact_no_page, redact_true_pages),
    *(redact_of_unknown_length, withhold_redacted),
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


Place = str


def edit(path: Path, old: str, new: str) -> Place:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return re.escape(path.name)


def call_late_open(folder: Path, made: Any) -> Place:
    return edit(folder / "gaps.csv", ",overdue,", ",opened,")


def promise_later(folder: Path, made: Any) -> Place:
    return edit(folder / "gaps.csv", "2026-01-12", "2026-03-12")


def drop_row(folder: Path, made: Any) -> Place:
    lines = (folder / "gaps.csv").read_text().splitlines(keepends=True)
    (folder / "gaps.csv").write_text("".join(each for each in lines if ",overdue," not in each))
    return "gaps.csv"


def find_certificate(folder: Path) -> Path:
    (path,) = (folder / "certificates").iterdir()
    return path


def call_it_full(folder: Path, made: Any) -> Place:
    return edit(find_certificate(folder), '"in_full":false', '"in_full":true')


def shrink_certificate(folder: Path, made: Any) -> Place:
    path = find_certificate(folder)
    value = json.loads(path.read_bytes())
    value["items"]["sealed"], value["items"]["overdue"] = value["items"]["sealed"] - 1, 0
    path.write_bytes(canonical.encode(value))
    return re.escape(path.name)


def find_record(folder: Path, **members: object) -> tuple[Path, dict[str, Any]]:
    for path in sorted((folder / "records").iterdir()):
        value = json.loads(path.read_bytes())
        if members.items() <= value.items():
            return path, value
    raise AssertionError(members)


def delete_study(folder: Path, made: Any) -> Place:
    """Everything of the study, its certificate as well; its rows stay in the table."""
    study, path = "", find_record(folder, kind="study", version=1)[0]
    for each in sorted((folder / "records").iterdir()):
        value = json.loads(each.read_bytes())
        if value.get("study") or value.get("kind") == "study":
            study = value.get("study") or study
            each.unlink()
    find_certificate(folder).unlink()
    for name in ("certificates", "records"):  # no bundle has an empty folder
        (folder / name).rmdir()
    return f"{re.escape(path.name)}: the log names (study )?{study}"


def drop_newest_version(folder: Path, made: Any) -> Place:
    path, value = find_record(folder, kind="study", version=2)
    path.unlink()
    return f"{re.escape(path.name)}: the log names (study )?{value['id']}"


def swap_shown_text(folder: Path, made: Any) -> Place:
    """What was held back is shown in other words than were fixed, under a name that fits the new bytes."""
    path, value = find_record(folder, kind="study", version=2)
    value["body"]["officer"] = "nobody in particular"
    path.unlink()
    data = canonical.encode(value)
    (folder / f"records/{hashlib.sha256(data).hexdigest()}.json").write_bytes(data)
    return re.escape(path.name)


def drop_count(folder: Path, made: Any) -> Place:
    """The entry of a day's count is taken out of the bundle of entries, all others are left."""
    (path,) = (path for path in (folder / "log/tile/entries").rglob("*") if path.is_file())
    entry = next(each for each in made.entries if b'"type":"count"' in each)
    path.write_bytes(path.read_bytes().replace(len(entry).to_bytes(2, "big") + entry, b"", 1))
    return path.relative_to(folder).as_posix()


def read_newest(folder: Path) -> tuple[Path, Path, checkpoint.Checkpoint, list[str]]:
    """Both places of the newest checkpoint, its text and its signature lines."""
    path = folder / "log/checkpoint"
    text, _, lines = path.read_text().rpartition("\n\n")
    head = checkpoint.parse_checkpoint(text + "\n")
    return path, folder / f"log/checkpoints/{head.size}", head, lines.splitlines(keepends=True)


def write_newest(folder: Path, text: str) -> Place:
    path, other, _, _ = read_newest(folder)
    path.write_text(text)
    other.write_text(text)
    return "log/checkpoint"


def sign_as_another_log(folder: Path, made: Any) -> Place:
    """Another log, which signs the same tree; the witnesses cosign it as well."""
    module, (_, _, head, _) = sys.modules[type(made).__module__], read_newest(folder)
    stranger = note.generate_signer("other.example", note.KeyType.ED25519, b"O" * 32)
    other = checkpoint.Checkpoint("other.example", head.size, head.root)
    lines = [
        cosignature.cosign(checkpoint.format_checkpoint(other), each, 1769767260)
        for each in module.WITNESSES.values()
    ]
    return write_newest(folder, note.add_signatures(checkpoint.sign_checkpoint(other, [stranger]), lines))


def ask_strangers(folder: Path, made: Any) -> Place:
    """Witnesses nobody knows, under the names of those in the policy."""
    module, (_, _, head, _) = sys.modules[type(made).__module__], read_newest(folder)
    text = checkpoint.format_checkpoint(head)
    lines = [
        cosignature.cosign(text, note.generate_signer(each.name, each.key_type, b"?" * 32), 1769767260)
        for each in module.WITNESSES.values()
    ]
    signed = checkpoint.sign_checkpoint(head, [module.LOG, module.LOG_TOO])
    return write_newest(folder, note.add_signatures(signed, lines))


def strip_witnesses(folder: Path, made: Any) -> Place:
    _, _, head, lines = read_newest(folder)
    kept = "".join(lines[:3])  # the log's two and one witness, where two are needed
    return write_newest(folder, f"{checkpoint.format_checkpoint(head)}\n{kept}")


def weaken_policy(folder: Path, made: Any) -> Place:
    """The publisher now asks for one witness; the reader brought the old policy."""
    edit(folder / "policy", "quorum two", "quorum first")
    return strip_witnesses(folder, made)


def damage(folder: Path, line: int) -> Place:
    _, _, head, lines = read_newest(folder)
    begin, _, signature = lines[line].rpartition(" ")
    at = len(signature) // 2
    other = "A" if signature[at] != "A" else "B"
    lines[line] = f"{begin} {signature[:at]}{other}{signature[at + 1 :]}"
    return write_newest(folder, f"{checkpoint.format_checkpoint(head)}\n{''.join(lines)}")


def damage_ed25519(folder: Path, made: Any) -> Place:
    return damage(folder, 0)


def damage_ml_dsa(folder: Path, made: Any) -> Place:
    return damage(folder, 1)


def damage_cosignature(folder: Path, made: Any) -> Place:
    return damage(folder, 2)


WITHOUT_KEYS: list[Callable[[Path, Any], Place]] = [
    *(call_late_open, promise_later, drop_row, call_it_full, shrink_certificate, delete_study),
    *(drop_newest_version, swap_shown_text, drop_count, sign_as_another_log, ask_strangers),
    *(strip_witnesses, weaken_policy, damage_ed25519, damage_ml_dsa, damage_cosignature),
]


@pytest.fixture(scope="session")
def mended(
    made: Any, whole_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Path, str]]:
    """The folder of each forgery without keys, its list written anew, and how its refusal must begin."""
    room, found = tmp_path_factory.mktemp("mended"), {}
    for forgery in WITHOUT_KEYS:
        folder = Path(shutil.copytree(whole_bundle, room / forgery.__name__))
        place = forgery(folder, made)
        sys.modules[type(made).__module__].write_list(folder)
        found[forgery.__name__] = folder, place
    return found


@pytest.mark.parametrize("name", [each.__name__ for each in WITHOUT_KEYS])
def test_a_bundle_changed_without_the_keys_is_refused_by_both_at_its_place(
    name: str,
    mended: dict[str, tuple[Path, str]],
    whole_bundle: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, place = mended[name]
    # The reader's own policy, so that a weaker one in the bundle helps nobody.
    for said in judge_twice(folder, capsys, "--policy", str(whole_bundle / "policy")):
        check_refusal(said, place)


def test_a_weaker_policy_in_the_bundle_convinces_only_whoever_brings_none_and_the_verdict_says_whose_it_was(
    mended: dict[str, tuple[Path, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    for said in judge_twice(mended["weaken_policy"][0], capsys):
        assert said[0] == "0"
        assert "the publisher's own policy" in said


def test_an_opening_dated_back_is_late_for_everybody(
    made: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Document 5 was promised for 12 January; its opening says the 8th and was confirmed on the 30th."""
    module, log = sys.modules[type(made).__module__], copy.deepcopy(made)
    opening = module.DOCUMENTS[4].open_whole(log)
    stamp = {"v": 1, "at": "2026-01-08T09:00:00Z", "study": module.STUDY, "item": 5}
    log.forge([*log.entries, canonical.encode({"type": "opening", **stamp, "pages": 1, "opening": opening})])
    log.write(tmp_path / "bundle")
    for said in judge_twice(tmp_path / "bundle", capsys):
        assert said[0] == "0", said
    with (tmp_path / "bundle/gaps.csv").open(newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["item"] == "5")
    assert (row["state"], row["strict_days_late"]) == ("opened-late", "18")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with verifier_fixture.run_chromium() as driver:
        yield driver


@pytest.mark.browser
@needs_chromium
@pytest.mark.parametrize("share", [0.25, pytest.param(1, marks=pytest.mark.full)], ids=["sample", "all"])
def test_the_browser_refuses_them_too(
    share: float,
    browser: Any,
    forged: dict[str, tuple[Path, str]],
    mended: dict[str, tuple[Path, str]],
    whole_bundle: Path,
) -> None:
    wrong = {}
    both = {**forged, **mended}
    for name in {*random.Random(18).sample(sorted(both), int(share * len(both))), "damage_ml_dsa"}:
        folder, place = both[name]
        own = whole_bundle / "policy" if name in mended else None
        title, sentence = verifier_fixture.check(browser, folder, own)
        if title != "Refused" or not re.match(f".*({place})", sentence):
            wrong[name] = (title, sentence)
    # No browser knows ML-DSA; the log's other signature holds, and the page tells what it did not check.
    assert wrong.pop("damage_ml_dsa")[0] == "Verified"
    assert wrong == {}

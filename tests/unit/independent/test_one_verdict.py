"""Both verifiers give one verdict on a bundle, and name the same file, whatever is done to it."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import verify

from lightwell.base import canonical, errors
from lightwell.client import proofs
from lightwell.client import verify as first_verifier
from lightwell.tlog import policy

Change = Callable[[Path, random.Random], None]


def judge_first(folder: Path) -> tuple[str, str]:
    try:
        first_verifier.verify_bundle(folder)
    except errors.Refused as refusal:
        return "refused", str(refusal)
    except errors.CouldNotCheck as error:
        return "could not check", str(error)
    return "verified", ""


def judge_second(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    code = verify.main([str(folder)])
    said = capsys.readouterr().out
    return ("verified", "refused", "could not check")[code], said.partition(": ")[2].strip()


def cut_place(sentence: str) -> str:
    """The file that a sentence names, without the page or line in it."""
    return re.split(r"[,:] ", sentence)[0].removesuffix(":")


def compare(folder: Path, capsys: pytest.CaptureFixture[str], changed: set[str] | None = None) -> str:
    """Both judge alike and name one file; with a mended list each names one of those `changed`."""
    first, second = judge_first(folder), judge_second(folder, capsys)
    assert first[0] == second[0], (first, second)
    if first[0] == "refused":
        places = {cut_place(first[1]), cut_place(second[1])}
        assert (places <= changed) if changed else (len(places) == 1), (first, second)
    return first[0]


def list_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def flip_byte(folder: Path, dice: random.Random) -> None:
    path = dice.choice(list_files(folder))
    data = bytearray(path.read_bytes())
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    path.write_bytes(data)


def cut_file(folder: Path, dice: random.Random) -> None:
    path = dice.choice(list_files(folder))
    path.write_bytes(path.read_bytes()[: -dice.randrange(1, 9)])


def remove_file(folder: Path, dice: random.Random) -> None:
    path = dice.choice(list_files(folder))
    path.unlink()
    for parent in path.parents:
        if any(parent.iterdir()):
            break
        parent.rmdir()


def swap_files(folder: Path, dice: random.Random) -> None:
    one, other = dice.sample(list_files(folder), 2)
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)


def add_file(folder: Path, dice: random.Random) -> None:
    path = dice.choice(list_files(folder))
    path.with_name(path.name + "x").write_bytes(path.read_bytes())


def change_value(folder: Path, dice: random.Random) -> None:
    """Change one scalar of a record, a certificate or a words document and write it canonically."""
    path = dice.choice(
        [p for p in list_files(folder) if p.suffix in (".json", ".jsonl") and p.parent != folder]
    )
    lines = path.read_bytes().split(b"\n")
    value = json.loads(lines[0])
    holder, key = dice.choice([*list_places(value)])
    old = holder[key]
    holder[key] = old + 1 if type(old) is int else f"{old}0" if isinstance(old, str) else "other"
    path.write_bytes(b"\n".join([canonical.encode(value), *lines[1:]]))


def list_places(value: object) -> list[tuple[dict | list, str | int]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, inner in pairs:
        found += list_places(inner) if isinstance(inner, dict | list) and inner else [(value, key)]
    return found


CHANGES = [flip_byte, cut_file, remove_file, swap_files, add_file, change_value]


def test_both_verify_the_bundle_that_was_laid_down_after_the_document(
    whole_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(whole_bundle, capsys) == "verified"


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("hidden", [False, True], ids=["as it is", "with a mended list"])
def test_both_refuse_the_same_file_after_any_change(
    change: Change,
    hidden: bool,
    bundle: Path,
    mend_list: Callable[[Path], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = {path: path.read_bytes() for path in list_files(bundle)}
    refused = 0
    for seed in range(12):
        change(bundle, random.Random(seed))
        now = {path: path.read_bytes() for path in list_files(bundle)}
        changed = {path for path in kept.keys() | now.keys() if kept.get(path) != now.get(path)}
        names = {path.relative_to(bundle).as_posix() for path in changed}
        if any(name.startswith(("log/checkpoint", "policy")) for name in names):
            names |= {"log/checkpoint", "log/checkpoints/24"}  # these speak of one another
        if hidden:
            mend_list(bundle)
        refused += compare(bundle, capsys, names if hidden else None) == "refused"
        for path in list_files(bundle):
            if path not in kept:
                path.unlink()
        for path, data in kept.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    assert refused >= 8


def judge_proof_twice(path: Path, rule: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    try:
        proofs.verify_page_proof(path.read_bytes(), policy.parse_policy(rule.read_bytes()))
        first = "verified"
    except errors.Refused:
        first = "refused"
    code = verify.main([str(path), "--policy", str(rule)])
    capsys.readouterr()
    return [first, ("verified", "refused", "could not check")[code]]


def test_both_verify_the_proof_of_a_page_and_refuse_any_changed_value_of_it(
    page_proof: dict, whole_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, rule = tmp_path / "proof.json", whole_bundle / "policy"
    path.write_text(json.dumps(page_proof, indent=1))
    assert judge_proof_twice(path, rule, capsys) == ["verified", "verified"]
    dice = random.Random(13)
    places = list_places(page_proof)
    for number in dice.sample(range(len(places)), 60):
        changed = copy.deepcopy(page_proof)
        holder, key = list_places(changed)[number]
        old = holder[key]
        if key in ("marks", "checkpoint"):
            continue  # marks prove nothing; a further signature line of an unknown key neither
        holder[key] = old + 1 if type(old) is int else f"{old}0" if isinstance(old, str) else "other"
        path.write_text(json.dumps(changed))
        assert judge_proof_twice(path, rule, capsys) == ["refused", "refused"], key


def test_the_second_verifier_cannot_check_a_page_without_a_policy(
    page_proof: dict, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(page_proof))
    assert verify.main([str(path)]) == 2
    assert "--policy" in capsys.readouterr().out

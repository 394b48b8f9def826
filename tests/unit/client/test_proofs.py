"""A proof in one file leads from a page or an entry to a checkpoint that the reader's own policy accepts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lightwell.archive import page_proof, picture
from lightwell.base import canonical, errors
from lightwell.cli import verify as commands
from lightwell.client import proofs
from lightwell.tlog import policy, proof, tree


def prove(archive, study: str, number: int, hidden: tuple[int, ...] = (), with_picture: bool = True) -> dict:
    leaves = [tree.hash_leaf(each) for each in archive.entries]
    index = archive.places[study, number]
    made = archive.documents[study, number]
    shown = made.open_page(2, hidden)
    png = picture.encode_picture(shown.head, shown.patches) if with_picture else None
    return page_proof.make_page_proof(
        entry=json.loads(archive.entries[index]),
        index=index,
        path=tree.prove_inclusion(leaves, index, len(leaves)),
        checkpoint=archive.checkpoints[len(leaves)],
        header=made.header,
        page=shown,
        png=png,
    )


@pytest.fixture
def proven(archive) -> dict:
    study = next(study for study, number in archive.documents if number == 5)
    return prove(archive, study, 1, (1,))


def test_one_page_verifies_alone(proven, own_policy):
    found = proofs.verify_page_proof(canonical.encode(proven), own_policy)
    assert "page 2 of item 1" in found.sentence
    assert "3 lines shown, 1 hidden, with its picture" in found.sentence
    assert set(found.witnesses) == {"ada", "bea"}


def test_one_changed_word_is_refused_with_page_and_line(proven, own_policy):
    proven["page"]["lines"][3][0][0] = "forged"
    with pytest.raises(errors.Refused, match="page 2, line 4, does not match what was sealed"):
        proofs.verify_page_proof(canonical.encode(proven), own_policy)


@pytest.mark.parametrize("member", ["index", "path", "checkpoint", "entry", "file_hash", "header", "png"])
def test_anything_else_changed_is_refused(proven, own_policy, member):
    change = {
        "index": lambda value: value + 1,
        "path": lambda value: value[:-1],
        "checkpoint": lambda value: value.replace("sample", "simple"),
        "entry": lambda value: {**value, "commitment": "0" * 64},
        "file_hash": lambda value: "0" * 64,
        "header": lambda value: {**value, "pages": value["pages"] + 1},
        "png": lambda value: None,
    }[member]
    proven[member] = change(proven[member])
    with pytest.raises(errors.Refused):
        proofs.verify_page_proof(canonical.encode(proven), own_policy)


def test_a_log_entry_verifies_with_the_record_it_names(archive, own_policy):
    digest, record = next(iter(archive.records.items()))
    index = next(k for k, each in enumerate(archive.entries) if digest.encode() in each)
    leaves = [tree.hash_leaf(each) for each in archive.entries]
    made = proof.Proof(
        index,
        tuple(tree.prove_inclusion(leaves, index, len(leaves))),
        archive.checkpoints[len(leaves)],
        archive.entries[index],
    )
    text = proof.format_proof(made).encode()
    assert "that names this record" in proofs.verify_entry_proof(text, own_policy, record).sentence
    with pytest.raises(errors.Refused, match="is not the one"):
        proofs.verify_entry_proof(text, own_policy, record + b" ")
    bare = proof.format_proof(proof.Proof(made.index, made.hashes, made.checkpoint_text)).encode()
    with pytest.raises(errors.CouldNotCheck, match="--record"):
        proofs.verify_entry_proof(bare, own_policy)


def test_the_command_answers_with_its_exit_codes(proven, own_policy, whole, tmp_path: Path):
    rule, page = tmp_path / "mine", tmp_path / "page.json"
    rule.write_text(policy.format_policy(own_policy))
    page.write_bytes(canonical.encode(proven))

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(commands.verify, words)
        return done.exit_code, done.output

    assert run(str(page), "--policy", str(rule))[1].startswith("verified: page 2 of item 1")
    assert run(str(page)) == (
        2,
        "could not check: a proof in one file is worth what the policy is worth that you bring: "
        "use --policy FILE\n",
    )
    assert run(str(tmp_path / "nothing"))[0] == 2
    code, said = run(str(whole), "--policy", str(rule), "--json")
    assert (code, json.loads(said)["policy"]) == (0, "own")
    proven["index"] += 1
    page.write_bytes(canonical.encode(proven))
    code, said = run(str(page), "--policy", str(rule))
    assert (code, said.startswith("refused: page.json: ")) == (1, True)
    table = CliRunner().invoke(commands.gaps, [str(whole)])
    assert table.stdout_bytes == (whole / "gaps.csv").read_bytes()

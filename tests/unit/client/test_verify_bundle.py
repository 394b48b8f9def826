"""A bundle is verified when everything holds, and refused by file, page and line when anything does not."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import verify as second

from lightwell.base import canonical, errors
from lightwell.client import verify
from lightwell.tlog import policy, tree


def list_files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1
    path.write_bytes(data)


def refuse(folder: Path, own: policy.Policy | None = None) -> str:
    """The sentence of a refusal, which the second verifier (tests/independent) must share."""
    with pytest.raises(errors.Refused) as caught:
        verify.verify_bundle(folder, own)
    assert judge_second(folder, own) == "refused", caught.value.sentence
    return caught.value.sentence


def accept(folder: Path, own: policy.Policy | None = None) -> verify.Verdict:
    """The verdict on a bundle that holds, which the second verifier must share."""
    assert judge_second(folder, own) == "verified"
    return verify.verify_bundle(folder, own)


def judge_second(folder: Path, own: policy.Policy | None) -> str:
    brought = folder.with_name(f"{folder.name}-policy")
    if own is not None:
        brought.write_text(policy.format_policy(own))
    try:
        list(second.judge(second.Folder(str(folder)), None if own is None else str(brought)))
    except second.Refusal:
        return "refused"
    return "verified"


def find_record(folder: Path, **members: object) -> Path:
    for path in sorted((folder / "records").iterdir()):
        value = json.loads(path.read_bytes())
        if all(value.get(name) == wanted for name, wanted in members.items()):
            return path
    raise AssertionError(members)


def test_the_verdict_names_studies_by_their_titles_and_counts_in_words_that_fit(whole):
    verdict = accept(whole)
    titles = [
        record["body"]["title"]
        for path in (whole / "records").iterdir()
        if (record := json.loads(path.read_bytes())).get("kind") == "study"
    ]
    assert titles
    assert set(verdict.titles.values()) == set(titles)
    text = verify.format_verdict(verdict)
    for study, title in verdict.titles.items():
        assert study in verdict.certificates or f"“{title}”" not in text
        assert study not in verdict.certificates or f"{study} “{title}”:" in text
    assert verify.format_json(verdict)["titles"] == dict(verdict.titles)
    assert not re.search(r"\b1 \w+s\b", text), "one thing is counted as many"
    spoken = dataclasses.replace(verdict, titles={})
    assert "“" not in verify.format_verdict(spoken)


def test_a_title_cannot_speak_to_the_terminal(whole):
    book = SimpleNamespace(versions={"std-x": [SimpleNamespace(digest="d")]})
    record = SimpleNamespace(kind="study", id="std-x", body={"title": "Sleep\x1b[2J\r\u202everified"})
    titles = verify._read_titles(book, SimpleNamespace(disclosures={"d": record}))
    assert titles == {"std-x": "Sleep?[2J??verified"}


def test_the_verdict_says_what_was_proven_by_whose_policy_and_what_was_not(whole, own_policy):
    verdict = accept(whole)
    text = verify.format_verdict(verdict)
    assert "matches what the provider sealed" in text
    assert "the publisher's own policy" in text
    assert "labelled sample on a sample clock" in text
    assert "independence" not in text
    beside = dataclasses.replace(verdict, local_witnesses=("one.example",))
    assert "one.example ran on the publisher's own computer" in verify.format_verdict(beside)
    proven = text.partition("Not proven:")[0]
    assert not re.search(r"\btrue\b", proven)
    assert "that the content is true" in text.partition("Not proven:")[2]
    assert "your own policy" in verify.format_verdict(accept(whole, own_policy))
    assert canonical.encode(verify.format_json(verdict))


def test_in_full_is_said_of_the_study_that_is_and_of_no_other(whole):
    verdict = accept(whole)
    said = {verify.describe_share(each).partition(":")[0] for each in verdict.certificates.values()}
    assert said == {"published in full", "all accounted for; 25 % of the pages open"}
    items = next(each for each in verdict.certificates.values() if not each["in_full"])["items"]
    assert items == {
        "sealed": 5,
        "open": 0,
        "partly_open": 1,
        "held_back": 1,
        "already_public": 0,
        "held_not_read": 1,
        "suspended": 1,
        "erased": 0,
        "key_lost": 0,
        "not_yet_due": 0,
        "overdue": 1,
    }


def test_a_byte_changed_in_any_file_is_refused_with_the_name_of_the_file(copy):
    for name in list_files(copy):
        kept = (copy / name).read_bytes()
        for at in (0, len(kept) // 2, -1):
            flip(copy / name, at)
            assert refuse(copy).startswith(name), (name, at)
            (copy / name).write_bytes(kept)
    accept(copy)


def test_a_byte_changed_with_the_list_written_anew_is_still_refused(copy, hide_traces):
    for name in list_files(copy):
        if name in (*verify.UNVOUCHED, "SHA256SUMS"):
            continue
        kept = (copy / name).read_bytes()
        for at in (0, len(kept) // 2, -2):
            flip(copy / name, at)
            hide_traces(copy)
            assert refuse(copy), (name, at)
            (copy / name).write_bytes(kept)
    hide_traces(copy)
    accept(copy)


def test_every_file_that_is_taken_away_is_named(copy, hide_traces):
    # This record names a suspended item, so that its absence would be explained.
    explained = next(path for path in (copy / "records").iterdir() if b'"withheld"' in path.read_bytes())
    for name in list_files(copy):
        if name in ("SHA256SUMS", "verify.html", explained.relative_to(copy).as_posix()):
            continue
        kept = (copy / name).read_bytes()
        (copy / name).unlink()
        assert refuse(copy).startswith(f"{name}: this file is in the list")
        for parent in (copy / name).parents:
            if not any(parent.iterdir()):
                parent.rmdir()
        hide_traces(copy)
        # An older checkpoint is missed only when a date hangs on it.
        if not name.startswith("log/checkpoints/"):
            assert refuse(copy).startswith(name)
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes(kept)
        hide_traces(copy)
    accept(copy)


@pytest.mark.parametrize(
    "name",
    ["records/" + "0" * 64 + ".json", "files/" + "1" * 64, "notes.txt", "log/tile/0/009", "words/x.jsonl"],
)
def test_a_file_that_nothing_vouches_for_is_named(copy, hide_traces, name):
    (copy / name).write_bytes(b"{}")
    assert refuse(copy).startswith(f"{name}: this file is in the bundle, but not in the list")
    hide_traces(copy)
    assert refuse(copy).startswith(name)


def test_a_link_and_an_empty_folder_are_named(copy):
    (copy / "records" / "link").symlink_to("/etc/passwd")
    assert refuse(copy).startswith("records/link: this is a link")
    (copy / "records" / "link").unlink()
    (copy / "more").mkdir()
    assert refuse(copy).startswith("more: this folder is empty")


@pytest.mark.parametrize("hidden", [False, True])
def test_a_word_changed_on_a_page_that_is_open_whole_is_refused_with_page_and_line(copy, hide_traces, hidden):
    path = next(path for path in (copy / "words").iterdir() if path.read_bytes().count(b"\n") == 2)
    path.write_bytes(path.read_bytes().replace(b'"line3"', b'"lineX"'))
    # Both pages have such a word; the first is named.
    if hidden:
        hide_traces(copy)
    name = path.relative_to(copy).as_posix()
    assert refuse(copy) == f"{name}, page 1, line 3: this does not match what was sealed"


@pytest.mark.parametrize("hidden", [False, True])
def test_a_word_changed_on_a_page_that_is_open_in_part_is_refused_with_its_place(copy, hide_traces, hidden):
    path = find_record(copy, type="lightwell.opening.v1", mode="pages")
    value = json.loads(path.read_bytes())
    value["pages"][1]["lines"][2][0][0] = "forged"
    path.write_bytes(canonical.encode(value))
    name = path.relative_to(copy).as_posix()
    if hidden:
        hide_traces(copy)
    assert refuse(copy) == f"{name}: page 2, line 3, does not match what was sealed"


def test_a_picture_painted_over_is_refused_even_where_nothing_was_sealed(copy):
    record = json.loads(find_record(copy, type="lightwell.opening.v1", mode="pages").read_bytes())
    path = copy / "pictures" / f"{record['pages'][0]['picture']}.png"
    flip(path, 60)
    assert refuse(copy).startswith(f"pictures/{path.name}, page 1 of item 1")


def test_a_fork_is_named_although_the_log_and_its_witnesses_signed_it(archive, tmp_path, hide_traces):
    archive.write(tmp_path / "bundle")
    size = sorted(archive.checkpoints)[1]
    fork = archive.sign_root(size, hashlib.sha256(b"another history").digest())
    (tmp_path / "bundle/log/checkpoints" / str(size)).write_text(fork)
    hide_traces(tmp_path / "bundle")
    assert refuse(tmp_path / "bundle").startswith(f"log/checkpoints/{size}: a fork")


def test_a_record_that_is_dropped_without_an_entry_is_named_and_with_one_is_explained(archive, tmp_path):
    digest = next(d for d, data in archive.records.items() if b'"mode":"pages"' in data)
    kept = archive.records.pop(digest)
    archive.write(tmp_path / "first")
    assert refuse(tmp_path / "first").startswith(
        f"records/{digest[7:]}.json: the log names document 1 of std-"
    )
    item = json.loads(kept)
    from lightwell.archive import entry

    archive.log(entry.make_erasure(archive.now, item["study"], item["item"], "court-order", "approver"))
    archive.sign()
    archive.write(tmp_path / "second")
    verdict = accept(tmp_path / "second")
    assert any("was taken back or erased" in each for each in verdict.not_proven)


def test_restoring_one_suspended_page_does_not_restore_another(archive, tmp_path):
    from lightwell.archive import entry

    study = next(study for study, number in archive.documents if number == 5)
    archive.log(
        entry.make_suspension(archive.now, study, 5, 2, "child-identifiable", "safeguarding-officer"),
        entry.make_restoration(archive.now, study, 5, 1, ("approver", "safeguarding-officer")),
    )
    archive.sign()
    archive.write(tmp_path / "bundle")
    assert accept(tmp_path / "bundle").certificates[study]["items"]["suspended"] == 1


def test_without_enough_witnesses_of_ones_own_policy_nothing_is_verified(whole, own_policy):
    stranger = policy.parse_policy(
        policy.format_policy(own_policy).replace("witness ada ", "witness carl ").replace(" ada ", " carl ")
    )
    assert accept(whole, stranger)  # another name for the same key
    lonely = policy.Policy(own_policy.logs, own_policy.witnesses[:1], (), "ada")
    assert accept(whole, lonely).own_policy
    keyless = policy.Policy(own_policy.logs[:1], (), (), "none")
    assert accept(whole, keyless).witnesses == {}


def test_a_publisher_who_asks_for_no_witness_convinces_only_whoever_asks_for_none(
    archive, tmp_path, own_policy
):
    archive.checkpoints = {size: archive.sign_root(size, root, ()) for size, root in list_roots(archive)}
    archive.write(tmp_path / "bundle", policy=archive.write_policy("none"))
    verdict = accept(tmp_path / "bundle")
    assert any("the publisher's own" in each for each in verdict.not_proven)
    assert refuse(tmp_path / "bundle", own_policy).startswith("log/checkpoint: Too few witnesses")


def list_roots(archive) -> list[tuple[int, bytes]]:
    leaves = [tree.hash_leaf(each) for each in archive.entries]
    return [(size, tree.compute_root(leaves[:size])) for size in archive.checkpoints]


def test_a_changed_table_and_a_changed_certificate_are_named_by_line_and_file(copy, hide_traces):
    table = (copy / "gaps.csv").read_text()
    (copy / "gaps.csv").write_text(table.replace("overdue", "opened"))
    hide_traces(copy)
    line = 1 + next(k for k, each in enumerate(table.splitlines()) if "overdue" in each)
    assert refuse(copy).startswith(f"gaps.csv, line {line}: by the log this row is")
    (copy / "gaps.csv").write_text(table)
    certificate = next(
        path for path in (copy / "certificates").iterdir() if b'"in_full":false' in path.read_bytes()
    )
    certificate.write_bytes(certificate.read_bytes().replace(b'"in_full":false', b'"in_full":true'))
    hide_traces(copy)
    assert refuse(copy).startswith(f"certificates/{certificate.name}: this certificate is not the one")


def test_a_publication_record_that_says_more_than_the_log_is_refused(archive, tmp_path):
    digest = next(
        d for d, data in archive.records.items() if b"publication" in data and b'"withheld"' in data
    )
    value = json.loads(archive.records.pop(digest))
    value["items"][3] |= {"outcome": "whole", "opening": digest}
    forged = archive.keep(value)
    place = next(k for k, each in enumerate(archive.entries) if digest.encode() in each)
    archive.entries[place] = archive.entries[place].replace(digest.encode(), forged.encode())
    archive.checkpoints = {size: archive.sign_root(size, root) for size, root in list_roots(archive)}
    archive.write(tmp_path / "bundle")
    assert "item 4 names another opening than the log" in refuse(tmp_path / "bundle")


def test_the_verifier_runs_with_the_plain_install_alone(whole):
    program = """
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"django", "numpy", "PIL", "pypdfium2", "pikepdf", "tantivy",
                                  "yaml", "jsonschema", "rich", "ninja", "argon2", "reportlab"}:
            raise ImportError(name)
sys.meta_path.insert(0, Wall())
from lightwell.cli import main
sys.argv = ["lightwell", "verify", sys.argv[1]]
main.main()
"""
    done = subprocess.run([sys.executable, "-c", program, str(whole)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("verified: what is in this bundle matches what the provider sealed")

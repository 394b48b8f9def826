"""A bundle is written whole or not at all, out of what the gate lets through and nothing else."""

from __future__ import annotations

import datetime
import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from lightwell.archive import entry, rules
from lightwell.base import canonical, disclosure, errors, ids
from lightwell.files import bundle
from lightwell.files.store import FileStore
from lightwell.files.tiles import TileStore
from lightwell.tlog import checkpoint, note, tile, tree

AT = datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.UTC)
SIGNER = note.generate_signer("log.example", note.KeyType.ED25519, b"L" * 32)
STUDY = ids.format_id("study", b"a study!")


def make_source(root: Path, **changes: object) -> bundle.Source:
    files, tiles = FileStore(root / "files"), TileStore(root / "log")
    table = files.put_bytes("public", b"a,b\n1,2\n")
    record = disclosure.parse_disclosure(
        {
            "id": STUDY,
            "kind": "study",
            "version": 1,
            "schema": 1,
            "publisher": {"id": "larkfield", "role": "provider", "name": "Larkfield"},
            "provider": {"id": "larkfield", "name": "Larkfield"},
            "language": "en",
            "date": "2026-03-01",
            "body": {"title": "Sleep"},
            "attachments": [
                {"digest": f"sha256:{table}", "bytes": 8, "media_type": "text/csv", "title": "Table"}
            ],
        }
    )
    data = disclosure.encode_disclosure(record)
    digest = canonical.format_digest(hashlib.sha256(data).digest())
    values = [
        entry.make_rules(AT, rules.FIRST_RULES),
        disclosure.format_log_entry(record),
        entry.make_study(AT, STUDY, False, digest, None),
    ]
    entries = [canonical.encode(value) for value in values]
    leaves = [tree.hash_leaf(each) for each in entries]
    tiles.write_tiles(tile.derive_tiles(0, 3, lambda a, b: leaves[a:b], tiles.read_tile))
    tiles.write_tiles(tile.derive_bundles(0, 3, lambda a, b: entries[a:b]))
    head = checkpoint.Checkpoint("log.example", 3, tree.compute_root(leaves))
    given: dict = {
        "policy": f"log {note.format_vkey(SIGNER.verifier)}\nquorum none\n".encode(),
        "checkpoints": {3: checkpoint.sign_checkpoint(head, [SIGNER])},
        "tiles": tiles,
        "read_record": {digest: data}.get,
        "files": files,
        "title": "One study",
        "publisher": "Larkfield",
    }
    return bundle.Source(**{**given, **changes})


def list_files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_same_archive_gives_the_same_bytes(tmp_path: Path):
    source = make_source(tmp_path)
    written = bundle.write_bundle(tmp_path / "one", source)
    bundle.write_bundle(tmp_path / "two", source)
    assert list_files(tmp_path / "one") == list_files(tmp_path / "two")
    assert written.files == len(list_files(tmp_path / "one"))


def test_what_the_gate_keeps_back_is_nowhere_in_the_bundle(tmp_path: Path):
    bundle.write_bundle(tmp_path / "open", make_source(tmp_path))
    bundle.write_bundle(tmp_path / "shut", make_source(tmp_path, read_record=lambda digest: None))
    assert b"Sleep" in b"".join(list_files(tmp_path / "open").values())
    shut = list_files(tmp_path / "shut")
    assert b"Sleep" not in b"".join(shut.values())
    assert not [name for name in shut if name.startswith(("records/", "files/"))]


def test_no_licence_is_claimed_that_nobody_stated(tmp_path: Path):
    cases = {
        "": "#licence",
        "Open Government Licence v3.0": "#licence",
        "https://licence.example/by/4.0/": "https://licence.example/by/4.0/",
    }
    for number, (stated, address) in enumerate(cases.items()):
        folder = tmp_path / str(number)
        bundle.write_bundle(folder, make_source(tmp_path, licence=stated))
        files = list_files(folder)
        said = stated or "no licence is stated"
        assert f"Licence: {said}" in files["README.txt"].decode()
        graph = {each["@id"]: each for each in json.loads(files["ro-crate-metadata.json"])["@graph"]}
        assert graph["./"]["license"] == {"@id": address}
        assert graph[address]["description"].startswith(said)
        assert b"creativecommons" not in b"".join(files.values())


def test_the_command_of_the_readme_checks_the_list_with_a_program_that_is_not_ours(tmp_path: Path):
    bundle.write_bundle(tmp_path / "one", make_source(tmp_path))
    (line,) = [
        line for line in (tmp_path / "one/README.txt").read_text().splitlines() if "| sha256sum" in line
    ]
    command = line.partition("(")[0]
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path / "one", capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (tmp_path / "one/policy").write_bytes(b"another")
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path / "one", capture_output=True, text=True)
    assert done.returncode
    assert "policy: FAILED" in done.stdout


def test_a_folder_that_exists_is_never_written_into(tmp_path: Path):
    (tmp_path / "here").mkdir()
    with pytest.raises(errors.Refused, match="exists already"):
        bundle.write_bundle(tmp_path / "here", make_source(tmp_path))


def test_a_file_damaged_on_disk_leaves_no_bundle(tmp_path: Path):
    source = make_source(tmp_path)
    path = next((tmp_path / "files" / "public").rglob("*/*"))
    path.write_bytes(b"damaged")
    with pytest.raises(errors.Damaged, match="has changed on disk"):
        bundle.write_bundle(tmp_path / "bundle", source)
    assert not (tmp_path / "bundle").exists()
    path.write_bytes(b"a,b\n1,2\n")
    assert bundle.write_bundle(tmp_path / "bundle", source).files


def test_a_log_that_nobody_confirms_yet_gives_no_bundle(tmp_path: Path):
    with pytest.raises(errors.Refused, match="no checkpoint meets the policy"):
        bundle.write_bundle(tmp_path / "bundle", make_source(tmp_path, checkpoints={}))

"""Try to cheat: three ways to change a copy of a bundle, each as a skilled cheat would do it.

Every attempt also writes the list of digests anew, so that what catches it is the log, the
cosignatures and the seal, not the list. Only a labelled sample offers this, and always on a copy.
The judge is `client/verify`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightwell.base import errors
from lightwell.files import state, tiles
from lightwell.tlog import checkpoint, tile, tree

SUMS = "SHA256SUMS"
# Words that turn a finding into its opposite, the most telling first.
OPPOSITES = (("worse", "better"), ("rose", "fell"), ("fewer", "more"), ("less", "more"), ("not", "now"))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to cheat: its short name, what it does in words, and the deed, which says what it changed."""

    name: str
    words: str
    act: Callable[[Path], str]


@contextlib.contextmanager
def copy_bundle(bundle: Path) -> Iterator[Path]:
    """Copy a bundle to a folder that is gone after the block."""
    with tempfile.TemporaryDirectory(prefix="lightwell-cheat-") as place:
        yield Path(shutil.copytree(bundle, Path(place) / "bundle"))


def change_word(bundle: Path) -> str:
    """Change one word of one published page, in the words and in every list that names them.

    The word is one that turns a finding into its opposite, where the bundle has such a word.
    """
    found = min(_list_words(bundle), default=None)
    if found is None:
        raise errors.Refused("this bundle holds no page with words")
    _, path, page, old, new = found
    lines = path.read_text("utf-8").split("\n")
    lines[page - 1] = lines[page - 1].replace(f'["{old}",', f'["{new}",', 1)
    path.write_text("\n".join(lines), "utf-8")
    write_sums(bundle)
    return f"page {page} of {_name_document(bundle, path)}: “{old}” became “{new}”"


def _list_words(bundle: Path) -> Iterator[tuple[int, Path, int, str, str]]:
    """List words that may be changed, the most telling first: rank, file, page, old and new."""
    for path in sorted((bundle / "words").glob("*.jsonl")):
        for page, line in enumerate(path.read_text("utf-8").split("\n"), 1):
            for rank, (old, new) in enumerate(OPPOSITES):
                if f'["{old}",' in line:
                    yield rank, path, page, old, new
            if found := re.search(r'\["([a-z]{5,})",', line):
                yield len(OPPOSITES), path, page, found.group(1), "never"


def _name_document(bundle: Path, words: Path) -> str:
    """Name the document whose words lie in a file, by the title that its publisher gave."""
    records = [json.loads(path.read_bytes()) for path in (bundle / "records").glob("*.json")]
    opening: dict[str, Any] = next((each for each in records if each.get("words") == words.stem), {})
    for record in records:
        if record.get("type") == "lightwell.publication.v1" and record["study"] == opening.get("study"):
            for item in record["items"]:
                if item["item"] == opening["item"]:
                    return f"“{item['title']}”"
    return words.name


def delete_study(bundle: Path) -> str:
    """Take out one study as if it had never been: its records, files, certificate, rows, and the list mended.

    What is left agrees with itself; only the log, which cannot be mended, still speaks of the study.
    """
    records = {path: path.read_bytes() for path in sorted((bundle / "records").glob("*.json"))}
    values = {path: json.loads(data) for path, data in records.items()}
    study = next((each["id"] for each in values.values() if each.get("kind") == "study"), None)
    if study is None:
        raise errors.Refused("this bundle holds no study")
    gone = [path for path, each in values.items() if study in _list_subjects(each)]
    taken = b"".join(records[path] for path in gone)
    kept = b"".join(data for path, data in records.items() if path not in gone)
    for area in ("files", "words", "pictures"):
        # A file that another study has as well stays.
        names = {path: path.stem.encode() for path in (bundle / area).glob("*")}
        gone += [path for path, name in names.items() if name in taken and name not in kept]
    gone.append(bundle / "certificates" / f"{study}.json")
    for path in gone:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in gone}:
        with contextlib.suppress(OSError):  # it holds what belongs to other studies
            folder.rmdir()
    table = bundle / "gaps.csv"
    rows = table.read_text("utf-8").splitlines(keepends=True)
    left = [row for row in rows if not row.startswith(f"{study},")]
    table.write_text("".join(left), "utf-8", newline="")
    _forget_paths(bundle / "ro-crate-metadata.json", {path.relative_to(bundle).as_posix() for path in gone})
    write_sums(bundle)
    return (
        f"the study {study} is gone: {len(gone)} files and {len(rows) - len(left)} rows of the table; "
        "the list of files was written anew and fits"
    )


def _list_subjects(record: dict[str, Any]) -> set[object]:
    """List what a record belongs to: itself, the study it is of, and what it comments on."""
    about = record.get("about")
    return {record.get("id"), record.get("study"), about.get("id") if isinstance(about, dict) else None}


def _forget_paths(crate: Path, gone: set[str]) -> None:
    value = json.loads(crate.read_bytes())
    value["@graph"] = [each for each in value["@graph"] if each.get("@id") not in gone]
    for each in value["@graph"]:
        if isinstance(each.get("hasPart"), list):
            each["hasPart"] = [part for part in each["hasPart"] if part.get("@id") not in gone]
    crate.write_text(json.dumps(value), "utf-8")


def rewind_log(bundle: Path) -> str:
    """Forget the newest entries and sign the shorter log with the log's own keys.

    Needs the keys of this installation. The witnesses are not asked: they would refuse, because they
    remember the longer log, and without them the policy is not met.
    """
    store = tiles.TileStore(bundle / "log")
    signers = state.open_state().read_signers()
    newest = checkpoint.open_checkpoint(
        (bundle / "log" / "checkpoint").read_text(), [signer.verifier for signer in signers]
    ).checkpoint
    size = newest.size - max(1, newest.size // 10)
    entries: list[bytes] = []
    for index in range(-(-newest.size // tile.FULL_WIDTH)):
        data = store.read_bundle(index, tile.count_width(newest.size, 0, index))
        entries += tile.decode_bundle(data or b"")
    del entries[size:]
    hashes = [tree.hash_leaf(each) for each in entries]
    shutil.rmtree(bundle / "log" / "tile")
    fresh = tiles.TileStore(bundle / "log")
    fresh.write_tiles(tile.derive_tiles(0, size, lambda a, b: hashes[a:b], fresh.read_tile))
    fresh.write_tiles(tile.derive_bundles(0, size, lambda a, b: entries[a:b]))
    text = checkpoint.sign_checkpoint(
        checkpoint.Checkpoint(newest.origin, size, tree.compute_root(hashes)), signers
    )
    (bundle / "log" / "checkpoint").write_text(text)
    for old in (bundle / "log" / "checkpoints").iterdir():
        if int(old.name) >= size:
            old.unlink()
    (bundle / "log" / "checkpoints" / str(size)).write_text(text)
    write_sums(bundle)
    return f"the newest {newest.size - size} of {newest.size} log entries are gone; the log signed the rest"


def write_sums(bundle: Path) -> None:
    """Write the list of digests anew, last line included, as if nothing had happened."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(bundle).as_posix()}\n"
        for path in sorted(bundle.rglob("*"), key=lambda path: path.relative_to(bundle).as_posix())
        if path.is_file() and path.name != SUMS
    ]
    text = "".join(lines)
    (bundle / SUMS).write_text(f"{text}{hashlib.sha256(text.encode()).hexdigest()}  {SUMS}\n")


ATTEMPTS = (
    Attempt("word", "Change a word on a published page", change_word),
    Attempt("study", "Delete a study", delete_study),
    Attempt("log", "Rewind the log, so that the newest days never happened", rewind_log),
)

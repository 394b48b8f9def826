"""An archive of two studies without Django, written by `files/bundle`, for the tests of whoever reads it.

Study "full" is open in full; study "mixed" has an item of each fate. The log is long enough for a full
tile. Keys are of tests only.
"""

from __future__ import annotations

import datetime
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lightwell.archive import entry, opening, page, picture, publication, release, rules, seal, words_document
from lightwell.base import canonical, disclosure, ids
from lightwell.files import bundle
from lightwell.files.store import FileStore
from lightwell.files.tiles import TileStore
from lightwell.tlog import checkpoint, cosignature, note, policy, tile, tree

KIND = note.KeyType
ORIGIN = "sample.tests.example"
LOG = [note.generate_signer(ORIGIN, kind, b"L" * 32) for kind in (KIND.ED25519, KIND.ML_DSA_44)]
WITNESSES = {
    name: note.generate_signer(f"{name}.example", KIND.COSIGNATURE_V1, name.encode()[:1] * 32)
    for name in ("ada", "bea")
}
FULL = ids.format_id("study", b"in full!")
MIXED = ids.format_id("study", b"in part!")
BEGIN = datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.UTC)


def make_parts(number: int, lines: int = 4) -> page.Parts:
    bands = tuple((15 * k + 3, 15 * k + 13) for k in range(lines))
    rows = tuple(
        tuple(page.Word(text, (20 * j, 15 * k + 3, 20 * j + 18, 15 * k + 13)) for j, text in enumerate(row))
        for k, row in enumerate([[f"page{number}", f"line{k + 1}", "naïve"] for k in range(lines)])
    )
    head = page.Head(number, 70, 15 * lines, lines, bands)
    boxes = page.list_patch_boxes(head)
    patches = tuple(
        bytes([(k + number) % 16 * 16]) * ((b[2] - b[0]) * (b[3] - b[1]) * 3) for k, b in enumerate(boxes)
    )
    return page.Parts(head, rows, patches)


class Document:
    """A document with its key."""

    def __init__(self, study: str, number: int, pages: int | None) -> None:
        self.key = hashlib.sha256(f"{study} {number}".encode()).digest()
        self.data = f"%PDF {study} {number}".encode()
        self.header = seal.Header(study, number, pages, "renderer of tests")
        self.parts = [make_parts(k + 1) for k in range(pages or 0)]
        self.seeds = seal.derive_page_seeds(self.key, pages or 0)
        self.roots = [page.compute_root(*each) for each in zip(self.seeds, self.parts, strict=True)]
        self.measure = seal.FileMeasure(hashlib.sha256(self.data).digest(), len(self.data))
        self.sealed = seal.compute_commitment(self.key, self.header, self.measure, self.roots)

    def open_page(self, number: int, hidden: tuple[int, ...] = ()) -> opening.PageOpening:
        parts = self.parts[number - 1]
        covered = opening.cover_lines(parts, hidden)
        return opening.open_page(self.key, self.header, self.measure, self.roots, parts, hidden, covered)


class Archive:
    """A log, its records and files below a folder; `now` is its clock."""

    origin = ORIGIN

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files, self.tiles = FileStore(root / "files"), TileStore(root / "log")
        self.entries: list[bytes] = []
        self.checkpoints: dict[int, str] = {}
        self.records: dict[str, bytes] = {}
        self.now = BEGIN
        self.places: dict[tuple[str, int], int] = {}
        self.documents: dict[tuple[str, int], Document] = {}

    @staticmethod
    def write_policy(quorum: str = "both") -> bytes:
        lines = [f"log {note.format_vkey(each.verifier)}" for each in LOG]
        lines += [f"witness {name} {note.format_vkey(each.verifier)}" for name, each in WITNESSES.items()]
        return "\n".join([*lines, "group both all ada bea", f"quorum {quorum}", ""]).encode()

    def log(self, *values: dict) -> int:
        self.entries += [canonical.encode(value) for value in values]
        return len(self.entries) - 1

    def keep(self, record: object) -> str:
        data = canonical.encode(record)
        digest = canonical.format_digest(hashlib.sha256(data).digest())
        self.records[digest] = data
        return digest

    def sign(self, names: tuple[str, ...] = ("ada", "bea")) -> str:
        leaves = [tree.hash_leaf(each) for each in self.entries]
        text = self.sign_root(len(leaves), tree.compute_root(leaves), names)
        self.checkpoints[len(leaves)] = text
        return text

    def sign_root(self, size: int, root: bytes, names: tuple[str, ...] = ("ada", "bea")) -> str:
        head = checkpoint.Checkpoint(ORIGIN, size, root)
        text = checkpoint.format_checkpoint(head)
        time = int(self.now.timestamp())
        lines = [cosignature.cosign(text, WITNESSES[name], time + 60 * k) for k, name in enumerate(names)]
        return note.add_signatures(checkpoint.sign_checkpoint(head, LOG), lines)

    def register(self, study: str, **values: object) -> disclosure.Disclosure:
        record = make_disclosure(study, **values)
        digest = self.keep(disclosure.format_disclosure(record))
        self.log(disclosure.format_log_entry(record))
        self.log(entry.make_study(self.now, study, False, digest, None))
        return record

    def seal(self, study: str, pages: list[int | None], due_days: int = 30) -> None:
        made = [Document(study, number, count) for number, count in enumerate(pages, 1)]
        due = self.now.date() + datetime.timedelta(days=due_days)
        values = []
        for each in made:
            number, count = each.header.number, each.header.pages
            values.append(
                entry.make_item(self.now, study, number, "report", count, count is not None, due, each.sealed)
            )
            self.places[study, number] = len(self.entries) + number - 1
            self.documents[study, number] = each
        root = tree.compute_root([tree.hash_leaf(canonical.encode(value)) for value in values])
        self.log(*values, entry.make_inventory(self.now, study, 1, len(values), root))

    def open_whole(self, study: str, number: int) -> str:
        made = self.documents[study, number]
        lines = [
            words_document.format_words(
                each.head,
                each.lines,
                tree.compute_root(page.hash_patches(seed, each.head, each.patches)),
                seed,
            )
            for seed, each in zip(made.seeds, made.parts, strict=True)
        ]
        self.files.put_bytes("public", made.data)
        record = release.make_whole_opening(
            study=study,
            item=number,
            key=made.key,
            header=made.header,
            file=made.measure,
            media_type="application/pdf",
            page_roots=made.roots,
            words=self.files.put_bytes("public", b"".join(lines)) if lines else None,
        )
        digest = self.keep(record)
        self.log(entry.make_opening(self.now, study, number, made.header.pages, digest))
        return digest

    def open_pages(self, study: str, number: int, held: set[int]) -> str:
        made, shown = self.documents[study, number], []
        for count in range(1, len(made.parts) + 1):
            if count in held:
                continue
            opened = made.open_page(count, (1,) if count == 1 else ())
            png = picture.encode_picture(opened.head, opened.patches)
            shown.append((opened, self.files.put_bytes("public", png)))
        review = self.now.date() + datetime.timedelta(days=300)
        holdings = [release.Holding(count, "participant", "approver", review) for count in held]
        digest = self.keep(release.make_pages_opening(header=made.header, pages=shown, holdings=holdings))
        self.log(entry.make_opening(self.now, study, number, len(shown), digest))
        return digest

    def publish(self, study: str, outcomes: dict[int, tuple[str, str | None]]) -> str:
        rows = [
            publication.PublishedItem(
                number,
                f"Title {number}" if outcome in ("whole", "pages") else None,
                "report",
                None,
                None,
                "application/pdf",
                self.documents[study, number].header.pages,
                outcome,
                digest,
            )
            for number, (outcome, digest) in sorted(outcomes.items())
        ]
        record = publication.make_publication(study=study, number=1, summary="What we found.", items=rows)
        digest = self.keep(record)
        self.log(entry.make_publication(self.now, study, 1, digest))
        return digest

    def write(self, folder: Path, **changes: object) -> bundle.Written:
        size = len(self.entries)
        leaves = [tree.hash_leaf(each) for each in self.entries]
        self.tiles.write_tiles(tile.derive_tiles(0, size, lambda a, b: leaves[a:b], self.tiles.read_tile))
        self.tiles.write_tiles(tile.derive_bundles(0, size, lambda a, b: self.entries[a:b]))
        values: dict = {
            "policy": self.write_policy(),
            "checkpoints": self.checkpoints,
            "tiles": self.tiles,
            "read_record": self.records.get,
            "files": self.files,
            "title": "Two studies",
            "publisher": "Larkfield",
        }
        return bundle.write_bundle(folder, bundle.Source(**{**values, **changes}))

    @staticmethod
    def hide_traces(folder: Path) -> None:
        """Write the list anew, as somebody would who changes a bundle and hides it."""
        sums = {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*")
            if path.is_file()
        }
        (folder / bundle.LIST).write_text(bundle.format_list(sums))


def make_disclosure(name: str, **values: object) -> disclosure.Disclosure:
    base = {
        "id": name,
        "kind": ids.parse_id(name)[0],
        "version": 1,
        "schema": 1,
        "publisher": {"id": "larkfield", "role": "provider", "name": "Larkfield"},
        "provider": {"id": "larkfield", "name": "Larkfield"},
        "services": [],
        "language": "en",
        "date": "2026-03-01",
        "supersedes": None,
        "about": None,
        "body": {"title": "Sleep"},
        "withheld": [],
        "opened": [],
        "attachments": [],
    }
    return disclosure.parse_disclosure({**base, **values})


def build_archive(root: Path) -> Archive:
    made = Archive(root)
    made.log(entry.make_rules(made.now, rules.FIRST_RULES))
    made.register(FULL)
    made.register(MIXED)
    made.sign()
    made.now += datetime.timedelta(days=1)
    made.seal(FULL, [2, 1])
    made.seal(MIXED, [3, 2, None, 1, 2])
    made.log(entry.make_count(made.now, made.now.date(), 2, 7))
    made.sign(names=("ada",))
    made.now += datetime.timedelta(days=5)
    first, second = made.open_whole(FULL, 1), made.open_whole(FULL, 2)
    made.publish(FULL, {1: ("whole", first), 2: ("whole", second)})
    in_part, unread = made.open_pages(MIXED, 1, {3}), made.open_whole(MIXED, 3)
    gone = made.open_whole(MIXED, 5)
    made.log(
        entry.make_withholding(
            made.now, MIXED, 2, "participant", "approver", made.now.date() + datetime.timedelta(days=300)
        )
    )
    outcomes = {1: ("pages", in_part), 2: ("withheld", None), 3: ("whole", unread)}
    made.publish(MIXED, {**outcomes, 4: ("pending", None), 5: ("whole", gone)})
    made.log(entry.make_suspension(made.now, MIXED, 5, 1, "child-identifiable", "safeguarding-officer"))
    del made.records[gone]
    made.sign()
    for _ in range(260):
        made.now += datetime.timedelta(hours=12)
        made.log(entry.make_count(made.now, made.now.date(), 2, 7))
    made.sign()
    return made


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that holds; never changed."""
    folder = tmp_path_factory.mktemp("whole")
    build_archive(folder / "state").write(folder / "bundle")
    return folder / "bundle"


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """A bundle that a test may damage."""
    return Path(shutil.copytree(whole, tmp_path / "copy"))


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """The archive itself, to go on with before it is written."""
    return build_archive(tmp_path / "state")


@pytest.fixture
def own_policy() -> policy.Policy:
    return policy.parse_policy(Archive.write_policy())


@pytest.fixture
def hide_traces() -> Callable[[Path], None]:
    return Archive.hide_traces

"""A small bundle in which nearly everything happens, written from docs/reference/bundle.md.

It does not use the project's bundle writer: what this folder holds was laid down by hand after the document,
so that the document, the writer and the two verifiers are held against one another.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import folder_fixture
import gaps
import pytest
import statements
import verify

from lightwell.archive import entry, opening, page, picture, publication, release, rules, seal, words_document
from lightwell.archive import page_proof as page_proofs
from lightwell.base import canonical, disclosure, ids, tombstone, withholding
from lightwell.tlog import checkpoint, cosignature, note, policy, tile, tree

KIND = note.KeyType
ORIGIN = "sample.log.example"
LOG = note.generate_signer(ORIGIN, KIND.ED25519, b"L" * 32)
LOG_TOO = note.generate_signer(ORIGIN, KIND.ML_DSA_44, b"M" * 32)
WITNESSES = {
    "first": note.generate_signer("w1.example", KIND.COSIGNATURE_V1, b"1" * 32),
    "second": note.generate_signer("w2.example", KIND.COSIGNATURE_V1, b"2" * 32),
    "third": note.generate_signer("w3.example", KIND.ML_DSA_44, b"3" * 32),
}
STUDY = ids.format_id("study", b"studyone")
LETTER = ids.format_id("letter", b"aletter!")
BEGIN = datetime.datetime(2026, 1, 5, 9, tzinfo=datetime.UTC)
HOLD = datetime.date(2027, 1, 5)


def write_policy(quorum: str = "two") -> bytes:
    lines = [f"log {note.format_vkey(each.verifier)}" for each in (LOG, LOG_TOO)]
    lines += [f"witness {name} {note.format_vkey(each.verifier)}" for name, each in WITNESSES.items()]
    return "\n".join([*lines, "group two 2 first second third", f"quorum {quorum}", ""]).encode()


class Builder:
    """Gathers entries and files, signs when told, and writes the folder at the end."""

    def __init__(self) -> None:
        self.entries: list[bytes] = []
        self.files: dict[str, bytes] = {"policy": write_policy()}
        self.now = BEGIN

    def log(self, *values: dict) -> None:
        self.entries += [canonical.encode(value) for value in values]

    def keep(self, folder: str, data: bytes, suffix: str = "") -> str:
        name = hashlib.sha256(data).hexdigest()
        self.files[f"{folder}/{name}{suffix}"] = data
        return name

    def record(self, value: object) -> str:
        return "sha256:" + self.keep("records", canonical.encode(value), ".json")

    def disclose(self, record: disclosure.Disclosure) -> str:
        self.log(disclosure.format_log_entry(record))
        return self.record(disclosure.format_disclosure(record))

    def sign(self, hours: float = 1, names: tuple[str, ...] = ("first", "second", "third")) -> None:
        """Sign what there is; each witness answers a minute after the other, the first `hours` later."""
        leaves = [tree.hash_leaf(each) for each in self.entries]
        head = checkpoint.Checkpoint(ORIGIN, len(leaves), tree.compute_root(leaves))
        first = int((self.now + datetime.timedelta(hours=hours)).timestamp())
        self.put_checkpoint(head, {name: first + 60 * n for n, name in enumerate(names)})

    def forge(self, entries: list[bytes]) -> None:
        """Put other entries into the log and have everybody sign again, at the same times."""
        rule, before = policy.parse_policy(self.files["policy"]), len(self.entries)
        self.entries = entries
        for name in [name for name in self.files if name.startswith(("log/tile/", "certificates/", "gaps"))]:
            del self.files[name]
        leaves = [tree.hash_leaf(each) for each in entries]
        for name in [name for name in self.files if name.startswith("log/checkpoints/")]:
            times = policy.check_policy(rule, self.files.pop(name)).witnesses
            size = int(name.rpartition("/")[2])
            size = len(entries) if size == before else size
            if size <= len(entries):
                head = checkpoint.Checkpoint(ORIGIN, size, tree.compute_root(leaves[:size]))
                self.put_checkpoint(head, times)

    def put_checkpoint(self, head: checkpoint.Checkpoint, times: Mapping[str, int]) -> None:
        text = checkpoint.format_checkpoint(head)
        lines = [cosignature.cosign(text, WITNESSES[name], time) for name, time in times.items()]
        signed = note.add_signatures(checkpoint.sign_checkpoint(head, [LOG, LOG_TOO]), lines).encode()
        self.files[f"log/checkpoints/{head.size}"] = self.files["log/checkpoint"] = signed

    def write(self, folder: Path) -> None:
        leaves = [tree.hash_leaf(each) for each in self.entries]
        size = len(leaves)
        made = [*tile.derive_bundles(0, size, lambda a, b: self.entries[a:b])]
        made += tile.derive_tiles(0, size, lambda a, b: leaves[a:b], lambda *_: None)
        self.files |= {f"log/{each.path}": each.data for each in made}
        self.files |= {"README.txt": b"A sample.\n", "ro-crate-metadata.json": b"{}"}
        with contextlib.suppress(verify.Refusal, KeyError, ValueError, TypeError):
            self.add_accounts()  # of a log that breaks the rules there may be none
        for name, data in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        write_list(folder)

    def add_accounts(self) -> None:
        """The table and the certificate, by the second verifier's own reckoning."""
        met = int((self.now + datetime.timedelta(hours=1, minutes=1)).timestamp())
        day = datetime.datetime.fromtimestamp(met, datetime.UTC).date()
        quorum_times: list[int | None] = []
        for size in sorted(int(name.rpartition("/")[2]) for name in self.files if "checkpoints/" in name):
            rule = policy.parse_policy(self.files["policy"])
            times = policy.check_policy(rule, self.files[f"log/checkpoints/{size}"]).witnesses
            if len(times) > 1:
                second = sorted(times.values())[1]
                quorum_times += [second] * (size - len(quorum_times))
        items = gaps.replay(self.entries, quorum_times, day)
        self.files["gaps.csv"] = gaps.write_table(items, day).encode()
        leaves = [tree.hash_leaf(each) for each in self.entries]
        head = verify.notes.Checkpoint(ORIGIN, len(leaves), tree.compute_root(leaves))
        log = verify.Log(None, head, [], self.entries, quorum_times, day)
        certificate = statements.make_certificate(STUDY, items, log)
        self.files[f"certificates/{STUDY}.json"] = canonical.encode(certificate)


def write_list(folder: Path) -> None:
    """Write SHA256SUMS anew, as somebody would who changes a bundle and hides it."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in names
        if name != "SHA256SUMS"
    ]
    body = "".join(lines).encode()
    (folder / "SHA256SUMS").write_bytes(body + f"{hashlib.sha256(body).hexdigest()}  SHA256SUMS\n".encode())


def make_parts(number: int, lines: int = 5) -> page.Parts:
    bands = tuple((20 * k + 2, 20 * k + 14) for k in range(lines))
    head = page.Head(number, 83, 20 * lines, lines, bands)
    rows = tuple(
        tuple(
            page.Word(text, (9 * j, 20 * k + 2, 9 * j + 8, 20 * k + 14))
            for j, text in enumerate([f"Zeile{k}", "größer", "für", '"Zoë"'])
        )
        for k in range(lines)
    )
    boxes = page.list_patch_boxes(head)
    patches = tuple(bytes([k % 15 * 16]) * ((b[2] - b[0]) * (b[3] - b[1]) * 3) for k, b in enumerate(boxes))
    return page.Parts(head, rows, patches)


class Document:
    """One sealed item with its key, so that it can be opened in every way."""

    def __init__(self, number: int, pages: int | None, data: bytes) -> None:
        self.key = hashlib.sha256(b"key %d" % number).digest()
        self.data, self.number = data, number
        self.header = seal.Header(STUDY, number, pages, "a test's renderer")
        self.parts = [make_parts(n + 1) for n in range(pages or 0)]
        seeds = seal.derive_page_seeds(self.key, pages or 0)
        self.roots = [page.compute_root(*each) for each in zip(seeds, self.parts, strict=True)]
        self.measure = seal.FileMeasure(hashlib.sha256(data).digest(), len(data))
        self.sealed = seal.compute_commitment(self.key, self.header, self.measure, self.roots)

    def open_whole(self, made: Builder) -> str:
        made.keep("files", self.data)
        words = None
        if self.parts:
            seeds = seal.derive_page_seeds(self.key, len(self.parts))
            lines = [
                words_document.format_words(
                    each.head,
                    each.lines,
                    tree.compute_root(page.hash_patches(seed, each.head, each.patches)),
                    seed,
                )
                for seed, each in zip(seeds, self.parts, strict=True)
            ]
            words = made.keep("words", b"".join(lines), ".jsonl")
        return made.record(
            release.make_whole_opening(
                study=STUDY,
                item=self.number,
                key=self.key,
                header=self.header,
                file=self.measure,
                media_type="application/pdf",
                page_roots=self.roots,
                words=words,
            )
        )

    def open_page(self, number: int, hidden_lines: tuple[int, ...]) -> tuple[opening.PageOpening, bytes]:
        parts = self.parts[number - 1]
        covered = opening.cover_lines(parts, hidden_lines)
        shown = opening.open_page(
            self.key, self.header, self.measure, self.roots, parts, hidden_lines, covered
        )
        return shown, picture.encode_picture(parts.head, shown.patches)

    def open_pages(self, made: Builder, held: set[int]) -> str:
        pages = []
        for number in range(1, len(self.parts) + 1):
            if number not in held:
                shown, png = self.open_page(number, (1, 2) if number == 2 else ())
                pages.append((shown, made.keep("pictures", png, ".png")))
        holdings = [release.Holding(number, "participant", "approver", HOLD) for number in held]
        return made.record(release.make_pages_opening(header=self.header, pages=pages, holdings=holdings))


DOCUMENTS = [
    Document(1, 3, b"%PDF whole"),
    Document(2, 4, b"%PDF in part"),
    Document(3, None, b"a table"),
    Document(4, 2, b"%PDF held back"),
    Document(5, 1, b"%PDF late"),
    Document(6, 2, b"%PDF suspended"),
    Document(7, 1, b"%PDF not due"),
]


def make_record(made: Builder, name: str, **values: object) -> disclosure.Disclosure:
    base = {
        "id": name,
        "kind": ids.parse_id(name)[0],
        "version": 1,
        "schema": 1,
        "publisher": {"id": "larkfield", "role": "provider", "name": "Larkfield"},
        "provider": {"id": "larkfield", "name": "Larkfield"},
        "services": [],
        "language": "en",
        "date": "2026-01-05",
        "supersedes": None,
        "about": None,
        "body": {"title": "Sleep and the night feed", "officer": "head of Müller’s team", "share": 0.25},
        "withheld": [],
        "opened": [],
        "attachments": [],
    }
    return disclosure.parse_disclosure({**base, **values})


def build() -> Builder:
    made = Builder()
    made.log(entry.make_rules(made.now, rules.FIRST_RULES))
    table = made.keep("files", b"a,b\n1,2\n")
    full = make_record(
        made,
        STUDY,
        attachments=[{"digest": f"sha256:{table}", "bytes": 8, "media_type": "text/csv", "title": "Table"}],
    )
    decision = withholding.Decision("/body/officer", "junior-staff", "2027-01-01", "approver")
    public, kept = withholding.withhold_fields(full, [decision], {"/body/officer": b"s" * 32})
    digest = made.disclose(public)
    made.log(entry.make_study(made.now, STUDY, False, digest, None))
    made.sign()
    made.now += datetime.timedelta(days=2)
    dues = [made.now.date() + datetime.timedelta(days=days) for days in (5, 5, 5, 5, 5, 5, 200)]
    sealed = [
        entry.make_item(made.now, STUDY, d.number, "report", d.header.pages, bool(d.parts), due, d.sealed)
        for d, due in zip(DOCUMENTS, dues, strict=True)
    ]
    first, later = sealed[:5], sealed[5:]
    for number, group in ((1, first), (2, later)):
        root = tree.compute_root([tree.hash_leaf(canonical.encode(each)) for each in group])
        made.log(*group, entry.make_inventory(made.now, STUDY, number, len(group), root))
    made.log(entry.make_count(made.now, made.now.date(), 1, 7))
    made.sign(names=("first",))
    made.now += datetime.timedelta(days=3)
    made.disclose(withholding.lift_fields(public, kept, "2026-01-10"))
    open_documents(made)
    letter = make_record(made, LETTER)
    made.log(
        disclosure.format_log_entry(letter),
        tombstone.format_tombstone(
            tombstone.make_tombstone(letter, "court-order", "2026-01-11", ("approver", "publisher"))
        ),
    )
    made.sign(hours=3)
    made.now += datetime.timedelta(days=20)
    made.log(entry.make_count(made.now, made.now.date(), 1, 7))
    made.sign()
    return made


def open_documents(made: Builder) -> None:
    whole = {n: DOCUMENTS[n - 1].open_whole(made) for n in (1, 3, 6)}
    part = DOCUMENTS[1].open_pages(made, {4})
    made.log(
        entry.make_opening(made.now, STUDY, 1, 3, whole[1]),
        entry.make_opening(made.now, STUDY, 2, 3, part),
        entry.make_opening(made.now, STUDY, 3, None, whole[3]),
        entry.make_opening(made.now, STUDY, 6, 2, whole[6]),
        entry.make_withholding(made.now, STUDY, 4, "participant", "approver", HOLD),
    )
    outcomes = ["whole", "pages", "whole", "withheld", "pending", "whole", "pending"]
    names = {1: whole[1], 2: part, 3: whole[3], 6: whole[6]}
    rows = [
        publication.PublishedItem(
            d.number,
            f"Title {d.number}" if d.number in names else None,
            "report",
            None,
            f"file{d.number}.pdf" if d.number in names else None,
            "application/pdf",
            d.header.pages,
            outcome,
            names.get(d.number),
        )
        for d, outcome in zip(DOCUMENTS, outcomes, strict=True)
    ]
    sampled = [publication.SampledItem(1, 2, 2, 0), publication.SampledItem(2, 3, 2, 1)]
    record = made.record(
        publication.make_publication(
            study=STUDY,
            number=1,
            summary="What we found.",
            items=rows,
            sample=publication.Sample((3, 12), tuple(sampled)),
        )
    )
    made.log(entry.make_publication(made.now, STUDY, 1, record))
    made.log(entry.make_suspension(made.now, STUDY, 6, None, "abuse-material", "safeguarding-officer"))
    for path in list_paths_of_opening(made, whole[6]):
        del made.files[path]


def list_paths_of_opening(made: Builder, digest: str) -> list[str]:
    path = f"records/{digest.removeprefix('sha256:')}.json"
    value = canonical.decode(made.files[path])
    return [path, f"words/{value['words']}.jsonl", f"files/{value['file']['sha256']}"]


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a demo made by the product from documents made here."""
    room = tmp_path_factory.mktemp("small")
    folder_fixture.write_documents(room / "documents")
    return folder_fixture.make_demo(room / "documents", room / "home")


@pytest.fixture(scope="session")
def made() -> Builder:
    return build()


@pytest.fixture(scope="session")
def whole_bundle(made: Builder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    made.write(folder)
    return folder


@pytest.fixture
def page_proof(made: Builder) -> dict:
    """The proof of page 2 of item 2, of which two lines are hidden."""
    document = DOCUMENTS[1]
    shown, png = document.open_page(2, (1, 2))
    leaves = [tree.hash_leaf(each) for each in made.entries]
    entries = [canonical.decode(each) for each in made.entries]
    index = next(k for k, each in enumerate(entries) if (each["type"], each.get("item")) == ("item", 2))
    return page_proofs.make_page_proof(
        entry=entries[index],
        index=index,
        path=tree.prove_inclusion(leaves, index, len(leaves)),
        checkpoint=made.files["log/checkpoint"].decode(),
        header=document.header,
        page=shown,
        png=png,
    )


@pytest.fixture
def bundle(whole_bundle: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(whole_bundle, tmp_path / "bundle"))


@pytest.fixture
def mend_list() -> Callable[[Path], None]:
    return write_list

"""One archive for each hidden name, its dice and its clock fixed, and everything that anybody gets of it.

Two archives in which only the hidden name differs can still not be equal to the byte: the seal of the
document is a hash of the name with a secret salt, and whatever is computed from it differs with it.
`Everything.names` lists each such value; in `Everything.files` it is replaced by its name where it stands, so
that two archives are equal here exactly when nothing else differs, in length neither.
"""

from __future__ import annotations

import base64
import collections
import datetime
import hashlib
import io
import itertools
import json
import random
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import disclosure_fixture as fixture
import exit_fixture as exits
import fingerprint_fixture
import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from lightwell.actions import bundles, fingerprints, inventories, log, overview, redactions, search
from lightwell.archive import fingerprint_set, inventory
from lightwell.client import verify
from lightwell.db.models import Item, LogEntry, Opening, Publication, PublicPage, Study
from lightwell.files import foundation, index, rehearsal
from lightwell.files.state import State
from lightwell.tlog import tree

NOW = datetime.datetime(2024, 11, 20, 9, tzinfo=datetime.UTC)
STUDY = "std-6wtb7d1t76x3nf"
SEEN, OTHER = "telephone", "messages"
HEX = 64
# A hash as hex digits or base64, or the sixteen digits with which some pages begin one.
_TOKEN = re.compile(
    rb"[0-9a-f]{64}|[0-9A-Za-z+/_-]{43}=?(?![0-9A-Za-z+/=_-])|(?<![0-9a-f])[0-9a-f]{16}(?=\xe2\x80\xa6)"
)
_SIGNATURE = re.compile(r"((?:—|\\u2014) [a-z./]+ )([0-9A-Za-z+/=]+)".encode())
# A hash of the answer, or the time at which a file was written.
_ETAG = re.compile(rb'ETag: "[^"\n]+"')
_SEGMENT = re.compile(rb"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
# What lists files by their digests, so in another order when a digest differs.
_BY_DIGEST = ("SHA256SUMS", "ro-crate-metadata.json")
_LOGGED = {"commitment": "seal", "root": "root of an inventory", "opening": "opening", "record": "record"}


@dataclass
class Everything:
    """What came out, by exit and place, and the values that have to differ, by value."""

    verdict: verify.Verdict
    files: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def add_name(self, value: bytes | str, name: str) -> None:
        """Name a value that may differ, in every form in which it is written."""
        raw = bytes.fromhex(value.removeprefix("sha256:")) if isinstance(value, str) else value
        for form in (raw.hex(), base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()):
            self.names.setdefault(form, name)
            self.names.setdefault(form.rstrip("="), name)

    def replace_names(self, data: bytes) -> bytes:
        """Replace every value that may differ by its name, at the same length."""
        return _TOKEN.sub(lambda found: self._name(found[0]), data)

    def _name(self, token: bytes) -> bytes:
        name = self.names.get(token.decode())
        return token if name is None else b"<" + name.encode() + b", %d long>" % len(token)


def publish_everything(
    root: Path, source: bytes, name: str, ground: str, monkeypatch: pytest.MonkeyPatch
) -> Everything:
    """Lock a document in beside another, hide a name in it, publish both and visit every exit.

    The database is as before when it returns, and `root` is gone.
    """
    root.mkdir()
    dice = random.Random("the same for every name")
    with monkeypatch.context() as patch, transaction.atomic():
        patch.setenv("LIGHTWELL_STATE", str(root / "state"))
        patch.setattr("secrets.token_bytes", dice.randbytes)
        patch.setattr("secrets.token_hex", lambda count: dice.randbytes(count).hex())
        overview.forget()
        cache.clear()
        desk = _lock_in(root, source)
        _hide(desk, name, ground)
        payload = {"study": STUDY, "summary": "What we found.", "items": [1, 2]}
        desk.do("publication", STUDY, payload, NOW)
        log.publish_checkpoint(state=desk.state, now=NOW)
        pages: list[str] = []
        adding = index.Writer.add_page
        patch.setattr(
            index.Writer, "add_page", lambda self, each: (pages.append(repr(each)), adding(self, each))[1]
        )
        search.rebuild_index(desk.state)
        bundles.pack_bundle(state=desk.state)
        made = fingerprints.make_set(state=desk.state)
        assert made is not None
        bundle = root / "bundle"
        bundles.write_bundle(state=desk.state, folder=bundle)
        found = Everything(verify.verify_bundle(bundle))
        _list_names(found, bundle)
        found.add_name(made.sha256, "digest of the fingerprints, which hold a signature")
        raw = {f"index: page {k}": each.encode() for k, each in enumerate(pages)}
        raw |= dict(_read_index(desk.state)) | dict(_read_rows())
        raw |= {f"bundle: {path.relative_to(bundle)}": path.read_bytes() for path in _list_files(bundle)}
        raw |= dict(_visit_site(desk.state, patch, found))
        for place, data in sorted(raw.items()):
            kept = found.replace_names(place.encode()).decode()
            found.files[kept] = _sort_listing(kept, found.replace_names(_leave_signatures(kept, data)))
        transaction.set_rollback(True)
    shutil.rmtree(root)
    return found


def _lock_in(root: Path, source: bytes) -> fixture.Desk:
    state = root / "state"
    foundation.lay_foundation(state, origin="sample.example/site", sample=True)
    (state / "sample-clock").write_text(str(int(NOW.timestamp())))
    log.begin_log(now=NOW)
    desk = fixture.Desk(State(state))
    value = fixture.read_value("study")
    value["body"]["due_dates"] = [{"id": "due", "what": "Report", "date": "2025-01-10"}]
    desk.disclose(value, NOW)
    papers = root / "papers"
    papers.mkdir()
    (papers / "interview seven.pdf").write_bytes(source)
    (papers / "other.pdf").write_bytes(exits.make_pdf(3))
    rows = inventory.draft_rows(["interview seven.pdf", "other.pdf"], datetime.date(2025, 1, 10))
    study = Study.objects.get(pk=STUDY)
    inventories.measure_files(state=desk.state, study=study, folder=papers, rows=rows, processes=1)
    inventories.seal_inventory(actor=desk.ana, study=study, now=NOW)
    log.publish_checkpoint(state=desk.state, now=NOW)
    return desk


def _hide(desk: fixture.Desk, name: str, ground: str) -> None:
    study = Study.objects.get(pk=STUDY)
    item = redactions.find_item(STUDY, 1)
    parts = redactions.read_page(state=desk.state, actor=desk.ana, item=item, number=1)
    places = rehearsal.find_words(parts, name)
    assert places
    shared = {"item": item, "number": 1, "ground_id": ground, "now": NOW}
    rows = [
        redactions.propose_regions(state=desk.state, actor=desk.ana, words=words, **shared)
        for words in places
    ]
    numbers = [row.pk for row in rows]
    redactions.decide_regions(actor=desk.ben, study=study, numbers=numbers, approved=True, now=NOW)


def _list_names(found: Everything, bundle: Path) -> None:
    """Name each value that follows from the hidden name through a salted hash, and no other."""
    entries = [bytes(row.data) for row in LogEntry.objects.order_by("index")]
    opening = json.loads(Opening.objects.get(item__number=1).data)
    found.add_name(opening["file_hash"], "hash of the file of document 1")
    for shown in opening["pages"]:
        for kind in ("lines", "patches"):
            for k, node in enumerate(shown["proof"][kind]):
                if "hash" in node:
                    found.add_name(node["hash"], f"hidden node {k} of the {kind} of page {shown['page']}")
        for k, node in enumerate(shown["proof"]["path"]):
            found.add_name(node, f"page node {k} of page {shown['page']}")
    for k, data in enumerate(entries):
        value = json.loads(data)
        for member, what in _LOGGED.items():
            text = value.get(member)
            if isinstance(text, str) and value.get("item") != 2:
                found.add_name(text, f"{what} in entry {k}")
        found.add_name(hashlib.sha256(data).digest(), f"digest of entry {k}")
    leaves = [tree.hash_leaf(data) for data in entries]
    for size in range(1, len(leaves) + 1):
        for start in range(size):
            found.add_name(tree.compute_root(leaves[start:size]), f"log node {start} to {size}")
    # Some pages show the beginning of the newest root.
    found.names[tree.compute_root(leaves).hex()[:16]] = "beginning of the log's root"
    sums = (bundle / "SHA256SUMS").read_bytes()
    found.add_name(sums.splitlines()[-1][:64].decode(), "digest of the list above")
    for path in _list_files(bundle):
        place = found.replace_names(str(path.relative_to(bundle)).encode()).decode()
        if found.replace_names(data := path.read_bytes()) != data or place.startswith("log/"):
            found.add_name(hashlib.sha256(data).digest(), f"digest of {place}")


def _leave_signatures(place: str, data: bytes) -> bytes:
    """Leave out, but for their lengths, signatures, tiles of the log's hashes and hashes of whole answers."""
    if re.search(r"log/tile/[0-9]", place):
        return b"%d hashes" % (len(data) // 32)
    data = _ETAG.sub(b"ETag: of what was sent", data)
    return _SIGNATURE.sub(lambda found: found[1] + b"signature, %d long" % len(found[2]), data)


def _sort_listing(place: str, data: bytes) -> bytes:
    if place.endswith(".managed.json 1"):
        return b"\n".join(sorted(each.encode() for each in json.loads(data)))
    return b"\n".join(sorted(data.splitlines())) if place.endswith(_BY_DIGEST) else data


def _list_files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _read_index(state: State) -> Iterator[tuple[str, bytes]]:
    """Read the files of the search index; their names are random, and counted by kind."""
    generation = index.open_folder(state.root / "index").read_generation()
    counted = collections.Counter[str]()
    for path in _list_files(state.root / "index" / str(generation)):
        kind = path.suffix if re.fullmatch("[0-9a-f]{32}", path.stem) else path.name
        counted[kind] += 1
        yield f"index: {kind} {counted[kind]}", _SEGMENT.sub(b"segment", path.read_bytes())


def _read_rows() -> Iterator[tuple[str, bytes]]:
    """Read what the database would show of pages and documents."""
    for row in PublicPage.objects.order_by("item__number", "number"):
        shown = [bytes(row.head), bytes(row.lines), row.text.encode(), json.dumps(row.hidden).encode()]
        yield f"row: page {row.number} of {row.item.number}", b"\n".join([*shown, row.drawn_from.encode()])
    for item in Item.objects.filter(study=STUDY):
        shown = [item.title, item.file_name, item.media_type, item.pages, item.named, item.date]
        yield f"row: document {item.number}", repr(shown).encode()


def _visit_site(state: State, patch: pytest.MonkeyPatch, found: Everything) -> Iterator[tuple[str, bytes]]:
    """Ask every public address of the site, and a search for a word beside the hidden name."""
    digests = [
        row.digest.removeprefix("sha256:")
        for rows in (Opening, Publication)
        for row in rows.objects.order_by("log_index")
    ]
    digests += [row.document or "" for row in Opening.objects.order_by("log_index")]
    size = LogEntry.objects.count()
    values = _Values(
        {
            "study": [STUDY],
            "number": ["1", "2"],
            "page": ["1"],
            "digest": [each for each in digests if each],
            "record": [STUDY],
            "version": ["1"],
            "old": ["1"],
            "new": ["1"],
            "slug": ["larkfield"],
            "company": ["larkfield"],
            "challenge": ["none"],
            "topic": ["sleep"],
            "index": [str(k) for k in range(size)],
            "list:name": list(exits.tables.TABLES),
            "cheat:name": [attempt.name for attempt in exits.tampering.ATTEMPTS],
        }
    )
    patch.setattr(exits, "_list_values", lambda world: values)
    client = Client(raise_request_exception=False, headers={"host": "localhost"})
    for name, route in exits.list_routes():
        if route.startswith("workspace") or name.startswith("workspace"):
            continue
        for (address, _), query in itertools.product(exits.fill_route(None, name, route), ("", f"?q={SEEN}")):
            yield from _ask(client, address + query)


class _Values(dict[str, list[str]]):
    """What stands in addresses; for a parameter that is new here, the number 1."""

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key, default or ["1"])


def _ask(client: Client, address: str) -> Iterator[tuple[str, bytes]]:
    """Ask one address: status, headers and body; of what is packed the contents.

    How long the packed form is depends on the digits of the hashes in it.
    """
    response = client.get(address)
    body = b"".join(response.streaming_content) if response.streaming else response.content
    zipped, compressed = body.startswith(b"PK\x03\x04"), body.startswith(fingerprint_set.MAGIC)
    sized = not zipped and not compressed
    headers = [f"{key}: {value}" for key, value in response.items() if sized or key != "Content-Length"]
    if compressed:
        body = b"\n".join(fingerprint_fixture.list_texts(body))
    if zipped:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for each in archive.infolist():
                yield f"packed: {address}: {each.filename}", archive.read(each)
        body = b""
    if address.startswith("/api/1/fingerprints"):
        body = re.sub(rb'"bytes": [0-9]+', b'"bytes": of the packed form', body)
    elif address.startswith("/everything/"):
        body = re.sub(rb"everything \([^)]*\)", b"everything (size of the packed form)", body)
    yield f"site: {address}", "\n".join([str(response.status_code), *headers, ""]).encode() + body

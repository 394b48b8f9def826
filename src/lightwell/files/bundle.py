"""Writing a bundle: the plain folder that anybody verifies without our server (docs/reference/bundle.md).

The log decides what belongs into it: its entries name the records, the records name words, files and
pictures. `read_record` is the gate: it returns the canonical bytes of what may be seen and None for what may
not, so that nothing suspended or withdrawn can slip in beside it. Gap table and certificates are computed
from the same entries that go out. Reading and judging: `client/bundle`, `client/verify`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from lightwell.archive import account, dating, entry, release
from lightwell.base import canonical, disclosure, errors
from lightwell.base.canonical import Json
from lightwell.files import durable
from lightwell.files.store import FileStore
from lightwell.files.tiles import TileStore
from lightwell.tlog import policy, tile

LIST = "SHA256SUMS"
UNFINISHED = ".unfinished"
_CHUNK = 1 << 20
# The earliest moment that ZIP can say; a real one would make two equal bundles differ.
_NO_DATE = (1980, 1, 1, 0, 0, 0)

# Entry type to the member that names a record.
_NAMED_BY = {
    "lightwell.disclosure.v1": "digest",
    "study": "record",
    "already-public": "record",
    "opening": "opening",
    "publication": "record",
}


# Only whoever holds the rights can give a licence; law gives some uses without any, such as quoting.
NO_LICENCE = "no licence is stated; ask whoever published a document before using more than the law allows"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a bundle comes from.

    `checkpoints` are all signed checkpoints by size, with cosignatures; the largest that meets `policy`
    becomes the newest of the bundle. `read_record(digest)` returns canonical bytes or None for what
    may not be seen (any more). `files` holds words, original files and pictures in its area public.
    `title`, `publisher` and `licence` (an address, a sentence or nothing) are words for the README and the
    RO-Crate description.
    """

    policy: bytes
    checkpoints: Mapping[int, str]
    tiles: TileStore
    read_record: Callable[[str], bytes | None]
    files: FileStore
    title: str
    publisher: str
    licence: str = ""
    verifier: bytes | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: where, how many files and bytes, and the account it states."""

    folder: Path
    files: int
    bytes: int
    account: account.Account


def write_bundle(folder: Path, source: Source) -> Written:
    """Write a bundle into a folder that does not exist yet; all or nothing.

    A crash here leaves a folder with the ending `.unfinished`, which the next call removes. Raises
    `Refused` when the folder exists or no checkpoint meets the policy, `Damaged` when the log, a
    record or a file is not what its digest says.
    """
    if folder.exists():
        raise errors.Refused(f"{folder} exists already; name a folder that does not, or remove it")
    unfinished = folder.with_name(folder.name + UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    rule = policy.parse_policy(source.policy)
    results = dating.judge_checkpoints(rule, source.checkpoints)
    covers = dating.list_covers(rule, results)
    if not covers:
        raise errors.Refused("no checkpoint meets the policy yet; ask the witnesses with: lightwell log sign")
    size = covers[-1].size
    entries = read_entries(source.tiles, size)
    stated = account.compute_account(entries, rule, results)
    writer = _Writer(unfinished)
    writer.put("policy", source.policy)
    for each in sorted(kept for kept in source.checkpoints if kept <= size):
        writer.put(f"log/checkpoints/{each}", source.checkpoints[each].encode())
    writer.put("log/checkpoint", source.checkpoints[size].encode())
    for path in tile.list_paths(size):
        writer.put(f"log/{path}", _read_tile(source.tiles, path))
    for digest in list_digests(entries):
        _put_record(writer, source, digest)
    writer.put("gaps.csv", stated.format_gaps().encode())
    for study, data in stated.make_certificates().items():
        writer.put(f"certificates/{study}.json", data)
    if source.verifier is not None:
        writer.put("verify.html", source.verifier)
    writer.put("README.txt", _format_readme(source, stated).encode())
    writer.put("ro-crate-metadata.json", _format_crate(source, stated, writer.sums).encode())
    writer.put(LIST, format_list(writer.sums).encode())
    unfinished.rename(folder)
    durable.flush_folder(folder.parent)
    return Written(folder, len(writer.sums), writer.bytes, stated)


def pack_bundle(folder: Path, target: Path) -> int:
    """Pack a bundle into one ZIP file with the folder's name inside; returns its bytes.

    The same bundle gives the same file: paths in order, no dates, nothing compressed twice. A crash here
    leaves a file with the ending `.unfinished`, which the next call overwrites. Opening: `client/fetch`.
    """
    unfinished = target.with_name(target.name + UNFINISHED)
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, strict_timestamps=True) as packed:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
            inside = zipfile.ZipInfo(name, _NO_DATE)
            inside.external_attr = 0o644 << 16
            inside.compress_type = zipfile.ZIP_STORED if path.suffix == ".png" else zipfile.ZIP_DEFLATED
            with path.open("rb") as stream, packed.open(inside, "w", force_zip64=True) as out:
                shutil.copyfileobj(stream, out, _CHUNK)
    unfinished.replace(target)
    durable.flush_folder(target.parent)
    return target.stat().st_size


def read_entries(tiles: TileStore, size: int) -> list[bytes]:
    """Read the first entries of a log; `Damaged` when a bundle of them is missing or cut short."""
    entries: list[bytes] = []
    for path in tile.list_paths(size):
        if path.level is None:
            found = tile.decode_bundle(_read_tile(tiles, path))
            if len(found) != path.width:
                raise errors.Damaged(f"log/{path} does not hold {path.width} entries; run lightwell log fsck")
            entries += found
    return entries


def list_digests(entries: list[bytes]) -> list[str]:
    """List the digests of all records that entries name, each once, in log order."""
    named: dict[str, None] = {}
    for index, data in enumerate(entries):
        value = entry.decode_entry(index, data)
        digest = value.get(_NAMED_BY.get(value["type"], ""))
        if isinstance(digest, str):
            named[digest] = None
    return list(named)


def format_list(sums: Mapping[str, str]) -> str:
    """Write SHA256SUMS: sorted by path, its last line over the lines above it."""
    lines = "".join(f"{sums[path]}  {path}\n" for path in sorted(sums, key=str.encode) if path != LIST)
    return f"{lines}{hashlib.sha256(lines.encode()).hexdigest()}  {LIST}\n"


class _Writer:
    """Puts files into a new folder, each path once, and remembers their hashes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sums: dict[str, str] = {}
        self.bytes = 0

    def put(self, path: str, data: bytes) -> None:
        self._copy(path, iter((data,)))

    def copy(self, path: str, source: Path, digest: str) -> None:
        """Copy a stored file through memory of fixed size; `Damaged` when its bytes are not its digest's."""
        if path in self.sums:
            return
        try:
            with source.open("rb") as stream:
                self._copy(path, iter(lambda: stream.read(_CHUNK), b""))
        except FileNotFoundError:
            raise errors.Damaged(f"the public file {digest} is missing; restore it from a backup") from None
        if self.sums[path] != digest:
            raise errors.Damaged(f"the public file {digest} has changed on disk; restore it from a backup")

    def _copy(self, path: str, chunks: Iterator[bytes]) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        hashed = hashlib.sha256()
        with target.open("xb") as stream:
            for chunk in chunks:
                hashed.update(chunk)
                self.bytes += stream.write(chunk)
        self.sums[path] = hashed.hexdigest()


def _read_tile(tiles: TileStore, path: tile.TilePath) -> bytes:
    if path.level is None:
        data = tiles.read_bundle(path.index, path.width)
    else:
        data = tiles.read_tile(path.level, path.index, path.width)
    if data is None:
        raise errors.Damaged(f"log/{path} is missing; run lightwell log fsck")
    return data


def _put_record(writer: _Writer, source: Source, digest: str) -> None:
    data = source.read_record(digest)
    if data is None:
        return
    name = hashlib.sha256(data).hexdigest()
    if canonical.format_digest(bytes.fromhex(name)) != digest:
        raise errors.Damaged(f"the record {digest} has changed; restore it from a backup")
    writer.put(f"records/{name}.json", data)
    for area, hashed in _list_parts(canonical.decode(data)):
        ending = {"words": ".jsonl", "files": "", "pictures": ".png", "documents": ".pdf"}[area]
        writer.copy(f"{area}/{hashed}{ending}", source.files.fetch_path("public", hashed), hashed)


def _list_parts(record: dict[str, Json]) -> Iterator[tuple[str, str]]:
    """List (area, hex digest) of everything a record names."""
    if record.get("type") == release.OPENING:
        yield from release.parse_opening(record).list_files()
    elif "type" not in record:
        for attachment in disclosure.parse_disclosure(record).attachments:
            yield "files", canonical.parse_digest(attachment.digest).hex()


def _format_readme(source: Source, stated: account.Account) -> str:
    text = resources.files("lightwell.data").joinpath("bundle/README.txt").read_text(encoding="utf-8")
    sample = stated.newest.origin.startswith("sample.")
    return text.format(
        title=source.title,
        publisher=source.publisher,
        origin=stated.newest.origin,
        size=stated.newest.size,
        day=stated.day.isoformat(),
        licence=source.licence or NO_LICENCE,
        sample="This is a labelled sample on a sample clock: nothing in it happened.\n" if sample else "",
    )


def _format_crate(source: Source, stated: account.Account, sums: Mapping[str, str]) -> str:
    """Describe the folder as an RO-Crate (https://w3id.org/ro/crate/1.1): one entity a file, no titles."""
    parts = sorted(sums)
    # RO-Crate 1.1 wants a licence and takes a description where there is no address.
    address = source.licence if source.licence.startswith(("https://", "http://")) else "#licence"
    graph: list[dict[str, Json]] = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": source.title,
            "description": f"Everything published of the log {stated.newest.origin}, with what proves it.",
            "datePublished": stated.day.isoformat(),
            "license": {"@id": address},
            "publisher": {"@id": "#publisher"},
            "hasPart": [{"@id": path} for path in parts],
        },
        {"@id": "#publisher", "@type": "Organization", "name": source.publisher},
        {
            "@id": address,
            "@type": "CreativeWork",
            "name": "Licence of what is in this folder",
            "description": source.licence or NO_LICENCE,
        },
        *({"@id": path, "@type": "File", "sha256": sums[path]} for path in parts),
    ]
    crate = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}
    return json.dumps(crate, indent=1, ensure_ascii=False, sort_keys=True) + "\n"

"""The fingerprint set: every open page's fingerprints and words in one file, for looking at home.

    b"lightwell.fingerprints.v1\n"                  what it is
    4 bytes: length of the head, then the head      canonical JSON (`Head`)
    12 bytes for each document                      where its `Document` lies among the texts: offset, length
    44 bytes for each public file, rising           SHA-256, and where its `PublicFile` lies
    28 bytes for each page                          `PageRecord`
    8 bytes for each fingerprint of a page, rising
    4 bytes for each, in the same order             whose it is: the place of the page's record
    texts                                           documents, files and words: canonical JSON, each deflated
    32 bytes                                        SHA-256 of everything before

Numbers are unsigned with the most significant byte first. Whoever looks for a page reads a few hundred of
these bytes, however large the archive is. The same archive gives the same bytes. It holds what is public
and nothing more: words between hidden parts, and the legal reason of each of those. It is the word of
whoever made it; what proves that these are the words that were sealed is the bundle. Writing it:
`files/fingerprints`; reading: `client/fingerprints`; docs/reference/fingerprints.md says it for outsiders.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from lightwell.archive import fingerprint
from lightwell.base import canonical, errors
from lightwell.base.canonical import Json

MAGIC = b"lightwell.fingerprints.v1\n"
SUFFIX = ".fingerprints"
LENGTH_BYTES, DIGEST_BYTES, OWNER_BYTES = 4, 32, 4
MAX_HEAD_BYTES = 1 << 16
MAX_TEXT_BYTES = 1 << 24

# How a hidden place stands among the words of a page that is published with hidden parts.
_LABEL = re.compile(r"\[(?:hidden|held-back):([a-z0-9-]+)\]")
_RECORD = struct.Struct(">IIIIQI")
_SPAN = struct.Struct(">QI")
_SCHEME = {
    "shingle_words": fingerprint.SHINGLE_WORDS,
    "window": fingerprint.WINDOW,
    "hash": "sha256-64",
}
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Head:
    """What the set is of: the log's name, up to which of its entries, and how long each part is."""

    origin: str
    log_size: int
    documents: int
    files: int
    pages: int
    unread_pages: int  # open pages that have too few words for a fingerprint
    fingerprints: int
    texts_bytes: int


@dataclass(frozen=True, slots=True)
class HeldPage:
    """A page of a document that is not public, and the legal reason."""

    page: int
    ground: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document with an open page. `version` counts its openings from 1; `publication` that of its study.

    `opened` is the day of this version (ISO), `opening` the digest of its record, `size` the number of its
    pages, None where nobody counted them.
    """

    study: str
    number: int
    study_title: str
    title: str
    company: str
    kind: str
    date: str
    size: int | None
    version: int
    publication: int
    opened: str
    opening: str
    held: tuple[HeldPage, ...]


@dataclass(frozen=True, slots=True)
class PublicFile:
    """A public file by its SHA-256 in hex: of a document, the picture of one page, or beside a record.

    `document` is the place in the list of documents, None for a file beside the record `record`.
    """

    sha256: str
    document: int | None
    page: int | None
    record: str
    version: int
    title: str


@dataclass(frozen=True, slots=True)
class PageRecord:
    """One page: its document's place in the list, its number, its fingerprints, and where its words lie.

    `hidden` counts its hidden places.
    """

    document: int
    number: int
    fingerprints: int
    hidden: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a page as runs; between two of them something is hidden, for the ground between them."""

    runs: tuple[str, ...]
    grounds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.runs) != len(self.grounds) + 1:
            raise errors.Refused("between two runs of words is one hidden place")


def split_runs(lines: Iterable[Sequence[str | None] | None]) -> Words:
    """Part the words of a page, line by line, at every hidden place.

    A hidden place is a line or a word that is None, or a label in the words' place. One that follows another
    of the same ground counts once, as how many words are hidden is nobody's business.
    """
    runs: list[list[str]] = [[]]
    grounds: list[str] = []
    for line in lines:
        for word in (None,) if line is None else line:
            label = None if word is None else _LABEL.fullmatch(word)
            if word is not None and label is None:
                runs[-1].append(word)
                continue
            ground = label[1] if label else ""
            if not (grounds and not runs[-1] and ground in (grounds[-1], "")):
                grounds.append(ground)
                runs.append([])
    return Words(tuple(" ".join(run) for run in runs), tuple(grounds))


def format_words(words: Words) -> bytes:
    """Write the words of a page; inverse of `parse_words`."""
    return _deflate({"runs": list(words.runs), "grounds": list(words.grounds)})


def parse_words(data: bytes) -> Words:
    """Read the words of a page; `Refused` when they are none."""
    match _inflate(data):
        case {"runs": list(runs), "grounds": list(grounds), **rest} if not rest:
            return Words(tuple(_read_text(run) for run in runs), tuple(_read_text(each) for each in grounds))
    raise errors.Refused("the words of a page have the members runs and grounds")


def format_document(document: Document) -> bytes:
    """Write what is said of a document; inverse of `parse_document`."""
    return _deflate(_write_row(document) | {"held": [_write_row(each) for each in document.held]})


def parse_document(data: bytes) -> Document:
    """Read what is said of a document; `Refused` when it is none."""
    match _inflate(data):
        case {"held": list(held), **rest}:
            return _read_row(Document, {**rest, "held": tuple(_read_row(HeldPage, each) for each in held)})
    raise errors.Refused("a document of the fingerprint set names the pages that are held back")


def format_file(file: PublicFile) -> bytes:
    """Write what is said of a public file; inverse of `parse_file`."""
    return _deflate(_write_row(file))


def parse_file(data: bytes) -> PublicFile:
    """Read what is said of a public file; `Refused` when it is none."""
    return _read_row(PublicFile, _inflate(data))


def format_head(head: Head) -> bytes:
    """Write the beginning of a set, up to its first part; inverse of `parse_head`."""
    encoded = canonical.encode({"scheme": _SCHEME, **_write_row(head)})
    return MAGIC + len(encoded).to_bytes(LENGTH_BYTES, "big") + encoded


def parse_head(data: bytes) -> tuple[Head, int]:
    """Read the head from the beginning of a set, and how many bytes it takes; `Refused` when it is none."""
    if not data.startswith(MAGIC):
        raise errors.Refused("this is not a fingerprint set of a form that is known here")
    begin = len(MAGIC) + LENGTH_BYTES
    length = int.from_bytes(data[len(MAGIC) : begin], "big")
    if length > MAX_HEAD_BYTES or len(data) < begin + length:
        raise errors.Refused("the head of the fingerprint set is cut short")
    match canonical.decode(data[begin : begin + length]):
        case {"scheme": scheme, **rest} if scheme == _SCHEME:
            head = _read_row(Head, rest)
            counts = [getattr(head, each.name) for each in fields(Head) if each.name != "origin"]
            if any(count < 0 for count in counts):
                raise errors.Refused("the head of the fingerprint set counts below nothing")
            return head, begin + length
    raise errors.Refused("the fingerprint set was made in another way than this program looks for")


def format_record(record: PageRecord) -> bytes:
    """Write the record of a page; inverse of `parse_record`."""
    return _RECORD.pack(*(getattr(record, each.name) for each in fields(PageRecord)))


def parse_record(data: bytes) -> PageRecord:
    """Read the record of a page from its `RECORD_BYTES`."""
    return PageRecord(*_RECORD.unpack(data))


def format_span(offset: int, length: int) -> bytes:
    """Write where a text lies; inverse of `parse_span`."""
    return _SPAN.pack(offset, length)


def parse_span(data: bytes) -> tuple[int, int]:
    """Read where a text lies from its `SPAN_BYTES`: offset among the texts, length."""
    offset, length = _SPAN.unpack(data)
    return offset, length


RECORD_BYTES, SPAN_BYTES = _RECORD.size, _SPAN.size
FILE_BYTES = DIGEST_BYTES + SPAN_BYTES


@dataclass(frozen=True, slots=True)
class Places:
    """Where each part of a set begins, in bytes, and how long the whole is."""

    documents: int
    files: int
    records: int
    hashes: int
    owners: int
    texts: int
    digest: int
    end: int


def list_places(head: Head, begin: int) -> Places:
    """Say where each part lies, behind a head of `begin` bytes."""
    files = begin + head.documents * SPAN_BYTES
    records = files + head.files * FILE_BYTES
    hashes = records + head.pages * RECORD_BYTES
    owners = hashes + head.fingerprints * fingerprint.HASH_BYTES
    texts = owners + head.fingerprints * OWNER_BYTES
    digest = texts + head.texts_bytes
    return Places(begin, files, records, hashes, owners, texts, digest, digest + DIGEST_BYTES)


def _deflate(value: Json) -> bytes:
    return zlib.compress(canonical.encode(value))


def _inflate(data: bytes) -> Json:
    """Inflate and read a text, up to a bound: a few bytes may claim to be gigabytes."""
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(data, MAX_TEXT_BYTES)
    except zlib.error:
        raise errors.Refused("a text of the fingerprint set cannot be unpacked") from None
    if not unpacker.eof or unpacker.unused_data:
        raise errors.Refused("a text of the fingerprint set is cut short or too long")
    return canonical.decode(found)


def _write_row(row: Any) -> dict[str, Json]:
    return {each.name: getattr(row, each.name) for each in fields(row)}


_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "int | None": (int, type(None)),
    "tuple[HeldPage, ...]": (tuple,),
}


def _read_row(kind: type[Row], value: Any) -> Row:
    """Build a row from a JSON object that has exactly its members, each of its type."""
    named = {each.name: _TYPES[str(each.type)] for each in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(value, dict) or set(value) != set(named):
        raise errors.Refused(f"a row of the fingerprint set has exactly the members {', '.join(named)}")
    for name, types in named.items():
        if not isinstance(value[name], types) or isinstance(value[name], bool):
            raise errors.Refused(f"{name} of a row of the fingerprint set is not of its type")
    return kind(**value)


def _read_text(value: Json) -> str:
    if not isinstance(value, str):
        raise errors.Refused("words and grounds of a page are texts")
    return value

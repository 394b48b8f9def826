"""ZIP packages of office files: looked at without trust, and written again with some members changed.

A package is refused when it unpacks to too much, is locked, or declares XML entities, which office files
never need and bombs do (CWE-776, CWE-611). Nothing here follows a link. What is counted and changed in the
members:
`files/openxml`, `files/opendocument`. Memory and time: the process stands behind `files/fence`.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from lxml import etree

from lightwell.base import errors

MAX_MEMBERS = 50_000
MAX_BYTES = 1 << 30
MAX_XML_BYTES = 96 << 20
# Text packs to a hundredth; what packs to less than a five-hundredth holds nothing but repetition.
MAX_RATIO = 500
_FREE_BYTES = 4 << 20
_LOCKED = 0x1
_STEP = 1 << 20

Element = Any  # lxml carries no types
_MANIFEST = "META-INF/manifest.xml"


class Package:
    """An open package; a context. Raises `UserMistake` in one sentence for what cannot be read safely."""

    def __init__(self, path: Path | BinaryIO) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            raise errors.UserMistake(
                "the file is damaged: its package cannot be opened; supply a sound copy"
            ) from None
        try:
            self._check_measures()
        except errors.UserMistake:
            self._zip.close()
            raise

    def __enter__(self) -> Package:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def list_names(self, start: str = "", ending: str = "") -> list[str]:
        """List the members whose path begins and ends so, in order of names."""
        names = (each for each in self._zip.namelist() if not each.endswith("/"))
        return sorted({each for each in names if each.startswith(start) and each.endswith(ending)})

    def has(self, name: str) -> bool:
        """Answer whether there is a member of this path."""
        return name in self._zip.NameToInfo

    def read(self, name: str) -> bytes:
        """Read one member."""
        info = self._zip.NameToInfo.get(name)
        if info is None:
            raise errors.UserMistake(f"the file is damaged: its part {name} is missing; supply a sound copy")
        if info.file_size > MAX_XML_BYTES:
            raise errors.UserMistake(
                f"its part {name} unpacks to {info.file_size / 1e6:,.0f} MB; at most "
                f"{MAX_XML_BYTES / 1e6:,.0f} are read; supply a smaller copy"
            )
        try:
            return self._zip.read(name)
        except (zipfile.BadZipFile, RuntimeError, OSError, ValueError, EOFError, NotImplementedError):
            raise errors.UserMistake(
                f"the file is damaged: its part {name} cannot be unpacked; supply a sound copy"
            ) from None

    def read_xml(self, name: str) -> Element:
        """Read one member as XML; nothing in it is expanded or fetched."""
        return parse_xml(self.read(name), name)

    def write_changed(self, target: Path, changed: Mapping[str, bytes | None]) -> None:
        """Write the package again, with members replaced, or left out where None stands.

        Every XML member that is copied unread is looked at for entities, because the program behind it reads
        all.
        """
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            for info in self._zip.infolist():
                if info.is_dir() or info.filename in made.NameToInfo:
                    continue
                if info.filename in changed:
                    data = changed[info.filename]
                    if data is not None:
                        made.writestr(_make_info(info), data)
                    continue
                for piece in self._iterate(info):
                    _refuse_entities(piece, info.filename)
                with made.open(_make_info(info), "w") as out, self._zip.open(info) as stream:
                    shutil.copyfileobj(stream, out, _STEP)

    def _iterate(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        if not info.filename.endswith((".xml", ".rels", ".vml", ".rdf", ".svg")):
            return
        before = b""
        try:
            with self._zip.open(info) as stream:
                while piece := stream.read(_STEP):
                    yield before + piece
                    before = piece[-64:]
        except (zipfile.BadZipFile, RuntimeError, OSError, ValueError, EOFError, NotImplementedError):
            raise errors.UserMistake(
                f"the file is damaged: its part {info.filename} cannot be unpacked; supply a sound copy"
            ) from None

    def _check_measures(self) -> None:
        infos = self._zip.infolist()
        if len(infos) > MAX_MEMBERS:
            raise errors.UserMistake(
                f"its package has {len(infos):,} parts; at most {MAX_MEMBERS:,} are read"
            )
        seen: set[str] = set()
        # Open XML knows its parts without case (ISO/IEC 29500-2, 6.2.2.3), ODF does not.
        fold = str if "mimetype" in self._zip.NameToInfo else str.casefold
        for info in infos:
            # Of two, each reader takes another one: what is counted is not what is printed.
            if (name := fold(info.filename)) in seen and not info.is_dir():
                raise errors.UserMistake(
                    f"the file is damaged: its part {info.filename} is there twice; supply a sound copy"
                )
            seen.add(name)
            if info.flag_bits & _LOCKED:
                raise errors.UserMistake(explain_locked())
            if info.file_size > _FREE_BYTES and info.file_size > MAX_RATIO * max(1, info.compress_size):
                raise errors.UserMistake(
                    f"its part {info.filename} unpacks to {info.file_size / max(1, info.compress_size):,.0f} "
                    "times its size, as a bomb does; supply a sound copy"
                )
        if (total := sum(info.file_size for info in infos)) > MAX_BYTES:
            raise errors.UserMistake(
                f"its package unpacks to {total / 1e6:,.0f} MB; at most {MAX_BYTES / 1e6:,.0f} are read"
            )


def parse_xml(data: bytes, name: str) -> Element:
    """Read XML of others: no entities, no external parts; `UserMistake` names the part that is not sound."""
    _refuse_entities(data, name)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        if getattr(error, "code", None) == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from None
        raise errors.UserMistake(
            f"the file is damaged: its part {name} is not sound XML; supply a sound copy"
        ) from None
    if root.getroottree().docinfo.internalDTD is not None and name != _MANIFEST:
        raise errors.UserMistake(_explain_entities(name))
    return root


def write_xml(root: Element) -> bytes:
    """Write XML; inverse of `parse_xml`."""
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return written


def explain_locked() -> str:
    """Say that a file is locked with a password and what to do."""
    return (
        "the file is locked with a password; supply an unlocked copy, or seal it as it is with the intent "
        "publish-unread"
    )


def _refuse_entities(data: bytes, name: str) -> None:
    # Both halves of UTF-16 have zero bytes between the letters.
    if b"<!ENTITY" in data or b"<\0!\0E\0N\0T\0I\0T\0Y" in data or b"\0<\0!\0E\0N\0T\0I\0T\0Y" in data:
        raise errors.UserMistake(_explain_entities(name))


def _explain_entities(name: str) -> str:
    return (
        f"its part {name} declares XML entities or a document type, which office files do not need and which "
        "can read other files or fill the memory; supply a sound copy"
    )


def _make_info(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(info.filename)
    # An OpenDocument package begins with its media type, unpacked, by which programs know it.
    made.compress_type = zipfile.ZIP_STORED if info.filename == "mimetype" else zipfile.ZIP_DEFLATED
    return made

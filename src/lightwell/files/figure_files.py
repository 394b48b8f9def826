"""Files of figures: CSV, XLSX, Parquet or JSON, from a path or from bytes, to rows of cells; bounded.

CSV is UTF-8, UTF-16 with a byte-order mark, or what the mapping says. XLSX is read as values (formulas are
not computed), one sheet; Parquet is read by DuckDB. Every limit is a sentence, never a crash.
"""

from __future__ import annotations

import codecs
import datetime
import io
import itertools
import math
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from lightwell.base import errors
from lightwell.base.canonical import Json
from lightwell.figures import assertion, draft, layout, table, value
from lightwell.figures import period as periods
from lightwell.figures.edition import Edition
from lightwell.figures.layout import Pass
from lightwell.figures.mapping import Mapping
from lightwell.figures.period import Period

MAX_BYTES = 8_000_000_000
MAX_SHEET_BYTES = 200_000_000
MAX_JSON_BYTES = 50_000_000
MAX_COLUMNS = 1000
MAX_SHEET_ROWS = 1_048_576
_SNIFFED = 1 << 20
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_SHEETS = (".xlsx", ".xlsm")
_PARQUET = (".parquet", ".pq")
_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".parquet": "application/vnd.apache.parquet",
}
# What a damaged workbook makes openpyxl raise.
_DAMAGED = (
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    SyntaxError,
    OSError,
    zipfile.BadZipFile,
)


@dataclass(frozen=True, slots=True)
class Source:
    """A file: its name for messages, and where its bytes are."""

    name: str
    held: Path | bytes

    @property
    def ending(self) -> str:
        """The ending of its name, which tells the format."""
        return Path(self.name).suffix.lower()

    def open(self) -> BinaryIO:
        """Open it from the beginning."""
        return io.BytesIO(self.held) if isinstance(self.held, bytes) else self.held.open("rb")

    def measure(self, most: int = MAX_BYTES) -> int:
        """Count its bytes; `UserMistake` where it cannot be read, is empty or has more than `most`."""
        try:
            if isinstance(self.held, Path) and not self.held.is_file():
                is_folder = self.held.is_dir()
                what = "this is a folder; name the files in it" if is_folder else "there is no such file"
                raise errors.UserMistake(what, place=self.name)
            with self.open() as stream:
                size = stream.seek(0, io.SEEK_END)
        except OSError as error:
            raise errors.UserMistake(f"the file cannot be read: {error.strerror}", place=self.name) from None
        if not size:
            raise errors.UserMistake("the file is empty", place=self.name)
        if size > most:
            raise errors.UserMistake(f"it has {size:,} bytes; at most {most:,} are read", place=self.name)
        return size


@dataclass(frozen=True, slots=True)
class Form:
    """How bytes become cells: the delimiter, encoding and sheet that a mapping says."""

    delimiter: str = ","
    encoding: str = "utf-8"
    sheet: str = ""


def open_figures(mapping: Mapping, path: Path, hint: Period | None = None) -> Pass:
    """Begin to read one file; its name may say of which period it is, where the file itself does not."""
    return _open(mapping, Source(str(path), path), hint)


def read_bytes(title: str, data: bytes, mapping: Mapping, hint: Period | None = None) -> Edition:
    """Read bytes held in memory as one edition; `title` is the file's name, which tells the format."""
    return layout.read_edition(_open(mapping, Source(title, data), hint))


def sample_rows(path: Path, sheet: str, most: int) -> tuple[list[str], list[list[str]], draft.Form]:
    """Read the header and the first rows of a file nobody described, and what its bytes seem to be."""
    source = Source(str(path), path)
    source.measure()
    if source.ending == ".json":
        raise errors.UserMistake(
            "a mapping of one's own is for tables: CSV, XLSX or Parquet", place=source.name
        )
    is_text = source.ending not in (*_SHEETS, *_PARQUET)
    delimiter, encoding = _sniff_text(source) if is_text else (",", "utf-8")
    rows = read_rows(source, Form(delimiter, encoding, sheet))
    header = list(next(iter(rows), ()))
    taken = [list(each) for each in itertools.islice(rows, most)]
    return header, taken, draft.Form(delimiter, encoding, sheet, not is_text)


def find_teller(mapping: Mapping, version: str = "") -> str:
    """Say whose word a layout's figures are: "provider" or "clearing-house"; without one the first's."""
    layouts = [each for each in mapping.layouts if each.version == version]
    return (layouts or mapping.layouts)[0].told_by


def name_media_type(title: str) -> str:
    """Name the media type of a file by its ending."""
    return _MEDIA_TYPES.get(Path(title).suffix.lower(), "application/octet-stream")


def read_rows(source: Source, form: Form) -> Iterator[Sequence[str]]:
    """Iterate over the rows of a file, the header first, each as texts."""
    if source.ending in _SHEETS:
        return _read_sheet(source, form)
    if source.ending in _PARQUET:
        return _read_parquet(source)
    return _read_csv(source, form)


def read_json(source: Source) -> Json:
    """Read a JSON file; a number with a point comes as `Decimal`, so that nothing is lost."""
    source.measure(MAX_JSON_BYTES)
    try:
        with source.open() as stream:
            text = stream.read().decode("utf-8-sig")
        return assertion.parse_json(text)
    except UnicodeDecodeError as error:
        raise errors.UserMistake(f"the text is not UTF-8 at byte {error.start}", place=source.name) from None
    except (ValueError, RecursionError) as error:
        raise errors.UserMistake(f"this is not JSON: {error}", place=source.name) from None


def _open(mapping: Mapping, source: Source, hint: Period | None) -> Pass:
    source.measure()
    hint = hint or periods.find_period(Path(source.name).name)
    if source.ending == ".json":
        return layout.open_value(mapping, read_json(source), source.name, hint)
    first = mapping.layouts[0]
    rows = read_rows(source, Form(first.delimiter, first.encoding, first.sheet))
    return layout.open_rows(mapping, rows, source.name, hint)


def _read_csv(source: Source, form: Form) -> Iterator[list[str]]:
    with source.open() as stream:
        start = stream.read(_SNIFFED)
    encoding = next((name for mark, name in _MARKS.items() if start.startswith(mark)), form.encoding)
    if encoding != "utf-16" and b"\0" in start:
        sentence = "this is no text file; figures are read from CSV, XLSX, Parquet or JSON"
        raise errors.UserMistake(sentence, place=source.name)
    with source.open() as stream, io.TextIOWrapper(stream, encoding, newline="") as lines:
        try:
            for cells in table.split_rows(lines, source.name, form.delimiter):
                if len(cells) > MAX_COLUMNS:
                    raise errors.UserMistake(f"a row has more than {MAX_COLUMNS:,} cells", place=source.name)
                yield cells
        except UnicodeDecodeError:
            shown, byte = encoding.removesuffix("-sig").upper(), _find_undecodable(source, encoding)
            sentence = f"the text is not {shown} at byte {byte:,}; save it as UTF-8, or name its encoding in "
            sentence += "the mapping"
            raise errors.UserMistake(sentence, place=source.name) from None


def _sniff_text(source: Source) -> tuple[str, str]:
    """Guess delimiter and encoding: the sign that cuts the first line most often; UTF-8 unless that fails."""
    with source.open() as stream:
        start = stream.read(_SNIFFED)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text, encoding = start[: len(start) // 2 * 2].decode("utf-16", "replace"), "utf-8"
    else:
        try:
            codecs.getincrementaldecoder("utf-8-sig")().decode(start)
            encoding = "utf-8"
        except UnicodeDecodeError:
            encoding = "windows-1252"
        text = start.decode(encoding, "replace")
    first = text.partition("\n")[0]
    return max(",;\t|", key=first.count), encoding


def _find_undecodable(source: Source, encoding: str) -> int:
    """Find the first byte that cannot be decoded, which the reader of lines does not tell."""
    decoder = codecs.getincrementaldecoder(encoding)()
    read = 0
    with source.open() as stream:
        while piece := stream.read(_SNIFFED):
            held = len(decoder.getstate()[0])
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                return read - held + error.start
            read += len(piece)
    return read


def _read_sheet(source: Source, form: Form) -> Iterator[list[str]]:
    # Imported here, because the plain install has neither and most files are CSV.
    import openpyxl

    from lightwell.files import package

    source.measure(MAX_SHEET_BYTES)
    with source.open() as stream:
        try:
            with package.Package(stream):
                pass
        except errors.UserMistake as error:
            raise errors.UserMistake(error.problems[0].sentence, place=source.name) from None
        try:
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
            names = list(book.sheetnames)
            if form.sheet and form.sheet not in names:
                sentence = f"there is no sheet {form.sheet!r}; there are {', '.join(names)}"
                raise errors.UserMistake(sentence, place=source.name)
            if not form.sheet and len(names) > 1:
                sentence = f"it has {len(names)} sheets ({', '.join(names[:10])}); say which with `sheet`"
                raise errors.UserMistake(sentence, place=source.name)
            sheet: Any = book[form.sheet or names[0]]
            # The file's own word about its size may be wrong or a trap; rows are read until they end.
            sheet.reset_dimensions()
            width = 0
            for at, cells in enumerate(sheet.iter_rows(), 1):
                # A row may call itself the thousand-millionth, and all before it would be made.
                if at > MAX_SHEET_ROWS:
                    sentence = f"a sheet has at most {MAX_SHEET_ROWS:,} rows"
                    raise errors.UserMistake(sentence, place=source.name)
                texts = [_format_sheet_cell(each, f"{source.name}, row {at}") for each in cells]
                while texts and not texts[-1]:
                    texts.pop()
                if len(texts) > MAX_COLUMNS:
                    raise errors.UserMistake(f"a row has more than {MAX_COLUMNS:,} cells", place=source.name)
                width = width or len(texts)
                yield texts + [""] * (width - len(texts))
        except _DAMAGED as error:
            sentence = f"this workbook cannot be read ({type(error).__name__}); save it again, or as CSV"
            raise errors.UserMistake(sentence, place=source.name) from None


def _read_parquet(source: Source) -> Iterator[Sequence[str]]:
    if isinstance(source.held, bytes):
        with tempfile.NamedTemporaryFile(suffix=".parquet") as held:
            held.write(source.held)
            held.flush()
            yield from _read_parquet(Source(source.name, Path(held.name)))
        return
    import duckdb

    # Nothing is fetched and no extension loaded: the file is data from outside.
    settings: dict[str, Any] = {
        "memory_limit": "1GB",
        "threads": "1",
        "autoinstall_known_extensions": "false",
    }
    # DuckDB takes these for patterns of several files, and folders such as a=1 for columns.
    path = "".join(f"[{each}]" if each in "*?[" else each for each in str(source.held))
    try:
        with duckdb.connect(":memory:", config=settings) as connection:
            found = connection.execute("select * from read_parquet(?, hive_partitioning = false)", [path])
            names = [str(each[0]) for each in found.description or ()]
            if len(names) > MAX_COLUMNS:
                raise errors.UserMistake(f"a row has more than {MAX_COLUMNS:,} cells", place=source.name)
            yield names
            row = 1
            while piece := found.fetchmany(10_000):
                for cells in piece:
                    row += 1
                    yield [_format_cell(each, f"{source.name}, row {row}") for each in cells]
    except duckdb.Error as error:
        reason = str(error).splitlines()[0][:200]
        raise errors.UserMistake(f"this Parquet file cannot be read: {reason}", place=source.name) from None


def _format_sheet_cell(cell: Any, place: str) -> str:
    """Write a cell as its reader sees it: 0.821 in a cell that shows per cents is 82.1%."""
    text = _format_cell(cell.value, place)
    if isinstance(cell.value, int | float) and "%" in str(cell.number_format):
        shown = value.normalise(Decimal(text) * 100)
        return f"{shown}%" if isinstance(shown, int) else f"{shown:f}%"
    return text


def _format_cell(cell: object, place: str) -> str:
    """Write a typed cell as text; a float with the fewest digits that say it."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        if not math.isfinite(cell):
            raise errors.UserMistake(f"{cell} is no number", place=place)
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, int | Decimal):
        return str(cell)
    if isinstance(cell, datetime.datetime | datetime.date):
        return cell.isoformat()[:10]
    raise errors.UserMistake(f"a cell of type {type(cell).__name__} is not read", place=place)

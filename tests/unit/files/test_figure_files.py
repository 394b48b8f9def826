"""Figures in CSV of several encodings, XLSX and Parquet, from a path and from bytes; hostile files
refused.
"""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lightwell.base import errors
from lightwell.figures import layout as layouts
from lightwell.figures import mapping as mappings
from lightwell.figures.edition import Edition
from lightwell.figures.mapping import Mapping
from lightwell.files import figure_files

VALUE: dict[str, Any] = {
    "name": "ours",
    "version": "one",
    "provider": "Us",
    "binary_numbers": True,
    "header": ["service", "period", "share"],
    "columns": {
        "service": {"is": "service"},
        "period": {"is": "period"},
        "share": {"is": "value", "metric": "Share", "counts": "pieces", "unit": "share"},
    },
}
ROWS: list[list[Any]] = [
    ["service", "period", "share"],
    ["Café", "2023Q1", 0.1 + 0.2],
    ["Café", "2023Q2", 1.0],
]
TEXT = "service,period,share\nCafé,2023Q1,0.30000000000000004\nCafé,2023Q2,1.0\n"


def make_mapping(**changed: Any) -> Mapping:
    return mappings.make_mapping("ours", [mappings.parse_layout(VALUE | changed)])


def make_sheet(path: Path, *, sheets: int = 1) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    for n in range(1, sheets):
        book.create_sheet(f"other {n}")
    book.save(path)


def make_parquet(path: Path, select: str = "") -> None:
    duckdb = pytest.importorskip("duckdb")
    rows = "('Café', '2023Q1', 0.1::double + 0.2), ('Café', '2023Q2', 1.0)"
    select = select or f"select * from (values {rows}) t(service, period, share)"
    duckdb.connect().execute(f"copy ({select}) to '{path}' (format parquet)")


def read(path: Path, mapping: Mapping | None = None) -> Edition:
    return layouts.read_edition(figure_files.open_figures(mapping or make_mapping(), path))


def check(edition: Edition) -> None:
    found = [(each.series.service, str(each.period), str(each.number), each.row) for each in edition.points()]
    assert found == [("Café", "2023Q1", "0.3", 2), ("Café", "2023Q2", "1", 3)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_is_read_in_every_encoding_that_says_itself(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(TEXT, encoding)
    check(read(path))
    check(figure_files.read_bytes("x.csv", path.read_bytes(), make_mapping()))


def test_another_encoding_is_read_where_the_mapping_says_so_and_else_refused_at_its_byte(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(TEXT, "windows-1252")
    check(read(path, make_mapping(encoding="windows-1252")))
    with pytest.raises(errors.UserMistake, match="not UTF-8 at byte 24"):
        read(path)


def test_another_delimiter_is_read_where_the_mapping_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(TEXT.replace(",", ";"), "utf-8")
    check(read(path, make_mapping(delimiter=";")))
    with pytest.raises(errors.UserMistake, match="this column is new"):
        read(path)


def test_a_workbook_is_read_from_a_path_and_from_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    make_sheet(path)
    check(read(path))
    check(figure_files.read_bytes("x.xlsx", path.read_bytes(), make_mapping()))


def test_a_cell_that_shows_per_cents_is_read_as_its_reader_sees_it(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["service", "period", "share"], ["Café", "2023Q1", 0.821], ["Café", "2023Q2", 1]):
        book.active.append(row)
    for row in (2, 3):
        book.active.cell(row, 3).number_format = "0.0%"
    path = tmp_path / "x.xlsx"
    book.save(path)
    columns = VALUE["columns"] | {
        "share": {"is": "value", "metric": "Rate", "counts": "pieces", "unit": "per cent"}
    }
    edition = read(path, make_mapping(columns=columns))
    assert [(each.printed, str(each.number)) for each in edition.points()] == [
        ("82.1%", "82.1"),
        ("100%", "100"),
    ]


def test_of_several_sheets_the_mapping_names_one(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    make_sheet(path, sheets=2)
    check(read(path, make_mapping(sheet="Sheet")))
    with pytest.raises(errors.UserMistake, match="has 2 sheets"):
        read(path)
    with pytest.raises(errors.UserMistake, match="no sheet 'third'"):
        read(path, make_mapping(sheet="third"))


def test_parquet_is_read_from_a_path_and_from_bytes(tmp_path: Path) -> None:
    path = tmp_path / "odd [name]*.parquet"
    make_parquet(path)
    check(read(path))
    check(figure_files.read_bytes("x.parquet", path.read_bytes(), make_mapping()))


def test_nan_in_parquet_is_refused_by_its_row(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    make_parquet(path, "select 'a' service, '2023' period, 'nan'::double share")
    with pytest.raises(errors.UserMistake, match=r"x\.parquet, row 2: nan is no number"):
        read(path)


def test_a_folder_whose_name_looks_like_a_column_changes_no_figure(tmp_path: Path) -> None:
    folder = tmp_path / "period=1999"
    folder.mkdir()
    make_parquet(folder / "x.parquet")
    check(read(folder / "x.parquet"))


def test_a_row_far_below_is_refused_before_all_above_it_are_made(tmp_path: Path) -> None:
    path, odd = tmp_path / "x.xlsx", tmp_path / "odd.xlsx"
    make_sheet(path)
    with zipfile.ZipFile(path) as held, zipfile.ZipFile(odd, "w") as made:
        for name in held.namelist():
            part = held.read(name)
            made.writestr(name, part.replace(b'<row r="2"', b'<row r="999999999"'))
    with pytest.raises(errors.UserMistake, match="at most 1,048,576 rows"):
        read(odd)


def test_a_sheet_of_very_many_columns_is_refused(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append([f"c{n}" for n in range(1001)])
    book.save(tmp_path / "x.xlsx")
    with pytest.raises(errors.UserMistake, match="more than 1,000 cells"):
        read(tmp_path / "x.xlsx")


def make_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    return out.getvalue()


BAD = [
    ("x.csv", b"", "is empty"),
    ("x.csv", b"\n\n", "is empty"),
    ("x.csv", b"PK\x03\x04\x00\x00", "no text file"),
    ("x.csv", b'service,period,share\n"open,2023,1\n', "row 2: this is not CSV"),
    ("x.csv", b'service,period,share\n"a"b,2023,1\n', "row 2: this is not CSV"),
    ("x.csv", b"service,period,share\n" + b"a" * 200_000 + b",2023,1\n", "row 2: this is not CSV"),
    ("x.csv", b"," * 2000 + b"\n", "more than 1,000 cells"),
    ("x.csv", b"service,period,share\na,2023,\xff\n", "not UTF-8 at byte 28"),
    ("x.xlsx", b"not a zip", "damaged"),
    ("x.xlsx", make_bomb(), "bomb|cannot be read|unpacks to"),
    ("x.parquet", b"PAR1 not really", "cannot be read"),
    ("x.json", b"{}", "reads no JSON"),
    ("x.json", b'{"a": NaN}', "no number"),
    ("x.json", b'{"NCMEC": 1, "NCMEC": 2}', "stands twice in one object"),
    ("x.json", b'{"NCMEC": {"columns": ["p", "r"], "rows": [{"2023": ["A", 1e999999999]}]}}', "30 digits"),
    ("x.json", b'{"NCMEC": {"columns": ["p", "r"], "rows": [{"2023": ["A", 1e-999999999]}]}}', "30 digits"),
    (
        "x.json",
        b'{"NCMEC": {"columns": ["p", "r"], "rows": [{"2023": ["A", ' + b"9" * 400 + b"]}]}}",
        "digits",
    ),
    ("x.csv", b",".join(b"c%d" % n for n in range(100_000)) + b"\n", "more than 1,000 cells"),
    ("x.json", b"[" * 100_000, "not JSON"),
    ("x.json", b"\xff", "not UTF-8"),
]


@pytest.mark.parametrize(("name", "data", "words"), BAD, ids=[f"{each[0]}-{each[2][:12]}" for each in BAD])
def test_hostile_bytes_are_refused_in_a_sentence(name: str, data: bytes, words: str) -> None:
    with pytest.raises(errors.UserMistake, match=words) as caught:
        figure_files.read_bytes(name, data, make_mapping())
    assert caught.value.problems[0].place.startswith(name)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(errors.UserMistake, match="no such file"):
        read(tmp_path / "nope.csv")


def test_dates_of_a_sheet_are_written_as_days() -> None:
    assert figure_files._format_cell(datetime.datetime(2023, 5, 1), "x") == "2023-05-01"  # noqa: DTZ001


def test_a_file_nobody_described_is_sampled_with_its_delimiter_and_encoding(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(TEXT.replace(",", ";"), "windows-1252")
    header, rows, form = figure_files.sample_rows(path, "", 1)
    assert header == ["service", "period", "share"]
    assert len(rows) == 1
    assert (form.delimiter, form.encoding) == (";", "windows-1252")

"""The cells of a spreadsheet as data: read as the file says, and out only while it is open whole."""

from __future__ import annotations

import csv
import datetime
import io
import json
from pathlib import Path

import disclosure_fixture
import exit_fixture as exits
import office_fixture
import pytest
from django.test import Client

from lightwell.actions import inventories, log, patterns, redactions, suspensions
from lightwell.archive import inventory
from lightwell.base import errors
from lightwell.db.models import Item, Study
from lightwell.files import cells, foundation, package, workbook
from lightwell.files.state import State

S = office_fixture.S
STYLES = (
    f'<styleSheet xmlns="{S}"><numFmts><numFmt numFmtId="200" formatCode="dd/mm/yyyy"/>'
    '<numFmt numFmtId="201" formatCode="&quot;days&quot; 0.0"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="200"/><xf numFmtId="201"/></cellXfs>'
    "</styleSheet>"
)
SHARED = (
    f'<sst xmlns="{S}"><si><t>shared </t></si><si><r><t>rich</t></r><r><t> text</t></r>'
    "<rPh><t>spoken</t></rPh></si></sst>"
)
CELLS = """
<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c>
<c r="D1" t="inlineStr"><is><t>=evil()</t></is></c></row>
<row r="3"><c r="A3"><v>-5</v></c><c r="B3"><v>0.1</v></c><c r="C3" s="1"><v>45992</v></c>
<c s="2"><v>45992.5</v></c><c r="E3" s="3"><v>3</v></c><c r="F3" t="b"><v>1</v></c>
<c r="G3" t="e"><v>#N/A</v></c><c r="H3"><f>A3*2</f><v>-10</v></c></row>
<row r="4"><c r="A4" s="1"><v>61</v></c><c r="B4" s="1"><v>59</v></c><c r="C4" s="2"><v>0.25</v></c></row>
"""
MANY = (
    '<table:table table:name="B"><table:table-row table:number-rows-repeated="1048576"><table:table-cell '
    'office:value-type="float" office:value="1" table:number-columns-repeated="16384"/></table:table-row>'
    "</table:table>"
)


def make_book(inside: str = CELLS, state: str = "") -> bytes:
    names = ("sharedStrings", "styles")
    return office_fixture.pack(
        {
            "[Content_Types].xml": office_fixture.type_parts(
                xl__workbook_xml=f"{office_fixture.KIND}spreadsheetml.sheet.main",
                xl__worksheets__sheet1_xml=f"{office_fixture.KIND}spreadsheetml.worksheet",
            ),
            "_rels/.rels": office_fixture.relate(("r1", "officeDocument", "xl/workbook.xml", False)),
            "xl/workbook.xml": f'<workbook xmlns="{S}" xmlns:r="{office_fixture.R}"><sheets>'
            f'<sheet name="Waves" sheetId="1" r:id="r1"{state}/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": office_fixture.relate(
                ("r1", "worksheet", "worksheets/sheet1.xml", False),
                *((f"x{name}", name, f"{name}.xml", False) for name in names),
            ),
            "xl/sharedStrings.xml": SHARED,
            "xl/styles.xml": STYLES,
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{S}"><sheetData>{inside}</sheetData></worksheet>',
        }
    )


def read(folder: Path, data: bytes, kind: str = "xlsx") -> list[cells.Sheet]:
    path = folder / f"book.{kind}"
    path.write_bytes(data)
    return cells.read_sheets(path, kind)


def test_values_are_those_of_the_file_and_a_formula_is_text_no_program_runs(tmp_path: Path) -> None:
    (sheet,) = read(tmp_path, make_book())
    rows = list(csv.reader(io.StringIO(cells.format_table(sheet), newline="")))
    assert rows == [
        ["shared ", "rich text", "", "'=evil()"],
        [],
        ["-5", "0.1", "2025-12-01", "2025-12-01T12:00:00", "3", "TRUE", "#N/A", "-10"],
        # The count of days since 1900 has one that never was (29 February 1900 is 60).
        ["1900-03-01", "1900-02-28", "06:00:00"],
    ]
    told = json.loads(cells.format_cells([sheet], {"study": "s"}))
    assert told["format"] == cells.FORMAT
    assert told["sheets"][0]["cells"][-4] == {
        **{"row": 3, "column": 8, "type": "number", "value": -10.0, "formula": "A3*2"}
    }
    assert told["sheets"][0]["cells"][2]["value"] == "=evil()"
    assert read(tmp_path, make_book(state=' state="veryHidden"'))[0].hidden


def test_open_document_repeats_its_cells_and_hides_its_sheets(tmp_path: Path) -> None:
    one, two = read(tmp_path, office_fixture.make_ods(), "ods")
    assert [(cell.row, cell.column, cell.value) for cell in one.cells] == [
        (1, 1, "odsseen"),
        (2, 1, "odsrow"),
    ]
    assert (one.hidden, two.hidden, two.cells[0].value) == (False, True, "odssheet")
    cell = '<table:table-cell office:value-type="float" office:value="2" table:number-columns-repeated="3"/>'
    row = f'<table:table-row table:number-rows-repeated="2"><table:table-cell/>{cell}</table:table-row>'
    (sheet,) = read(
        tmp_path,
        office_fixture.make_odf("spreadsheet", f'<table:table table:name="R">{row}</table:table>'),
        "ods",
    )
    assert cells.format_table(sheet) == ",2,2,2\r\n,2,2,2\r\n"


def test_what_was_written_on_a_cell_goes_with_it_once_and_with_who_wrote_it(tmp_path: Path) -> None:
    one, two = read(tmp_path, office_fixture.make_xlsx())
    assert one.comments == (cells.Comment(1, 1, "Di Example", "cellremark"),)
    assert two.comments == ()
    told = json.loads(cells.format_cells([one, two], {}))
    assert [each["comments"] for each in told["sheets"]] == [
        [{"row": 1, "column": 1, "author": "Di Example", "text": "cellremark"}],
        [],
    ]
    note = (
        "<office:annotation><dc:creator>Cy Example</dc:creator><dc:date>2026-01-02T00:00:00</dc:date>"
        "<text:p>first</text:p><text:p>second</text:p></office:annotation>"
    )
    empty = f'<table:table-cell table:number-columns-repeated="3">{note}</table:table-cell>'
    full = f'<table:table-cell office:value-type="float" office:value="2">{note}</table:table-cell>'
    row = (
        f'<table:table-row table:number-rows-repeated="2"><table:table-cell/>{empty}{full}</table:table-row>'
    )
    body = f'<table:table table:name="R">{row}</table:table>'
    (sheet,) = read(tmp_path, office_fixture.make_odf("spreadsheet", body), "ods")
    assert sheet.comments == tuple(
        cells.Comment(1, column, "Cy Example", "first second") for column in (2, 5)
    )
    assert "first" not in cells.format_table(sheet)


def test_a_thread_counts_once_though_the_file_keeps_a_note_for_older_programs() -> None:
    root = package.parse_xml(
        f'<comments xmlns="{S}"><authors><author>tc={{A1}}</author><author>Di</author></authors><commentList>'
        '<comment ref="A1" authorId="0"><text><t>[Threaded comment] open</t></text></comment>'
        '<comment ref="nowhere" authorId="1"><text><t>loose</t></text></comment></commentList>'
        "</comments>".encode(),
        "comments",
    )
    assert list(workbook.iterate_comments(root)) == [("nowhere", "Di", "loose")]
    loose = cells.Sheet("S", False, (), (cells.Comment(0, 0, "Di", "loose"),))
    assert json.loads(cells.format_cells([loose], {}))["sheets"][0]["comments"] == [
        {"author": "Di", "text": "loose"}
    ]


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        ("ods", office_fixture.make_odf("spreadsheet", MANY), "more than 400,000 cells"),
        (
            "xlsx",
            make_book("".join(f'<row r="{n}">{"<c><v>7</v></c>" * 20}</row>' for n in range(20_001))),
            "more than 400,000 cells",
        ),
        ("xlsx", b"PK\x03\x04 no package", "damaged"),
    ],
)
def test_a_file_made_to_fill_the_memory_is_refused(
    tmp_path: Path, kind: str, data: bytes, sentence: str
) -> None:
    with pytest.raises(errors.UserMistake, match=sentence):
        read(tmp_path, data, kind)


@pytest.mark.parametrize("limit", ["MAX_CELLS", "MAX_CHARACTERS"])
def test_comments_count_towards_what_is_handed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    book = office_fixture.make_xlsx(1, rows=1, columns=1)
    monkeypatch.setattr(cells, limit, {"MAX_CELLS": 1, "MAX_CHARACTERS": len("n1r1c1 cellremark")}[limit])
    with pytest.raises(errors.UserMistake, match="not handed out as data"):
        read(tmp_path, book)


def test_one_cell_far_away_makes_no_table_of_a_thousand_million_places(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 400))
    (sheet,) = read(tmp_path, make_book(rows))
    with pytest.raises(errors.UserMistake, match="more than 4,000,000 places"):
        cells.format_table(sheet)


@pytest.mark.django_db(transaction=True)
@office_fixture.needs_office
def test_cells_leave_while_the_document_is_whole_and_not_once_a_word_of_it_is_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    foundation.lay_foundation(tmp_path / "state", origin="log.example/cells")
    state = State(tmp_path / "state")
    desk = disclosure_fixture.Desk(state)
    study = Study.objects.get(pk=desk.disclose(disclosure_fixture.read_value("study")).record)
    documents = tmp_path / "documents"
    documents.mkdir()
    rows = []
    for number in (1, 2):
        (documents / f"book{number}.xlsx").write_bytes(office_fixture.make_xlsx(2, rows=3 + number))
        due = datetime.date(2026, 12, 31)
        rows.append(
            inventory.Row(number, f"book{number}.xlsx", "Tables", "data", "2025-05", "publish", "", "", due)
        )
    inventories.measure_files(state=state, study=study, folder=documents, rows=rows, processes=1)
    inventories.seal_inventory(actor=desk.ana, study=study, now=exits.NOW)
    (hit,) = patterns.find_words(state=state, actor=desk.ana, study=study, pattern="n2r1c1", items=[2])
    region = redactions.propose_regions(
        state=state, actor=desk.ana, item=redactions.find_item(study.id, 2), number=hit.page,
        words=hit.words, ground_id="participant", now=exits.NOW,
    )  # fmt: skip
    redactions.decide_regions(actor=desk.ben, study=study, numbers=[region.pk], approved=True, now=exits.NOW)
    desk.do("publication", study.id, {"study": study.id, "summary": "", "items": None}, exits.NOW)
    log.publish_checkpoint(state=state, now=exits.NOW)
    client = Client(headers={"host": "localhost"})
    whole, parted = (f"/studies/{study.id}/documents/{number}/" for number in (1, 2))
    page = client.get(whole).content.decode()
    assert f"{whole}sheets/2.csv" in page
    table = client.get(f"{whole}sheets/1.csv")
    assert table["Content-Disposition"] == 'attachment; filename="book1-sheet-1.csv"'
    assert table["Content-Type"] == "text/csv; charset=utf-8"
    assert table.content.splitlines()[1] == b"n1r2c1,n1r2c2,n1r2c3"
    told = json.loads(client.get(f"{whole}cells.json").content)
    assert [each["name"] for each in told["sheets"]] == ["Sheet 1", "Sheet 2"]
    assert [each["text"] for each in told["sheets"][0]["comments"]] == ["cellremark"]
    assert told["document"]["digest"] == f"sha256:{Item.objects.get(number=1).sha256}"
    assert client.get(f"{whole}sheets/3.csv").status_code == 404
    # Neither the sheet with the hidden word nor the other.
    page = client.get(parted).content.decode()
    assert "cells.json" not in page
    assert "not handed out as data while parts of it are hidden" in page
    for exit_name in ("cells.json", "sheets/1.csv", "sheets/2.csv"):
        refused = client.get(parted + exit_name)
        assert refused.status_code == 451
        assert b"n1r1c1" not in refused.content
        assert b"cellremark" not in refused.content
    # What was read once is asked for at the gate each time.
    suspensions.suspend_page(actor=desk.ana, item=Item.objects.get(number=1), page=None, now=exits.NOW)
    for exit_name in ("cells.json", "sheets/1.csv"):
        gone = client.get(whole + exit_name)
        assert gone.status_code in (404, 451)
        assert b"n1r2c1" not in gone.content
        assert b"cellremark" not in gone.content

"""Sets one document: text template and findings in, a PDF with a fixed date and fixed bytes out.

Rules: same document, findings and reportlab version give the same bytes; every page carries the sample line, the
document's number and its place among the pages. Absent: the words (text/) and the figures (`study_*`).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

from reportlab.lib.enums import TA_CENTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    FrameBreak,
    KeepTogether,
    NextPageTemplate,
    PageBreak,
    Paragraph,
    Spacer,
)  # fmt: skip
from reportlab.platypus import Table as Grid
from reportlab.platypus.tableofcontents import TableOfContents

from lightwell.sample import charts, furniture, instrument, markup, style
from lightwell.sample.record import Document, Study, Written
from lightwell.sample.world import Findings, Table


class Setter:
    """Turns blocks into flowables; numbers tables and figures in their order in the text."""

    def __init__(self, sheets: furniture.Sheets, findings: Findings, where: str) -> None:
        self.sheets, self.findings, self.where = sheets, findings, where
        self.layout = sheets.layout
        self.styles = style.make_styles(self.layout)
        self.story: list[Flowable] = []
        self.tables = self.figures = 0
        self.wide = False
        self.columns = 2 if self.layout.name == "journal" else 1
        self.names: dict[str, str] = {}
        self.orders: dict[str, Callable[[str], None]] = {
            "page": self._break, "toc": self._set_contents, "table": self._set_table, "chart": self._set_chart,
            "crosstabs": self._set_crosstabs, "items": self._set_items, "landscape": self._turn_wide,
            "portrait": self._turn_back, "columns": self._turn_columns, "hold": self._begin_hold,
            "endhold": self._end_hold, "space": self._set_space, "signature": self._set_signature,
            "field": self._set_field, "gap": self._set_gap, "single": self._turn_single,
        }  # fmt: skip

    @property
    def width(self) -> float:
        """The width of a column in points, which depends on the layout and on whether the page is turned."""
        page = style.WIDE if self.wide else self.layout.page
        full = page[0] - self.layout.margins[0] - self.layout.margins[1]
        return full if self.columns == 1 or self.wide else (full - 7 * mm) / 2

    def set_blocks(self, blocks: list[markup.Block]) -> list[Flowable]:
        """Set every block in order as reportlab's story; `ValueError` for an order that is unknown."""
        self._number(blocks)
        self._set_title()
        first = True
        for block in blocks:
            if block.kind in self.orders:
                self.orders[block.kind](block.text)
            elif block.kind == "abstract":
                self._set_abstract(block.text)
            elif block.kind in self.styles:
                if block.kind == "h1" and self.layout.name == "deck":
                    self._break("")
                elif block.kind == "h1" and not first:
                    self.story.append(CondPageBreak(45 * mm))
                first = False
                self._set_text(block)
            else:
                raise ValueError(f"{self.where}: the press does not know “@{block.kind}”.")
        self.story.append(furniture.Total(self.sheets))
        return self.story

    def _number(self, blocks: list[markup.Block]) -> None:
        """Give every table and chart its number first, so that the text may point forward (`{T_key}`, `{F_key}`)."""
        tables = figures = 0
        for block in blocks:
            if block.kind == "table":
                tables += 1
                self.names.setdefault(f"T_{block.text}", f"Table {tables}")
            elif block.kind == "chart":
                figures += 1
                self.names.setdefault(f"F_{block.text}", f"Figure {figures}")
            elif block.kind == "crosstabs":
                tables += sum(len(page.tables) for page in self._find(self.findings.crosstabs, block.text))

    def fill(self, text: str) -> str:
        """Put figures and numbers of tables into a text; `ValueError` names one that nobody computed."""
        return markup.fill(text, self.findings.numbers | self.names, self.where)

    def _set_text(self, block: markup.Block) -> None:
        bullet = "•" if block.kind == "li" else None
        self.story.append(Paragraph(self.fill(block.text), self.styles[block.kind], bulletText=bullet))

    def _set_title(self) -> None:
        document, study = self.sheets.document, self.sheets.study
        day = f"{document.written.day} {document.written:%B %Y}"
        authors = " · ".join(document.authors)
        title, under = self.styles["title"], self.styles["under"]
        if document.layout == "memo":
            self.story.append(
                Paragraph("Larkfield (sample) · Research on Young People", self.styles["small"])
            )
            self.story.append(Paragraph(document.title, self.styles["h1"]))
            return
        if document.layout == "journal":
            self.story += [
                Paragraph(
                    f"Larkfield (sample) Research Reports · {document.number} · {day}", self.styles["small"]
                ),
                Paragraph(document.title, title),
                Paragraph(authors, under),
            ]
            return
        space = 10 * mm if document.layout == "deck" else 30 * mm
        kind = document.kind.replace("-", " ").capitalize()
        self.story += [
            Spacer(0, space),
            Paragraph("Larkfield (sample) · Research on Young People", under),
            Paragraph(document.title, title),
            Paragraph(
                f"Study {study.number}: {study.title}" if study.in_advance else "Earlier research", under
            ),
            Paragraph(f"{kind} · version {document.version} · {day}", under),
            Paragraph(authors, under),
        ]
        if document.layout == "report":
            self._set_control(day)

    def _set_control(self, day: str) -> None:
        """The box of a title page: what the document is, where it stands, how to cite it."""
        document, study = self.sheets.document, self.sheets.study
        begun = f"{study.registered.day} {study.registered:%B %Y}"
        rows = [
            ("Document", f"{document.number}, version {document.version} of {day}"),
            ("Study registered", f"{begun}, before the work began" if study.in_advance else f"{begun}, after the work was done"),
            ("Services", ", ".join(study.services)),
            ("Methods", ", ".join(study.methods)),
            ("Cite as", f"{', '.join(document.authors)} ({document.written.year}). {document.title}. Larkfield (sample), "
             f"{document.number}. Simulated data."),
        ]  # fmt: skip
        cell = self.styles["cell"]
        grid = Grid([[Paragraph(f"<b>{a}</b>", cell), Paragraph(b, cell)] for a, b in rows],
                    colWidths=[32 * mm, self.width - 32 * mm], hAlign="LEFT")  # fmt: skip
        grid.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.25, style.GREY),
                       ("LEFTPADDING", (0, 0), (0, -1), 0)])  # fmt: skip
        self.story += [Spacer(0, 7 * mm), grid]

    def _set_abstract(self, text: str) -> None:
        if self.layout.name == "journal":
            self.story += [
                Paragraph(f"<b>Abstract.</b> {self.fill(text)}", self.styles["small"]),
                FrameBreak(),
            ]
            self.story.insert(0, NextPageTemplate("body"))
            return
        self.story += [Spacer(0, 10 * mm), Paragraph(self.fill(text), self.styles["box"])]

    def _break(self, _: str) -> None:
        self.story.append(PageBreak())

    def _set_contents(self, _: str) -> None:
        contents = TableOfContents()
        contents.levelStyles = [self.styles["toc1"], self.styles["toc2"]]
        contents.dotsMinLevel = 0
        self.story += [PageBreak(), Paragraph("Contents", self.styles["title"]), contents, PageBreak()]

    def _make_grid(self, table: Table, size: float = 7.8) -> Grid:
        cell = self.styles["cell"]
        rows: list[list[Any]] = [list(table.header), *[list(row) for row in table.rows]]
        widths = [share * self.width for share in table.widths] if table.widths else None
        if widths:
            fits = [(widths[k] - 7) / stringWidth(c, "Helvetica", 1) for row in table.rows
                    for k, c in enumerate(row) if k >= table.left and c]  # fmt: skip
            fits += [(widths[k] - 7) / stringWidth(word, "Helvetica-Bold", 1)
                     for k, c in enumerate(table.header) for word in c.split()]  # fmt: skip
            size = min([size, *fits])
            cell = ParagraphStyle("fit", cell, fontSize=size, leading=size * 1.22)
            middle = ParagraphStyle("head", cell, alignment=TA_CENTER)
            rows = [[Paragraph(f"<b>{c}</b>", middle if k >= table.left else cell) if r == 0
                     else Paragraph(c, cell) if k < table.left and len(c) > 14 else c
                     for k, c in enumerate(row)] for r, row in enumerate(rows)]  # fmt: skip
        grid = Grid(rows, colWidths=widths, repeatRows=1, hAlign="LEFT")
        grid.setStyle(style.make_table_style(len(table.rows), table.left, table.strong, size))
        return grid

    def _set_table(self, key: str) -> None:
        table = self._find(self.findings.tables, key)
        self.tables += 1
        size = 11.0 if self.layout.name == "deck" else 7.0 if self.columns == 2 else 8.0
        parts: list[Flowable] = [
            Paragraph(f"Table {self.tables}. {table.caption}", self.styles["caption"]),
            self._make_grid(table, size),
            Paragraph(table.note, self.styles["note"]) if table.note else Spacer(0, 9),
        ]
        if len(table.rows) > 24:
            self.story += parts
        else:
            self._keep(parts)

    def _keep(self, parts: list[Flowable]) -> None:
        """Keep a block whole, together with the headings just above it."""
        above: list[Flowable] = []
        while self.story and getattr(getattr(self.story[-1], "style", None), "name", "") in ("h1", "h2"):
            above.insert(0, self.story.pop())
        self.story.append(KeepTogether([*above, *parts]))

    def _set_chart(self, key: str) -> None:
        chart = self._find(self.findings.charts, key)
        self.figures += 1
        height = 90 * mm if self.layout.name == "deck" else 52 * mm if self.columns == 2 else 68 * mm
        size = 10.5 if self.layout.name == "deck" else 7.6
        width = self.width
        self._keep([
            Paragraph(f"Figure {self.figures}. {chart.caption}", self.styles["caption"]),
            charts.draw(chart, width, height, size=size),
            Paragraph(chart.note, self.styles["note"]) if chart.note else Spacer(0, 9),
        ])  # fmt: skip

    def _find(self, shelf: dict[str, Any], key: str) -> Any:
        if key not in shelf:
            raise ValueError(f"{self.where}: the findings hold no table or chart “{key}”.")
        return shelf[key]

    def _set_crosstabs(self, section: str) -> None:
        """One page for each: heading, the sentence of reading, the table, a small chart."""
        for page in self._find(self.findings.crosstabs, section):
            self.story += [
                PageBreak(), Paragraph(page.heading, self.styles["h2"]), Paragraph(page.reading, self.styles["p"]),
            ]  # fmt: skip
            for table in page.tables:
                self.tables += 1
                self.story += [
                    Paragraph(f"Table {self.tables}. {table.caption}", self.styles["caption"]),
                    self._make_grid(table, 8.0),
                    Paragraph(table.note, self.styles["note"]),
                ]
            if page.chart is not None:
                self.story.append(charts.draw(page.chart, self.width, 50 * mm, size=7))

    def _set_items(self, section: str) -> None:
        """The questions of one section as a child sees them, with boxes to tick."""
        items = instrument.list_items(section)
        cell = self.styles["cell"]
        scale = items[0].scale
        for group in (instrument.FREQUENCY, instrument.AGREEMENT):
            chosen = [item for item in items if item.scale is group]
            if not chosen:
                continue
            scale = group
            rows = [["", "", *[Paragraph(f"<b>{word}</b>", cell) for word in scale]]]
            rows += [
                [i.key.upper(), Paragraph(i.wording, cell), *[charts.draw_box() for _ in range(5)]]
                for i in chosen
            ]
            shares = (0.07, 0.38, 0.11, 0.11, 0.11, 0.11, 0.11)
            grid = Grid(rows, colWidths=[s * self.width for s in shares], repeatRows=1)
            table_style = style.make_table_style(len(rows) - 1, 2, ())
            table_style.add("TOPPADDING", (0, 1), (-1, -1), 6)
            table_style.add("BOTTOMPADDING", (0, 1), (-1, -1), 6)
            table_style.add("LINEBELOW", (0, 1), (-1, -2), 0.25, style.GREY)
            grid.setStyle(table_style)
            self._keep([grid, Spacer(0, 10)])

    def _turn_wide(self, _: str) -> None:
        self.story += [NextPageTemplate("wide"), PageBreak()]
        self.wide = True

    def _turn_back(self, _: str) -> None:
        self.story += [NextPageTemplate("body"), PageBreak()]
        self.wide = False

    def _turn_columns(self, _: str) -> None:
        self.story += [NextPageTemplate("columns"), PageBreak()]
        self.columns = 2

    def _turn_single(self, _: str) -> None:
        self.story += [NextPageTemplate("single" if self.layout.name == "journal" else "body"), PageBreak()]
        self.columns = 1

    def _begin_hold(self, name: str) -> None:
        self.story += [PageBreak(), furniture.Mark(name)]

    def _end_hold(self, name: str) -> None:
        self.story += [furniture.Mark(f"{name}-end"), PageBreak()]

    def _set_space(self, millimetres: str) -> None:
        self.story.append(Spacer(0, float(millimetres) * mm))

    def _set_gap(self, millimetres: str) -> None:
        self.story.append(CondPageBreak(float(millimetres) * mm))

    def _set_signature(self, names: str) -> None:
        self.story += [Spacer(0, 8 * mm), Paragraph(names, self.styles["p"])]

    def _set_field(self, text: str) -> None:
        """A line of a form or of a memo's head: name and value."""
        name, _, value = text.partition(": ")
        grid = Grid(
            [[name, Paragraph(self.fill(value), self.styles["cell"])]],
            colWidths=[32 * mm, self.width - 32 * mm],
        )
        grid.setStyle([("FONT", (0, 0), (0, 0), "Helvetica-Bold", 8.4), ("VALIGN", (0, 0), (-1, -1), "TOP"),
                       ("LINEBELOW", (0, 0), (-1, -1), 0.25, style.GREY), ("LEFTPADDING", (0, 0), (0, 0), 0)])  # fmt: skip
        self.story.append(grid)


def read_text(name: str) -> str:
    """A document's words, from the package's text folder."""
    return (resources.files("lightwell.sample") / "text" / f"{name}.txt").read_text(encoding="utf-8")


def write_pdf(folder: Path, study: Study, document: Document, findings: Findings) -> Written:
    """Set and write one document; returns it with its page count and the pages that are to be held back."""
    path = folder / document.file
    path.parent.mkdir(parents=True, exist_ok=True)
    sheets = furniture.Sheets(path, study, document)
    blocks = markup.parse(read_text(document.text), f"text/{document.text}.txt")
    sheets.multiBuild(Setter(sheets, findings, f"text/{document.text}.txt").set_blocks(blocks), maxPasses=5)
    held = []
    for part in document.withheld:
        if part.mark:
            held.append((sheets.marks[part.mark], sheets.marks[f"{part.mark}-end"], part))
        else:
            held.append((1, sheets.total, part))
    return Written(study.key, document, path, sheets.total, tuple(held))

"""What surrounds the text of a sample document: pages, frames, running heads, footers, outline, marks, file date.

Rules: every page carries the sample line, the document's number and version, and its place among all pages; the file
carries the document's own date and no clock's. Absent: the text itself (`press`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportlab.lib.sequencer import Sequencer
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

from lightwell.sample import style
from lightwell.sample.record import Document, Study


class Mark(Flowable):
    """Takes no room; tells the press on which page a named place lies."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Take no room (reportlab's Flowable)."""
        return 0, 0

    def draw(self) -> None:
        """Draw nothing; the page is noted in `Sheets.afterFlowable`."""
        return None


class Total(Flowable):
    """Asks for another pass until the number of pages printed in the footers is the number of pages."""

    def __init__(self, owner: Sheets) -> None:
        super().__init__()
        self.owner, self.said = owner, -1

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Take no room (reportlab's Flowable)."""
        return 0, 0

    def draw(self) -> None:
        """Draw nothing; it is here to be asked after each pass."""
        return None

    def isIndexing(self) -> int:
        """Say to reportlab that this part may ask for another pass."""
        return 1

    def isSatisfied(self) -> bool:
        """Whether the number of pages that was printed is the number there turned out to be."""
        return self.owner.printed == self.owner.page

    def beforeBuild(self) -> None:
        """Begin a pass with the number of pages of the one before."""
        self.owner.printed = self.owner.total

    def afterBuild(self) -> None:
        """Keep the number of pages for the next pass."""
        self.owner.total = self.owner.page

    def notify(self, kind: str, stuff: Any) -> None:
        """Ignore what other parts tell each other, such as headings for the contents."""
        return None


def _shorten(title: str) -> str:
    """A running head of at most 74 characters."""
    return title if len(title) <= 74 else title[:72].rsplit(" ", 1)[0] + " …"


@dataclass(frozen=True)
class _Moment:
    """The date stamped into the file, in the shape reportlab reads."""

    YMDhms: tuple[int, int, int, int, int, int]
    dhh: int = 0
    dmm: int = 0


class Sheets(BaseDocTemplate):
    """Page furniture, outline, table of contents and marks of one document."""

    def __init__(self, path: Path, study: Study, document: Document) -> None:
        self.layout = style.LAYOUTS[document.layout]
        left, right, top, bottom = self.layout.margins
        super().__init__(
            str(path), pagesize=self.layout.page, leftMargin=left, rightMargin=right, topMargin=top,
            bottomMargin=bottom, title=document.title, author="; ".join(document.authors),
            subject=f"{study.title}. {style.SAMPLE}", creator="Larkfield (sample) research",
            keywords=[document.number, study.number, document.kind, *study.topics, "sample", "simulated data"],
            lang="en-IE", invariant=1,
        )  # fmt: skip
        self.study, self.document = study, document
        self.total = self.printed = 0
        self.marks: dict[str, int] = {}
        self.addPageTemplates(self._make_templates())

    def _make_templates(self) -> list[PageTemplate]:
        page, (left, right, top, bottom) = self.layout.page, self.layout.margins

        def cut(size: tuple[float, float], columns: int, key: str, drop: float = 0.0) -> PageTemplate:
            gutter = 7 * mm
            width = (size[0] - left - right - gutter * (columns - 1)) / columns
            frames = [
                Frame(
                    left + k * (width + gutter),
                    bottom,
                    width,
                    size[1] - top - bottom - drop,
                    0,
                    0,
                    0,
                    0,
                    id=f"{key}{k}",
                )
                for k in range(columns)
            ]
            if drop:
                frames.insert(
                    0, Frame(left, size[1] - top - drop, size[0] - left - right, drop, 0, 0, 0, 0, id="head")
                )
            return PageTemplate(id=key, frames=frames, pagesize=size, onPage=self._draw_furniture)

        if self.document.layout == "journal":
            return [
                cut(page, 2, "first", 74 * mm),
                cut(page, 2, "body"),
                cut(style.WIDE, 1, "wide"),
                cut(page, 1, "single"),
            ]
        return [cut(page, 1, "body"), cut(style.WIDE, 1, "wide"), cut(page, 2, "columns")]

    def _draw_furniture(self, canvas: Canvas, _: BaseDocTemplate) -> None:
        width, height = canvas._pagesize
        left, right = self.layout.margins[:2]
        canvas.saveState()
        canvas.setStrokeColor(style.GREY)
        canvas.setLineWidth(0.4)
        canvas.line(left, 15.5 * mm, width - right, 15.5 * mm)
        canvas.setFillColor(style.GREY)
        canvas.setFont("Helvetica", 7)
        canvas.drawString(left, 12 * mm, style.SAMPLE)
        canvas.setFont("Helvetica", 7)
        canvas.drawString(left, 8.6 * mm, f"{self.document.number} · version {self.document.version}")
        canvas.drawRightString(
            width - right, 8.6 * mm, f"Page {canvas.getPageNumber()} of {self.printed or 1}"
        )
        if self.document.layout != "deck" and canvas.getPageNumber() > 1:
            canvas.drawString(left, height - 14 * mm, "Larkfield (sample) · Research on Young People")
            canvas.drawRightString(width - right, height - 14 * mm, _shorten(self.document.title))
            canvas.line(left, height - 16 * mm, width - right, height - 16 * mm)
        elif self.document.layout == "deck":
            canvas.setFillColor(style.TEAL)
            canvas.rect(0, height - 5 * mm, width, 5 * mm, stroke=0, fill=1)
        canvas.restoreState()

    def afterFlowable(self, flowable: Flowable) -> None:
        """Note the pages of marks and headings, for references and the table of contents."""
        if isinstance(flowable, Mark):
            self.marks[flowable.name] = self.page
        name = getattr(getattr(flowable, "style", None), "name", "")
        if name in ("h1", "h2"):
            text = flowable.getPlainText()  # type: ignore[attr-defined]  # paragraphs have it
            key = f"h{self.seq.nextf('bookmark')}-{self.page}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(text, key, 0 if name == "h1" else 1, 0)
            self.notify("TOCEntry", (0 if name == "h1" else 1, text, self.page, key))

    def beforeDocument(self) -> None:
        """Begin each pass alike, with the document's own date: the same input gives the same bytes."""
        self.seq.reset("bookmark")
        day = self.document.written
        self.canv._doc._timeStamp = _Moment((day.year, day.month, day.day, 9, 0, 0))
        self.canv._outline_open = 0

    def handle_documentBegin(self) -> None:
        """Count numbers of a document anew in each pass."""
        self.seq = Sequencer()
        super().handle_documentBegin()

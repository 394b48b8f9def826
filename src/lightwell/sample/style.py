"""Paragraph and table styles of the sample provider's research department: one house style, four layouts.

Absent: any font that reportlab does not carry itself; text stays searchable in every viewer.
"""

from __future__ import annotations

from dataclasses import dataclass

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_JUSTIFY, TA_LEFT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import TableStyle

SAMPLE = "SAMPLE — invented provider, simulated data. Not about any real company or child."
TEAL = HexColor("#1b5e7d")
PALE = HexColor("#eaf1f4")
INK = HexColor("#1c2328")
GREY = HexColor("#5a6670")
SLIDE = (297 * mm, 167 * mm)  # 16:9


@dataclass(frozen=True)
class Layout:
    """One layout: page, margins (points), fonts and sizes."""

    name: str
    page: tuple[float, float]
    margins: tuple[float, float, float, float]  # left, right, top, bottom
    body: str
    bold: str
    size: float
    leading: float
    justify: bool = False


LAYOUTS = {
    "report": Layout("report", A4, (31 * mm, 29 * mm, 27 * mm, 27 * mm), "Times-Roman", "Times-Bold", 11.4, 16.6),
    "memo": Layout("memo", A4, (31 * mm, 31 * mm, 22 * mm, 22 * mm), "Helvetica", "Helvetica-Bold", 9.8, 14.2),
    "journal": Layout("journal", A4, (20 * mm, 20 * mm, 22 * mm, 24 * mm), "Times-Roman", "Times-Bold", 9.6, 12.2, True),
    "deck": Layout("deck", SLIDE, (18 * mm, 18 * mm, 14 * mm, 17 * mm), "Helvetica", "Helvetica-Bold", 15.5, 22.5),
}  # fmt: skip
WIDE = landscape(A4)


def make_styles(layout: Layout) -> dict[str, ParagraphStyle]:
    """Paragraph styles by block kind."""
    align = TA_JUSTIFY if layout.justify else TA_LEFT
    deck = layout.name == "deck"
    size, lead = layout.size, layout.leading
    p = ParagraphStyle("p", fontName=layout.body, fontSize=size, leading=lead, textColor=INK, spaceAfter=lead * 0.5,
                       alignment=align, allowWidows=0, allowOrphans=0)  # fmt: skip
    small = ParagraphStyle(
        "small",
        p,
        fontSize=size * (0.66 if deck else 0.8),
        leading=size * (0.9 if deck else 1.05),
        textColor=GREY,
        spaceAfter=5,
    )
    styles = {
        "p": p,
        "small": small,
        "h1": ParagraphStyle("h1", p, fontName="Helvetica-Bold", fontSize=21 if deck else 15, leading=25 if deck else 19,
                             textColor=TEAL, spaceBefore=0 if deck else 16, spaceAfter=12 if deck else 8, keepWithNext=1,
                             alignment=TA_LEFT),
        "h2": ParagraphStyle("h2", p, fontName="Helvetica-Bold", fontSize=size * 1.06, leading=size * 1.4,
                             spaceBefore=9, spaceAfter=4, keepWithNext=1, alignment=TA_LEFT),
        "li": ParagraphStyle("li", p, leftIndent=15, bulletIndent=4, spaceAfter=lead * 0.28),
        "caption": ParagraphStyle("caption", p, fontName="Helvetica-Bold", fontSize=11 if deck else 8.6, leading=14 if deck else 11, spaceBefore=9,
                                  spaceAfter=4, keepWithNext=1, alignment=TA_LEFT),
        "note": ParagraphStyle("note", p, fontName="Helvetica", fontSize=9 if deck else 7.4, leading=11.5 if deck else 9.6, textColor=GREY, spaceBefore=3,
                               spaceAfter=11, alignment=TA_LEFT),
        "cell": ParagraphStyle("cell", p, fontName="Helvetica", fontSize=11 if deck else 8, leading=13.5 if deck else 10, spaceAfter=0, alignment=TA_LEFT),
        "quote": ParagraphStyle("quote", p, fontName="Times-Italic" if layout.body.startswith("Times") else "Helvetica-Oblique",
                                leftIndent=16, rightIndent=12, spaceBefore=3, spaceAfter=7),
        "box": ParagraphStyle("box", p, backColor=PALE, borderPadding=(7, 9, 7, 9), leftIndent=9, rightIndent=9,
                              spaceBefore=11, spaceAfter=15, alignment=TA_LEFT),
        "title": ParagraphStyle("title", p, fontName="Helvetica-Bold", fontSize=30 if deck else 25, leading=36 if deck else 31,
                                textColor=TEAL, spaceAfter=12, alignment=TA_LEFT),
        "under": ParagraphStyle("under", p, fontName="Helvetica", fontSize=12.5, leading=17, textColor=GREY, spaceAfter=6,
                                alignment=TA_LEFT),
        "toc1": ParagraphStyle("toc1", p, fontName="Helvetica-Bold", fontSize=9.6, leading=13, spaceBefore=4, spaceAfter=0),
        "toc2": ParagraphStyle("toc2", p, fontName="Helvetica", fontSize=8.8, leading=11.6, leftIndent=14, spaceAfter=0),
    }  # fmt: skip
    return styles


def make_table_style(rows: int, left: int, strong: tuple[int, ...], size: float = 7.8) -> TableStyle:
    """Rules above and below the head and at the foot, nothing else: the figures speak."""
    commands: list[tuple] = [
        ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", size),
        ("FONT", (0, 1), (-1, -1), "Helvetica", size),
        ("TEXTCOLOR", (0, 0), (-1, -1), INK),
        ("LINEABOVE", (0, 0), (-1, 0), 1.0, INK),
        ("LINEBELOW", (0, 0), (-1, 0), 0.6, INK),
        ("LINEBELOW", (0, -1), (-1, -1), 1.0, INK),
        ("ALIGN", (left, 0), (-1, -1), "CENTER"),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("TOPPADDING", (0, 0), (-1, -1), 2.6),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.6),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ]
    commands += [
        ("FONT", (0, row + 1), (-1, row + 1), "Helvetica-Bold", size) for row in strong if row < rows
    ]
    return TableStyle(commands)

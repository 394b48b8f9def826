"""Pages of plain text for what is read in bulk."""

from __future__ import annotations

import io

from reportlab.lib.pagesizes import A5
from reportlab.pdfgen import canvas

NAME = "Zabrinski"


def make_pdf(number: int, pages: int, name: str = "") -> bytes:
    """Print pages of twenty lines; with a name, it stands once on each."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A5, invariant=True)
    for page in range(1, pages + 1):
        for line in range(20):
            sheet.drawString(
                40, 540 - 22 * line, f"document {number} page {page} line {line} of the sleep diary"
            )
        if name:
            sheet.drawString(40, 80, f"It was {name} who kept it.")
        sheet.showPage()
    sheet.save()
    return out.getvalue()

"""Pages of plain text for what is read in bulk."""

from __future__ import annotations

import io

from reportlab.lib.pagesizes import A5
from reportlab.pdfgen import canvas


def make_pdf(number: int, pages: int) -> bytes:
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A5, invariant=True)
    for page in range(1, pages + 1):
        for line in range(20):
            sheet.drawString(
                40, 540 - 22 * line, f"document {number} page {page} line {line} of the sleep diary"
            )
        sheet.showPage()
    sheet.save()
    return out.getvalue()

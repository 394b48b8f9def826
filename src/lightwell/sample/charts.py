"""Vector charts for the sample documents: bars, points with intervals, lines, steps. Every axis has a label.

Rules: intervals are drawn wherever an estimate has them; bars begin at zero. Absent: three dimensions, pictures.
"""

from __future__ import annotations

import math

from reportlab.graphics.shapes import Circle, Drawing, Group, Line, PolyLine, Rect, String
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth

from lightwell.sample.estimates import Estimate
from lightwell.sample.world import Chart

INK = HexColor("#26323a")
GRID = HexColor("#d5dbdf")
COLOURS = tuple(HexColor(c) for c in ("#1b5e7d", "#c2571a", "#6a8f3c", "#7a4b8c", "#9a7b1c", "#5a6670"))
LEFT, RIGHT, TOP, BOTTOM = 46.0, 8.0, 26.0, 38.0


def choose_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers that cover [low, high]: steps of 1, 2, 2.5 or 5 times a power of ten."""
    span = max(high - low, 1e-9)
    power = 10 ** math.floor(math.log10(span / about))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if span / (m * power) <= about)
    first = math.floor(low / step + 1e-9) * step
    count = math.ceil((high - first) / step - 1e-9)
    return [first + step * k for k in range(count + 1)]


def format_tick(value: float, step: float) -> str:
    """Write a number at an axis with as many decimals as the step between two needs, and a real minus."""
    digits = max(0, -math.floor(math.log10(step) + 1e-9)) if step < 1 else 0
    if digits == 0 and abs(step - round(step)) > 1e-9:
        digits = 1
    return f"{value:,.{digits}f}".replace("-", "−")


def _ends(estimate: Estimate) -> tuple[float, float]:
    low = estimate.low if estimate.low == estimate.low else estimate.value
    high = estimate.high if estimate.high == estimate.high else estimate.value
    return low, high


def draw(chart: Chart, width: float, height: float, font: str = "Helvetica", size: float = 7.5) -> Drawing:
    """Set one chart in a box of `width` × `height` points."""
    drawing = Drawing(width, height)
    points = [e for s in chart.series for e in s.values if e.value == e.value]
    low = min(_ends(e)[0] for e in points) * chart.scale
    high = max(_ends(e)[1] for e in points) * chart.scale
    if chart.from_zero:
        low, high = min(0.0, low), max(0.0, high)
    ticks = choose_ticks(low, high)
    low, high = ticks[0], ticks[-1]
    top = TOP + (size + 3) * (_count_legend_rows(chart, width, font, size) - 1)
    plot_w, plot_h = width - LEFT - RIGHT, height - top - BOTTOM

    def place_y(value: float) -> float:
        return BOTTOM + (value - low) / (high - low) * plot_h

    for tick in ticks:
        y = place_y(tick)
        drawing.add(Line(LEFT, y, LEFT + plot_w, y, strokeColor=GRID, strokeWidth=0.5))
        label = format_tick(tick, ticks[1] - ticks[0])
        drawing.add(
            String(LEFT - 4, y - 2.5, label, fontName=font, fontSize=size, textAnchor="end", fillColor=INK)
        )
    drawing.add(Line(LEFT, place_y(max(low, 0.0) if low <= 0 <= high else low), LEFT + plot_w,
                     place_y(max(low, 0.0) if low <= 0 <= high else low), strokeColor=INK, strokeWidth=0.8))  # fmt: skip
    turned = Group(
        String(0, 0, chart.y_label, fontName=font, fontSize=size, textAnchor="middle", fillColor=INK)
    )
    turned.rotate(90)
    turned.translate(BOTTOM + plot_h / 2, -9)
    drawing.add(turned)
    drawing.add(
        String(
            LEFT + plot_w / 2,
            4,
            chart.x_label,
            fontName=font,
            fontSize=size,
            textAnchor="middle",
            fillColor=INK,
        )
    )
    slots = len(chart.categories)
    slot = plot_w / slots
    every = max(1, math.ceil(max(stringWidth(c, font, size) for c in chart.categories) * 1.05 / slot))
    if slots <= 8:
        every = 1
    for index, name in enumerate(chart.categories):
        if index % every == 0:
            x = LEFT + slot * (index + 0.5)
            words = _wrap(name, slot * every * 0.98, font, size)
            for row, text in enumerate(words[:2]):
                drawing.add(String(x, BOTTOM - 10 - row * (size + 1), text, fontName=font, fontSize=size,
                                   textAnchor="middle", fillColor=INK))  # fmt: skip
    for number, series in enumerate(chart.series):
        colour = COLOURS[number % len(COLOURS)]
        _draw_series(drawing, chart, number, series.values, colour, place_y, slot)
    _draw_legend(drawing, chart, width, height, font, size)
    return drawing


def draw_box(side: float = 7.5) -> Drawing:
    """An empty box to tick, as a drawing: no font of a PDF reader has to know the sign."""
    box = Drawing(side, side)
    box.hAlign = "CENTER"
    box.add(Rect(0, 0, side, side, fillColor=None, strokeColor=INK, strokeWidth=0.7))
    return box


def _wrap(text: str, width: float, font: str, size: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and stringWidth(f"{lines[-1]} {word}", font, size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _draw_series(drawing: Drawing, chart: Chart, number: int, values: tuple[Estimate, ...], colour: Color,
                 place_y, slot: float) -> None:  # type: ignore[no-untyped-def]  # a closure of reportlab's numbers  # fmt: skip
    count = len(chart.series)
    line: list[float] = []
    for index, estimate in enumerate(values):
        if estimate.value != estimate.value:
            continue
        offset = 0.5 if chart.kind in ("lines", "steps") else (number + 0.5) / count * 0.76 + 0.12
        if chart.kind == "lines" and count > 1 and len(values) <= 8:
            offset = 0.5 + (number - (count - 1) / 2) * 0.05
        x = LEFT + slot * (index + offset)
        y = place_y(estimate.value * chart.scale)
        if chart.kind == "bars":
            wide = slot * 0.76 / count * 0.86
            base = place_y(0.0)
            drawing.add(
                Rect(x - wide / 2, min(base, y), wide, abs(y - base), fillColor=colour, strokeColor=None)
            )
        bottom, top = (place_y(end * chart.scale) for end in _ends(estimate))
        if chart.kind != "steps" and top - bottom > 0.8:
            ink = INK if chart.kind == "bars" else colour
            drawing.add(Line(x, bottom, x, top, strokeColor=ink, strokeWidth=0.8))
            for end in (bottom, top):
                drawing.add(Line(x - 2, end, x + 2, end, strokeColor=ink, strokeWidth=0.8))
        if chart.kind == "points" or (chart.kind == "lines" and len(values) <= 16):
            drawing.add(Circle(x, y, 2.2, fillColor=colour, strokeColor=None))
        if chart.kind == "steps" and line:
            line += [x, line[-1]]
        line += [x, y]
    if chart.kind in ("lines", "steps") and len(line) >= 4:
        drawing.add(PolyLine(line, strokeColor=colour, strokeWidth=1.4))


def _count_legend_rows(chart: Chart, width: float, font: str, size: float) -> int:
    rows, x = 1, LEFT
    for series in chart.series:
        wide = stringWidth(series.name, font, size) + 22
        if x + wide > width and x > LEFT:
            rows, x = rows + 1, LEFT
        x += wide
    return rows


def _draw_legend(drawing: Drawing, chart: Chart, width: float, height: float, font: str, size: float) -> None:
    if len(chart.series) < 2:
        return
    x = LEFT
    y = height - 10
    for number, series in enumerate(chart.series):
        wide = stringWidth(series.name, font, size) + 22
        if x + wide > width and x > LEFT:
            x, y = LEFT, y - size - 3
        drawing.add(Rect(x, y - 1, 8, 6, fillColor=COLOURS[number % len(COLOURS)], strokeColor=None))
        drawing.add(String(x + 11, y - 1, series.name, fontName=font, fontSize=size, fillColor=INK))
        x += wide

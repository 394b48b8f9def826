"""Charts of published figures as SVG: a sentence as title, lines named at their ends, revisions marked.

Pure text in, text out, the same bytes for the same input, so that a chart can be cited and compared. Only
presentation attributes are used, no style, script, font or address, so that a page with a strict content
security policy may hold it. What a chart shows also stands in its `<desc>` and in the table under it.
Why no library draws them: docs/decisions/0015-figures.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from xml.sax.saxutils import escape

Number = int | Decimal
_Place = Callable[[int], float]

WIDTH = 720
# Told apart by the names at their ends and by dash, never by colour alone (WCAG 1.4.1); 4.5:1 on white.
_COLOURS = ("#0b5394", "#a61c00", "#38761d", "#674ea7", "#7f6000", "#134f5c")
_DASHES = ("", "7 3", "2 3", "10 3 2 3", "4 4", "1 2")
_INK, _SOFT, _RULE = "#1b1b1b", "#505a5f", "#d0d4d6"
_LETTER = 0.54  # mean width of a letter of a sans-serif, in ems, rounded up: text may be shorter, never cut
_LARGEST_LINES = 6
_SCALES: tuple[tuple[int, str], ...] = ((10**9, "billion"), (10**6, "million"))


@dataclass(frozen=True, slots=True)
class Earlier:
    """A value that an earlier edition, named `edition`, gave for the period at place `at` of the line."""

    at: int
    value: Number
    edition: str


@dataclass(frozen=True, slots=True)
class Line:
    """One series: its name, the newest value for each period (None: no number was given), earlier values."""

    label: str
    values: tuple[Number | None, ...]
    earlier: tuple[Earlier, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart: its name and a value, or the words that stand where no number was given."""

    label: str
    value: Number | None
    absent: str = "no number given"
    emphasis: bool = False


@dataclass(frozen=True, slots=True)
class Range:
    """One row of a chart of likely ranges: a number, the ends of its range, and how both are written.

    An end is None where the range is open there, the number where there is none.
    """

    label: str
    value: float | None
    low: float | None
    high: float | None
    said: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What every chart carries: `title` is a sentence that says what is seen, `source` whose word.

    `name` tells it from others that stand in the same page, as part of the ids in it.
    """

    title: str
    unit: str
    source: str
    sample: bool = False
    name: str = ""


def draw_lines(chart: Chart, periods: Sequence[str], lines: Sequence[Line]) -> str:
    """Draw series over periods as SVG text, `WIDTH` units wide.

    Raises `ValueError` when a line has another number of values than there are periods, without a period,
    or with more than six lines: more cannot be told apart, and the caller has a table for them.
    """
    if not periods or not lines or len(lines) > _LARGEST_LINES:
        raise ValueError(f"a chart takes 1 to {_LARGEST_LINES} lines over at least one period")
    if any(len(line.values) != len(periods) for line in lines):
        raise ValueError("each line has one value for each period")
    numbers = [each for line in lines for each in line.values if each is not None]
    numbers += [each.value for line in lines for each in line.earlier]
    ticks = _choose_ticks(numbers)
    head, top = _draw_head(chart, _describe_lines(chart, periods, lines))
    names = [_wrap(line.label, 24) for line in lines]
    right = WIDTH - 16 - max(_measure(row, 13) for rows in names for row in rows) - 10
    left = 16 + max(_measure(format_short(tick), 13) for tick in ticks) + 8
    # Tall enough that every name has a place of its own beside the lines.
    bottom = top + max(300.0, 22 + sum(16 * len(rows) + 4 for rows in names))
    top += 22

    def place_x(at: int) -> float:
        return (left + right) / 2 if len(periods) == 1 else left + (right - left) * at / (len(periods) - 1)

    def place_y(value: Number) -> float:
        low, high = float(ticks[0]), float(ticks[-1])
        return bottom - (bottom - top) * (float(value) - low) / (high - low)

    parts = [_text(16, top - 14, chart.unit, 13, _SOFT)]
    for tick in ticks if numbers else ticks[:1]:
        y = place_y(tick)
        colour = _SOFT if tick == 0 else _RULE
        parts.append(f'<line x1="{left:.1f}" y1="{y:.1f}" x2="{right:.1f}" y2="{y:.1f}" stroke="{colour}"/>')
        parts.append(_text(left - 8, y + 4.5, format_short(tick), 13, _SOFT, "end"))
    parts += _draw_periods(periods, place_x, bottom, right - left)
    ends = []
    for index, line in enumerate(lines):
        colour, dash = _COLOURS[index], _DASHES[index]
        parts += _draw_line(line, colour, dash, place_x, place_y)
        last = max((at for at, value in enumerate(line.values) if value is not None), default=None)
        value = line.values[last] if last is not None else None
        ends.append((place_y(value) if value is not None else bottom, index))
    parts += _draw_names(ends, names, lines, right + 10, top, bottom)
    parts += _draw_widest_change(lines, place_x, place_y, right)
    if not numbers:
        parts.append(_text((left + right) / 2, (top + bottom) / 2, "no number given", 13, _SOFT, "middle"))
    marked = any(line.earlier for line in lines)
    foot, height = _draw_foot(chart, bottom + 46, marked)
    return _finish(head + parts + foot, height)


def draw_bars(chart: Chart, bars: Sequence[Bar]) -> str:
    """Draw rows as horizontal bars from zero, the value written at the end of each; SVG text.

    Raises `ValueError` without a row or with a negative value.
    """
    if not bars or any(bar.value is not None and bar.value < 0 for bar in bars):
        raise ValueError("a bar chart takes at least one row, and no value below zero")
    described = "; ".join(f"{bar.label}: {_say(bar)}" for bar in bars)
    head, top = _draw_head(chart, f"{chart.title} {described}. Source: {chart.source}.")
    names = [_wrap(bar.label, 30) for bar in bars]
    left = 16 + min(max(_measure(row, 13) for rows in names for row in rows), 230) + 8
    room = WIDTH - left - 16 - max(_measure(_say(bar), 13) for bar in bars) - 8
    largest = max((float(bar.value) for bar in bars if bar.value is not None), default=0) or 1
    parts = [_text(16, top + 10, chart.unit, 13, _SOFT)]
    y = top + 24.0
    for bar, rows in zip(bars, names, strict=True):
        tall = max(22, 16 * len(rows) + 4)
        for number, row in enumerate(rows):
            parts.append(
                _text(
                    left - 8, y + tall / 2 + 4.5 + 16 * (number - (len(rows) - 1) / 2), row, 13, _INK, "end"
                )
            )
        wide = 0.0 if bar.value is None else max(room * float(bar.value) / largest, 0.5 if bar.value else 0)
        if bar.value is not None:
            colour = _COLOURS[1] if bar.emphasis else _COLOURS[0]
            parts.append(
                f'<rect x="{left:.1f}" y="{y + 2:.1f}" width="{wide:.1f}" height="{tall - 6}" '
                f'fill="{colour}"/>'
            )
        parts.append(
            _text(
                left + wide + 8, y + tall / 2 + 4.5, _say(bar), 13, _INK if bar.value is not None else _SOFT
            )
        )
        y += tall + 4
    parts.append(f'<line x1="{left:.1f}" y1="{top + 22:.1f}" x2="{left:.1f}" y2="{y:.1f}" stroke="{_SOFT}"/>')
    foot, height = _draw_foot(chart, y + 18, marked=False)
    return _finish(head + parts + foot, height)


def draw_ranges(chart: Chart, rows: Sequence[Range]) -> str:
    """Draw numbers as dots with their likely ranges as bars, the words at the end of each row; SVG text.

    Unlike bars, dots need no axis from zero; where it does not begin there, the foot says so. Raises
    `ValueError` without a row.
    """
    if not rows:
        raise ValueError("a chart of ranges takes at least one row")
    described = "; ".join(f"{row.label}: {row.said}" for row in rows)
    head, top = _draw_head(chart, f"{chart.title} {described}. Source: {chart.source}.")
    names = [_wrap(row.label, 28) for row in rows]
    left = 16 + min(max(_measure(part, 13) for parts in names for part in parts), 220) + 14
    right = WIDTH - 16 - min(max(_measure(row.said, 13) for row in rows), 230) - 14
    low, high, step = _find_span(rows)

    def place(value: float) -> float:
        return left + (right - left) * (value - low) / (high - low)

    parts = [_text(16, top + 10, chart.unit, 13, _SOFT)]
    start = y = top + 24.0
    marks: list[str] = []
    for row, words in zip(rows, names, strict=True):
        tall = max(26, 16 * len(words) + 6)
        middle = y + tall / 2
        for number, part in enumerate(words):
            lift = 16 * (number - (len(words) - 1) / 2)
            marks.append(_text(left - 14, middle + 4.5 + lift, part, 13, _INK, "end"))
        if row.value is not None:
            ends = [place(min(max(low if end is None else end, low), high)) for end in (row.low, row.high)]
            if row.high is None:
                ends[1] = right
            marks.append(
                f'<path d="M{ends[0]:.1f} {middle - 5:.1f}v10M{ends[0]:.1f} {middle:.1f}H{ends[1]:.1f}'
                f'm0 -5v10" fill="none" stroke="{_COLOURS[0]}" stroke-width="2"/>'
            )
            marks.append(
                f'<circle cx="{place(min(max(row.value, low), high)):.1f}" cy="{middle:.1f}" r="4.5" '
                f'fill="{_COLOURS[0]}"/>'
            )
        marks.append(_text(right + 14, middle + 4.5, row.said, 13, _INK if row.value is not None else _SOFT))
        y += tall
    # Counted, not added up: beside a large number a small step adds nothing, and would be drawn for ever.
    for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-3) + 1):
        tick = number * step
        x, colour = place(tick), _SOFT if abs(tick) < step / 1000 else _RULE
        parts.append(f'<path d="M{x:.1f} {start:.1f}V{y:.1f}" stroke="{colour}"/>')
        parts.append(_text(x, y + 18, format_short(Decimal(f"{tick:.6g}")), 13, _SOFT, "middle"))
    foot, height = _draw_foot(chart, y + 42, marked=False, cut=low > 0)
    return _finish(head + parts + marks + foot, height, chart.name)


_NEAR, _TINY = 1e-12, 1e-280


def _find_span(rows: Sequence[Range]) -> tuple[float, float, float]:
    """The ends of the axis and the distance of its marks; from zero unless all lies far from it."""
    found = [end for row in rows if row.value is not None for end in (row.value, row.low, row.high)]
    ends = [float(end) for end in found if end is not None] or [0.0, 1.0]
    low, high = min(ends), max(ends)
    if 0 < low < high / 2:
        low = 0.0
    # Nearer than floats tell apart, they have no marks between them.
    if high - low <= max(_NEAR * max(abs(low), abs(high)), _TINY):
        high = low + (abs(low) if abs(low) > _TINY else 1)
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough * 0.999)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, step


_SMALL = Decimal("1e-6")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def format_short(value: Number) -> str:
    """Write a number as people say it, such as 9.4 million; rounded, so never the only place it stands."""
    exact = Decimal(value)
    if exact and abs(exact) < _SMALL:
        number, power = f"{exact:.3e}".split("e")
        return f"{number.rstrip('0').rstrip('.')} × 10{str(int(power)).translate(_RAISED)}"
    for least, name in _SCALES:
        if abs(exact) >= least:
            return f"{_trim(exact / least, 3)} {name}"
    return _trim(exact, 4) if abs(exact) < 1000 else f"{int(exact.to_integral_value()):,}"


def _trim(value: Decimal, digits: int) -> str:
    if value == 0:
        return "0"
    places = max(digits - 1 - value.adjusted(), 0)
    text = f"{round(value, places):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _choose_ticks(numbers: Sequence[Number]) -> list[Decimal]:
    """Choose 4 to 7 round values that begin at zero (or below) and reach over the largest."""
    low = min([Decimal(0), *(Decimal(each) for each in numbers)])
    high = max([Decimal(0), *(Decimal(each) for each in numbers)])
    if low == high:
        high = Decimal(1)
    rough = (high - low) / 5
    power = Decimal(10) ** math.floor(rough.log10())
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough)
    first = (low / step).to_integral_value(rounding="ROUND_FLOOR")
    last = (high / step).to_integral_value(rounding="ROUND_CEILING")
    return [step * each for each in range(int(first), int(last) + 1)]


def _draw_head(chart: Chart, described: str) -> tuple[list[str], float]:
    rows = _wrap(chart.title, 74)
    ids = f"t{chart.name}", f"d{chart.name}"
    parts = [
        f'<title id="{ids[0]}">{escape(chart.title)}</title>',
        f'<desc id="{ids[1]}">{escape(described)}</desc>',
    ]
    parts.append('<rect width="100%" height="100%" fill="#ffffff"/>')
    y = 28.0
    for row in rows:
        parts.append(_text(16, y, row, 17, _INK, weight="bold"))
        y += 22
    return parts, y + 2


def _draw_foot(chart: Chart, y: float, marked: bool, cut: bool = False) -> tuple[list[str], float]:
    said = ["Hollow marks: what an earlier edition said for the same period."] if marked else []
    said += ["The scale does not begin at zero."] if cut else []
    said += [f"Source: {chart.source}"]
    said += ["Sample: invented company, invented figures."] if chart.sample else []
    parts = []
    for sentence in said:
        for row in _wrap(sentence, 104):
            parts.append(_text(16, y, row, 12, _SOFT))
            y += 16
    return parts, y + 2


def _draw_line(
    line: Line, colour: str, dash: str, place_x: _Place, place_y: Callable[[Number], float]
) -> list[str]:
    """Draw one series; a period without a number breaks the line, lest it seem measured."""
    parts, run = [], []
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    for at, value in [*enumerate(line.values), (len(line.values), None)]:
        if value is not None:
            run.append(f"{place_x(at):.1f},{place_y(value):.1f}")
        elif run:
            points = " ".join(run)
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"{dashed}/>'
            )
            run = []
    for each in line.earlier:
        x, y, now = place_x(each.at), place_y(each.value), line.values[each.at]
        if now is not None:
            parts.append(
                f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x:.1f}" y2="{place_y(now):.1f}" stroke="{colour}"/>'
            )
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#ffffff" stroke="{colour}" stroke-width="1.5">'
            f"<title>{escape(each.edition)}: {escape(format_short(each.value))}</title></circle>"
        )
    for at, value in enumerate(line.values):
        if value is not None:
            parts.append(
                f'<circle cx="{place_x(at):.1f}" cy="{place_y(value):.1f}" r="2.8" fill="{colour}"/>'
            )
    return parts


def _draw_widest_change(
    lines: Sequence[Line], place_x: _Place, place_y: Callable[[Number], float], right: float
) -> list[str]:
    """Write beside the earlier value that moved most what it had been."""
    moved = [
        (abs(Decimal(each.value) - Decimal(now)), index, each)
        for index, line in enumerate(lines)
        for each in line.earlier
        if (now := line.values[each.at]) is not None
    ]
    if not moved:
        return []
    _, index, widest = max(moved, key=lambda each: (each[0], -each[1], -each[2].at))
    words = f"{format_short(widest.value)} in edition {widest.edition}"
    half, mark = _measure(words, 13) / 2, place_x(widest.at)
    x = min(mark, right - half)
    # Above everything that is drawn below or beside the words, with a thread down to the mark.
    drawn = [(at, value) for line in lines for at, value in enumerate(line.values) if value is not None]
    drawn += [(each.at, each.value) for line in lines for each in line.earlier]
    y = min(place_y(value) for at, value in drawn if abs(place_x(at) - x) <= half + 12) - 16
    thread = f"M{mark:.1f} {y + 4:.1f}V{place_y(widest.value) - 4:.1f}"
    return [
        f'<path d="{thread}" stroke="{_COLOURS[index]}" stroke-dasharray="1 2"/>',
        _text(x, y, words, 13, _COLOURS[index], "middle"),
    ]


def _draw_periods(periods: Sequence[str], place_x: _Place, y: float, room: float) -> list[str]:
    """Name the periods under the axis, each nth where all would run into one another, always the last."""
    widest = max(_measure(each, 13) for each in periods) + 12
    each_nth = max(1, math.ceil(widest * max(len(periods) - 1, 1) / room))
    shown = range(len(periods) - 1, -1, -each_nth)
    return [
        part
        for at in sorted(shown)
        for part in (
            f'<path d="M{place_x(at):.1f} {y:.1f}v5" stroke="{_SOFT}"/>',
            _text(place_x(at), y + 20, periods[at], 13, _SOFT, "middle"),
        )
    ]


def _draw_names(
    ends: Sequence[tuple[float, int]],
    names: Sequence[Sequence[str]],
    lines: Sequence[Line],
    x: float,
    top: float,
    bottom: float,
) -> list[str]:
    """Write each name beside the end of its line, moved apart where two would cover one another."""
    ordered = sorted(ends)
    placed: list[tuple[float, int]] = []
    floor = top - 8
    for y, index in ordered:
        tall = 16 * len(names[index]) + 4
        start = max(y - tall / 2, floor)
        placed.append((start, index))
        floor = start + tall
    over = max(0.0, floor - (bottom + 6))
    parts = []
    for start, index in placed:
        for number, row in enumerate(names[index]):
            parts.append(_text(x, start - over + 14 + 16 * number, row, 13, _COLOURS[index], weight="bold"))
    return parts


def _describe_lines(chart: Chart, periods: Sequence[str], lines: Sequence[Line]) -> str:
    said = [f"{chart.title} Counted in {chart.unit}, {periods[0]} to {periods[-1]}."]
    for line in lines:
        known = [(at, value) for at, value in enumerate(line.values) if value is not None]
        if known:
            (first, begin), (last, end) = known[0], known[-1]
            said.append(f"{line.label}: {begin:,} in {periods[first]}, {end:,} in {periods[last]}.")
        else:
            said.append(f"{line.label}: no number given.")
        if line.earlier:
            said.append(f"{len(line.earlier)} of these values differ from what an earlier edition said.")
    return " ".join(said) + f" Source: {chart.source}."


def _say(bar: Bar) -> str:
    return bar.absent if bar.value is None else f"{bar.value:,}"


def _text(x: float, y: float, words: str, size: int, colour: str, anchor: str = "", weight: str = "") -> str:
    more = f' text-anchor="{anchor}"' if anchor else ""
    more += f' font-weight="{weight}"' if weight else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{more}>{escape(words)}</text>'


def _measure(words: str, size: int) -> float:
    return len(words) * size * _LETTER


def _wrap(words: str, letters: int) -> list[str]:
    rows = [""]
    for word in words.split():
        if rows[-1] and len(rows[-1]) + 1 + len(word) > letters:
            rows.append("")
        rows[-1] = f"{rows[-1]} {word}".strip()
    return rows


def _finish(parts: Sequence[str], height: float, name: str = "") -> str:
    tall = math.ceil(height)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall}" width="{WIDTH}" '
        f'height="{tall}" '
        f'role="img" aria-labelledby="t{name} d{name}" font-family="Helvetica, Arial, sans-serif">'
    )
    return opening + "".join(parts) + "</svg>\n"

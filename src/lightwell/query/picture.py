"""A released table as a picture: a dot for each number, a bar for its interval, the words beside it. SVG.

For a quick look in a notebook; the site draws its own. No script, no font of somebody else, and the table is
in the picture's description for whoever cannot see it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from lightwell.base import errors
from lightwell.query.codebook import show_value
from lightwell.query.release import Release

_WIDTH, _ROW, _LABELS, _NUMBERS, _TOP = 720, 26, 200, 130, 48
_MOST = 60


def draw_release(release: Release, column: str = "") -> str:
    """Draw one column of a release, the first number where none is named. `UserMistake` when there is
    none."""
    numbers = [
        name for name in release.columns if any(ends.get(name) is not None for ends in release.intervals)
    ]
    if column and column not in release.columns:
        raise errors.UserMistake(f"the answer has no column {column}; it has {', '.join(release.columns)}")
    if not numbers or (column and column not in numbers):
        raise errors.UserMistake("there is no released number with an interval to draw")
    shown = column or numbers[0]
    keys = [name for name in release.columns if name not in numbers]
    rows = [
        (", ".join(show_value(row[key]) for key in keys) or shown, row[shown], ends[shown] or (None, None))
        for row, ends in zip(release.rows, release.intervals, strict=True)
    ][:_MOST]
    low, high, step = _find_scale(rows)
    title = f"{shown}{' by ' + ', '.join(keys) if keys else ''}"
    if release.is_sample:
        title += " (sample data)"
    height = _TOP + _ROW * len(rows) + 36
    described = "; ".join(f"{label}: {_write(value)}, {_say(ends)}" for label, value, ends in rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        'role="img" aria-labelledby="title description" font-family="sans-serif" font-size="13">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="description">{escape(described)}</desc>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="0" y="18" font-size="15" font-weight="bold">{escape(title)}</text>',
        '<text x="0" y="36" fill="#444">Dot: the number. Bar: its 95 % interval, noise alone.</text>',
    ]
    bottom = _TOP + _ROW * len(rows)
    mark = math.ceil(low / step) * step
    while mark <= high + step / 1000:
        x = f"{_place(mark, low, high):.1f}"
        parts.append(f'<line x1="{x}" y1="{_TOP}" x2="{x}" y2="{bottom}" stroke="#ddd"/>')
        parts.append(_write_text(x, bottom + 18, _write(mark), 'text-anchor="middle" fill="#444"'))
        mark += step
    for number, (label, value, (first, last)) in enumerate(rows):
        y = _TOP + _ROW * number + _ROW // 2
        parts.append(_write_text(_LABELS - 10, y + 4, _cut(label), 'text-anchor="end"'))
        left = _place(low if first is None else first, low, high)
        right = _place(high if last is None else last, low, high)
        parts.append(
            f'<line x1="{left:.1f}" y1="{y}" x2="{right:.1f}" y2="{y}" stroke="#1d70b8" stroke-width="3"/>'
        )
        if value is not None:
            parts.append(f'<circle cx="{_place(value, low, high):.1f}" cy="{y}" r="5" fill="#0b0c0c"/>')
        parts.append(_write_text(_WIDTH - _NUMBERS + 14, y + 4, _write(value)))
    return "\n".join([*parts, "</svg>"])


def _write_text(x: int | str, y: int, words: str, look: str = "") -> str:
    return f'<text x="{x}" y="{y}" {look}>{escape(words)}</text>'


def _find_scale(rows: Sequence[tuple[str, Any, tuple[Any, Any]]]) -> tuple[float, float, float]:
    """The ends of the axis, and the distance of its marks: 1, 2 or 5 times a power of ten."""
    ends = [float(end) for _, value, around in rows for end in (value, *around) if end is not None]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    # Lengths are not compared here, but a scale that leaves nothing out misleads least where it is near.
    if 0 < low < 0.5 * high:
        low = 0.0
    if high == low:
        high = low + 1
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return low, high, step


def _place(value: float, low: float, high: float) -> float:
    return _LABELS + (float(value) - low) / (high - low) * (_WIDTH - _LABELS - _NUMBERS)


def _write(value: Any) -> str:
    return "no number" if value is None else f"{value:,.6g}"


def _say(ends: tuple[Any, Any]) -> str:
    return f"interval {_write(ends[0])} to {_write(ends[1])}"


def _cut(label: str) -> str:
    return label if len(label) <= 28 else label[:27] + "…"

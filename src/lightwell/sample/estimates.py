"""Estimates with intervals: the only way a number of the simulation reaches a page.

Rules: 95 % intervals everywhere; shares by Wilson's score interval (Wilson 1927), means by the normal interval,
differences of independent groups by Newcombe (1998, method 10) or Welch; a cell with fewer than `SMALLEST` answers
is not printed. `format()` knows the printed forms, so that templates say `{gap:pct}` and never a number.
Absent: tests of significance; documents print intervals instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

Z = 1.959963984540054
SMALLEST = 20


@dataclass(frozen=True)
class Estimate:
    """A value with its interval and the number of children (or events) behind it."""

    value: float
    low: float
    high: float
    n: int

    def __format__(self, form: str) -> str:
        """Forms: `n`, `pct`, `pctci`, `pts`, `ptsci`, `num0`…`num3`, `num0ci`…, `chg`, `chgci`, `x`, `xci`."""
        if form == "n":
            return f"{self.n:,}"
        with_interval = form.endswith("ci")
        kind = form.removesuffix("ci")
        if kind not in FORMS:
            raise ValueError(
                f"The printed form “{form}” is unknown; known are n, {', '.join(sorted(FORMS))} (+ ci)."
            )
        scale, digits, unit, signed = FORMS[kind]

        def text(number: float) -> str:
            shown = f"{number * scale:{'+' if signed else ''},.{digits}f}".replace("-", "−")
            return {"−0.0": "0.0", "−0": "0", "+0.0": "0.0", "−0.00": "0.00"}.get(shown, shown)

        if not with_interval:
            return text(self.value) + unit
        return f"{text(self.value)}{unit} (95 % interval {text(self.low)} to {text(self.high)})"


FORMS: dict[str, tuple[float, int, str, bool]] = {
    "pct": (100, 1, " %", False), "pct0": (100, 0, " %", False),
    "pts": (100, 1, " points", True), "abspts": (100, 1, " points", False),
    "chg": (100, 1, " %", True), "abschg": (-100, 1, " %", False),
    "num0": (1, 0, "", False), "num1": (1, 1, "", False), "num2": (1, 2, "", False), "num3": (1, 3, "", False),
    "neg1": (-1, 1, "", False), "x": (1, 2, "", False), "min": (60, 0, " minutes", False), "min1": (60, 1, " minutes", False),
    "negmin": (-60, 0, " minutes", False), "negmin1": (-60, 1, " minutes", False),
}  # fmt: skip


def show(e: Estimate, form: str) -> str:
    """`12.3 (11.9–12.7)` or, with a minus sign, `0.4 (−0.2 to 1.0)` for a table cell, without unit; “–” where too few answered."""
    if e.n < SMALLEST:
        return "–"
    scale, digits, _, _ = FORMS[form]
    value, low, high = (
        f"{v:.{digits}f}" for v in (e.value * scale, *sorted((e.low * scale, e.high * scale)))
    )
    zero = f"-{0:.{digits}f}"
    value, low, high = (text.removeprefix("-") if text == zero else text for text in (value, low, high))
    between = " to " if "-" in low + high else "–"
    return f"{value} ({low}{between}{high})".replace("-", "−")


def estimate_share(hits: ArrayLike) -> Estimate:
    """Share of true values with Wilson's interval. NaN everywhere when nobody answered."""
    values = np.asarray(hits, dtype=float).ravel()
    n = len(values)
    if n == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    p = float(values.mean())
    centre, spread = p + Z * Z / (2 * n), Z * np.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return Estimate(
        p, float((centre - spread) / (1 + Z * Z / n)), float((centre + spread) / (1 + Z * Z / n)), n
    )


def estimate_mean(values: ArrayLike) -> Estimate:
    """Estimate a mean with its 95 per cent interval (normal); NaN where there are no two values."""
    data = np.asarray(values, dtype=float).ravel()
    n = len(data)
    if n < 2:
        return Estimate(float(data.mean()) if n else float("nan"), float("nan"), float("nan"), n)
    half = Z * float(data.std(ddof=1)) / n**0.5
    mean = float(data.mean())
    return Estimate(mean, mean - half, mean + half, n)


def estimate_median(values: ArrayLike) -> Estimate:
    """Median with the distribution-free interval from order statistics."""
    data = np.sort(np.asarray(values, dtype=float).ravel())
    n = len(data)
    if n < 8:
        return Estimate(float(np.median(data)) if n else float("nan"), float("nan"), float("nan"), n)
    half = Z * n**0.5 / 2
    low, high = int(max(0, np.floor(n / 2 - half))), int(min(n - 1, np.ceil(n / 2 + half)))
    return Estimate(float(np.median(data)), float(data[low]), float(data[high]), n)


def subtract(a: Estimate, b: Estimate) -> Estimate:
    """a − b for independent groups, by the square-and-add rule (Newcombe 1998, method 10)."""
    gap = a.value - b.value
    low = gap - float(np.hypot(a.value - a.low, b.high - b.value))
    high = gap + float(np.hypot(a.high - a.value, b.value - b.low))
    return Estimate(gap, low, high, a.n + b.n)


def divide(a: Estimate, b: Estimate) -> Estimate:
    """a / b for independent positive means, on the log scale."""
    ratio = a.value / b.value
    sd = float(np.hypot((a.high - a.low) / (2 * Z * a.value), (b.high - b.low) / (2 * Z * b.value)))
    return Estimate(ratio, ratio * float(np.exp(-Z * sd)), ratio * float(np.exp(Z * sd)), a.n + b.n)


def shift(ratio: Estimate) -> Estimate:
    """A ratio as a relative change: 0.83 becomes −0.17."""
    return Estimate(ratio.value - 1, ratio.low - 1, ratio.high - 1, ratio.n)


def regress(y: ArrayLike, columns: list[ArrayLike], groups: ArrayLike) -> list[Estimate]:
    """Least squares with an intercept and errors clustered by `groups` (Liang and Zeger 1986). One per column."""
    target = np.asarray(y, dtype=float)
    design = np.column_stack([np.ones(len(target)), *[np.asarray(c, dtype=float) for c in columns]])
    bread = np.linalg.inv(design.T @ design)
    beta = bread @ (design.T @ target)
    scores = design * (target - design @ beta)[:, None]
    _, index = np.unique(np.asarray(groups), return_inverse=True)
    summed = np.zeros((int(index.max()) + 1, design.shape[1]))
    np.add.at(summed, index, scores)
    errors = np.sqrt(np.diag(bread @ (summed.T @ summed) @ bread))
    return [
        Estimate(float(b), float(b - Z * e), float(b + Z * e), len(summed))
        for b, e in zip(beta, errors, strict=True)
    ][1:]


def regress_within(y: ArrayLike, x: ArrayLike, groups: ArrayLike) -> Estimate:
    """Slope of y on x with each group's own level removed (fixed effects); clustered by group."""
    target, cause = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    _, index = np.unique(np.asarray(groups), return_inverse=True)
    counts = np.bincount(index)
    target = target - (np.bincount(index, target) / counts)[index]
    cause = cause - (np.bincount(index, cause) / counts)[index]
    slope = float((cause @ target) / (cause @ cause))
    scores = np.bincount(index, cause * (target - slope * cause))
    error = float(np.sqrt(scores @ scores) / (cause @ cause))
    return Estimate(slope, slope - Z * error, slope + Z * error, len(counts))


def pool(values: ArrayLike, mask: ArrayLike) -> Estimate:
    """Mean over child-weeks where `mask` holds, shapes (children, waves); interval clustered by child."""
    data, keep = np.asarray(values, dtype=float), np.asarray(mask, dtype=bool)
    counts = keep.sum(axis=1)
    sums = np.where(keep, data, 0.0).sum(axis=1)
    sums, counts = sums[counts > 0], counts[counts > 0]
    n = len(counts)
    if n < 2:
        return Estimate(float("nan"), float("nan"), float("nan"), n)
    mean = float(sums.sum() / counts.sum())
    error = float(np.sqrt((((sums - mean * counts) ** 2).sum()) * n / (n - 1))) / float(counts.sum())
    return Estimate(mean, mean - Z * error, mean + Z * error, n)

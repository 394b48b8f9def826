"""A first mapping for a file nobody has described: guesses, each marked, for a person to confirm.

`draft_layout` writes YAML that `mapping.parse_layout` refuses until every `confirm` was deleted by somebody
who looked. Guesses come from the names of columns and from what stands in the first rows; nothing is learnt
or sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lightwell.base import errors
from lightwell.figures import period as periods
from lightwell.figures import value as values

# So many rows are looked at, and so many metrics listed; the rest is met when the mapping is used.
MAX_ROWS = 20_000
_MAX_METRICS = 200
_MAX_WORDS = 5
_ROLES = (
    ("provider", ("provider", "company", "publisher")),
    ("service", ("service", "app", "platform", "product", "brand", "site")),
    ("policy area", ("policy", "area", "category", "topic", "issue", "harm", "violation")),
    ("metric", ("metric", "measure", "indicator", "statistic")),
)
_COUNTS = (
    ("appeals", ("appeal",)),
    ("accounts", ("account", "profile")),
    ("reports", ("report", "referral", "cybertip")),
    ("pieces", ("content", "piece", "video", "image", "photo", "post", "url", "item", "file")),
    ("requests", ("request",)),
    ("people", ("user", "people", "person", "population")),
    ("children", ("child", "minor", "victim")),
    ("incidents", ("incident",)),
    ("messages", ("message",)),
    ("removals", ("removal", "removed")),
)
_RATE = ("rate", "share", "percent", "%", "prevalence", "proportion")


@dataclass(frozen=True, slots=True)
class Form:
    """What was found out about the bytes: delimiter, encoding, sheet, and whether numbers are doubles."""

    delimiter: str = ","
    encoding: str = "utf-8"
    sheet: str = ""
    is_binary: bool = False


def draft_layout(name: str, header: Sequence[str], rows: Sequence[Sequence[str]], form: Form) -> str:
    """Write the YAML of a first layout; `UserMistake` without columns, numbers, or with two of one name."""
    header = [each.strip() for each in header]
    while header and not header[-1]:
        header.pop()
    doubled = sorted({each for each in header if header.count(each) > 1})
    if not header or not all(header) or doubled:
        what = f"two columns are called {values.quote(doubled[0])}" if doubled else "a column has no name"
        raise errors.UserMistake(f"{what}; the first row must name every column", place=name)
    cells = [
        [row[at].strip() if at < len(row) else "" for row in rows[:MAX_ROWS]] for at in range(len(header))
    ]
    roles = _guess_roles(header, cells)
    if not any(role == "value" for role, _ in roles):
        raise errors.UserMistake(
            "no column of this table looks like numbers, so there is no figure in it", place=name
        )
    is_binary = form.is_binary or any(
        _is_noisy(each) for at, (role, _) in enumerate(roles) if role == "value" for each in cells[at]
    )
    words = _find_words([each for at, (role, _) in enumerate(roles) if role == "value" for each in cells[at]])
    has_period = any(role == "period" for role, _ in roles)
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "figures"
    lines = [
        "# A draft by lightwell figures map. Look at every guess; where it is right, delete its line "
        "`confirm`.",
        "# The format: docs/reference/figures.md.",
        f"name: {_quote(slug)}",
        f"version: {_quote(slug)}",
        'provider: "unknown"',
        'confirm: "write who publishes these figures, and see that every edition restates the history"',
        "restates_history: true",
        f"no_number: [{', '.join(map(_quote, words))}]",
        f"binary_numbers: {str(is_binary).lower()}",
    ]
    lines += [f"delimiter: {_quote(form.delimiter)}"] if form.delimiter != "," else []
    lines += [f"encoding: {_quote(form.encoding)}"] if form.encoding != "utf-8" else []
    lines += [f"sheet: {_quote(form.sheet)}"] if form.sheet else []
    lines += [f"header: [{', '.join(map(_quote, header))}]", "columns:"]
    has_metric = any(role == "metric" for role, _ in roles)
    for at, (role, reason) in enumerate(roles):
        lines += _write_column(header[at], cells[at], role, reason, has_metric, has_period)
    for at, (role, _) in enumerate(roles):
        if role == "metric":
            lines += _write_metrics(
                cells[at], [cells[n] for n, each in enumerate(roles) if each[0] == "value"]
            )
    return "\n".join(lines) + "\n"


def _guess_roles(header: Sequence[str], cells: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """Guess what each column is, and say from what; at most one of each but breakdowns and values."""
    roles: list[tuple[str, str]] = [("breakdown", "nothing else fits")] * len(header)
    taken: set[str] = set()
    for at, name in enumerate(header):
        if _is_period(name):
            roles[at] = ("value", "its name is a period")
    if not any(role == "value" for role, _ in roles):
        for at in range(len(header)):
            given = [each for each in cells[at] if each]
            if given and "period" not in taken and all(map(_is_period, given)):
                roles[at] = ("period", "every cell is a period")
                taken.add("period")
            elif given and sum(map(_is_number, given)) * 2 > len(given):
                roles[at] = ("value", "most cells are numbers")
    for at, name in enumerate(header):
        for role, words in _ROLES:
            if (
                roles[at][0] == "breakdown"
                and role not in taken
                and any(word in name.lower() for word in words)
            ):
                roles[at] = (role, "its name says so")
                taken.add(role)
    return roles


def _write_column(
    name: str, cells: Sequence[str], role: str, reason: str, has_metric: bool, has_period: bool
) -> list[str]:
    lines = [f"  {_quote(name)}:", f"    is: {role}"]
    guess = f"guessed: {role}, because {reason}"
    if role == "value" and _is_period(name):
        lines += [f"    period: {_quote(name)}"]
    if role == "value" and not has_metric:
        metric = "unknown" if _is_period(name) else name
        counts, unit, sign = _guess_measure(name, cells)
        lines += [f"    metric: {_quote(metric)}", f"    counts: {counts}", f"    unit: {unit}"]
        lines += ["    percent_sign: false"] if unit == "per cent" and not sign else []
        guess += "; so are what it counts and its unit"
    if role == "value" and not has_period and not _is_period(name):
        guess += "; no column is the period: write it here, such as a line period: 2023Q4"
    return [*lines, f"    confirm: {_quote(guess)}"]


def _write_metrics(metrics: Sequence[str], columns: Sequence[Sequence[str]]) -> list[str]:
    found: dict[str, list[str]] = {}
    for at, metric in enumerate(metrics):
        if metric:
            found.setdefault(" ".join(metric.split()), []).extend(column[at] for column in columns)
    lines = ["metrics:"]
    for metric in list(found)[:_MAX_METRICS]:
        counts, unit, sign = _guess_measure(metric, found[metric])
        lines += [f"  - name: {_quote(metric)}", f"    counts: {counts}", f"    unit: {unit}"]
        lines += ["    percent_sign: false"] if unit == "per cent" and not sign else []
        lines += [
            f"    confirm: {_quote(f'guessed: counts {counts}, in the unit {unit}, by name and cells')}"
        ]
    return lines


def _guess_measure(name: str, cells: Sequence[str]) -> tuple[str, str, bool]:
    """Guess what is counted, in which unit, and whether a % stands behind the numbers."""
    lowered = name.lower()
    counts = next((counted for counted, words in _COUNTS if any(word in lowered for word in words)), "other")
    given = [each for each in cells if _is_number(each)]
    if any(each.endswith("%") for each in given):
        return counts, "per cent", True
    if any(word in lowered for word in _RATE):
        small = bool(given) and all("." in each or each in ("0", "1") for each in given)
        return counts, "share" if small else "per cent", False
    return counts, "number", False


def _find_words(cells: Sequence[str]) -> list[str]:
    """List the few words that stand where numbers do, such as N/A."""
    words = dict.fromkeys(each for each in cells if not _is_number(each))
    return list(words) if len(words) <= _MAX_WORDS else []


def _is_period(text: str) -> bool:
    try:
        periods.parse_period(text)
    except errors.UserMistake:
        return False
    return True


def _is_number(text: str) -> bool:
    try:
        values.parse_number(text, percent_sign=text.endswith("%"), binary=True)
    except errors.UserMistake:
        return False
    return True


def _is_noisy(text: str) -> bool:
    return "." in text and len(text.replace(".", "").lstrip("-0")) >= values.NOISY_DIGITS


def _quote(text: str) -> str:
    # A JSON string is a YAML one (YAML 1.2, section 1.3).
    return json.dumps(text, ensure_ascii=False)

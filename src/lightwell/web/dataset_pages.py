"""What the pages of data sets and private answers show: codebook in words, budget, answers, prices.

The order and the words of a page are its template's; here values are put into the words of a reader.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from lightwell.actions import datasets, figures, query_records, tryouts
from lightwell.actions.datasets import Dataset
from lightwell.base.disclosure import Disclosure
from lightwell.files import state
from lightwell.query import domain as domains
from lightwell.query.codebook import Codebook, Column, Table
from lightwell.query.refusal import Refusal
from lightwell.query.release import Release, read_release
from lightwell.web import answer_tables, citations, context

_VALUES_SHOWN = 12
_KINDS = {
    domains.BOOLEAN: "yes or no",
    domains.INTEGER: "whole number",
    domains.REAL: "number",
    domains.TEXT: "words",
    domains.DATE: "day",
    domains.TIMESTAMP: "time",
}
_TOKEN = re.compile(r"\w+|'[^']*'?|\"[^\"]*\"?|\S")


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column of a codebook as a reader reads it."""

    name: str
    title: str
    kind: str
    values: tuple[str, ...]
    more: int
    constant: bool
    missing: str
    source: str


@dataclass(frozen=True, slots=True)
class TableView:
    """A table of a codebook: what a row is, how many rows of one child count, its columns."""

    table: Table
    columns: tuple[ColumnView, ...]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """An answer on record in one line of a list: its title, its first number and how many there are."""

    record: Disclosure
    group: str
    what: str
    first: answer_tables.Cell
    count: int


def describe_dataset(record: str) -> dict[str, Any]:
    """Describe a data set for its page; nothing where its newest version names no codebook."""
    opened = state.open_state()
    dataset = datasets.find_dataset(opened, record)
    if dataset is None:
        return {}
    answers = list_answers(record)
    examples = tryouts.list_examples(dataset, query_records.list_answers(record))
    return {
        "dataset": dataset,
        "tables": describe_tables(dataset),
        "answers": answers,
        "examples": examples,
        "form": {"question": examples[0].question if examples else "", "price": f"{tryouts.USUAL_PRICE:g}"},
        "here": "datasets",
        **describe_form(dataset),
        **describe_budget(opened, dataset),
    }


def describe_answer(record: Disclosure) -> dict[str, Any]:
    """Describe an answer on record, for its page."""
    release, book = read_answer(record)
    table = answer_tables.make_table(release, book)
    body = record.body
    return {
        "release": release,
        "table": table,
        "charts": range(1, len(draw_charts(record, release, book)) + 1),
        "about_dataset": datasets.find_dataset(state.open_state(), str(body["dataset"]["id"])),
        "price": _find_price(book, body["cost"]["nano_rho"]),
        "plan": [answer_tables.say_publicly(each) for each in release.plan],
        "notes": [answer_tables.say_publicly(each) for each in release.notes],
        "shown_elsewhere": ("numbers", "question", "plan", "notes", "cost", "how", "not_proven", "dataset"),
    }


def describe_citation(record: Disclosure, site: str) -> dict[str, Any]:
    """Describe an answer on record for reference managers; `site` is the address of this site."""
    opened = state.open_state()
    return citations.describe_citation(
        record,
        site=site,
        path=reverse("record-version", args=[record.id, record.version]),
        origin=context.read_origin(opened),
        is_sample=bool(record.body.get("sample")) or context.is_sample(opened),
    )


def describe_tables(dataset: Dataset) -> list[TableView]:
    """Describe each table of a codebook for a reader, with the units that the record states."""
    units = _list_units(dataset.record)
    return [
        TableView(
            table,
            tuple(
                _describe_column(column, units.get((table.name, column.name), ""))
                for column in table.columns.values()
            ),
        )
        for table in dataset.codebook.tables.values()
    ]


def list_answers(record: str) -> list[AnswerView]:
    """List the answers on record about a data set, each with its first number."""
    found = []
    for row in query_records.list_answers(record):
        read = row.read_record()
        numbers = read.body["numbers"]
        first = numbers[0] if numbers else {}
        ends = first.get("low"), first.get("high")
        cell = answer_tables.write_number(first.get("value"), ends)
        found.append(AnswerView(read, first.get("group", ""), first.get("what", ""), cell, len(numbers)))
    return found


def mark_places(question: str, refusals: Sequence[Refusal]) -> SafeString:
    """Write a question as HTML, each word that was refused in <mark>; every character is escaped."""
    lines = question.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    spans = []
    for each in refusals:
        if 0 < each.line <= len(lines):
            at = starts[each.line - 1] + each.column - 1
            found = _TOKEN.match(question, at)
            spans.append((at, found.end() if found else at + 1))
    pieces, at = [], 0
    for start, end in sorted(set(spans)):
        if start >= at:
            pieces.append((question[at:start], question[start:end]))
            at = end
    marked = format_html_join("", "{}<mark>{}</mark>", pieces)
    return marked + format_html_join("", "{}", [(question[at:],)])


def describe_tried(dataset: Dataset, release: Release, statements: tuple[str, ...]) -> dict[str, Any]:
    source = "invented rows, so no number here is about anybody"
    book = dataset.codebook
    charts = answer_tables.draw_charts(release, book, source, is_sample=False, name="try")
    return {
        "release": release,
        "table": answer_tables.make_table(release, book),
        "drawings": [mark_safe(each) for each in charts],  # noqa: S308 - drawn here, every word in them escaped
        "price": _find_price(book, release.charge["nano_rho"]),
        "plan": [answer_tables.say_publicly(each) for each in release.plan],
        "notes": [answer_tables.say_publicly(each) for each in release.notes],
        "statements": statements,
    }


def describe_form(dataset: Dataset) -> dict[str, Any]:
    return {
        "possible": tryouts.is_possible(),
        "rows": tryouts.ROWS,
        "most_characters": tryouts.MOST_CHARACTERS,
        "least_price": tryouts.LEAST_PRICE,
        "most_price": tryouts.MOST_PRICE,
        "access": dataset.record.body.get("access"),
    }


def describe_budget(opened: state.State, dataset: Dataset) -> dict[str, Any]:
    left = datasets.read_budget_left(opened, dataset.codebook, settings.BUDGET_HOURS)
    usual = tryouts.compute_price(dataset.codebook, datasets.cost_of_usual(dataset.codebook))
    percent = 100 if left is None else max(0, min(100, round(100 * left.share)))
    if left is not None and percent == 0 < left.share:
        percent = 1
    return {
        "left": left,
        "left_percent": percent,
        "left_answers": usual.answers if left is None else left.answers,
        "usual_price": f"{tryouts.USUAL_PRICE:g}",
        "budget_as_of": datasets.find_tick(opened, settings.BUDGET_HOURS),
    }


def _describe_column(column: Column, unit: str) -> ColumnView:
    of = column.domain
    values: tuple[str, ...] = ()
    more = 0
    if of.values is not None:
        named = [_name_value(column, value) for value in of.values]
        values, more = tuple(named[:_VALUES_SHOWN]), max(0, len(named) - _VALUES_SHOWN)
        kind = f"one of {len(named):,}"
    else:
        kind = _KINDS[of.kind]
        if of.is_bounded:
            kind += f", {_write(of.low)} to {_write(of.high)}"
        if of.step is not None:
            kind += f", in steps of {of.step:g}"
        kind += f" {unit}" if unit else ""
        if of.kind == domains.TEXT:
            kind += ", not listed"
    missing = "may be missing" if of.has_null else "never missing"
    return ColumnView(
        column.name, column.title, kind, values, more, column.is_constant, missing, column.attested
    )


def _name_value(column: Column, value: object) -> str:
    label = column.labels.get(str(value))
    return f"{_write(value)}: {label}" if label and label != str(value) else _write(value)


def _write(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _list_units(record: Disclosure) -> dict[tuple[str, str], str]:
    """List the units that a record states, by table and column; what is held back has none."""
    tables = record.body.get("tables")
    found = {}
    for table in tables if isinstance(tables, list) else ():
        for column in table.get("variables") or () if isinstance(table, dict) else ():
            if isinstance(column, dict) and isinstance(column.get("unit"), str):
                found[str(table.get("id")), str(column.get("name"))] = column["unit"]
    return found


def _find_price(book: Codebook | None, nano_rho: int) -> tryouts.Price | None:
    return tryouts.compute_price(book, nano_rho) if book and nano_rho else None


def read_answer(record: Disclosure) -> tuple[Release, Codebook | None]:
    """Read the answer attached to a record, and the codebook that it was given by where that is in view.

    Not the newest codebook of its data set: what a value means there may have changed since.
    """
    opened = state.open_state()
    release = read_release(figures.get_file(opened, str(record.body["file"])))
    book = query_records.find_codebook(opened, record)
    return dataclasses.replace(release, query=str(record.body["question"])), book


def draw_charts(record: Disclosure, release: Release, book: Codebook | None) -> list[str]:
    source = f"{record.provider.name}, private answer {record.id}"
    is_sample = release.is_sample or context.is_sample(state.open_state())
    return answer_tables.draw_charts(release, book, source, is_sample=is_sample)

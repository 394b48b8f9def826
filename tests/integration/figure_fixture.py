"""Editions of invented figures, published by two people; the mapping they are read by."""

from __future__ import annotations

import datetime
from typing import Any

from lightwell.actions import editions, figures, organisations, proposals
from lightwell.db.models import Disclosure, FigureEdition
from lightwell.figures import mapping as mappings
from lightwell.figures.mapping import Mapping

HEADER = "app,policy_area,metric,period,value"
LAYOUT = {
    "name": "larkfield",
    "version": "1",
    "provider": "Larkfield (sample)",
    "report": "Safety figures",
    "dataset": "safety",
    "header": HEADER.split(","),
    "columns": {
        "app": {"is": "service"},
        "policy_area": {"is": "policy area"},
        "metric": {"is": "metric"},
        "period": {"is": "period"},
        "value": {"is": "value"},
    },
    "metrics": [
        {"name": "Removed", "counts": "pieces"},
        {"name": "Rate", "counts": "pieces", "unit": "per cent"},
    ],
    "no_number": ["N/A"],
}
DATASET = "larkfield-safety-larkfield"


def read_mapping() -> Mapping:
    return mappings.make_mapping("larkfield", [mappings.parse_layout(LAYOUT)])


def write_file(rows: list[tuple[str, str, str]], area: str = "Child exploitation") -> bytes:
    """Write rows of (metric, period, value) as the company's own file."""
    lines = [f'Larkfield,{area},{metric},{period},"{value}"' for metric, period, value in rows]
    return "\n".join([HEADER, *lines, ""]).encode()


def read_file(title: str, rows: list[tuple[str, str, str]], area: str = "Child exploitation") -> figures.Read:
    return figures.read_file(title, write_file(rows, area), read_mapping())


def propose(desk: Any, reads: list[figures.Read], now: datetime.datetime, **said: str) -> list[Any]:
    """Propose a record for each edition; the proposals, oldest edition first."""
    prepared = editions.prepare_editions(
        state=desk.state,
        reads=reads,
        said=editions.Said(**said),
        publisher=organisations.find_own(desk.ana),
        now=now,
    )
    return [
        proposals.propose(actor=desk.ana, kind=each.kind, subject=each.subject, payload=each.payload, now=now)
        for each in prepared
    ]


def publish(desk: Any, reads: list[figures.Read], now: datetime.datetime, **said: str) -> list[Disclosure]:
    """Publish a record for each edition, by two people."""
    made = []
    for proposal in propose(desk, reads, now, **said):
        desk.approve(proposal, now)
        made.append(Disclosure.objects.get(record=proposal.subject))
    return made


EDITIONS = [
    (
        "larkfield-2026-q1.csv",
        [("Removed", "2025Q4", "1,000"), ("Removed", "2026Q1", "1,200"), ("Rate", "2026Q1", "90%")],
    ),
    (
        "larkfield-2026-q2.csv",
        [
            ("Removed", "2025Q4", "400"),
            ("Removed", "2026Q1", "1,200"),
            ("Removed", "2026Q2", "1,300"),
            ("Rate", "2026Q2", "91%"),
        ],
    ),
]


def publish_editions(desk: Any, now: datetime.datetime) -> list[Disclosure]:
    """Publish two editions: one number revised, one dropped."""
    return publish(desk, [read_file(title, rows) for title, rows in EDITIONS], now)


def list_keys() -> list[str]:
    """List the keys of every series that is in view."""
    shown = FigureEdition.objects.visible()
    return sorted(
        {
            figures.compute_key(series, row.dataset)
            for row in shown
            for series in figures.read_edition(row).figures
        }
    )

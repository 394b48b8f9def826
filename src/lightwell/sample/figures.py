"""The sample company's published figures: one file a quarter, each restating the past, some of it otherwise.

Rules: the same bytes every time; what later editions revise is listed in `REVISED` and `DROPPED`, so that the truth
is known; the edition 2025Q3 agrees with the example record of the same report. All of it is invented.
"""

from __future__ import annotations

import csv
import datetime
import io
import random

from lightwell.base.canonical import Json
from lightwell.figures import mapping as mappings
from lightwell.figures.mapping import Mapping

COMPANY = "Larkfield (sample)"
DESK = {"id": "sample-newsroom", "role": "newsroom", "name": "The Sample Courier"}
HEADER = ["service", "policy_area", "metric", "period", "value"]
LAYOUT: Json = {
    "name": "larkfield",
    "version": "1",
    "provider": COMPANY,
    "report": "Safety figures",
    "header": HEADER,
    "columns": {
        "service": {"is": "service"},
        "policy_area": {"is": "policy area"},
        "metric": {"is": "metric"},
        "period": {"is": "period"},
        "value": {"is": "value"},
    },
    "metrics": [
        {"name": "Content actioned", "counts": "pieces"},
        {"name": "Content restored", "counts": "pieces"},
        {"name": "Appeals", "counts": "appeals"},
        {"name": "Reports sent to the clearing house", "counts": "reports"},
        {"name": "Monthly active people", "counts": "people"},
    ],
    "no_number": ["n/a"],
    "everything": ["All services"],
}
# When each edition was put here by the newsroom; the last lies within a week of the day the demo is read on.
EDITIONS = {
    "2025Q1": datetime.date(2026, 2, 25),
    "2025Q2": datetime.date(2026, 2, 25),
    "2025Q3": datetime.date(2026, 2, 25),
    "2025Q4": datetime.date(2026, 2, 25),
    "2026Q1": datetime.date(2026, 5, 20),
    "2026Q2": datetime.date(2026, 8, 21),
}
FIRST = "2024Q1"
ABUSE, BULLYING, HARM = "Child sexual exploitation", "Bullying", "Self-harm"
REPORTS = "Reports sent to the clearing house"
# (edition from which on, service, policy area, metric, period): what that edition and all later ones say.
REVISED = {
    ("2025Q2", "Larkfield", BULLYING, "Content actioned", "2024Q4"): 377_900,
    ("2025Q3", "Larkfield", ABUSE, "Content actioned", "2024Q2"): 7_310,
    ("2025Q3", "Larkfield", ABUSE, "Appeals", "2024Q2"): 122,
    ("2025Q3", "Larkfield Live", ABUSE, REPORTS, "2024Q3"): 640,
    ("2026Q1", "Larkfield", HARM, "Content actioned", "2025Q2"): 51_060,
    ("2026Q2", "Larkfield", ABUSE, "Content actioned", "2025Q4"): 9_480,
    ("2026Q2", "Larkfield", ABUSE, REPORTS, "2025Q4"): 3_105,
    ("2026Q2", "Larkfield", BULLYING, "Content restored", "2026Q1"): 2_980,
}
# (edition from which on, service, policy area, metric, period): figures that are no longer there.
DROPPED = {
    ("2025Q3", "Larkfield Live", ABUSE, "Appeals", "2024Q1"),
    ("2026Q2", "Larkfield", HARM, "Content restored", "2024Q1"),
}
# The edition 2025Q3 as the example record prints it.
_PRINTED = {
    ("Larkfield", BULLYING, "Content actioned"): 412_300,
    ("Larkfield", BULLYING, "Appeals"): 9_120,
    ("Larkfield", BULLYING, "Content restored"): 2_410,
    ("Larkfield", ABUSE, "Content actioned"): 18_940,
    ("Larkfield", ABUSE, REPORTS): 7_655,
    ("Larkfield", ABUSE, "Appeals"): 311,
    ("Larkfield", HARM, "Content actioned"): 64_180,
    ("Larkfield", HARM, "Appeals"): 1_204,
    ("Larkfield", HARM, "Content restored"): 388,
    ("Larkfield Live", ABUSE, "Content actioned"): None,
    ("Larkfield Live", ABUSE, REPORTS): 1_902,
    ("Larkfield Live", ABUSE, "Appeals"): 57,
}


def make_mapping() -> Mapping:
    """Make the mapping that the files are read by."""
    return mappings.make_mapping("larkfield", [mappings.parse_layout(LAYOUT)])


def name_file(edition: str) -> str:
    """Name the file of an edition."""
    return f"larkfield-safety-figures-{edition.lower()}.csv"


def write_edition(edition: str) -> bytes:
    """Write the file of one edition, such as 2025Q3: every quarter from the first up to its own."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for service, area, metric in _PRINTED:
        for period in list_quarters(FIRST, edition):
            if any(each[1:] == (service, area, metric, period) and each[0] <= edition for each in DROPPED):
                continue
            value = _find_value(edition, service, area, metric, period)
            writer.writerow([service, area, metric, period, "n/a" if value is None else f"{value:,}"])
    for at, period in enumerate(list_quarters(FIRST, edition)):
        writer.writerow(
            ["All services", "People", "Monthly active people", period, f"{41_200_000 + 310_000 * at:,}"]
        )
    return out.getvalue().encode()


def list_quarters(first: str, last: str) -> list[str]:
    """List quarters from one to another, both included."""
    begin, end = (int(each[:4]) * 4 + int(each[5]) - 1 for each in (first, last))
    return [f"{at // 4}Q{at % 4 + 1}" for at in range(begin, end + 1)]


def _find_value(edition: str, service: str, area: str, metric: str, period: str) -> int | None:
    said = [
        (each[0], value)
        for each, value in REVISED.items()
        if each[1:] == (service, area, metric, period) and each[0] <= edition
    ]
    if said:
        return max(said)[1]
    printed = _PRINTED[service, area, metric]
    if period == "2025Q3" or printed is None:
        return printed
    # Around the printed number, growing a little from quarter to quarter.
    dice = random.Random(f"{service}|{area}|{metric}|{period}")  # noqa: S311 - invented numbers, no secrets
    quarters = list_quarters(FIRST, "2026Q4")
    drift = 1 + 0.06 * (quarters.index(period) - quarters.index("2025Q3"))
    return round(printed * drift * dice.uniform(0.85, 1.15))

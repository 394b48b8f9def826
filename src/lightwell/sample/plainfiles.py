"""The sample documents that are not PDFs: a codebook as CSV and plain notes. The archive sets their pages.

Rules: written from the same tables as the documents, so that a codebook can be checked against a questionnaire.
Absent: the data themselves.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from lightwell.sample import instrument, markup, press, simulation, style
from lightwell.sample.record import Document, Study, Written
from lightwell.sample.world import Findings

HEADER = ("table", "column", "meaning", "values", "range")


def make_codebook() -> str:
    """The codebook of the event table and the survey table, as CSV with a first line that says it is a sample."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerow(("(note)", "", style.SAMPLE, "", ""))
    bands, countries = "; ".join(simulation.BANDS), "; ".join(simulation.COUNTRY_CODES)
    common = (
        ("child", "sample child, the same number in every table", "", "0 and up"),
        ("age_band", "age at the first wave", bands, ""),
        ("country", "country of the account", countries, ""),
        (
            "alerts",
            "quiet = no alerts from 22:00 to 06:00 in waves 3 and 4, by coin",
            "; ".join(simulation.ALERTS),
            "",
        ),
        ("panel", "1 = child of the 2025 research panel", "0; 1", ""),
    )
    events = (
        ("day", "day of the four weeks, 7 to a wave", "", "0 to 27"),
        ("hour", "hour in which it began, local time", "", "0 to 23"),
        ("service", "service", "; ".join(simulation.SERVICES), ""),
        ("kind", "kind of event", "; ".join(simulation.KINDS), ""),
        ("minutes", "length of a session; 0 for other kinds", "", "0 to 180"),
    )
    survey = (
        ("wave", "wave of the panel", "1; 2; 3; 4", ""),
        ("gender", "as the child says", "; ".join(simulation.GENDERS), ""),
        ("nights", "nights of the week with a session begun 00:00 to 04:59", "", "0 to 7"),
        ("sleep_hours", "sleep on a school night, quarter hours", "", "3 to 12"),
        ("weight", "how many children the answer stands for: 1 over the chance to answer", "", "1 to 2.5"),
        *(
            (i.key, i.wording, "; ".join(f"{k} = {word}" for k, word in enumerate(i.scale, 1)), "1 to 5")
            for i in instrument.ITEMS
        ),
    )
    for table, rows in (("events", common + events), ("survey", common + survey)):
        writer.writerows((table, *row) for row in rows)
    return out.getvalue()


def write_file(folder: Path, study: Study, document: Document, findings: Findings) -> Written:
    """Write one file that is not a PDF; its page count is unknown, never zero."""
    path = folder / document.file
    path.parent.mkdir(parents=True, exist_ok=True)
    if document.text == "codebook":
        text = make_codebook()
    else:
        filled = markup.FIELD.sub(
            lambda m: format(findings.numbers[m.group(1)], m.group(2) or ""), press.read_text(document.text)
        )
        text = f"{style.SAMPLE}\n{document.number} · {document.title} · {document.written.isoformat()}\n\n{filled}"
    path.write_text(text, encoding="utf-8", newline="\n")
    return Written(study.key, document, path, None)

"""The sample provider's studies and documents, with all that the inventory, the site and the demo need to know.

Rules: dates belong to the sample calendar, which the demo reads as of `AS_OF`; the words are in text/, the figures
come from one seeded simulation; the same seed writes the same bytes. Absent: how an archive registers or seals them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from lightwell.sample import findings, plainfiles, press, world
from lightwell.sample.record import Document, Study, Withholding, Written

AS_OF = date(2026, 6, 15)
PROVIDER = "Larkfield (sample)"

NIGHT = Study(
    key="night-use-and-sleep",
    number="LF-NS",
    title="Night use and sleep",
    question="Does use between midnight and five reduce children's sleep, and do night alerts cause part of that use?",
    summary=(
        "A panel of children aged 10 to 17 in six countries was followed over four waves in 2025. Records of use after "
        "midnight were joined to what children say about sleep and mood, and one half of the panel received no alerts "
        "at night. Late use was found to go with shorter sleep. Larkfield (sample) publishes all documents of this study "
        "and is considering changes to night alerts."
    ),
    topics=("sleep", "mood"),
    services=("Larkfield", "Larkfield Messages", "Larkfield Live", "Larkfield Clips", "Larkfield Groups", "Larkfield Play"),
    ask=1,
    methods=("panel survey", "records of use", "randomised hold-out"),
    registered=date(2025, 2, 3), began=date(2025, 3, 10), ended=date(2026, 3, 9), in_advance=True, due_days=420,
    documents=(
        Document("LF-NS-01", "Night use and sleep: study protocol", "protocol", date(2025, 1, 31), "1.2",
                 ("Åsa Lindström", "João Gonçalves", "Siobhán Ní Bhriain"), "night-use/LF-NS-01 protocol.pdf",
                 "night-protocol", "report", 30),
        Document("LF-NS-02", "Questionnaire of the 2025 panel, with notes for translators", "questionnaire",
                 date(2025, 5, 27), "2.0", ("Anaïs Lefèvre", "Zoë Løvdal"), "night-use/LF-NS-02 questionnaire.pdf",
                 "night-questionnaire", "report", 150),
        Document("LF-NS-03", "Night use and sleep: full report", "report", date(2026, 3, 9), "1.0",
                 ("Åsa Lindström", "João Gonçalves", "Anaïs Lefèvre", "Zoë Løvdal"), "night-use/LF-NS-03 full report.pdf",
                 "night-report", "report", 420),
        Document("LF-NS-04", "Night use and sleep: tables by age, country and wave", "appendix", date(2026, 3, 2), "1.0",
                 ("João Gonçalves", "Zoë Løvdal"), "night-use/LF-NS-04 tables.pdf", "night-appendix", "report", 420),
        Document("LF-NS-05", "Night use and sleep: what we found and what we recommend", "deck", date(2026, 2, 24), "0.9",
                 ("Åsa Lindström",), "night-use/LF-NS-05 product council deck.pdf", "night-deck", "deck", 420),
        Document("LF-NS-06", "Young people and sleep: executive summary", "summary", date(2026, 3, 16), "3.1",
                 ("Communications and Public Policy",), "night-use/LF-NS-06 executive summary.pdf", "night-summary", "memo",
                 420),
        Document("LF-NS-07", "Answers to comments on the draft report", "memo", date(2026, 3, 6), "1.0",
                 ("Åsa Lindström",), "night-use/LF-NS-07 memo.pdf", "night-memo", "memo", 420),
    ),
)  # fmt: skip

STUDIES: tuple[Study, ...] = (NIGHT,)


def list_documents() -> Iterator[tuple[Study, Document]]:
    """Every document with its study, in the order of the catalogue."""
    for study in STUDIES:
        for document in study.documents:
            yield study, document


def write_documents(folder: Path, seed: int = world.DEFAULT_SEED) -> list[Written]:
    """Simulate, analyse and write every document below `folder`; about twenty seconds on one core."""
    found = findings.find_all(world.make_world(seed))
    written = []
    for study, document in list_documents():
        if document.layout:
            written.append(press.write_pdf(folder, study, document, found))
        else:
            written.append(plainfiles.write_file(folder, study, document, found))
    return written

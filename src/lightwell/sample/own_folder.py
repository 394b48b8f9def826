"""`make demo DATA=FOLDER`: the same way for a folder of one's own documents, on the real clock.

The folder is treated as earlier research of a provider named after it; nothing about the documents is
claimed that the folder does not show, and fields nobody can know are filled with words that say so.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
import re
import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightwell.archive import inventory
from lightwell.base.errors import Problem
from lightwell.files import attachments, folder

DUE_DAYS = 90


def name_provider(documents: Path) -> tuple[str, str]:
    """Name the provider after the folder: its short id and its name as shown."""
    found = os.fsencode(documents.resolve().name).decode("utf-8", "replace")
    name = " ".join("".join(each if each.isprintable() else " " for each in found).split())[:100] or "folder"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub("[^a-z0-9]+", "-", plain.lower()).strip("-")[:60].strip("-") or "folder"
    return slug, name


def make_draft(documents: Path, today: datetime.date) -> dict[str, Any]:
    """Make the draft of a study of earlier research that holds every file of the folder."""
    slug, name = name_provider(documents)
    party = {"id": slug, "name": f"{name} (demo)"}
    return {
        "kind": "study",
        "publisher": {**party, "role": "provider"},
        "provider": party,
        "services": [],
        "language": "en",
        "date": today.isoformat(),
        "body": {
            "title": f"All documents in the folder {name}",
            "summary": f"Every file that lay in the folder {name} on {today}, locked in and published by a "
            "demo.",
            "asks": [1],
            "topics": ["other"],
            "question": "What is in these documents?",
            "stage": "finished",
            "registered_in_advance": False,
            "started": _guess_start(documents, today),
            "methods": [
                {
                    "id": "folder",
                    "title": "Folder",
                    "detail": "Every file below the folder, in order of names.",
                }
            ],
            "population": "Not known to the demo.",
            "sample_size": {"unit": "not known to the demo"},
            "officer": "Whoever ran this demo",
            "ethics": {"route": "none", "note": "Not known to the demo."},
            "due_dates": [
                {
                    "id": "documents",
                    "what": "All documents",
                    "date": (today + datetime.timedelta(days=DUE_DAYS)).isoformat(),
                }
            ],
            "search": {
                "statement": f"All files in the folder {name}.",
                "from": _guess_start(documents, today),
                "to": today.isoformat(),
                "teams": ["Not known to the demo"],
                "places": [name],
                "terms": ["every file"],
                "date": today.isoformat(),
                "signed_by": "Whoever ran this demo",
            },
        },
    }


def list_rows(documents: Path, today: datetime.date) -> list[inventory.Row]:
    """Draft the inventory of the folder: every file is to be published."""
    names = folder.list_names(documents)
    names += attachments.list_attachments(documents, names)[0]
    return inventory.draft_rows(names, today + datetime.timedelta(days=DUE_DAYS))


def hold_unread(rows: Sequence[inventory.Row], problems: Sequence[Problem]) -> list[inventory.Row]:
    """Hold the files of these problems as files whose pages nobody read, so that every file is accounted for.

    Whoever publishes in earnest decides this for each file; the folder of a demo was handed in whole.
    """
    places = [problem.place for problem in problems]
    return [
        dataclasses.replace(row, intent="publish-unread")
        if any(place == row.file or place.startswith(f"{row.file}, page ") for place in places)
        else row
        for row in rows
    ]


def _guess_start(documents: Path, today: datetime.date) -> str:
    # EDTF's question mark: uncertain. A file's date on disk is all that a folder tells, and disks err.
    times = [(documents / name).stat().st_mtime for name in folder.list_names(documents)]
    earliest = max(min(times, default=0.0), 0.0)
    return f"{min(time.gmtime(earliest).tm_year, today.year)}?"

"""`make demo DATA=FOLDER`: the same way for a folder of one's own documents, on the real clock.

The folder is treated as earlier research of a provider named after it; nothing about the documents is
claimed that the folder does not show, and fields nobody can know are filled with words that say so.
"""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

from lightwell.archive import inventory
from lightwell.files import folder

DUE_DAYS = 90


def name_provider(documents: Path) -> tuple[str, str]:
    """Name the provider after the folder: its short id and its name as shown."""
    name = documents.resolve().name or "folder"
    slug = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "folder"
    return slug, name


def make_draft(documents: Path, today: datetime.date) -> dict[str, Any]:
    """Make the draft of a study of earlier research that holds every file of the folder."""
    slug, name = name_provider(documents)
    party = {"id": slug, "name": f"{name} (demo)"}
    return {
        "kind": "study",
        "publisher": {**party, "role": "other"},
        "provider": party,
        "services": [],
        "language": "en",
        "date": today.isoformat(),
        "body": {
            "title": f"All documents in the folder {name}",
            "summary": f"Every file that lay in the folder {name} on {today}, locked in and published by a demo.",
            "asks": [1],
            "topics": ["other"],
            "question": "What is in these documents?",
            "stage": "finished",
            "registered_in_advance": False,
            "started": _guess_start(documents),
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
                "from": _guess_start(documents),
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
    return inventory.draft_rows(names, today + datetime.timedelta(days=DUE_DAYS))


def _guess_start(documents: Path) -> str:
    # EDTF's question mark: uncertain. A file's date on disk is all that a folder tells.
    times = [(documents / name).stat().st_mtime for name in folder.list_names(documents)]
    return f"{datetime.datetime.fromtimestamp(min(times), datetime.UTC).year}?" if times else "2000?"

"""How a private answer on record is cited: one entry, as CSL-JSON and as BibTeX, for reference managers.

CSL-JSON: https://github.com/citation-style-language/schema (csl-data.json), an array of items. BibTeX is
written from the same item, so that both say the same. What is held back of a record stands in neither.
"""

from __future__ import annotations

import datetime
import json
from typing import Any

from lightwell.base.disclosure import Disclosure

FORMS = {"json": "application/vnd.citationstyles.csl+json", "bib": "application/x-bibtex; charset=utf-8"}
_ESCAPED = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "{}%&#_$"},
}


def describe_citation(
    record: Disclosure, *, site: str, path: str, origin: str, is_sample: bool
) -> dict[str, Any]:
    """Describe an answer as an item of CSL-JSON.

    `site` is the address before `path`, `origin` the log's name.
    """
    day = datetime.date.fromisoformat(record.date)
    note = f"Private answer {record.id}, {record.body['answer']}"
    return {
        "id": record.id,
        "type": "dataset",
        "title": _tidy(str(record.body.get("title") or record.id)),
        "author": [{"literal": _tidy(record.provider.name)}],
        "issued": {"date-parts": [[day.year, day.month, day.day]]},
        "version": str(record.version),
        "genre": "Private answer",
        "publisher": f"Lightwell ({origin})",
        "number": record.id,
        "note": f"{note}. Sample: the children who are counted are invented" if is_sample else note,
        "URL": f"{site}{path}",
    }


def format_csl(item: dict[str, Any]) -> str:
    """Write an item as a file of CSL-JSON."""
    return json.dumps([item], ensure_ascii=False, indent=1) + "\n"


def format_bibtex(item: dict[str, Any]) -> str:
    """Write an item of CSL-JSON as an entry of BibTeX, with `date` for biblatex and `year` for the older."""
    year, month, day = item["issued"]["date-parts"][0]
    fields = {
        # Doubled braces keep a company's name from being taken apart, and a title from losing its capitals.
        "author": f"{{{_escape(item['author'][0]['literal'])}}}",
        "title": f"{{{_escape(item['title'])}}}",
        "date": f"{year:04}-{month:02}-{day:02}",
        "year": str(year),
        "version": item["version"],
        "howpublished": _escape(item["publisher"]),
        "note": _escape(item["note"]),
        "url": item["URL"],
    }
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{{item['id']},\n{lines}\n}}\n"


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _escape(text: str) -> str:
    return "".join(_ESCAPED.get(sign, sign) for sign in text)

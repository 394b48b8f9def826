"""Example records as drafts to begin with: dated from today, without an id, and in one's own name.

The examples in `data/` are records of the sample, with the sample's ids and dates. Printed as they are, the
first study of every installation would bear the same id, and one registered in advance would have begun
long ago.
"""

from __future__ import annotations

import datetime
import json
import re

from lightwell.base import disclosure
from lightwell.files import data

_DATE = re.compile(r"(?<![\w/-])(20[2-4]\d)(?:-(\d\d)(?:-(\d\d))?)?(?![\w/-])")


def format_example(name: str, today: datetime.date, publisher: disclosure.Publisher | None = None) -> str:
    """Return the example `name` as YAML text, for `publisher` when one is given.

    Dates from the record's own day on move by whole months, so that what lay ahead of it lies ahead of
    `today`; what lay before it stays. `UserMistake` names the examples there are.
    """
    text = data.read_example(name).decode()
    text = _move_dates(text, today)
    if re.search("^version: 1$", text, re.MULTILINE):
        text = re.sub(r"^(id|version): .*\n", "", text, flags=re.MULTILINE)
    return text if publisher is None else _put_name(text, publisher)


def _put_name(text: str, publisher: disclosure.Publisher) -> str:
    name = json.dumps(publisher.name, ensure_ascii=False)
    line = f"publisher: {{id: {publisher.id}, role: {publisher.role}, name: {name}}}"
    text = re.sub("^publisher: .*$", lambda _: line, text, count=1, flags=re.MULTILINE)
    if publisher.role != "provider":
        return text
    # Whoever speaks as a company speaks about itself, and the sample's services are not its own.
    line = f"provider: {{id: {publisher.id}, name: {name}}}"
    text = re.sub("^provider: .*$", lambda _: line, text, count=1, flags=re.MULTILINE)
    return re.sub(
        r"^services:(?: \[\]|\n(?:  - .*\n?)+)", "services: []\n", text, count=1, flags=re.MULTILINE
    )


def _move_dates(text: str, today: datetime.date) -> str:
    written = re.search(r"^date: (\d+)-(\d+)-(\d+)$", text, re.MULTILINE)
    assert written is not None, "every example has a date of its own"
    year, month, day = (int(each) for each in written.groups())
    months = 12 * (today.year - year) + today.month - month - (today.day < day)

    def move(found: re.Match[str]) -> str:
        parts = [int(each) for each in found.groups() if each]
        if months <= 0 or parts < [year, month, day][: len(parts)] or parts == [year]:
            return found[0]
        # A year alone counts as its middle.
        count = 12 * parts[0] + (parts[1] - 1 if len(parts) > 1 else 6) + months
        moved = f"{count // 12}"
        if len(parts) > 1:
            moved += f"-{count % 12 + 1:02}"
        if len(parts) > 2:
            moved += f"-{min(parts[2], 28):02}"
        return moved

    return _DATE.sub(move, text)

"""CSV text to rows of cells, strictly: RFC 4180 with a choice of delimiter; what is broken names its row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from lightwell.base import errors


def split_rows(lines: Iterable[str], file: str, delimiter: str = ",") -> Iterator[list[str]]:
    """Split lines into rows; a row may go over several lines inside quotation marks.

    Raises `UserMistake` with the row for an open quotation, text behind one, or a cell beyond csv's own
    limit.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    row = 0
    while True:
        row += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise errors.UserMistake(f"this is not CSV: {error}", place=f"{file}, row {row}") from None
        yield cells


def format_cell(text: str) -> str:
    """Make a text safe for a CSV opened in a spreadsheet, where these characters begin a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text

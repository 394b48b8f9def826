"""The table of ASVS 5.0 has every requirement of levels 1 and 2 once, and every test it names exists."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "asvs.md").read_text("utf-8")
# Numbers of levels 1 and 2 by section, read from the standard's own table (version 5.0.0); always from 1 on.
_LAST = """
1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2
4.1:3 4.2:1 4.3:2 4.4:4 5.1:1 5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3
6.8:4 7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4 10.1:2
10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1
12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2 13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3
15.3:7 16.1:1 16.2:5 16.3:4 16.4:3 16.5:3 17.1:1 17.2:4 17.3:2
"""
LAST = {section: int(last) for section, last in (each.split(":") for each in _LAST.split())}


def read_rows() -> list[list[str]]:
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| V")]
    assert all(len(row) == 4 for row in rows), [row for row in rows if len(row) != 4]
    return rows


def test_every_requirement_of_levels_1_and_2_stands_there_once() -> None:
    wanted = [f"V{section}.{k}" for section, last in LAST.items() for k in range(1, last + 1)]
    assert len(wanted) == 253
    found = Counter(number for row in read_rows() for number in row[0].split(", "))
    assert sorted(set(wanted) - set(found)) == []
    assert [number for number, times in found.items() if times > 1 or number not in wanted] == []


def test_each_has_a_test_that_exists_or_a_reason() -> None:
    for numbers, _, how, shown in read_rows():
        assert how in ("test", "note", "n/a", "open"), numbers
        assert len(shown) > 3, numbers
        if how == "test":
            assert "tests/" in shown, numbers
    for path in re.findall(r"`((?:tests|docs)/[\w/.-]+)`", PAGE):
        assert (ROOT / path).exists(), path

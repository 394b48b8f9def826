"""Files of figures in a bundle come from strangers: each is read or refused in a sentence."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from lightwell.archive import logbook
from lightwell.base import canonical, disclosure, errors
from lightwell.client import figures, records
from lightwell.figures import mapping

PLATFORMS: dict[str, Any] = {
    "name": "x",
    "version": "1",
    "provider": "X",
    "kind": "platforms",
    "metrics": [{"pattern": "*", "counts": "reports"}],
}
TABLE: dict[str, Any] = {
    "name": "x",
    "version": "1",
    "provider": "X",
    "header": ["Period", "Area", "Value"],
    "columns": {
        "Period": {"is": "period"},
        "Area": {"is": "policy area"},
        "Value": {"is": "value", "metric": "Removed", "counts": "pieces"},
    },
    "binary_numbers": True,
}


def read(layout: dict[str, Any], title: str, data: bytes) -> None:
    found = mapping.parse_mapping({"name": "x", "versions": [layout]})
    figures.read_figures(found, title, data, None)


def make_json(cell: str) -> bytes:
    return b'{"NCMEC": {"columns": ["p", "reports"], "rows": [{"2023": ["A", %s]}]}}' % cell.encode()


@pytest.mark.parametrize(
    "data",
    [
        # Short texts for numbers that would fill the memory, were they ever computed.
        make_json("1e999999999"),
        make_json("1e-999999999"),
        make_json("1e9999999999999999999"),
        make_json("9" * 4000),
        make_json("9" * 5000),
        make_json("NaN"),
        make_json("-Infinity"),
        b'{"NCMEC": {"columns": ["p", "r"], "rows": [{"2023": ["A", 5]}], "rows": [{"2023": ["A", 6]}]}}',
        b'{"NCMEC": {"columns": ["p", "r"], "rows": 5}}',
        b'{"NCMEC": {"columns": ["p", "r"], "rows": null}}',
        b'{"NCMEC": {"columns": ["p", "r"], "rows": [{"2023": ["A\\u0000", 5]}]}}',
        b'{"NCMEC": {"columns": ["p", "r"], "rows": [{"2023": ["A\\ud800", 5]}]}}',
        b"[" * 100_000 + b"]" * 100_000,
    ],
    ids=lambda data: data[:80].decode(),
)
def test_hostile_json_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(errors.Refused):
        read(PLATFORMS, "a.json", data)


def test_ordinary_json_is_read() -> None:
    read(PLATFORMS, "a.json", make_json("12.5"))
    read(PLATFORMS, "a.json", json.dumps(json.loads(make_json("5"))).encode())


@pytest.mark.parametrize(
    "data",
    [
        b",".join(b"c%d" % n for n in range(300_000)) + b"\n",
        b"Period,Area,Value\n2023,a\x00b,5\n",
        b"Period,Area,Value\n2023,a\x1b[31mb,5\n",
        "Period,Area,Value\n2023,a\u202eb,5\n".encode(),
        b"Period,Area,Value\n2023," + b"a" * 450 + b",5\n",
        b"Period,Area,Value\n2023,a,9e99\n",
        b'Period,Area,Value\n2023,a,"' + b"a" * 200_000 + b'"\n',
    ],
    ids=["columns", "nul", "escape", "turning", "long", "exponent", "cell"],
)
def test_hostile_csv_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(errors.Refused):
        read(TABLE, "a.csv", data)


class Held:
    """A bundle that holds one layout and one file."""

    def __init__(self, *held: bytes) -> None:
        self.files = {f"files/{hashlib.sha256(each).hexdigest()}": each for each in held}

    def has(self, path: str) -> bool:
        return path in self.files

    def read(self, path: str) -> bytes:
        return self.files[path]


def make_record(layout: bytes, withheld: tuple[str, ...] = (), **changed: Any) -> disclosure.Disclosure:
    digests = [f"sha256:{hashlib.sha256(each).hexdigest()}" for each in (DATA, layout)]
    body = {
        "edition": "2023",
        "told_by": "company",
        "mapping": {"name": "x", "version": "1", "digest": digests[1]},
        "files": [{"id": "f1", "title": "a.csv", "digest": digests[0]}],
        "points_in_all": 1,
    }
    return disclosure.parse_disclosure(
        {
            "id": "fig-9tz590yxgh2v39",
            "kind": "figures-edition",
            "version": 1,
            "schema": 2,
            "publisher": {"id": "desk", "role": "newsroom", "name": "The Desk"},
            "provider": {"id": "x", "name": "X"},
            "language": "en",
            "date": "2026-11-25",
            "body": {**body, **changed},
            "withheld": [
                {
                    "pointer": place,
                    "ground": "junior-staff",
                    "expires": "2027-11-25",
                    "decided_by": "approver",
                    "commitment": "0" * 64,
                }
                for place in withheld
            ],
            "attachments": [
                {"digest": digest, "bytes": 1, "media_type": "text/csv", "title": f"{at}"}
                for at, digest in enumerate(digests)
            ],
        }
    )


DATA = b"Period,Area,Value\n2023,a,5\n"
LAYOUT = canonical.encode({"name": "x", "versions": [TABLE]})


def reread(record: disclosure.Disclosure, *held: bytes) -> figures.Reread:
    found = records.Records(disclosures={disclosure.compute_digest(record): record})
    held_files: Any = Held(DATA, *held)
    return figures.check_figures(held_files, logbook.Logbook(), found)


def test_an_honest_record_is_read_again() -> None:
    found = reread(make_record(LAYOUT), LAYOUT)
    assert found.points == 1
    assert figures.describe_unread(found) == []


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (make_record(LAYOUT, ("/body/mapping",), mapping=None), "its layout is held back"),
        (
            make_record(
                LAYOUT, ("/body/mapping/digest",), mapping={"name": "x", "version": "1", "digest": None}
            ),
            "its layout is held back",
        ),
        (
            make_record(LAYOUT, mapping={"name": "x", "version": "1"}),
            "no layout is attached to it by its fingerprint",
        ),
        (
            make_record(
                LAYOUT,
                files=[{"id": "f1", "title": "a.xlsx", "digest": make_record(LAYOUT).attachments[0].digest}],
            ),
            "only CSV and JSON files are read here, and its file is a.xlsx",
        ),
    ],
    ids=["layout held back", "fingerprint of the layout held back", "no layout", "workbook"],
)
def test_a_record_that_is_not_read_again_is_counted_and_named_with_the_reason(
    record: disclosure.Disclosure, why: str
) -> None:
    found = reread(record, LAYOUT)
    assert found.editions == 0
    count, line = figures.describe_unread(found)
    assert count.startswith("the figures in 1 of 1 versions of records of published figures")
    assert line == f"the figures of {record.id}, version 1: {why}"
    assert figures.format_reread(found)["not_read"] == [
        {"record": record.id, "version": 1, "title": "", "why": why}
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"files": [None]},
        {"files": [5]},
        {"files": [{"title": None, "digest": None}]},
        {"files": None},
        {"told_by": "clearing-house"},
        {"told_by": None},
        {"edition": "2024"},
        {"points_in_all": 2},
    ],
    ids=str,
)
def test_a_record_that_states_something_else_or_hides_its_file_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(errors.Refused):
        reread(make_record(LAYOUT, **changed), LAYOUT)


@pytest.mark.parametrize("layout", [b"[]", b"{", b"[" * 90 + b"]" * 90, canonical.encode({"name": "x"})])
def test_a_layout_that_is_none_is_refused(layout: bytes) -> None:
    with pytest.raises(errors.Refused):
        reread(make_record(layout), layout)


def test_the_words_of_a_forger_do_not_move_the_terminal() -> None:
    layout = canonical.encode({"name": "x", "versions": [{**TABLE, "\x1b[2J": 1}]})
    with pytest.raises(errors.Refused) as caught:
        reread(make_record(layout), layout)
    assert "\x1b" not in str(caught.value)

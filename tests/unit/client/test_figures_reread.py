"""Files of figures in a bundle come from strangers: each is read or refused in a sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lightwell.base import errors
from lightwell.client import figures
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

"""The raw scan reads what lies in, between and behind streams, and no packed bytes."""

from __future__ import annotations

import zlib

import pytest

from lightwell.files import rereading


def make(*streams: bytes, between: bytes = b"") -> bytes:
    parts = [
        b"%d 0 obj\n<< /Length 9 >>\nstream\n%b\nendstream\nendobj\n%b" % (k, each, between)
        for k, each in enumerate(streams)
    ]
    return b"%PDF-1.7\n" + b"".join(parts) + b"trailer\n<< >>\n%%EOF\n"


def scan(data: bytes) -> str:
    return "\n".join(
        map(rereading.find_runs, [rereading._cut_streams(data), *rereading.inflate_streams(data)])
    )


def test_packed_bytes_are_not_read_as_words_because_any_short_word_stands_in_millions_of_them() -> None:
    packed = zlib.compress(bytes(range(256)) * 2)
    read = b"".join(rereading.inflate_streams(make(packed, packed)))
    assert bytes(range(256)) in read
    assert packed[4:12] not in read


@pytest.mark.parametrize(
    "data",
    [
        make(b"BT (Ashdown) Tj ET"),
        make(zlib.compress(b"BT (Ashdown) Tj ET")),
        make(b"first", zlib.compress(b"BT (Ashdown) Tj ET")),
        make(zlib.compress(b"x"), zlib.compress(b"y"), between=b"(Ashdown)\n"),
        make(zlib.compress(b"x") + b"\nAshdown\n"),
        make(b"first", zlib.compress(b"x") + b"\nAshdown\n"),
        make(b"first", between=zlib.compress(b"BT (Ashdown) Tj ET")).replace(b"endobj\n", b""),
        make(zlib.compress(b"x")) + b"\nAshdown",
        make(b"cut off") + b"stream\nAshdown",
    ],
)
def test_a_word_is_found_wherever_it_lies(data: bytes) -> None:
    assert "Ashdown" in scan(data)

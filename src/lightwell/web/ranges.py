"""A part of a large file, so that a download that broke off goes on where it was (RFC 9110, section 14)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_CHUNK = 1 << 16
_ZIP = "application/zip"
_PART, _NOT_SATISFIABLE = 206, 416


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Read one range of bytes as first and last place; None for what asks for the whole file.

    Several ranges, other units and what cannot be read count as the whole, as section 14.2 allows. Raises
    `ValueError` when the range begins behind the end.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        first, last = max(0, size - int(found[2])), size - 1
    else:
        first, last = int(found[1]), min(int(found[2] or size), size - 1)
        if found[2] and int(found[2]) < first:
            return None
    if first >= size or first > last:
        raise ValueError(f"there are {size} bytes")
    return first, last


def send_file(
    request: HttpRequest, path: Path, name: str, tag: str, media_type: str = _ZIP
) -> HttpResponseBase:
    """Send a file for saving, or the part of it that is asked for; `tag` names these very bytes."""
    file = path.open("rb")
    size = os.fstat(file.fileno()).st_size
    # A part of another state of the file must never be put behind the part that somebody has.
    same = request.headers.get("If-Range", tag) == tag
    try:
        part = parse_range(request.headers.get("Range", ""), size) if same else None
    except ValueError:
        file.close()
        return HttpResponse(status=_NOT_SATISFIABLE, headers={"Content-Range": f"bytes */{size}"})
    answer: HttpResponseBase
    if part is None:
        answer = FileResponse(file, as_attachment=True, filename=name, content_type=media_type)
    else:
        first, last = part
        answer = StreamingHttpResponse(_read_part(file, first, last), status=_PART, content_type=media_type)
        answer.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
        answer.headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        answer.headers["Content-Length"] = str(last - first + 1)
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["ETag"] = tag
    return answer


def _read_part(file: BinaryIO, first: int, last: int) -> Iterator[bytes]:
    with file:
        file.seek(first)
        left = last - first + 1
        while left and (chunk := file.read(min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk

"""Files that a browser sends for a study: streamed into the private area, never into memory or elsewhere.

Django would first put everything into a temporary folder, whoever sends it, and mend names in silence. Here
the sender is known before a byte is read, each name is judged as it was sent, and what is too much passes by
without being kept. A form that turns out to be forged leaves nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.views.decorators.csrf import csrf_protect

from lightwell.actions import incoming
from lightwell.base import errors
from lightwell.base.errors import Problem
from lightwell.files.incoming import Area, Arrived, Limits

FIELD = "documents"
_CUT_OFF = "what was sent was cut off, and nothing of it was kept; load the page again and send it anew"


@dataclass(slots=True)
class Received:
    """What came with one request: files that wait for their places, and each refusal."""

    files: list[Arrived] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)


def receive_files(
    request: HttpRequest, area: Area, limits: Limits, answer: Callable[[HttpRequest, Received], HttpResponse]
) -> HttpResponse:
    """Receive files into the area, check the form's token, and have `answer` say what becomes of them.

    Who may send here was asked before. What `answer` gives no place is removed.
    """
    received = Received()
    handler = _Handler(area, limits, received)
    counted = _Counted(request)
    try:
        parser = _Parser(request.META, counted, [handler], request.encoding or "utf-8")
        request._post, request._files = parser.parse()
        if counted.passed != int(request.META.get("CONTENT_LENGTH") or 0):
            # The parser takes half a file for a whole one when a connection breaks.
            raise errors.UserMistake(_CUT_OFF)
        return csrf_protect(lambda sent: answer(sent, received))(request)
    except TooManyFilesSent:
        raise errors.UserMistake(
            "too many files at once; choose fewer and add the others after them"
        ) from None
    except MultiPartParserError:
        raise errors.UserMistake(_CUT_OFF) from None
    finally:
        handler.close()
        for each in received.files:
            each.path.unlink(missing_ok=True)


class _Counted:
    """Counts what is read of a request."""

    def __init__(self, source: HttpRequest) -> None:
        self._source, self.passed = source, 0

    def read(self, size: int) -> bytes:
        data: bytes = self._source.read(size)
        self.passed += len(data)
        return data


class _Parser(MultiPartParser):
    """Reads a form and leaves names of files as they were sent, so that their problems can be told."""

    def sanitize_file_name(self, file_name: str) -> str | None:
        """Undo only what browsers do to names in a form; a name is a path nowhere before it was judged."""
        name = file_name
        # What a browser writes for characters that a header cannot hold (HTML standard, multipart form data).
        for written, meant in (("%0D", "\r"), ("%0A", "\n"), ("%22", '"')):
            name = name.replace(written, meant)
        return name or None


class _Handler(FileUploadHandler):
    """Writes one file after the other into the area, hashing what passes."""

    def __init__(self, area: Area, limits: Limits, received: Received) -> None:
        super().__init__()
        self._area, self._limits, self._received = area, limits, received
        self._room = limits.total_bytes - sum(area.list_files().values())
        self._stream: IO[bytes] | None = None
        self._path: Path | None = None
        self._name, self._size, self._hash = "", 0, hashlib.sha256()

    def new_file(self, field_name: str, file_name: str, *args: Any, **settings: Any) -> None:
        """Judge the name and begin a file; one that cannot be taken is passed by."""
        super().new_file(field_name, file_name, *args, **settings)
        self._name, self._size, self._hash = file_name, 0, hashlib.sha256()
        if field_name != FIELD:
            raise SkipFile
        if problem := incoming.find_name_problem(file_name):
            self._refuse(problem)
        if any(each.name == file_name for each in self._received.files):
            self._refuse("two files of this name were sent at once; rename one of them")
        try:
            self._path = self._area.begin_file()
            # Exclusive and private from the first byte.
            self._stream = os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except OSError as error:
            self._refuse(incoming.explain_disk(error))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write what came, as far as there is room for it."""
        del start
        self._size += len(raw_data)
        if self._size > self._limits.file_bytes:
            self._refuse(incoming.describe_size(self._limits))
        if self._size > self._room:
            self._refuse(incoming.describe_total(self._limits))
        self._hash.update(raw_data)
        try:
            if self._stream:
                self._stream.write(raw_data)
        except OSError as error:
            self._refuse(incoming.explain_disk(error))

    def file_complete(self, file_size: int) -> None:
        """Make the file durable; it waits for its place."""
        del file_size
        if self._stream is None or self._path is None:
            return
        try:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
        except OSError as error:
            # Not raised further: the parser has nothing left of this file to pass by.
            self._drop(incoming.explain_disk(error))
            return
        self._received.files.append(Arrived(self._name, self._path, self._hash.hexdigest(), self._size))
        self._room -= self._size
        self._stream = self._path = None

    def close(self) -> None:
        """Remove what was begun and never completed."""
        if self._stream:
            self._drop("")

    def _refuse(self, sentence: str) -> None:
        self._drop(sentence)
        raise SkipFile

    def _drop(self, sentence: str) -> None:
        if sentence:
            self._received.refused.append(Problem(repr(self._name), sentence))
        if self._stream:
            # What could not be written on a full disk is thrown away anyway.
            with contextlib.suppress(OSError):
                self._stream.close()
        if self._path:
            self._path.unlink(missing_ok=True)
        self._stream = self._path = None

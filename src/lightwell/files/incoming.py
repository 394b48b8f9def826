"""Documents on their way in by a browser: a private folder for each study, until they are locked in.

    incoming/<study>/documents/   the files, under the names that were handed in
    incoming/<study>/arriving/    files of a request that is still being received
    incoming/<study>/list.csv     the list as it is edited, wrong cells too
    incoming/<study>/asked        what the worker is asked to do; taken away to stop it
    incoming/<study>/checked, read   what came of it
    incoming/<study>/inside   the files inside mails and office files, as the last check found them

Nobody but the account of the site can open the folder, and no address leads into it. It is in no backup: the
bytes are copies of what the publisher still has, and the sealed area holds them encrypted afterwards. Who
changes anything holds the study (`files/occupancy`). What may be done when: `actions/incoming`.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightwell.base import errors
from lightwell.files import durable, folder

FOLDER = "incoming"
FILE_VARIABLE, STUDY_VARIABLE = "LIGHTWELL_FILE_MB", "LIGHTWELL_STUDY_MB"
# A request that takes longer than this was cut off, and what it left may go.
ARRIVING_SECONDS = 24 * 3600.0
_LONGEST_PART = 255
_NOTES = ("asked", "checked", "read", "inside")


@dataclass(frozen=True, slots=True)
class Limits:
    """How many bytes one file may have, and all files of one study together."""

    file_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that was received and has no place yet: its name as handed in, where it lies, digest, size."""

    name: str
    path: Path
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Area:
    """The folder of one study."""

    root: Path

    @property
    def documents(self) -> Path:
        return self.root / "documents"

    @property
    def arriving(self) -> Path:
        return self.root / "arriving"

    def exists(self) -> bool:
        """Answer whether anything was ever handed in for this study and is not locked in yet."""
        return self.documents.is_dir()

    def list_files(self) -> dict[str, int]:
        """List the files by name with their sizes in bytes."""
        if not self.exists():
            return {}
        names = folder.read_folder(self.documents).names
        return {name: (self.documents / name).stat().st_size for name in names}

    def begin_file(self) -> Path:
        """Name a new place to receive a file in."""
        for each in (self.root.parent, self.root, self.documents, self.arriving):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.arriving / secrets.token_hex(16)

    def place_file(self, arrived: Arrived) -> None:
        """Give a received file its name, durably; `UserMistake` when the disk cannot bear the name.

        A crash here leaves the file in its place, or among those that are arriving.
        """
        target = self.documents / arrived.name
        try:
            for each in reversed([*target.relative_to(self.documents).parents][:-1]):
                (self.documents / each).mkdir(mode=0o700, exist_ok=True)
            os.replace(arrived.path, target)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise errors.UserMistake(
                "a folder and a file cannot have the same name", place=arrived.name
            ) from None
        durable.flush_folder(target.parent)

    def remove_file(self, name: str) -> bool:
        """Remove one file, and the folders that it leaves empty; answers whether there was one."""
        if name not in self.list_files():
            return False
        path = self.documents / name
        path.unlink()
        while (path := path.parent) != self.documents and not any(path.iterdir()):
            path.rmdir()
        durable.flush_folder(path)
        return True

    def read_table(self) -> str:
        """Read the list as CSV; empty before there is one."""
        try:
            return (self.root / "list.csv").read_text("utf-8")
        except FileNotFoundError:
            return ""

    def write_table(self, text: str) -> None:
        """Keep the list."""
        durable.replace_file(self.root / "list.csv", text.encode(), 0o600)

    def read_note(self, name: str) -> dict[str, Any] | None:
        """Read what was asked or found; None without it."""
        try:
            value = json.loads(self._find_note(name).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        return value if isinstance(value, dict) else None

    def write_note(self, name: str, value: dict[str, Any]) -> None:
        """Keep what is asked or found."""
        durable.replace_file(self._find_note(name), json.dumps(value).encode(), 0o600)

    def remove_note(self, name: str) -> None:
        """Take away what was asked or found."""
        self._find_note(name).unlink(missing_ok=True)

    def remove_all(self) -> None:
        """Remove everything of the study from here."""
        shutil.rmtree(self.root, ignore_errors=True)

    def remove_arriving(self, least_seconds: float = ARRIVING_SECONDS) -> int:
        """Remove what requests left that were cut off; returns how many files went."""
        old = [
            path
            for path in (self.arriving.iterdir() if self.arriving.is_dir() else ())
            if path.stat().st_mtime < time.time() - least_seconds
        ]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _find_note(self, name: str) -> Path:
        if name not in _NOTES:
            raise KeyError(name)
        return self.root / name


def open_area(root: Path, study: str) -> Area:
    """Open the folder of a study below the state folder `root`; it need not be there."""
    return Area(root / FOLDER / study)


def list_studies(root: Path) -> Iterator[str]:
    """List the studies for which something was handed in."""
    place = root / FOLDER
    for each in sorted(place.iterdir() if place.is_dir() else ()):
        if each.is_dir():
            yield each.name


def find_length_problem(name: str) -> str | None:
    """Say why a name is too long for a disk; None when it is not."""
    if any(len(part.encode()) > _LONGEST_PART for part in name.split("/")):
        return f"the file name is longer than {_LONGEST_PART} bytes; rename the file"
    return None


def read_limits() -> Limits:
    """Read from the environment how large files may be; `UserMistake` for what is no number of megabytes."""
    return Limits(_read_megabytes(FILE_VARIABLE, "500"), _read_megabytes(STUDY_VARIABLE, "5000"))


def _read_megabytes(variable: str, default: str) -> int:
    text = os.environ.get(variable) or default
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 10**8):
        raise errors.UserMistake(f"{variable} is {text!r}; write a number of megabytes such as {default}")
    return int(text) * 1_000_000

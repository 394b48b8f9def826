"""LibreOffice without a window: office files printed to PDF, many in one process, each process killed on a
hang.

One process for about twenty files costs a tenth of one for each. It has a profile of its own, which forbids
macros and links, and stands behind `files/confined`: no network, no file but its own. Its exit code says
nothing; a file counts as printed when its PDF is there, and whoever asked looks at its pages. What does not
come out of a batch is tried again in halves, down to single files. LibreOffice is optional: `find_office`
says whether it is here.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import lightwell
from lightwell.files import confined, preparation

NAME = "LibreOffice"
BATCH = 20
MEMORY_BYTES = 4 << 30
_STARTING_SECONDS, _FILE_SECONDS = 40, 20
# LibreOffice asks to be started again once it has made its profile.
_AGAIN, _MOST_STARTS = 81, 3

_COMMON = {"ExportNotes": "false", "ExportBookmarks": "false", "UseTaggedPDF": "false"}
_OPTIONS: dict[str, tuple[str, dict[str, str]]] = {
    preparation.WRITER: ("writer_pdf_Export", {"ExportNotesInMargin": "false"}),
    preparation.IMPRESS: ("impress_pdf_Export", {"ExportHiddenSlides": "true"}),
    preparation.IMPRESS_NOTES: (
        "impress_pdf_Export",
        {"ExportHiddenSlides": "true", "ExportNotesPages": "true"},
    ),
    preparation.CALC: ("calc_pdf_Export", {"SinglePageSheets": "true"}),
    preparation.CALC_PAGED: ("calc_pdf_Export", {}),
}
# The newer formats that older files are turned into, by their ending.
_NEWER = {
    "docx": "MS Word 2007 XML",
    "xlsx": "Calc MS Excel 2007 XML",
    "pptx": "Impress MS PowerPoint 2007 XML",
}
# No macros, no links brought up to date, no content from untrusted places.
_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
{items}
</oor:items>
"""
_SETTINGS = (
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Writer/Content/Update", "Link", "0"),
    ("Office.Calc/Content/Update", "Link", "2"),
    ("Office.Calc/Formula/Load", "OOXMLRecalcMode", "1"),
    ("Office.Calc/Formula/Load", "ODFRecalcMode", "1"),
)


@dataclass(frozen=True, slots=True)
class Office:
    """The installed LibreOffice: its program and its version."""

    program: Path
    version: str


@functools.lru_cache(maxsize=1)
def find_office() -> Office | None:
    """Find LibreOffice on this machine; None when it is not installed."""
    program = _find_program()
    return Office(program, _read_version(program)) if program else None


def _find_program() -> Path | None:
    found = shutil.which("soffice") or shutil.which("libreoffice")
    program = Path(found).resolve().parent / "soffice.bin" if found else None
    return program if program and program.exists() else None


def _read_version(program: Path) -> str:
    with tempfile.TemporaryDirectory() as profile, contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(  # noqa: S603 - the installed program, asked for its version
            [str(program), f"-env:UserInstallation={Path(profile).as_uri()}", "--version"],
            capture_output=True,
            text=True,
            timeout=_STARTING_SECONDS,
            check=False,
        )
        if told := re.search(r"\b(\d+(?:\.\d+)+)\b", done.stdout):
            return told[1]
    return "of unknown version"


def is_here() -> bool:
    """Answer whether LibreOffice is installed, without starting it."""
    return _find_program() is not None


def convert_files(sources: Sequence[Path], filter_name: str, folder: Path) -> dict[Path, Path | None]:
    """Print files of one filter to PDF below `folder`; None for each that LibreOffice does not print.

    `filter_name` may be the ending of a newer format instead, into which the files are turned. The names of
    `sources` are different and lie below `folder`, because LibreOffice may read nothing else.
    """
    ending = filter_name if filter_name in _NEWER else "pdf"
    printed: dict[Path, Path | None] = {}
    waiting = [list(sources[at : at + BATCH]) for at in range(0, len(sources), BATCH)]
    while waiting:
        batch = waiting.pop()
        target = folder / f"printed-{secrets.token_hex(4)}"
        _run_batch(batch, filter_name, folder, target)
        missing = []
        for source in batch:
            made = target / f"{source.stem}.{ending}"
            if made.exists() and made.stat().st_size:
                printed[source] = made
            else:
                missing.append(source)
        if len(batch) == 1:
            printed |= dict.fromkeys(missing)
        elif missing:
            half = (len(missing) + 1) // 2
            waiting += [part for part in (missing[:half], missing[half:]) if part]
    return printed


def _run_batch(batch: Sequence[Path], filter_name: str, folder: Path, target: Path) -> None:
    office = find_office()
    if office is None:
        return
    profile = folder / f"profile-{secrets.token_hex(4)}"
    _write_profile(profile)
    order = {
        "memory": MEMORY_BYTES,
        "seconds": _STARTING_SECONDS + _FILE_SECONDS * len(batch),
        "scratch": str(folder),
        "reads": [],
        "command": [
            str(office.program),
            f"-env:UserInstallation={profile.as_uri()}",
            *(
                "--headless",
                "--norestore",
                "--nologo",
                "--nodefault",
                "--nolockcheck",
                "--nofirststartwizard",
            ),
            "--convert-to",
            _name_target(filter_name),
            "--outdir",
            str(target),
            *map(str, batch),
        ],
    }
    try:
        for _ in range(_MOST_STARTS):
            code = _run_confined(order, folder, _STARTING_SECONDS + _FILE_SECONDS * len(batch))
            _remove_socket(profile)
            if code != _AGAIN:
                return
    finally:
        shutil.rmtree(profile, ignore_errors=True)


def _name_target(filter_name: str) -> str:
    if filter_name in _NEWER:
        return f"{filter_name}:{_NEWER[filter_name]}"
    export, options = _OPTIONS[filter_name]
    told = {key: {"type": "boolean", "value": value} for key, value in (*_COMMON.items(), *options.items())}
    return f"pdf:{export}:{json.dumps(told, separators=(',', ':'))}"


def _run_confined(order: dict[str, object], folder: Path, seconds: float) -> int | None:
    """Run a program behind its fence; None when it had to be killed, with all it started."""
    environment = {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PYTHONPATH": str(Path(next(iter(lightwell.__path__))).parent),
    }
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
        [sys.executable, "-P", "-m", "lightwell.files.confined", json.dumps(order)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=folder,
        start_new_session=True,
    )
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        # The session is its own, so that this reaches whatever it started and nothing else.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _write_profile(profile: Path) -> None:
    items = "\n".join(
        f'<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>"
        for path, name, value in _SETTINGS
    )
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE.format(items=items), "utf-8")


def _remove_socket(profile: Path) -> None:
    """Remove the socket that LibreOffice leaves in /tmp, where its fence lets it make one and remove none."""
    # Its name is the MD5 of the profile's address in UTF-16, each byte without a leading zero (unotools).
    digest = hashlib.md5(profile.as_uri().encode("utf-16-le"), usedforsecurity=False).digest()
    name = f"OSL_PIPE_{os.getuid()}_SingleOfficeIPC_{''.join(f'{byte:x}' for byte in digest)}"
    with contextlib.suppress(OSError):
        (Path(confined.SOCKET_FOLDER) / name).unlink()

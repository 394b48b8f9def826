"""Attacks on a redacted PDF: everything that a curious reader would point at it, and which secrets come back.

Each attacker is independent of how the file was made. Engines of ours run behind the fence
(`files/rereading`); programs of others are called where they are installed and named where they are not,
with a time limit and no shell. A secret counts as recovered when at least three quarters of its letters
stand in a row in what an attacker says, with all blanks and marks taken out of text, and within one word
in bytes.
"""

from __future__ import annotations

import base64
import contextlib
import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from lightwell.archive import residue
from lightwell.base import errors
from lightwell.files import ocr, rereading, workers

OCR_DPI = 200
TEXT, BYTES = "text", "bytes"
_SECONDS = 120
_LEAST_LETTERS = 5
_MOST_PICTURES = 200

Run = Callable[[Path, Path], Iterator[tuple[str, str]]]
"""From the file and a folder for scratch to texts, each with its kind: TEXT or BYTES."""


@dataclass(frozen=True, slots=True)
class Attacker:
    """A program that reads what it can; `needs` are the programs without which it cannot run."""

    name: str
    needs: tuple[str, ...]
    run: Run
    package: str = ""


@dataclass(frozen=True, slots=True)
class Attack:
    """What came back: by attacker the numbers of the secrets; and who could not attack, with the reason."""

    recovered: Mapping[str, frozenset[int]]
    missing: Mapping[str, str]

    @property
    def all_recovered(self) -> frozenset[int]:
        """Join what all attackers got."""
        return frozenset().union(*self.recovered.values())


def list_programs() -> list[Attacker]:
    """List the attackers that are programs of others."""
    return [
        Attacker("mutool", ("mutool",), _run_mutool, "mupdf-tools"),
        Attacker("pdftotext", ("pdftotext",), _run_pdftotext, "poppler-utils"),
        Attacker("pdftohtml", ("pdftohtml",), _run_pdftohtml, "poppler-utils"),
        Attacker("pdfinfo", ("pdfinfo",), _run_pdfinfo, "poppler-utils"),
        Attacker("pdfdetach", ("pdfdetach",), _run_pdfdetach, "poppler-utils"),
        Attacker("qpdf", ("qpdf",), _run_qpdf, "qpdf"),
        Attacker("exiftool", ("exiftool",), _run_exiftool, "libimage-exiftool-perl"),
        Attacker("Ghostscript", ("gs",), _run_ghostscript, "ghostscript"),
        Attacker("pictures and OCR", ("mutool", "pdfimages"), _run_pictures, "mupdf-tools"),
    ]


def attack_file(pdf: bytes, secrets: Sequence[str], pool: workers.Pool) -> Attack:
    """Attack a PDF with everything that is installed."""
    recovered: dict[str, set[int]] = {}
    missing: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="lightwell-attack-") as name:
        path = Path(name) / "file.pdf"
        path.write_bytes(pdf)
        for attacker, kind, text in _run_engines(path, pool):
            recovered.setdefault(attacker, set()).update(find_secrets(secrets, text, kind))
        for program in list_programs():
            if absent := [each for each in program.needs if shutil.which(each) is None]:
                missing[program.name] = f"{' and '.join(absent)} not installed ({program.package})"
                continue
            scratch = Path(name) / program.name
            scratch.mkdir()
            found = recovered.setdefault(program.name, set())
            for kind, text in program.run(path, scratch):
                found |= find_secrets(secrets, text, kind)
        if not ocr.is_here():
            missing["OCR of every page"] = "tesseract not installed (tesseract-ocr-eng)"
        else:
            texts = _read_pages(path, pool)
            recovered["OCR of every page"] = set().union(
                *(find_secrets(secrets, t, TEXT) for t in texts), set()
            )
    return Attack({name: frozenset(found) for name, found in recovered.items()}, missing)


def find_secrets(secrets: Sequence[str], text: str, kind: str = TEXT) -> set[int]:
    """Find the numbers of the secrets (from 0) of which three quarters stand in a row in a text."""
    words = [residue.fold(word) for word in text.split()]
    joined = ("" if kind == TEXT else "\n").join(words)
    backwards = joined[::-1] if kind == TEXT else ""
    found = set()
    for number, secret in enumerate(secrets):
        key = residue.fold(secret)
        length = max(min(len(key), _LEAST_LETTERS), -(-len(key) * 3 // 4))
        pieces = {key[at : at + length] for at in range(len(key) - length + 1)}
        if key and any(piece in joined or piece in backwards for piece in pieces):
            found.add(number)
    return found


def _run_engines(path: Path, pool: workers.Pool) -> Iterator[tuple[str, str, str]]:
    """Read with the engines of the residue check; an engine that fails recovers nothing."""
    task = {"do": "reread", "path": str(path), "first": 1, "last": 1 << 20, "whole": True, "crops": []}
    (outcome,) = pool.run([task])
    if not isinstance(outcome, dict):
        return
    for extractor, exit_name, _, text in outcome["readings"]:
        raw = extractor == rereading.RAW and exit_name != rereading.STRINGS
        yield str(extractor), BYTES if raw else TEXT, str(text)


def _read_pages(path: Path, pool: workers.Pool) -> list[str]:
    """Read every page by OCR, upright and turned both ways."""
    counted = next(iter(pool.run([{"do": "check", "path": str(path)}])))
    pages = counted.get("pages") or 0 if isinstance(counted, dict) else 0
    tasks = [{"do": "draw", "path": str(path), "number": n, "dpi": OCR_DPI} for n in range(1, pages + 1)]
    pictures = []
    for outcome in pool.run(tasks):
        if isinstance(outcome, dict):
            upright = base64.b64decode(outcome["png"])
            pictures += [upright, *_turn(upright)]
    return ocr.read_pictures(pictures, ocr.ANYWHERE, pool)


def _turn(png: bytes) -> Iterator[bytes]:
    with Image.open(io.BytesIO(png)) as picture:
        # Coarser, because words turned are mostly none and take the longest to be found out.
        smaller = picture.convert("L").resize((picture.width * 3 // 4, picture.height * 3 // 4))
        for degrees in (90, 270):
            out = io.BytesIO()
            smaller.rotate(degrees, expand=True).save(out, "PNG", compress_level=1)
            yield out.getvalue()


def _call(*command: str, folder: Path) -> bytes:
    """Call a program; what it says before it fails counts as well."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(  # noqa: S603 - programs found by name, paths of our own, no shell
            command,
            capture_output=True,
            cwd=folder,
            timeout=_SECONDS,
            check=False,
            env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "OMP_THREAD_LIMIT": "1"},
        )
        return done.stdout
    return b""


def _say(*command: str, folder: Path) -> tuple[str, str]:
    return TEXT, _call(*command, folder=folder).decode("utf-8", "replace")


def _read_folder(folder: Path) -> Iterator[tuple[str, str]]:
    for each in sorted(folder.rglob("*")):
        if each.is_file():
            data = each.read_bytes()
            yield BYTES, each.name
            yield BYTES, rereading.find_runs(data)
            for inflated in rereading.inflate_streams(data):
                yield BYTES, rereading.find_runs(inflated)


def _run_mutool(path: Path, folder: Path) -> Iterator[tuple[str, str]]:
    yield _say("mutool", "draw", "-F", "txt", str(path), folder=folder)
    yield _say("mutool", "draw", "-F", "html", str(path), folder=folder)
    yield _say("mutool", "show", str(path), "outline", folder=folder)
    yield _say("mutool", "show", str(path), "grep", folder=folder)
    _call("mutool", "clean", "-d", "-a", str(path), "clean.pdf", folder=folder)
    yield from _read_folder(folder)


def _run_pdftotext(path: Path, folder: Path) -> Iterator[tuple[str, str]]:
    for mode in ("-raw", "-layout"):
        yield _say("pdftotext", mode, str(path), "-", folder=folder)


def _run_pdftohtml(path: Path, folder: Path) -> Iterator[tuple[str, str]]:
    yield _say("pdftohtml", "-xml", "-hidden", "-i", "-stdout", str(path), folder=folder)


def _run_pdfinfo(path: Path, folder: Path) -> Iterator[tuple[str, str]]:
    for mode in ((), ("-custom",), ("-meta",), ("-js",), ("-struct-text",), ("-dests",), ("-url",)):
        yield _say("pdfinfo", *mode, str(path), folder=folder)


def _run_pdfdetach(path: Path, folder: Path) -> Iterator[tuple[str, str]]:
    yield _say("pdfdetach", "-list", str(path), folder=folder)
    _call("pdfdetach", "-saveall", "-o", str(folder), str(path), folder=folder)
    for each in sorted(folder.iterdir()):
        if each.read_bytes()[:1024].find(b"%PDF-") >= 0 and shutil.which("pdftotext"):
            yield _say("pdftotext", str(each), "-", folder=folder)
        with contextlib.suppress(shutil.ReadError, ValueError, OSError):
            shutil.unpack_archive(each, folder / f"{each.name}.unpacked")
    yield from _read_folder(folder)


def _run_qpdf(path: Path, folder: Path) -> Iterator[tuple[str, str]]:
    _call(
        "qpdf",
        "--qdf",
        "--object-streams=disable",
        "--decode-level=all",
        "--preserve-unreferenced",
        str(path),
        "unpacked.pdf",
        folder=folder,
    )
    yield from _read_folder(folder)


def _run_exiftool(path: Path, folder: Path) -> Iterator[tuple[str, str]]:
    yield _say("exiftool", "-a", "-u", "-U", "-g1", "-ee", "-v3", str(path), folder=folder)
    yield _say("exiftool", "-a", "-u", "-g1", "-ee", str(path), folder=folder)


def _run_ghostscript(path: Path, folder: Path) -> Iterator[tuple[str, str]]:
    options = ("-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=txtwrite", "-sOutputFile=-")
    yield _say("gs", *options, str(path), folder=folder)


def _run_pictures(path: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """Take out every picture, also those that no page draws; read it and what is said about it."""
    _call("mutool", "extract", str(path), folder=folder)
    _call("pdfimages", "-all", str(path), "image", folder=folder)
    pictures = []
    for each in sorted(folder.iterdir())[:_MOST_PICTURES]:
        if shutil.which("exiftool"):
            yield _say("exiftool", "-a", "-u", "-g1", str(each), folder=folder)
        with contextlib.suppress(OSError, ValueError), Image.open(each) as picture:
            out = io.BytesIO()
            picture.convert("RGB").save(out, "PNG", compress_level=1)
            pictures.append(out.getvalue())
    with contextlib.suppress(errors.CouldNotCheck):
        for text in ocr.read_pictures(pictures, ocr.ANYWHERE):
            yield TEXT, text

"""`lightwell check`: is a file that somebody holds, or a damaged copy, in the public archive?

Nothing that follows from the held file leaves this computer. Exit codes: 0 found, 1 not found, 2 could not
check.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
import httpx

from lightwell.base import errors
from lightwell.client import bundle_pages, fetch, fingerprints
from lightwell.client import check as checks
from lightwell.files import held

ADDRESS = "everything.fingerprints"
_TIMEOUT = httpx.Timeout(30.0)
_FOUND, _NOT_FOUND = 0, 1


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--set", "set_file", type=click.Path(path_type=Path), help="A fingerprint set that you downloaded."
)
@click.option("--site", help="A site; its whole fingerprint set is downloaded, and nothing is sent.")
@click.option("--bundle", "folder", type=click.Path(path_type=Path), help="A bundle: everything public.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer for programs.")
@click.pass_context
def check(
    context: click.Context,
    file: Path,
    set_file: Path | None,
    site: str | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Look for FILE in what was published, also as a damaged or photographed copy.

    FILE is a PDF, a picture (read by Tesseract) or text. Says in which document and version it is, which
    words differ and what is hidden there. Nothing about FILE is sent to anybody.

    Example: lightwell check page.jpg --site https://archive.example
    """
    if sum(each is not None for each in (set_file, site, folder)) != 1:
        raise click.UsageError("say where to look: --set FILE, --site ADDRESS or --bundle FOLDER")
    try:
        data = _read_held(file)
        with _open_archive(set_file, site, folder) as archive:
            # Read after the download, so that nobody can tell from its time what is being looked for.
            reading = held.read_file(file, data)
            sheets = tuple(checks.Sheet(each.name, each.text, each.by_ocr) for each in reading.pages)
            report = checks.check_file(checks.Held(file.name, checks.measure_bytes(data), sheets), archive)
            if not report.is_found and not report.could_look:
                why = "; ".join(reading.notes) or f"{file.name} has too few words in a row to look for it"
                raise errors.CouldNotCheck(f"no public file has the same bytes, and {why}")
            _print(report, reading.notes, as_json)
    except (errors.CouldNotCheck, errors.Refused) as error:
        _give_up(context, error.sentence, as_json)
    except errors.UserMistake as error:
        _give_up(context, str(error.problems[0]), as_json)
    context.exit(_FOUND if report.is_found else _NOT_FOUND)


def _print(report: checks.Report, notes: tuple[str, ...], as_json: bool) -> None:
    if as_json:
        value = checks.format_json(report) | {"notes": list(notes)}
        click.echo(json.dumps(value, indent=1, ensure_ascii=False))
        return
    click.echo(checks.format_report(report))
    for note in notes:
        click.echo(f"note: {note}")


def _give_up(context: click.Context, sentence: str, as_json: bool) -> None:
    sentence = "".join(each if each.isprintable() else "?" for each in sentence)
    if as_json:
        click.echo(json.dumps({"verdict": "could not check", "sentence": sentence}, ensure_ascii=False))
    else:
        click.echo(f"could not check: {sentence}")
    context.exit(errors.CouldNotCheck.exit_code)


def _read_held(path: Path) -> bytes:
    try:
        if path.stat().st_size > held.MAX_BYTES:
            raise errors.CouldNotCheck(f"{path} has more than {held.MAX_BYTES:,} bytes")
        if not path.is_file():
            raise errors.CouldNotCheck(f"{path} is not a file")
        return path.read_bytes()
    except OSError as error:
        raise errors.CouldNotCheck(f"{path} cannot be read: {error.strerror}") from None


@contextlib.contextmanager
def _open_archive(
    set_file: Path | None, site: str | None, folder: Path | None
) -> Iterator[fingerprints.Archive]:
    """Open what is looked in; a site is asked for its whole set, whatever is looked for."""
    if folder is not None:
        yield bundle_pages.open_pages(folder)
        return
    with contextlib.ExitStack() as stack:
        path = set_file
        if site is not None:
            if not fetch.is_address(site):
                raise errors.CouldNotCheck(f"{site} is no web address such as https://archive.example")
            room = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lightwell-")))
            with httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client:
                path = fetch.download(f"{site.rstrip('/')}/{ADDRESS}", room, client)
        assert path is not None
        yield stack.enter_context(fingerprints.open_set(path))

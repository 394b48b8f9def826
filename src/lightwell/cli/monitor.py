"""`lightwell monitor`: watch an archive from outside, with the plain install."""

from __future__ import annotations

import datetime
import tempfile
from pathlib import Path

import click
import httpx

from lightwell.base import errors
from lightwell.cli import verify
from lightwell.client import bundle, fetch
from lightwell.client import monitor as monitors

_SERIOUS = ("fork", "shrink", "missing", "policy", "silent", "disproved", "overdue", "review")


@click.command()
@click.argument("target", metavar="URL-or-BUNDLE")
@click.option(
    "--state", "folder", required=True, type=click.Path(path_type=Path), help="Your folder for what was seen."
)
@click.option(
    "--policy", "policy_file", type=click.Path(path_type=Path), help="Whose signatures you require."
)
@click.option(
    "--as-of",
    "day",
    help="A date such as 2026-11-25. Without it: today, for a labelled sample its own newest day.",
)
@click.pass_context
def monitor(
    context: click.Context, target: str, folder: Path, policy_file: Path | None, day: str | None
) -> None:
    """Look at a site (https://...) or a bundle once, and compare it with what was seen before.

    Exit code 0: nothing to report. 1: a fork, a shrunken log, missing studies, late documents.
    2: could not check.

    Example: lightwell monitor https://archive.example --state seen/
    """
    rule = verify.read_policy(policy_file)
    try:
        today = datetime.date.fromisoformat(day) if day else datetime.datetime.now(datetime.UTC).date()
    except ValueError:
        raise errors.UserMistake(f"--as-of {day!r} is not a date such as 2026-11-25") from None
    with (
        httpx.Client(timeout=30.0, follow_redirects=True) as wire,
        tempfile.TemporaryDirectory(prefix="lightwell-") as name,
    ):
        report = monitors.watch_archive(
            _open_source(target, Path(name), wire), folder, rule, today, sample_day=day is None
        )
    click.echo(
        f"{report.origin}: {report.size} entries, {report.size_before} when last seen; "
        f"confirmed by {', '.join(report.witnesses) or 'nobody but the publisher'}"
    )
    if report.day not in (None, today):
        click.echo(f"a labelled sample, judged by its own clock as of {report.day}")
    for finding in sorted(report.findings, key=lambda each: _SERIOUS.index(each.kind)):
        click.echo(f"{finding.kind}: {finding.sentence}")
    if report.findings:
        context.exit(errors.Refused.exit_code)
    click.echo("nothing to report")


def _open_source(target: str, folder: Path, wire: httpx.Client) -> monitors.Source:
    if fetch.is_address(target) and not target.endswith(".zip"):
        return monitors.SiteSource(target, wire)
    path = fetch.download(target, folder, wire) if fetch.is_address(target) else Path(target)
    if path.is_file() and fetch.is_packed(path):
        path = fetch.unpack(path, folder / "unpacked")
    if not path.is_dir():
        raise errors.CouldNotCheck(f"{target} is neither a site nor a bundle")
    return monitors.BundleSource(bundle.open_bundle(path))

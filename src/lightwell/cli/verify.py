"""`lightwell verify` and `lightwell gaps`: what anybody may ask of a bundle, with the plain install.

Exit codes: 0 verified, 1 refused with one sentence that names the place, 2 could not check.
"""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import httpx

from lightwell.base import errors
from lightwell.client import bundle as bundles
from lightwell.client import fetch, history, monitor, private_answers, proofs, records
from lightwell.client import verify as verdicts
from lightwell.tlog import policy

_TIMEOUT = httpx.Timeout(30.0)


@click.command()
@click.argument("target")
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path),
    help="Whose signatures you require (C2SP tlog-policy). Without it: the publisher's own file.",
)
@click.option("--record", type=click.Path(path_type=Path), help="The record that a .tlog-proof speaks of.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict for programs.")
@click.pass_context
def verify(
    context: click.Context, target: str, policy_file: Path | None, record: Path | None, as_json: bool
) -> None:
    """Verify TARGET: a bundle (folder, .zip or web address), the proof of one page, or a .tlog-proof.

    Needs no account, no database and, for what is on this disk, no network.

    Example: lightwell verify bundle/ --policy my-policy
    """
    try:
        rule = read_policy(policy_file)
        with _place_on_disk(target) as path:
            value, text = _judge(path, rule, record)
        click.echo(json.dumps(value, indent=1, ensure_ascii=False) if as_json else text)
    except errors.Refused as error:
        _report(context, "refused", error.sentence, as_json, error.exit_code)
    except errors.UserMistake as error:
        _report(context, "refused", str(error.problems[0]), as_json, errors.Refused.exit_code)
    except errors.CouldNotCheck as error:
        _report(context, "could not check", error.sentence, as_json, error.exit_code)


@click.command()
@click.argument("target", metavar="BUNDLE")
@click.option("--as-of", "day", help="A date such as 2026-11-25. Without it: the bundle's day.")
@click.option(
    "--policy", "policy_file", type=click.Path(path_type=Path), help="Whose signatures you require."
)
@click.pass_context
def gaps(context: click.Context, target: str, day: str | None, policy_file: Path | None) -> None:
    """Recompute from the log of BUNDLE what became of every document that was locked in, as CSV.

    What the log names and the bundle lacks without a reason, such as a study that somebody deleted, is
    told beside the table, with exit code 1. So is a study that promised something and locked nothing in,
    which no row can show; that alone is no reason for another exit code.

    Example: lightwell gaps bundle/ --as-of 2026-11-25
    """
    rule = read_policy(policy_file)
    with _place_on_disk(target) as path:
        bundle = bundles.open_bundle(_find_folder(path))
        found = history.read_history(bundle, rule)
        missing = found.book.list_missing(lambda named: bundle.has(records.name_record(named.digest)))
        stated = found.account if day is None else found.compute_account(_parse_day(day))
        source = monitor.BundleSource(bundle)
        broken = monitor.list_broken(
            source, found.publishers_policy, found.results, found.entries, stated, stated.day
        )
    click.echo(stated.format_gaps().encode(), nl=False)  # bytes, so that no system turns line ends
    for named in missing:
        click.echo(f"missing: {found.book.describe_missing(named)}", err=True)
    for sentence in broken:
        click.echo(f"note: {sentence}", err=True)
    if missing:
        context.exit(errors.Refused.exit_code)


def read_policy(path: Path | None) -> policy.Policy | None:
    """Read the policy the verifier brings; `CouldNotCheck` when it is no policy."""
    if path is None:
        return None
    try:
        return policy.parse_policy(path.read_bytes())
    except OSError as error:
        raise errors.CouldNotCheck(f"the policy {path} cannot be read: {error.strerror}") from None
    except errors.UserMistake as error:
        raise errors.CouldNotCheck(f"{path} is no policy: {error.problems[0]}") from None


def _judge(path: Path, rule: policy.Policy | None, record: Path | None) -> tuple[dict[str, object], str]:
    if path.is_dir():
        verdict = verdicts.verify_bundle(path, rule, _find_codebook_reader())
        return verdicts.format_json(verdict), verdicts.format_verdict(verdict)
    data = _read(path)
    if rule is None:
        raise errors.CouldNotCheck(
            "a proof in one file is worth what the policy is worth that you bring: use --policy FILE"
        )
    if data.startswith(b"c2sp.org/tlog-proof@"):
        found = proofs.verify_entry_proof(data, rule, _read(record) if record else None, path.name)
    else:
        found = proofs.verify_page_proof(data, rule, path.name)
    names = ", ".join(sorted(found.witnesses)) or "no witness, as your policy asks for none"
    lines = [
        f"verified: {found.sentence}.",
        f"Log {found.origin}, {found.size} entries; confirmed by {names}.",
    ]
    if found.origin.startswith(verdicts.SAMPLE_PREFIX):
        lines.append("This is a labelled sample on a sample clock; its witnesses show the mechanism only.")
    lines.append("Not proven: that the content is true, or that nothing else was locked in.")
    value: dict[str, object] = {"verdict": "verified", "sentence": found.sentence, "origin": found.origin}
    value |= {"size": found.size, "index": found.index, "witnesses": dict(found.witnesses)}
    return value, "\n".join(lines)


def _find_codebook_reader() -> private_answers.ReadCodebook | None:
    """Find what reads codebooks; None with the plain install, whose verdict says that they were not read."""
    try:
        from lightwell.engines import codebook_files
    except ImportError:
        return None
    return codebook_files.describe_codebook


@contextmanager
def _place_on_disk(target: str) -> Iterator[Path]:
    """Give the target as a folder or a file on this disk, fetched and unpacked where needed."""
    with tempfile.TemporaryDirectory(prefix="lightwell-") as name:
        folder, path = Path(name), Path(target)
        if fetch.is_address(target):
            (folder / "fetched").mkdir()
            with httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client:
                path = fetch.download(target, folder / "fetched", client)
        if not path.exists():
            raise errors.CouldNotCheck(f"there is nothing at {target}")
        if path.is_file() and fetch.is_packed(path):
            (folder / "unpacked").mkdir()
            path = fetch.unpack(path, folder / "unpacked")
        yield path


def _find_folder(path: Path) -> Path:
    if not path.is_dir():
        raise errors.CouldNotCheck(f"{path.name} is no bundle; give its folder, its .zip or its address")
    return path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise errors.CouldNotCheck(f"{path} cannot be read: {error.strerror}") from None


def _parse_day(text: str) -> datetime.date:
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        raise errors.UserMistake(f"--as-of {text!r} is not a date such as 2026-11-25") from None
    return day


def _report(context: click.Context, verdict: str, sentence: str, as_json: bool, code: int) -> None:
    # A file's name could hold what a terminal obeys, such as a return and a better verdict.
    sentence = "".join(each if each.isprintable() else "?" for each in sentence)
    if as_json:
        click.echo(json.dumps({"verdict": verdict, "sentence": sentence}, ensure_ascii=False))
    else:
        click.echo(f"{verdict}: {sentence}")
    context.exit(code)

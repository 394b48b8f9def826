"""`lightwell challenge`: is a paper that somebody holds in a company's sealed inventory?

`make`, `check`, `list --bundle` and `disprove` work in the plain install and without a network; `hand-in`
sends what it says and nothing else. Exit codes: 0 nothing contradicts what was said, 1 refused, no answer in
time or a false answer, 2 could not check. Of `disprove`: 0 it was shown to be false, 1 it was not.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import httpx

from lightwell.archive import challenge as rules
from lightwell.archive import receipt, register, seal
from lightwell.base import errors, fields
from lightwell.base.canonical import Json
from lightwell.cli import installation, verify
from lightwell.client import bundle as bundles
from lightwell.client import challenges, fetch, history
from lightwell.files import disk

_TIMEOUT = httpx.Timeout(30.0)
_AS = click.option("--as", "person", required=True, metavar="NAME", help="The account you act for.")
_BUNDLE = click.option(
    "--bundle", "folder", type=click.Path(path_type=Path), help="A bundle: everything public."
)
_POLICY = click.option(
    "--policy", "policy_file", type=click.Path(path_type=Path), help="Whose signatures you require."
)
_SITE = click.option("--site", help="The address of a site, such as https://archive.example.")
_CHUNK = 1 << 20


@click.group()
def challenge() -> None:
    """Ask a company whether a paper is in its sealed inventory, without showing the paper to anybody."""


@challenge.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--company", required=True, metavar="ID", help="Whom to ask, by the id in its address.")
@click.option("--out", type=click.Path(path_type=Path), help="Default: FILE.receipt.json.")
@click.option(
    "--bits",
    type=click.IntRange(1, challenges.MOST_BITS),
    default=rules.FIRST_BITS,
    show_default=True,
    help="Work to do; the page that takes it says how much today.",
)
def make(file: Path, company: str, out: Path | None, bits: int) -> None:
    """Make a question about FILE, and a receipt to keep. Nothing is sent.

    Keep the receipt and show it to nobody: it tells which file is meant, and without it nobody can read the
    answer.

    Example: lightwell challenge make paper.pdf --company larkfield
    """
    if sentence := fields.check_slug(company):
        raise errors.UserMistake(sentence, place="--company")
    measure = _measure(file)
    salt = secrets.token_bytes(rules.SECRET_BYTES)
    nonce = rules.find_work(company, rules.commit_file(salt, measure), bits)
    kept = receipt.Receipt(company, salt, measure, nonce)
    path = out or file.with_name(f"{file.name}.receipt.json")
    if path.exists():
        raise errors.UserMistake(f"{path} is there already; a receipt is never overwritten, use --out")
    _write(path, receipt.format_receipt(kept))
    click.echo(f"question: {kept.commitment.hex()}")
    click.echo(f"work: {nonce}")
    click.echo(f"receipt, for you alone: {path}")
    click.echo(f"ask with: lightwell challenge hand-in {path} --site ADDRESS, or by the page /challenges/")


@challenge.command("hand-in")
@click.argument("file", metavar="RECEIPT", type=click.Path(path_type=Path))
@click.option("--site", required=True, help="The address of a site, such as https://archive.example.")
@click.option(
    "--tell", is_flag=True, help="Also tell the company which file is meant, so that it owes an answer."
)
def hand_in(file: Path, site: str, tell: bool) -> None:
    """Log the question of RECEIPT at a site, and keep in it the proof that it was logged.

    Sent are the company's id, a digital fingerprint that tells nobody which file it is, and a number. With
    --tell the site also gets salt, SHA-256 and size of the file, for the company's own people: it learns that
    somebody holds this very file. Run it again to tell later, or for a newer proof.

    Example: lightwell challenge hand-in paper.pdf.receipt.json --site https://archive.example
    """
    kept = _read_receipt(file)
    if not fetch.is_address(site):
        raise errors.UserMistake(f"{site} is no web address such as https://archive.example", place="--site")
    with httpx.Client(timeout=_TIMEOUT) as wire:
        kept, told = challenges.hand_in(kept, site, wire)
        # Before anything else can fail: the id is not to be had again by anybody who keeps no list.
        _write(file, receipt.format_receipt(kept))
        click.echo(f"logged as {kept.challenge}: {kept.site}/challenges/{kept.challenge}/")
        if tell and not told:
            challenges.tell(kept, site, wire)
            click.echo(f"the company knows which file is meant and has {rules.DAYS} days to answer")
        elif told:
            click.echo("the company was told before which file is meant, and owes an answer")
        else:
            click.echo("the company does not know which file is meant and owes no answer yet; use --tell")
        found = challenges.fetch_log(kept, site, wire)
    if found is None:
        click.echo("nobody has confirmed it yet; run this again in a minute for the proof")
        return
    kept = receipt.Receipt(
        kept.provider, kept.salt, kept.measure, kept.nonce, kept.challenge, kept.site, found
    )
    _write(file, receipt.format_receipt(kept))
    click.echo(f"the receipt holds the proof of {len(found.stalks)} log entries")


@challenge.command("list")
@_BUNDLE
@_POLICY
def list_challenges(folder: Path | None, policy_file: Path | None) -> None:
    """List every question and what became of it, as CSV: of a bundle, or of this installation.

    Example: lightwell challenge list --bundle everything/
    """
    if policy_file is not None and folder is None:
        raise click.UsageError("a policy judges a bundle: name one with --bundle")
    if folder is not None:
        bundle, found = _open(folder, policy_file)
        rows = challenges.list_challenges(found, challenges.read_owners(bundle, found))
    else:
        state = installation.open_installation()
        from lightwell.actions import overview

        rows = list(overview.read_overview(state).challenges)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(register.COLUMNS)
    writer.writerows(register.format_row(each) for each in rows)
    click.echo(out.getvalue(), nl=False)


@challenge.command()
@click.argument("number", metavar="CHALLENGE")
@click.argument("reply", metavar="[ANSWER]", type=click.Choice(rules.ANSWERS), required=False)
@click.option("--named", is_flag=True, help="Name the document to everybody.")
@_AS
def answer(number: str, reply: str | None, named: bool, person: str) -> None:
    """Say for the company whether the file of CHALLENGE is in its inventory; another person approves.

    Without ANSWER (in-inventory or not-in-inventory) it says what is found among the own documents. A denial
    of a file that is there is refused.

    Example: lightwell challenge answer chl-6wtb7d1t76x3n9 in-inventory --as ana
    """
    state = installation.open_installation()
    from lightwell.actions import challenges as stories
    from lightwell.actions import proposals

    actor = installation.find_person(person)
    found = stories.look_up(actor=actor, name=number)
    if reply is None:
        if found.challenge.handed_at is None:
            click.echo("its holder has not said yet which file is meant; nothing is due")
        for item in found.items:
            click.echo(f"in the inventory: document {item.number} of {item.study_id}")
        if found.challenge.sha256 and not found.items:
            click.echo("no document of the inventory has these bytes")
        return
    proposal = proposals.propose(
        actor=actor,
        kind="challenge-answer",
        subject=number,
        payload={"challenge": number, "answer": reply, "named": named and reply == rules.IN_INVENTORY},
        now=state.read_now(),
    )
    click.echo(
        f"proposed as {proposal.pk}; another person approves: lightwell approve {proposal.pk} --as NAME"
    )


@challenge.command()
@click.argument("file", type=click.Path(path_type=Path))
@_BUNDLE
@_POLICY
@click.option("--json", "as_json", is_flag=True, help="Print the answer for programs.")
@click.pass_context
def check(
    context: click.Context, file: Path, folder: Path | None, policy_file: Path | None, as_json: bool
) -> None:
    """Check FILE, a receipt or a disproof, against a bundle; a disproof also with a policy alone.

    Says of a receipt whether the question is logged, what was answered and whether the proof of the answer
    holds; of a disproof whether it shows that an answer was false. Nothing is sent.

    Example: lightwell challenge check paper.pdf.receipt.json --bundle everything/
    """
    try:
        found = _judge(file, folder, policy_file)
    except (errors.Refused, errors.CouldNotCheck) as error:
        verdict = "could not check" if isinstance(error, errors.CouldNotCheck) else "refused"
        _say(verdict, [error.sentence], {"verdict": verdict, "sentences": [error.sentence]}, as_json)
        context.exit(error.exit_code)
    except errors.UserMistake as error:
        sentence = str(error.problems[0])
        _say("refused", [sentence], {"verdict": "refused", "sentences": [sentence]}, as_json)
        context.exit(error.exit_code)
    said = [*found.sentences, f"log {found.origin}, {found.size} entries"]
    _say("holds" if found.holds else "refused", said, challenges.format_json(found), as_json)
    if not found.holds:
        context.exit(errors.Refused.exit_code)


@challenge.command()
@click.argument("file", metavar="RECEIPT", type=click.Path(path_type=Path))
@click.option(
    "--bundle", "folder", type=click.Path(path_type=Path), required=True, help="A bundle: everything public."
)
@_POLICY
@click.option("--out", type=click.Path(path_type=Path), help="Where to write the disproof.")
@_SITE
@click.pass_context
def disprove(
    context: click.Context,
    file: Path,
    folder: Path,
    policy_file: Path | None,
    out: Path | None,
    site: str | None,
) -> None:
    """Show with RECEIPT and a bundle that the answer to a question was false; write the file that shows it.

    Whoever gets that file learns which file was meant, and so does everybody with --site, which publishes
    it. Without --site nothing is sent. Exit code 1 if nothing was shown to be false: the answer holds, or the
    document was locked in after the answer, which the file then says instead.

    Example: lightwell challenge disprove paper.pdf.receipt.json --bundle everything/ --out disproof.json
    """
    kept = _read_receipt(file)
    bundle, found = _open(folder, policy_file)
    shown = challenges.make_disproof(kept, bundle, found, bundle.read_text("log/checkpoint"))
    judged = (
        challenges.check_empty_proof(shown, found)
        if shown.route is None
        else challenges.check_disproof(shown, found.trusted_policy)
    )
    value = receipt.format_disproof(shown)
    path = out or file.with_name(f"{shown.challenge}.disproof.json")
    if path.exists():
        raise errors.UserMistake(f"{path} is there already; use --out")
    _write(path, value)
    for sentence in judged.sentences:
        click.echo(sentence)
    click.echo(f"written: {path}; whoever gets it learns which file was meant")
    if site is not None:
        with httpx.Client(timeout=_TIMEOUT) as wire:
            challenges.publish(json.dumps(value), shown.challenge, site, wire)
        click.echo(f"published: {site.rstrip('/')}/challenges/{shown.challenge}/")
    if not judged.holds:
        context.exit(errors.Refused.exit_code)


def _judge(file: Path, folder: Path | None, policy_file: Path | None) -> challenges.Judgement:
    value = _read_json(file)
    if isinstance(value, dict) and value.get("type") == receipt.DISPROOF:
        shown = receipt.parse_disproof(value)
        if shown.route is None and folder is not None:
            return challenges.check_empty_proof(shown, _open(folder, policy_file)[1])
        rule = verify.read_policy(policy_file)
        if rule is None and folder is not None:
            rule = _open(folder, None)[1].trusted_policy
        if rule is None:
            raise errors.CouldNotCheck("a disproof is checked with a policy: use --policy FILE or --bundle")
        return challenges.check_disproof(shown, rule)
    kept = receipt.parse_receipt(value)
    if folder is None:
        raise errors.CouldNotCheck("what was answered stands in the log: use --bundle FOLDER")
    return challenges.check_receipt(kept, *_open(folder, policy_file))


def _open(folder: Path, policy_file: Path | None) -> tuple[bundles.Bundle, history.History]:
    """Open a bundle whose list of files and whose log hold."""
    bundle = bundles.open_bundle(folder)
    bundles.check_list(bundle)
    return bundle, history.read_history(bundle, verify.read_policy(policy_file))


def _measure(path: Path) -> seal.FileMeasure:
    hashed, size = hashlib.sha256(), 0
    try:
        if not path.is_file():
            raise errors.UserMistake(f"{path} is not a file")
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                hashed.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise errors.UserMistake(f"{path} cannot be read: {error.strerror}") from None
    return seal.FileMeasure(hashed.digest(), size)


def _read_receipt(path: Path) -> receipt.Receipt:
    return receipt.parse_receipt(_read_json(path))


def _read_json(path: Path) -> Any:
    try:
        if not path.is_file():
            raise errors.UserMistake(f"{path} is not a file")
        if path.stat().st_size > _CHUNK:
            raise errors.Refused(f"{path} is larger than any receipt")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise errors.UserMistake(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise errors.Refused(f"{path} is neither a receipt nor a disproof") from None


def _write(path: Path, value: dict[str, Json]) -> None:
    """Write for this account alone; a crash leaves the old file or the new one."""
    half = path.with_name(f".{path.name}.half")
    try:
        place = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(place, "w", encoding="utf-8") as file:
            file.write(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(half, path)
    except OSError as error:
        # Whoever reads it learns which file was meant: half of one is not left lying about.
        with contextlib.suppress(OSError):
            half.unlink()
        if error.errno in disk.OPERATORS:
            raise
        raise errors.UserMistake(f"{path} cannot be written: {error.strerror}") from None


def _say(verdict: str, sentences: Sequence[str], value: dict[str, Json], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(value, indent=1, ensure_ascii=False))
        return
    for number, sentence in enumerate(sentences):
        shown = "".join(each if each.isprintable() else "?" for each in sentence)
        click.echo(f"{verdict}: {shown}" if number == 0 else f"  {shown}")

"""`lightwell keys`: rotate the master keys, erase a document by law, share the keys among people, drill.

lightwell keys escrow --threshold 3 --shares 5 --output shares/
lightwell keys recover shares/share-1.txt shares/share-4.txt shares/share-5.txt
"""

from __future__ import annotations

from pathlib import Path

import click

from lightwell.archive import escrow as sharing
from lightwell.base import errors
from lightwell.cli import installation
from lightwell.files import durable

_FILE = click.Path(path_type=Path)


@click.group()
def keys() -> None:
    """The keys under which sealed documents lie."""


@keys.command()
@click.option(
    "--retire", is_flag=True, help="Destroy the old master keys once nothing is wrapped under them."
)
def rotate(retire: bool) -> None:
    """Make a new master key and wrap every document's key under it.

    Example: lightwell keys rotate --retire
    """
    state = installation.open_installation()
    from lightwell.actions import custody

    newest, done = custody.rotate_masters(state=state, retire=retire)
    click.echo(f"master key {newest} is in use; {done} document keys were wrapped anew")
    click.echo("Copy the folder keys to another place, and make new shares: lightwell keys escrow")


@keys.command()
@click.argument("study")
@click.argument("item", type=int)
@click.option("--ground", required=True, help="Legal reason, such as erased-by-law.")
@click.option("--as", "person", required=True, metavar="NAME", help="The account you act for.")
def erase(study: str, item: int, ground: str, person: str) -> None:
    """Propose to erase document ITEM of STUDY by law: key and bytes are destroyed, the place stays.

    Another person approves with: lightwell approve NUMBER. Nothing brings the document back.

    Example: lightwell keys erase std-6wtb7d1t76x3nf 3 --ground erased-by-law --as ana
    """
    state = installation.open_installation()
    from lightwell.actions import proposals

    proposal = proposals.propose(
        actor=installation.find_person(person),
        kind="erasure",
        subject=study,
        payload={"study": study, "item": item, "ground": ground},
        now=state.read_now(),
    )
    click.echo(
        f"proposal {proposal.pk}; another person erases with: lightwell approve {proposal.pk} --as NAME"
    )
    click.echo(
        "Backups taken before hold a wrapped copy of the key: afterwards run lightwell keys rotate --retire "
        "and destroy other copies of the old master keys."
    )


@keys.command()
@click.option("--threshold", type=int, required=True, help="How many shares restore the keys.")
@click.option("--shares", "count", type=int, required=True, help="How many shares to make.")
@click.option("--output", type=_FILE, required=True, help="Folder for the shares; it must be empty.")
def escrow(threshold: int, count: int, output: Path) -> None:
    """Share all master keys among people: any THRESHOLD of them restore the keys, fewer learn nothing.

    Example: lightwell keys escrow --threshold 3 --shares 5 --output shares/
    """
    state = installation.open_installation()
    from lightwell.actions import custody

    if output.exists() and any(output.iterdir()):
        raise errors.UserMistake(f"{output} is not empty; name another folder", place="--output")
    for share in custody.split_masters(state=state, threshold=threshold, count=count):
        durable.replace_file(
            output / f"share-{share.number}.txt", sharing.format_share(share).encode(), 0o600
        )
    output.chmod(0o700)
    click.echo(
        f"{count} shares in {output}, {threshold} of them restore the keys. Give each to another person, "
        "keep none here, and drill with: lightwell keys recover"
    )


@keys.command()
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--write", is_flag=True, help="Put back master keys that are missing; overwrites nothing.")
def recover(files: tuple[Path, ...], write: bool) -> None:
    """Restore the master keys from shares and check them against the documents; a drill without --write.

    Example: lightwell keys recover share-1.txt share-2.txt share-4.txt
    """
    state = installation.open_installation()
    from lightwell.actions import custody

    shares = [_read_share(path) for path in files]
    for sentence in custody.check_recovery(state=state, masters=custody.join_masters(shares), write=write):
        click.echo(sentence)


def _read_share(path: Path) -> sharing.Share:
    try:
        return sharing.parse_share(path.read_text("ascii"))
    except errors.Refused as error:
        raise errors.UserMistake(error.sentence, place=str(path)) from None
    except (OSError, UnicodeDecodeError):
        raise errors.UserMistake("the file cannot be read", place=str(path)) from None

"""`lightwell backup` and `lightwell restore`: a whole installation in one file, and back."""

from __future__ import annotations

from pathlib import Path

import click

from lightwell.base import errors
from lightwell.cli import installation
from lightwell.files import backup as archive
from lightwell.files import bucket, foundation
from lightwell.files import state as states
from lightwell.tlog import policy

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--with-keys", is_flag=True, help="Put the secret keys in too; guard the file like the keys.")
def backup(file: Path, with_keys: bool) -> None:
    """Copy the whole installation into FILE while the site goes on.

    Without --with-keys the copy opens and signs nothing: keep keys/ and log.key elsewhere.

    Example: lightwell backup /backups/lightwell-2026-11-25.tar
    """
    state = installation.open_installation()
    from lightwell.actions import copies

    made = copies.write_backup(state=state, target=file, with_keys=with_keys)
    click.echo(
        f"{file}: {int(made['bytes']) / 1e6:.1f} MB, log {made['origin']}, "
        f"{made['signed_entries']} signed entries, "
        f"{'with the secret keys' if with_keys else 'without the secret keys'}"
    )
    if bucket.is_set():
        click.echo(
            "The sealed and public files lie in a bucket and are NOT in this backup, but for some copies: "
            "copy the bucket elsewhere now, after this backup, without deleting there, and keep its versions "
            "(docs/how-to/operate.md, Files in a bucket)",
            err=True,
        )


@click.command()
@click.argument("file", type=_FILE)
@click.option("--log-key", type=_FILE, help="The log's keys (log.key), when they are not in the backup.")
def restore(file: Path, log_key: Path | None) -> None:
    """Unpack the backup FILE into the folder LIGHTWELL_STATE, which must be new or empty.

    The copy signs nothing until the witnesses have said that it is the newest.

    Example: LIGHTWELL_STATE=/var/lib/lightwell-new lightwell restore /backups/lightwell-2026-11-25.tar
    """
    if not file.is_file():
        raise errors.UserMistake(f"there is no file {file}")
    root = states.open_state().root
    facts = archive.read_backup(file, root)
    if log_key is not None and not (root / "log.key").exists():
        try:
            foundation.place_log_key(root, log_key.read_text("ascii"), facts.get("origin", ""))
        except (OSError, UnicodeDecodeError):
            raise errors.UserMistake("the file cannot be read", place=str(log_key)) from None
    click.echo(
        f"{root}: log {facts['origin']}, {facts['signed_entries']} signed entries, copied {facts['made_at']}"
    )
    installation.prepare_site()
    from lightwell.actions import copies

    state = states.open_state()
    copies.restore_database(state=state, facts=facts)
    if not (root / "log.key").exists():
        click.echo(
            "The secret keys are not in this backup: put log.key and keys/ back, then run: lightwell doctor"
        )
        return
    if state.read_policy().quorum == policy.NONE:
        click.echo(
            "No witness is named, so nobody can tell whether this copy is the newest. If a newer one was "
            "ever shown to readers, signing this one would fork the log: compare sizes first."
        )
    else:
        click.echo("Next: lightwell doctor, then lightwell log checkpoint, which asks the witnesses first.")
    click.echo("The search index is made again by: lightwell worker --once")

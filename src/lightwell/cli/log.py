"""`lightwell log`: check the log, sign and show a checkpoint, change its witnesses."""

from __future__ import annotations

import click

from lightwell.base import errors
from lightwell.cli import installation
from lightwell.files import foundation, policies, sequencer
from lightwell.tlog import note


@click.group()
def log() -> None:
    """The transparency log of this installation."""


@log.command()
def checkpoint() -> None:
    """Sign what is new, ask the witnesses, and show the checkpoint once enough have cosigned it.

    Example: lightwell log checkpoint
    """
    state = installation.open_installation()
    from lightwell.actions import log as stories

    text = stories.publish_checkpoint(state=state, now=state.read_now())
    read = note.parse_note(text)
    origin, size, root = read.text.splitlines()
    click.echo(f"{origin}: {size} entries, root {root}, {len(read.signatures)} signatures")


@log.command()
def keys() -> None:
    """Print the log's public keys, which witnesses and readers need.

    Example: lightwell log keys
    """
    for signer in installation.open_installation().read_signers():
        click.echo(note.format_vkey(signer.verifier))


@log.command()
@click.option("--offline", is_flag=True, help="Check files and database only and ask no witness.")
def fsck(offline: bool) -> None:
    """Read every entry and tile and compare them with the checkpoint, the database and the witnesses.

    Example: lightwell log fsck --offline
    """
    state = installation.open_installation()
    from lightwell.actions import log as stories

    with sequencer.hold_lock(state.root):
        for sentence in stories.check_start(state=state, offline=offline):
            click.echo(sentence)


@log.command()
@click.option("--witness", "listed", multiple=True, metavar="VKEY=URL", help="Key and address; repeatable.")
@click.option("--quorum", type=int, help="How many witnesses must cosign; default: more than half.")
@click.option("--none", "nobody", is_flag=True, help="Name no witness.")
def witnesses(listed: tuple[str, ...], quorum: int | None, nobody: bool) -> None:
    """Show the policy, or put one with other witnesses in force; earlier policies are kept.

    Example: lightwell log witnesses --witness 'w.example+1234abcd+BAAA...=https://w.example'
    """
    state = installation.open_installation()
    if nobody and listed:
        raise errors.UserMistake("--none names no witness, so leave out --witness")
    if quorum is not None and not listed:
        raise errors.UserMistake(
            "a quorum needs witnesses; name each with --witness VKEY=URL", place="--quorum"
        )
    if listed or nobody:
        keys = [signer.verifier for signer in state.read_signers()]
        with sequencer.hold_lock(state.root):
            policies.replace_policy(state.root, policies.make_policy(keys, listed, quorum))
    click.echo((state.root / "policy").read_text(errors="replace"), nl=False)
    click.echo(foundation.describe_trust(state))

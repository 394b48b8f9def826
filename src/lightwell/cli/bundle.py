"""`lightwell bundle`: write everything public into a folder that anybody verifies without this server."""

from __future__ import annotations

from pathlib import Path

import click

from lightwell.cli import installation


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def bundle(folder: Path) -> None:
    """Write everything public into the new FOLDER: records, files, proofs, the whole log, a verifier.

    Example: lightwell bundle public-2026-11/ && lightwell verify public-2026-11/
    """
    state = installation.open_installation()
    from lightwell.actions import bundles

    written = bundles.write_bundle(state=state, folder=folder)
    click.echo(f"bundle: {written.folder} ({written.files} files, {written.bytes / 1e6:.1f} MB)")
    click.echo(f"check it with: lightwell verify {folder}")

"""`lightwell demo`: the main job from a folder of documents to a verified bundle and a running site.

Without --data it makes the labelled sample provider on a labelled sample clock; with --data it takes one's own
folder on the real clock. Either way two witnesses run as processes of their own, and the verdict comes
from `lightwell verify` in a process that has neither the database nor the site.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import click

from lightwell.base import errors
from lightwell.files import folder, occupancy, state
from lightwell.sample import witnesses
from lightwell.tlog import note

SAMPLE_ORIGIN = "sample.lightwell.example/larkfield"
LIGHTWELL = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]
NEEDED_BYTES = 2_000_000_000
# Sealed, published, in the bundle and packed; words and pictures of pages are as large again.
COPIES = 6
MARK = "demo"
SAMPLE_PLACES = (
    ("/", "five questions, and what the sample company has answered"),
    ("/search/?q=sleep", "search inside every published page"),
    ("/late/", "what was promised and did not come"),
    ("/datasets/", "ask private questions of invented rows; what was answered about the sample's children"),
)
OWN_PLACES = (
    ("/", "every page of your folder, and what became of it"),
    ("/search/", "search inside every page"),
    ("/everything/", "take everything with you and check it elsewhere"),
)


@click.group(invoke_without_command=True)
@click.option("--data", "documents", type=click.Path(path_type=Path), help="A folder of your own documents.")
@click.option("--home", type=click.Path(path_type=Path), default=Path("var/demo"), show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--serve/--no-serve", default=True, help="Serve the site after the verdict.")
@click.pass_context
def demo(context: click.Context, documents: Path | None, home: Path, port: int, serve: bool) -> None:
    """Show the whole way on sample documents, or on the folder given by --data.

    Example: lightwell demo --data research/ --no-serve
    """
    if context.invoked_subcommand is not None:
        context.obj = home
        return
    home = home.resolve()
    size = _measure_documents(documents, home) if documents is not None else 0
    if documents is None:
        _check_packages()
    started = time.monotonic()
    os.environ[state.VARIABLE] = str(home / "state")
    with contextlib.ExitStack() as stack:
        # Held until the site is stopped: a second demo would delete what the first one is serving.
        stack.enter_context(_hold_place(home))
        if serve:
            _check_port(port)
        _make_home(home, size)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _end)
        opened = stack.enter_context(_begin_log(home, documents is None, documents))
        from lightwell.sample import performance

        bundle = performance.perform(opened, home, documents, click.echo)
        code = _verify(bundle, home)
        click.echo(f"done in {time.monotonic() - started:.0f} s")
        if serve and code == 0:
            code = _serve(port, documents is None, home)
    context.exit(code)


@demo.command()
@click.pass_context
def tamper(context: click.Context) -> None:
    """Change a word, delete a study, rewind the log: each on a copy, each refused by the real verifier.

    Example: lightwell demo tamper
    """
    home: Path = context.obj.resolve()
    os.environ[state.VARIABLE] = str(home / "state")
    bundle = home / "bundle"
    if not bundle.is_dir():
        raise errors.UserMistake(f"there is no bundle in {home}; make one with: make demo SERVE=0")
    from lightwell.actions import tampering

    for attempt in tampering.ATTEMPTS:
        click.echo(f"\n{attempt.words}")
        with tampering.copy_bundle(bundle) as copy:
            place = attempt.act(copy)
            click.echo(f"  changed: {place}")
            done = subprocess.run(
                [*LIGHTWELL, "verify", str(copy)], capture_output=True, text=True, check=False
            )
            click.echo("  " + (done.stdout + done.stderr).strip().replace("\n", "\n  "))
            click.echo(f"  exit code {done.returncode}")


@contextlib.contextmanager
def _begin_log(home: Path, sample: bool, documents: Path | None) -> Iterator[state.State]:
    """Make the installation and run its witnesses while the block runs."""
    from lightwell.sample import own_folder

    origin = SAMPLE_ORIGIN if sample else state.DEMO_PREFIX + own_folder.name_provider(documents or home)[0]
    opened = state.State(home / "state")
    keys = witnesses.make_keys(home, origin)
    clock = opened.root / "sample-clock" if sample else None
    ports = witnesses.choose_ports()
    arguments = ["init", "--origin", origin, "--quorum", str(len(keys))]
    for name, vkeys in keys.items():
        arguments += [f"--witness={vkey}=http://127.0.0.1:{ports[name]}" for vkey in vkeys]
    if sample:
        arguments.append("--sample")
    done = subprocess.run(
        [*LIGHTWELL, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise errors.Damaged(f"lightwell init failed: {done.stderr.strip()}")
    log_vkeys = [note.format_vkey(signer.verifier) for signer in opened.read_signers()]
    with witnesses.run_witnesses(home, ports, log_vkeys, clock):
        yield opened


def _verify(bundle: Path, home: Path) -> int:
    click.echo(f"\nbundle: {bundle}")
    done = subprocess.run(
        [*LIGHTWELL, "verify", str(bundle)],
        env={**os.environ, state.VARIABLE: str(home / "nowhere")},
        check=False,
    )
    return done.returncode


def _serve(port: int, sample: bool, home: Path) -> int:
    address = f"http://127.0.0.1:{port}"
    click.echo("\nOpen in a browser:")
    places = SAMPLE_PLACES if sample else OWN_PLACES
    for path, words in places:
        click.echo(f"  {address + path:<46}  {words}")
    if sample:
        option = "" if home == Path("var/demo").resolve() else f" --home {home}"
        click.echo(
            f"\nTry to cheat (in another window):  {Path(sys.prefix) / 'bin/lightwell'} demo{option} tamper"
        )
    click.echo("Stop with Ctrl-C.\n")
    site = subprocess.Popen([*LIGHTWELL, "serve", "--port", str(port)])
    try:
        while True:
            try:
                return site.wait()
            except KeyboardInterrupt:
                # The terminal told the site as well, which ends by itself.
                continue
    finally:
        site.terminate()
        site.wait()


def _end(number: int, _frame: object) -> NoReturn:
    """End by unwinding, so that no site and no witness is left behind with the port taken."""
    raise SystemExit(128 + number)


def _measure_documents(documents: Path, home: Path) -> int:
    """Measure the documents in bytes; `UserMistake` for a folder that the demo cannot take."""
    listing = folder.read_folder(documents)
    if listing.problems:
        raise errors.UserMistake(problems=listing.problems)
    if not listing.names:
        raise errors.UserMistake(
            f"there is no file in {documents}; name a folder that holds documents: make demo DATA=folder"
        )
    place = documents.resolve()
    if home == place or home in place.parents or place in home.parents:
        raise errors.UserMistake(
            f"the demo is kept in {home} and begins by emptying it, so that it must lie apart from the documents "
            f"in {place}; name another place with: make demo PLACE=/path"
        )
    return sum((documents / name).stat().st_size for name in listing.names)


@contextlib.contextmanager
def _hold_place(home: Path) -> Iterator[None]:
    """Be the only demo in a folder while the block runs; `UserMistake` when it cannot be had."""
    try:
        if home.exists() and not (home / MARK).exists() and any(home.iterdir()):
            raise errors.UserMistake(
                f"{home} exists and was not made by the demo; name another place with: make demo PLACE=/path"
            )
        home.mkdir(parents=True, exist_ok=True)
        holding = occupancy.hold_alone(home / MARK)
        alone = holding.__enter__()
    except OSError as error:
        raise errors.UserMistake(
            f"the demo cannot be kept in {home} ({error.strerror}); name another place with: make demo PLACE=/path"
        ) from None
    try:
        if not alone:
            raise errors.UserMistake(
                f"another demo is at work in {home}; stop it with Ctrl-C in its window, or begin a second one "
                "with: make demo PLACE=/path PORT=8001"
            )
        yield
    finally:
        holding.__exit__(None, None, None)


def _make_home(home: Path, size: int) -> None:
    """Empty the demo's folder, but for the mark that is held; `UserMistake` when the disk is too small."""
    for each in home.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        elif each.name != MARK:
            each.unlink()
    free, needed = shutil.disk_usage(home).free, NEEDED_BYTES + COPIES * size
    if free < needed:
        raise errors.UserMistake(
            f"only {free / 1e9:.1f} GB are free below {home}, and the demo needs up to {needed / 1e9:.0f}; "
            "free some space, or name another place with: make demo PLACE=/path"
        )


def _check_packages() -> None:
    """Refuse where the packages of lightwell[query] are missing, before anything is made; `UserMistake`."""
    for name in ("sqlglot", "opendp", "duckdb"):
        if importlib.util.find_spec(name) is None:
            raise errors.UserMistake(
                f"the sample's private questions need the Python package {name}; install it with: "
                "pip install 'lightwell[query]'"
            )


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise errors.UserMistake(
                f"port {port} is taken by another program; choose another: make demo PORT={port + 1}"
            ) from None

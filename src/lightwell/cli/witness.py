"""`lightwell witness`: run an independent witness that cosigns other people's checkpoints.

lightwell witness keygen --name witness.example --key witness.key
lightwell witness serve --listen 127.0.0.1:2027 --key witness.key --state state --log VKEY
"""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Callable
from pathlib import Path

import click

from lightwell.base import errors as base_errors
from lightwell.cli import witness_server
from lightwell.files import durable
from lightwell.tlog import encoding, errors, key, note

_FILE = click.Path(path_type=Path)


@click.group("witness")
def witness() -> None:
    """Run a witness: an independent record-keeper that cosigns a log's checkpoints."""


@witness.command("keygen")
@click.option(
    "--name", required=True, help="Name of the witness, best an address such as witness.example.org."
)
@click.option("--key", "key_file", required=True, type=_FILE, help="File to write; it must not exist yet.")
def keygen(name: str, key_file: Path) -> None:
    """Make the two keys of a witness and print their public lines (types 4 and 6).

    Example: lightwell witness keygen --name w.example.org --key witness.key
    """
    try:
        signers = [
            note.generate_signer(name, kind, secrets.token_bytes(32))
            for kind in (note.KeyType.COSIGNATURE_V1, note.KeyType.ML_DSA_44)
        ]
        if key_file.exists():
            raise base_errors.UserMistake(
                f"{key_file} exists already. A key is never overwritten; name another file."
            )
        durable.replace_file(key_file, "".join(f"{note.format_skey(s)}\n" for s in signers).encode(), 0o600)
    except base_errors.LightwellError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{key_file} cannot be written: {error.strerror}.") from error
    for signer in signers:
        click.echo(note.format_vkey(signer.verifier))


@witness.command("serve")
@click.option(
    "--listen", required=True, metavar="HOST:PORT", help="Address to listen on; port 0 picks a free one."
)
@click.option("--key", "key_file", required=True, type=_FILE, help="File made by lightwell witness keygen.")
@click.option(
    "--state", required=True, type=_FILE, help="Folder for the last checkpoint of each log. Never lose it."
)
@click.option(
    "--log", "vkeys", required=True, multiple=True, metavar="VKEY", help="Public key of a log; repeatable."
)
@click.option(
    "--origin", "origins", multiple=True, help="Origin of the log, checked against the names of its keys."
)
@click.option(
    "--sample-clock",
    type=_FILE,
    help="For the labelled sample only: a file with a Unix time, used instead of the real clock.",
)
def serve(
    listen: str,
    key_file: Path,
    state: Path,
    vkeys: tuple[str, ...],
    origins: tuple[str, ...],
    sample_clock: Path | None,
) -> None:
    """Answer add-checkpoint requests until stopped.

    Example: lightwell witness serve --listen 127.0.0.1:8100 --key witness.key --state witness/ --log VKEY
    """
    try:
        host, port = parse_listen(listen)
        log_keys = group_log_keys(vkeys, origins)
        signers = read_signers(key_file)
        read_clock = make_clock(sample_clock)
        read_clock()
        record = witness_server.Record(state, list(log_keys))
        service = witness_server.WitnessService(record, signers, log_keys, read_clock)
        server = witness_server.WitnessServer(
            (host, port),
            service,
            uses_sample_clock=sample_clock is not None,
            report=lambda sentence: click.echo(sentence, err=True),
        )
    except base_errors.LightwellError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(
            f"The witness cannot start on {listen} with state {state}: {error.strerror or error}."
        ) from error
    # systemd and the demo stop a witness with SIGTERM; state is durable before every answer.
    signal.signal(signal.SIGTERM, lambda *_: server.stop())
    clock = f"sample clock {sample_clock}, not the real time" if sample_clock else "real clock"
    click.echo(
        f"Witness {signers[0].name} listens on http://{host}:{server.server_address[1]} "
        f"for {', '.join(log_keys)} ({clock})."
    )
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo("Stopped.")
    finally:
        server.server_close()
    if server.failed:
        raise click.exceptions.Exit(base_errors.Damaged.exit_code)


def parse_listen(listen: str) -> tuple[str, int]:
    """Host and port of HOST:PORT."""
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise base_errors.UserMistake(f"--listen {listen} is not HOST:PORT, for example 127.0.0.1:2027.")
    return host.strip("[]"), int(port)


def group_log_keys(vkeys: tuple[str, ...], origins: tuple[str, ...]) -> dict[str, list[note.Verifier]]:
    """Log keys by origin, which is the name of a log's keys; all problems at once."""
    problems: list[base_errors.Problem] = []
    log_keys: dict[str, list[note.Verifier]] = {}
    for vkey in vkeys:
        try:
            verifier = note.parse_vkey(vkey)
            if verifier.key_type not in key.LOG_TYPES:
                raise errors.NoteError("A log's key is of type 1 (Ed25519) or 6 (ML-DSA-44).")
            log_keys.setdefault(verifier.name, []).append(verifier)
        except errors.NoteError as error:
            problems.append(base_errors.Problem(f"--log {vkey[:40]}", error.sentence))
    for origin in origins:
        if not problems and origin not in log_keys:
            problems.append(
                base_errors.Problem(f"--origin {origin}", "No --log key has this name; copy it again.")
            )
    if problems:
        raise base_errors.UserMistake(problems=problems)
    return log_keys


def read_signers(key_file: Path) -> list[note.Signer]:
    """The witness's keys; refuses a file others can read, and keys that cannot cosign."""
    try:
        mode = key_file.stat().st_mode
        text = key_file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise base_errors.UserMistake(
            f"The key file {key_file} cannot be read; make one with lightwell witness keygen."
        ) from error
    if mode & 0o077 and os.name == "posix":
        raise base_errors.UserMistake(f"Others can read the key file {key_file}; run chmod 600 {key_file}.")
    signers = [note.parse_skey(line) for line in text.splitlines() if line]
    if not signers or any(signer.key_type not in key.TIMESTAMPED for signer in signers):
        raise base_errors.UserMistake(
            f"{key_file} holds no witness keys; make some with lightwell witness keygen."
        )
    return signers


def make_clock(sample_clock: Path | None) -> Callable[[], int]:
    """The real clock, or the labelled sample's, read again for every cosignature."""
    if sample_clock is None:
        return lambda: int(time.time())

    def read_sample_clock() -> int:
        try:
            return encoding.parse_decimal(sample_clock.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            raise base_errors.UserMistake(
                f"The sample clock {sample_clock} must hold one Unix time in seconds."
            ) from error

    return read_sample_clock

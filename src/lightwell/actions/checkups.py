"""The doctor's checks: one line for each thing an installation needs, with what to do when it is not well.

A check never changes anything and never stops the others.
"""

from __future__ import annotations

import datetime
import os
import shutil
import sqlite3
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import DatabaseError, connection

from lightwell.actions import cosigning, installations, leftovers, log, overview, queues, signing
from lightwell.base import errors
from lightwell.client import witness
from lightwell.db.models import Checkpoint, Item, Webhook
from lightwell.files import index, intake, office, recognition, security_txt, typesetting
from lightwell.files.state import State
from lightwell.tlog import policy

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 37, 0)
LEAST_FREE_BYTES = 2_000_000_000
# What the worker mends by itself, and what takes people and no operator.
_MINOR = ("disk", "checkpoint", "index", "leftovers", "questions", "security", "following")
# Optional programs, each with what it adds; without them files are held as bytes and not read.
_PROGRAMS = {
    office.NAME: ("libreoffice", "adds the pages of DOCX, PPTX, XLSX, ODT, ODP and ODS"),
    typesetting.NAME: (
        "pango",
        "adds the pages of texts, tables, web pages, chats and mails, and of office files",
    ),
    recognition.NAME: ("tesseract", "adds the words of scans, and the pages of pictures"),
}
EARLIEST_TIME = 1_764_000_000  # November 2025: a clock before it was never set


@dataclass(frozen=True, slots=True)
class Line:
    """One check: its name, whether it is well, and a sentence. `grave` ones make the command fail."""

    name: str
    well: bool
    sentence: str
    grave: bool = True


Result = tuple[bool, str]


def examine(*, state: State, timeout_seconds: float = 5.0) -> Iterator[Line]:
    """Make every check, one after the other."""
    checks: dict[str, Callable[[State], Result]] = {
        "python": _check_python,
        "sqlite": _check_sqlite,
        "disk": _check_disk,
        "folder": _check_folder,
        "clock": _check_clock,
        "database": _check_database,
        "keys": _check_keys,
        "log": _check_log,
        "checkpoint": _check_checkpoint,
        "index": _check_index,
        "leftovers": _check_leftovers,
        "questions": _check_questions,
        "security": _check_security,
        "following": _check_following,
    }
    for name, check in checks.items():
        yield _make_line(name, check, state, grave=name not in _MINOR)
    for name, lack in intake.list_lacks().items():
        yield Line(
            _PROGRAMS[name][0], not lack, f"{_PROGRAMS[name][1]}{f': {lack}' if lack else ''}", grave=False
        )
    try:
        rule = state.read_policy()
    except errors.LightwellError as error:
        yield Line("policy", False, str(error))
        return
    if rule.quorum == policy.NONE:
        yield Line("witnesses", False, "none is named; name some with: lightwell log witnesses", grave=False)
    for address in cosigning.list_addresses(rule):
        yield _ask_witness(state, address, timeout_seconds)


def _make_line(name: str, check: Callable[[State], Result], state: State, grave: bool) -> Line:
    try:
        well, sentence = check(state)
    except (errors.LightwellError, OSError, DatabaseError) as error:
        well, sentence = False, " ".join(str(error).split())
    return Line(name, well, sentence, grave)


def _check_python(state: State) -> Result:
    words = ".".join(map(str, sys.version_info[:3]))
    well = sys.version_info >= OLDEST_PYTHON
    return well, words if well else f"{words} is too old; install Python 3.11 or newer"


def _check_sqlite(state: State) -> Result:
    if connection.vendor != "sqlite":
        return True, f"not used; the database is {connection.vendor}"
    well = sqlite3.sqlite_version_info >= OLDEST_SQLITE
    return well, sqlite3.sqlite_version if well else f"{sqlite3.sqlite_version} is older than 3.37; update it"


def _check_disk(state: State) -> Result:
    free = shutil.disk_usage(state.root).free
    words = f"{free / 1e9:.1f} GB free"
    return free >= LEAST_FREE_BYTES, words if free >= LEAST_FREE_BYTES else f"only {words}; free some space"


def _check_folder(state: State) -> Result:
    secret = [state.root / "log.key", *sorted((state.root / "keys").glob("*.key"))]
    if not os.access(state.root, os.W_OK | os.X_OK):
        return False, f"this account cannot write to {state.root}; run: chown -R {os.getuid()} {state.root}"
    readable = [
        path for path in secret if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    if readable:
        return False, f"others can read {readable[0]}; run: chmod 600 {readable[0]}"
    if state.root.stat().st_mode & stat.S_IRWXO:
        return False, f"every account can look into {state.root}; run: chmod 700 {state.root}"
    return True, f"{state.root} can be written, and its keys are readable by this account alone"


def _check_clock(state: State) -> Result:
    now = state.read_now()
    if (state.root / "sample-clock").exists():
        return True, f"sample clock: {now:%Y-%m-%d %H:%M} (invented time, labelled so)"
    newest = max((path.stat().st_mtime for path in state.root.iterdir()), default=0.0)
    well = time.time() > EARLIEST_TIME and newest < time.time() + 60
    return well, f"{now:%Y-%m-%d %H:%M} UTC" if well else "the clock runs behind; set it, best with NTP"


def _check_database(state: State) -> Result:
    missing = installations.list_missing_migrations()
    if missing:
        return False, f"{len(missing)} steps of this version are missing; run: lightwell init"
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA quick_check")
            (answer,) = cursor.fetchone()
        if answer != "ok":
            return False, f"SQLite finds damage ({answer}); restore the newest backup"
    return True, f"{connection.vendor}, reachable, every table there"


def _check_keys(state: State) -> Result:
    signers, masters = state.read_signers(), state.masters.list_numbers()
    needed = set(Item.objects.filter(wrapped_key__isnull=False).values_list("master", flat=True).distinct())
    needed |= set(Webhook.objects.values_list("master", flat=True))
    if absent := sorted(needed - set(masters)):
        return (
            False,
            f"master key {absent[0]} is missing and documents need it; restore it: lightwell keys recover",
        )
    for number in masters:
        state.masters.read_master(number)
    if not masters:
        return False, "there is no master key; run: lightwell init"
    return True, f"log {signers[0].name} with {len(signers)} signing keys; {len(masters)} master keys"


def _check_log(state: State) -> Result:
    return True, log.check_start(state=state, offline=True)[0]


def _check_checkpoint(state: State) -> Result:
    waiting = log.count_entries() - signing.read_shown_size(state.tiles)
    if waiting:
        return False, f"{waiting} entries are not shown to readers yet; run: lightwell log checkpoint"
    return (
        True,
        f"readers see all {log.count_entries()} entries; {Checkpoint.objects.count()} checkpoints signed",
    )


def _check_index(state: State) -> Result:
    stamp = index.open_folder(state.index).read_stamp()
    if stamp is None:
        return False, "there is none yet; the worker makes it: lightwell worker --once"
    behind = log.count_entries() - stamp
    return (
        behind <= 0,
        "up to date" if behind <= 0 else f"{behind} entries behind; run: lightwell worker --once",
    )


def _check_leftovers(state: State) -> Result:
    found = leftovers.find_leftovers(state=state)
    if found.count:
        return False, (
            f"{len(found.public)} public and {len(found.sealed)} sealed files that nothing names, and "
            f"{len(found.halves)} half written; unless somebody is publishing, run: lightwell worker --once"
        )
    return True, "every stored file is named by a row"


def _check_questions(state: State) -> Result:
    asked = overview.read_overview(state).challenges
    late = [each for each in asked if each.late]
    if late:
        first = max(late, key=lambda each: each.days_late)
        return False, (
            f"{len(late)} challenges have no answer in time; {first.id} to {first.provider} is "
            f"{first.days_late} days late: lightwell challenge answer {first.id} --as NAME"
        )
    return True, f"{len(asked)} challenges, none of them late"


def _check_security(state: State) -> Result:
    found = security_txt.read_security(state.root)
    if found is None:
        return False, (
            f"nobody knows whom to tell of a weakness; write {state.root / security_txt.NAME} (RFC 9116)"
        )
    wrong = security_txt.judge_security(found, datetime.datetime.now(datetime.UTC))
    return not wrong, wrong or f"{security_txt.NAME} holds until {found.expires:%Y-%m-%d}"


def _check_following(state: State) -> Result:
    health = queues.measure_queues(datetime.datetime.now(datetime.UTC))
    return health.well, health.sentence


def _ask_witness(state: State, address: cosigning.Address, timeout_seconds: float) -> Line:
    try:
        with witness.open_client(timeout_seconds) as wire:
            text = witness.read_checkpoint(address.url, state.read_origin(), wire)
    except errors.LightwellError as error:
        return Line("witness", False, str(error))
    if text is None:
        return Line("witness", True, f"{address.url} answers and has cosigned nothing for this log yet")
    size = text.split("\n")[1] if text.count("\n") > 2 else "?"
    return Line("witness", True, f"{address.url} answers; it has cosigned {size} entries")

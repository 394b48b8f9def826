"""Making an installation ready: the database's tables and the log's first entry."""

from __future__ import annotations

import pkgutil

from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from lightwell.actions import log
from lightwell.base import errors
from lightwell.db import migrations
from lightwell.files.state import State


def prepare_database(*, state: State) -> list[str]:
    """Make or bring up to date the tables, and begin the log with its rules; sentences for what was done.

    Raises `Damaged` when the database cannot be reached. Doing it again is harmless.
    """
    made = []
    missing = list_missing_migrations()
    if missing:
        try:
            call_command("migrate", verbosity=0, interactive=False)
        except DatabaseError as error:
            raise errors.Damaged(f"the tables of the database cannot be made: {error}") from None
        made.append(f"tables of the database ({len(missing)} steps)")
    if log.count_entries() == 0:
        log.begin_log(now=state.read_now())
        made.append("first entry of the log: the rules by which lateness is judged")
    return made


def list_missing_migrations() -> list[str]:
    """List the steps that the database lacks; `Damaged` when it cannot be reached."""
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise errors.Damaged(f"the database cannot be reached: {str(error).splitlines()[0]}") from None
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def check_age(state: State) -> None:
    """Check that no newer version worked on the database, which this one would misread; `Damaged` if so."""
    known = {module.name for module in pkgutil.iter_modules(migrations.__path__)}
    applied = MigrationRecorder(connection).applied_migrations()
    unknown = sorted(name for room, name in applied if room == "db" and name not in known)
    if unknown:
        raise errors.Damaged(
            f"a newer version of Lightwell made the database of {state.root} (step {unknown[-1]}); install "
            "that version, or name another folder with LIGHTWELL_STATE"
        )

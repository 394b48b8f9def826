"""The picture of the archive as of an earlier day: states, days and counts of that day.

Only what the log says is taken back; what may be seen is always decided now, so that an earlier day never
shows what has since been taken out of view.
"""

from __future__ import annotations

import datetime
import functools
from dataclasses import replace

from django.db import connection

from lightwell.actions import log, overview
from lightwell.base import errors
from lightwell.files.state import State


def read_picture(state: State, as_of: datetime.date | None) -> overview.Overview:
    """Return the picture of a day, by default today; `UserMistake` for a day that has not come."""
    today = state.read_now().date()
    if as_of is None or as_of == today:
        return overview.read_overview(state)
    if as_of > today:
        raise errors.UserMistake(f"{as_of} has not come yet; today is {today}", place="as_of")
    stamp = (str(connection.settings_dict["NAME"]), str(state.root))
    return _make_picture(stamp, log.count_entries(), as_of)


@functools.lru_cache(maxsize=16)
def _make_picture(_stamp: tuple[str, str], size: int, day: datetime.date) -> overview.Overview:
    made = overview.make_overview(size, day)
    providers = tuple(
        replace(
            each,
            studies=tuple(study for study in each.studies if study.registered_at.date() <= day),
        )
        for each in made.providers
    )
    return replace(made, providers=providers)

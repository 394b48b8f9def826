"""An errand that fails says what the disk said, without an address, and is tried again in the next round."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from django.db import OperationalError

from lightwell.actions import errands
from lightwell.files.state import State

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
FULL, STRANGE = OperationalError("database or disk is full"), OperationalError("near who@example.org")


@pytest.mark.django_db
@pytest.mark.parametrize(("error", "said"), [(FULL, "the disk is full"), (STRANGE, "OperationalError")])
def test_a_sweep_that_fails_is_tried_again_and_names_the_disk_but_no_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OperationalError, said: str
) -> None:
    def fail(now: datetime.datetime) -> int:
        raise error

    monkeypatch.setattr(errands, "_ERRANDS", {"sweep": errands._sweep})
    monkeypatch.setattr(errands.following, "forget_unanswered", fail)
    for _ in range(2):
        (failure,) = errands.do_errands(state=State(tmp_path), now=NOW).failures
        assert failure.startswith(f"follow sweep: {said}")
        assert "example.org" not in failure

"""Trials: an attempt to cheat on a copy of the bundle, judged by the real verifier in a process of its own.

The verifier's process has neither the database nor the state folder: it reads the copy and nothing else.
Only a labelled sample may do this; a bundle of a real archive is never changed, not even as a copy.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from lightwell.actions import tampering
from lightwell.base import errors
from lightwell.files.state import VARIABLE, State

_VERIFY = [sys.executable, "-c", "from lightwell.cli.main import main; main()", "verify"]
_PATIENCE = 120
REFUSED = 1


@dataclass(frozen=True, slots=True)
class Result:
    """What was changed, what the verifier printed, and whether it refused (exit code 1)."""

    changed: str
    lines: tuple[str, ...]
    code: int

    @property
    def refused(self) -> bool:
        """Whether the cheat was caught: exit code 1; 2 is no verdict and does not count as caught."""
        return self.code == REFUSED


def find_bundle(state: State) -> Path | None:
    """Find the newest bundle of this installation, None when none was made."""
    for place in (state.root / "bundle", state.root.parent / "bundle"):
        if (place / tampering.SUMS).is_file():
            return place
    return None


def try_attempt(state: State, attempt: tampering.Attempt) -> Result:
    """Carry out one attempt on a copy. `Refused` outside a sample, `CouldNotCheck` without a bundle."""
    if not state.is_sample():
        raise errors.Refused("cheating can be tried on a labelled sample only")
    bundle = find_bundle(state)
    if bundle is None:
        raise errors.CouldNotCheck("There is no bundle to cheat with yet; make one with: make demo")
    with tampering.copy_bundle(bundle) as copy:
        changed = attempt.act(copy)
        try:
            done = subprocess.run(  # noqa: S603  # our own command on a folder we made
                [*_VERIFY, str(copy)],
                env={**os.environ, VARIABLE: str(copy / "nowhere")},
                capture_output=True,
                text=True,
                check=False,
                timeout=_PATIENCE,
            )
        except subprocess.TimeoutExpired:
            raise errors.CouldNotCheck("The verifier took too long; try again.") from None
        # The folder of the copy is gone when somebody reads this; its random name only distracts.
        said = (done.stdout + done.stderr).replace(f"{copy}/", "").replace(str(copy), "the copy")
    return Result(changed, tuple(line for line in said.splitlines() if line.strip()), done.returncode)

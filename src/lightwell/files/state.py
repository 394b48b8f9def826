"""The folder that holds everything one installation knows: where each part lies, and what time it is there.

    lightwell.sqlite3   the database            files/    sealed and public bytes under their digests
    log/                tiles and checkpoint    keys/     master keys (keep a copy elsewhere)
    log.key             the log's signing keys  policy    whose cosignatures the log needs (C2SP tlog-policy)
    index/              the search index        sample-clock   only in a labelled sample
    incoming/           documents that a browser handed in, until they are locked in

A sample clock counts only when the log's origin begins with `sample.`, so that nobody's real log
can run on invented time.
"""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass
from pathlib import Path

from lightwell.base import errors
from lightwell.files import bucket
from lightwell.files.keys import KeyRing
from lightwell.files.store import FileStore
from lightwell.files.tiles import TileStore
from lightwell.tlog import errors as log_errors
from lightwell.tlog import key as keys
from lightwell.tlog import note, policy

VARIABLE = "LIGHTWELL_STATE"
SAMPLE_PREFIX = "sample."
# The log of `make demo DATA=FOLDER`: real time, but nobody published anything.
DEMO_PREFIX = "demo.lightwell.example/"


@dataclass(frozen=True, slots=True)
class State:
    """One installation's folder."""

    root: Path

    @property
    def files(self) -> FileStore:
        """Sealed and public bytes under their digests."""
        return bucket.open_store(self.root / "files")

    @property
    def tiles(self) -> TileStore:
        """The log as others read it: tiles, entry bundles, the checkpoint shown."""
        return TileStore(self.root / "log")

    @property
    def masters(self) -> KeyRing:
        """The master keys; a copy lies elsewhere, because without them nothing sealed can be read."""
        return KeyRing(self.root / "keys")

    @property
    def index(self) -> Path:
        """The folder of the search index, which is derived and may be deleted."""
        return self.root / "index"

    def read_signers(self) -> list[note.Signer]:
        """Read the log's signing keys; `Damaged` when the installation was never begun."""
        path = self.root / "log.key"
        try:
            signers = [keys.parse_skey(line) for line in path.read_text("ascii").splitlines() if line]
        except (FileNotFoundError, NotADirectoryError):
            raise errors.Damaged(f"there is no log in {self.root}; begin one with: lightwell init") from None
        except OSError as error:
            raise errors.Damaged(f"{path} cannot be read: {error.strerror}; see {VARIABLE}") from None
        except (UnicodeDecodeError, errors.LightwellError):
            signers = []
        if not signers:
            raise errors.Damaged(f"{path} does not hold the log's keys; put it back from a backup")
        return signers

    def read_origin(self) -> str:
        """Read the log's name, which its keys bear."""
        return self.read_signers()[0].name

    def read_policy(self) -> policy.Policy:
        """Read whose cosignatures this log needs before it shows a checkpoint; `Damaged` without one."""
        try:
            return policy.parse_policy((self.root / "policy").read_bytes())
        except FileNotFoundError:
            raise errors.Damaged(
                f"there is no policy in {self.root}; begin one with: lightwell init"
            ) from None
        except log_errors.PolicyError as error:
            raise errors.Damaged(
                f"{self.root / 'policy'} cannot be read as a policy, put it back from a backup: {error}"
            ) from None

    def is_sample(self) -> bool:
        """Answer whether this is a labelled sample."""
        return self.read_origin().startswith(SAMPLE_PREFIX)

    def read_now(self) -> datetime.datetime:
        """Read the time: the real one, or in a labelled sample with a sample clock the invented one."""
        clock = self.root / "sample-clock"
        if not clock.exists():
            return datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        if not self.is_sample():
            raise errors.Damaged(f"{clock} exists, but this log is no sample; remove the file")
        try:
            return datetime.datetime.fromtimestamp(int(clock.read_text("ascii")), datetime.UTC)
        except (ValueError, OverflowError):
            raise errors.Damaged(f"{clock} must hold seconds since 1970 as one whole number") from None


def open_state() -> State:
    """Open the folder that the environment names, by default `var` below the working directory."""
    return State(Path(os.environ.get(VARIABLE) or "var").resolve())

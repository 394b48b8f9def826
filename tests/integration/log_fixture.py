"""A log with real witness processes for the tests of its stories."""

import datetime
import re
import signal
import subprocess
import sys
from pathlib import Path

from lightwell.files import policies
from lightwell.files.state import State
from lightwell.tlog import checkpoint, key, note, policy

ORIGIN = "log.example/sample"
NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
_MAIN = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]


class Witness:
    """One `lightwell witness serve` process."""

    def __init__(self, folder: Path, name: str, log_keys: list[note.Verifier]) -> None:
        self.folder, self.name, self.log_keys = folder, name, log_keys
        self.key_file = folder / f"{name}.key"
        made = subprocess.run(
            [*_MAIN, "witness", "keygen", "--name", name, "--key", str(self.key_file)],
            capture_output=True,
            text=True,
            check=True,
        )
        self.vkeys = made.stdout.split()
        self.port = 0
        self.start()

    def start(self) -> None:
        arguments = ["witness", "serve", "--listen", f"127.0.0.1:{self.port}", "--key", str(self.key_file)]
        arguments += ["--state", str(self.folder / self.name)]
        for each in self.log_keys:
            arguments += ["--log", note.format_vkey(each)]
        self.process = subprocess.Popen([*_MAIN, *arguments], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.url = re.search(r"http://[0-9.:]+", line).group()
        self.port = int(self.url.rpartition(":")[2])

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.process.stdout.close()

    def list_options(self) -> list[str]:
        return [f"{vkey}={self.url}" for vkey in self.vkeys]


def make_signers(seed: bytes = bytes(32)) -> list[note.Signer]:
    kinds = (key.KeyType.ED25519, key.KeyType.ML_DSA_44)
    return [note.generate_signer(ORIGIN, kind, seed) for kind in kinds]


def make_state(root: Path, witnesses: list[Witness], quorum: int | None = None) -> State:
    """A state folder with the log's keys and a policy; without a database of its own."""
    root.mkdir(parents=True, exist_ok=True)
    signers = make_signers()
    (root / "log.key").write_text("".join(f"{note.format_skey(each)}\n" for each in signers))
    options = [option for each in witnesses for option in each.list_options()]
    policies.replace_policy(root, policies.make_policy([each.verifier for each in signers], options, quorum))
    return State(root)


def read_shown(state: State) -> tuple[int, policy.PolicyResult]:
    """Size of what readers see and the policy's verdict on it; size 0 when nothing is shown."""
    text = state.tiles.read_checkpoint()
    verdict = policy.check_policy(state.read_policy(), text or "")
    size = checkpoint.parse_checkpoint(note.parse_note(text).text).size if text else 0
    return size, verdict

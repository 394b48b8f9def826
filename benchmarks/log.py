"""How fast the log is: durable appends, inclusion proofs, a full check, beside limit and peer.

    .venv/bin/python benchmarks/log.py [--entries 1000000]

First the real way, `actions/log` on the tables of an installation; then the same reduced to what the
disk and the tree cost. Every append is durable before it counts: entries in SQLite (WAL,
synchronous=FULL) first, then tiles and bundles (each flushed, renamed, directory flushed), then what
was written is read back and hashed again, and only then the checkpoint is signed with both keys.
The limit printed beside it is this disk's own flush rate, measured in the same run. The peer is
Tessera, whose figures are those quoted in the project's reference (measured on another 2-core
machine), not measured here.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import sqlite3
import time
from pathlib import Path

import report

from lightwell.files import tiles
from lightwell.tlog import checkpoint, fsck, note, tile, tile_proof, tree

ORIGIN = "benchmark.example/log"
GOAL_BATCHES = "goal 10,000/s; Django, JSON, tiles, read back, two signatures"
PLAIN_SECONDS = 3.0
SIGNERS = [
    note.generate_signer(ORIGIN, kind, bytes(31) + b"\x01")
    for kind in (note.KeyType.ED25519, note.KeyType.ML_DSA_44)
]


class Log:
    """The append path of the log action, reduced to what costs time."""

    def __init__(self, folder: Path) -> None:
        self.store = tiles.TileStore(folder / "log")
        self.database = sqlite3.connect(folder / "order.db", isolation_level=None)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=FULL")
        self.database.execute("CREATE TABLE entry (position INTEGER PRIMARY KEY, body BLOB, leaf BLOB)")
        self.frontier = tree.Frontier()

    def append(self, entries: list[bytes]) -> None:
        """One batch, durable, published and signed when this returns."""
        old, new = self.frontier.size, self.frontier.size + len(entries)
        leaves = [tree.hash_leaf(entry) for entry in entries]
        self.database.execute("BEGIN IMMEDIATE")
        self.database.executemany(
            "INSERT INTO entry VALUES (?, ?, ?)", zip(range(old, new), entries, leaves, strict=True)
        )
        self.database.execute("COMMIT")
        items = [
            *tile.derive_bundles(old, new, self.read_entries),
            *tile.derive_tiles(old, new, self.read_leaves, self.store.read_tile),
        ]
        self.store.write_tiles(items)
        self.frontier.append(self.read_back(old, new))
        head = checkpoint.Checkpoint(ORIGIN, new, self.frontier.compute_root())
        self.store.write_checkpoint(checkpoint.sign_checkpoint(head, SIGNERS, int(time.time())))
        self.store.remove_partials(items)

    def read_entries(self, start: int, stop: int) -> list[bytes]:
        rows = self.database.execute(
            "SELECT body FROM entry WHERE position >= ? AND position < ? ORDER BY position", (start, stop)
        )
        return [body for (body,) in rows]

    def read_leaves(self, start: int, stop: int) -> list[bytes]:
        rows = self.database.execute(
            "SELECT leaf FROM entry WHERE position >= ? AND position < ? ORDER BY position", (start, stop)
        )
        return [leaf for (leaf,) in rows]

    def read_back(self, old: int, new: int) -> list[bytes]:
        """Leaf hashes of the entries as they lie on disk."""
        first = old // tile.FULL_WIDTH
        found: list[bytes] = []
        for index in range(first, -(-new // tile.FULL_WIDTH)):
            data = self.store.read_bundle(index, tile.count_width(new, 0, index))
            if data is None:
                raise SystemExit(f"entry bundle {index} is missing")
            found += [tree.hash_leaf(entry) for entry in tile.decode_bundle(data)]
        return found[old - first * tile.FULL_WIDTH :]


class Stories:
    """The real append path: `actions/log` on the real tables, with tiles, read-back and signature."""

    def __init__(self, folder: Path) -> None:
        os.environ["LIGHTWELL_STATE"] = str(folder / "state")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lightwell.web.settings")
        from lightwell.cli import installation
        from lightwell.files import foundation

        foundation.lay_foundation(folder / "state", origin=ORIGIN)
        self.state = installation.open_installation()
        from lightwell.actions import installations, log

        installations.prepare_database(state=self.state)
        self.log = log

    def append(self, count: int) -> None:
        """One batch: durable order, tiles, read back, signed, shown."""
        start = self.log.count_entries()
        self.log.append(entries=[make_entry(start + k) for k in range(count)])
        self.log.publish_checkpoint(state=self.state, now=self.state.read_now())


def make_entry(number: int) -> dict[str, object]:
    """An entry as the archive makes it when an inventory is sealed."""
    return {
        "type": "item",
        "v": 1,
        "at": "2026-11-25T12:00:00Z",
        "study": "std-6wtb7d1t76x3nf",
        "item": number,
        "kind": "report",
        "pages": 12,
        "read": True,
        "due": "2027-03-01",
        "commitment": f"{number:064x}",
    }


def measure_stories(found: report.Report, folder: Path, rounds: int) -> None:
    """Entries per second through the stories, in batches as an inventory seals them."""
    stories = Stories(folder)
    for batch, times in ((1, 10), (256, 6), (2048, 6), (8192, 3)):
        before, started = stories.log.count_entries(), time.perf_counter()
        for _ in range(times * rounds):
            stories.append(batch)
        elapsed = time.perf_counter() - started
        rate = (stories.log.count_entries() - before) / elapsed
        found.add(
            f"`actions/log`, batches of {batch:,}", f"{rate:,.0f}/s", GOAL_BATCHES if batch > 256 else ""
        )
    size, started = stories.log.count_entries(), time.perf_counter()
    stories.log.check_start(state=stories.state, offline=True)
    found.add(f"check at start, {size:,} entries", f"{time.perf_counter() - started:.2f} s")


def measure_flushes(folder: Path) -> float:
    """Flushes per second of this disk: 4 KiB written and flushed, again and again."""
    with open(folder / "flush", "wb") as file:
        started, count = time.perf_counter(), 0
        while time.perf_counter() - started < 2:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            count += 1
        return count / (time.perf_counter() - started)


def make_entries(start: int, count: int) -> list[bytes]:
    return [
        b'{"kind":"document-commit","number":%012d,"pad":"%0150d"}' % (i, i)
        for i in range(start, start + count)
    ]


def measure_plain(found: report.Report, folder: Path, entries: int) -> None:
    """The same without Django and JSON, then a large log: full check and proofs."""
    for batch in (1, 256, 2048):
        part = folder / f"batch-{batch}"
        part.mkdir()
        log, started = Log(part), time.perf_counter()
        while time.perf_counter() - started < PLAIN_SECONDS:
            log.append(make_entries(log.frontier.size, batch))
        rate = log.frontier.size / (time.perf_counter() - started)
        found.add(f"the same without Django and JSON, batches of {batch:,}", f"{rate:,.0f}/s")
        shutil.rmtree(part)
    part = folder / "big"
    part.mkdir()
    log, started = Log(part), time.perf_counter()
    while log.frontier.size < entries:
        log.append(make_entries(log.frontier.size, min(8192, entries - log.frontier.size)))
    size = log.frontier.size
    rate = size / (time.perf_counter() - started)
    found.add(
        f"the same, {size:,} entries in batches of 8,192", f"{rate:,.0f}/s", "Tessera's bulk target 50,000/s"
    )
    started = time.perf_counter()
    shown = log.store.read_checkpoint() or ""
    head = checkpoint.open_checkpoint(shown, [SIGNERS[0].verifier]).checkpoint
    problems = fsck.check_log(head, log.store.read_bundle, log.store.read_tile)
    elapsed = time.perf_counter() - started
    if problems:
        raise SystemExit(f"fsck found {problems[:3]}")
    found.add(f"`fsck` of {size:,} entries", f"{elapsed:.2f} s", "goal 5 s for 1,000,000; Tessera 1.1 s")
    dice = random.Random(1)
    indices = [dice.randrange(size) for _ in range(1000)]
    started = time.perf_counter()
    for index in indices:
        tile_proof.prove_inclusion_from_tiles(log.store.read_tile, index, size)
    elapsed = (time.perf_counter() - started) / len(indices)
    found.add("one inclusion proof out of tiles, at random", f"{elapsed * 1000:.2f} ms", "goal 2 ms")
    reader = tile_proof.TileReader(log.store.read_tile, size)
    count = min(size, 50_000)
    started = time.perf_counter()
    for index in range(count):
        reader.prove_inclusion(index)
    elapsed = time.perf_counter() - started
    found.add("inclusion proofs in order, as for a bundle", f"{count / elapsed:,.0f}/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2, help="how often each batch is measured")
    options = parser.parse_args()
    folder = report.CACHE / "log"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with report.Report("log", ("cryptography", "django")) as found:
            found.add("flushes of this disk", f"{measure_flushes(folder):,.0f}/s", "limit of batches of 1")
            part = folder / "stories"
            part.mkdir()
            measure_stories(found, part, options.rounds)
            shutil.rmtree(part)
            measure_plain(found, folder, options.entries)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            found.add("most memory of this benchmark", f"{memory:,.0f} MB", "goal 1,000 MB")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

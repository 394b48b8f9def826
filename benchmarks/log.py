"""How fast the log is: durable appends, inclusion proofs, a full check, beside limit and peer.

    .venv/bin/python benchmarks/log.py [--entries 1000000] [--folder DIR]

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
import tempfile
import time
from pathlib import Path

from lightwell.files import tiles
from lightwell.tlog import checkpoint, fsck, note, tile, tile_proof, tree

ORIGIN = "benchmark.example/log"
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


def measure_stories(folder: Path) -> None:
    """Entries per second through the stories, in batches as an inventory seals them."""
    stories = Stories(folder)
    for batch, rounds in ((1, 20), (256, 12), (2048, 12), (8192, 6)):
        before, started = stories.log.count_entries(), time.perf_counter()
        for _ in range(rounds):
            stories.append(batch)
        elapsed = time.perf_counter() - started
        rate = (stories.log.count_entries() - before) / elapsed
        print_row(
            f"actions/log, batches of {batch:,}",
            f"{rate:,.0f}/s",
            "goal 10,000/s in batches; JSON, Django, tiles, read-back, two signatures" if batch > 1 else "",
        )
    size, started = stories.log.count_entries(), time.perf_counter()
    stories.log.check_start(state=stories.state, offline=True)
    print_row(
        f"check at start, {size:,} entries", f"{time.perf_counter() - started:.2f} s", "also the database"
    )


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


def print_row(name: str, figure: str, beside: str) -> None:
    print(f"{name:<46} {figure:>22}   {beside}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lightwell-log-", dir=arguments.folder))
    try:
        print_row("what", "measured here", "beside it")
        print_row(
            "flushes of this disk",
            f"{measure_flushes(folder):,.0f}/s",
            "the physical limit of a single append",
        )
        part = folder / "stories"
        part.mkdir()
        measure_stories(part)
        shutil.rmtree(part)
        for batch, seconds in ((1, 3.0), (256, 3.0), (2048, 3.0)):
            part = folder / f"batch-{batch}"
            part.mkdir()
            log, started = Log(part), time.perf_counter()
            while time.perf_counter() - started < seconds:
                log.append(make_entries(log.frontier.size, batch))
            rate = log.frontier.size / (time.perf_counter() - started)
            goal = (
                "goal 10,000/s in batches; Tessera target in the reference: 50,000/s bulk"
                if batch > 1
                else ""
            )
            print_row(f"durable, signed entries in batches of {batch}", f"{rate:,.0f}/s", goal)
            shutil.rmtree(part)
        part = folder / "big"
        part.mkdir()
        log, started = Log(part), time.perf_counter()
        while log.frontier.size < arguments.entries:
            log.append(make_entries(log.frontier.size, min(8192, arguments.entries - log.frontier.size)))
        elapsed = time.perf_counter() - started
        size = log.frontier.size
        print_row(
            f"{size:,} entries in batches of 8,192", f"{size / elapsed:,.0f}/s", f"{elapsed:.1f} s in all"
        )
        started = time.perf_counter()
        head = checkpoint.open_checkpoint(log.store.read_checkpoint() or "", [SIGNERS[0].verifier]).checkpoint
        problems = fsck.check_log(head, log.store.read_bundle, log.store.read_tile)
        elapsed = time.perf_counter() - started
        print_row(
            f"fsck of {size:,} entries", f"{elapsed:.2f} s", "goal 5 s; Tessera's fsck 1.1 s for 1,000,000"
        )
        if problems:
            raise SystemExit(f"fsck found {problems[:3]}")
        dice = random.Random(1)
        indices = [dice.randrange(size) for _ in range(1000)]
        started = time.perf_counter()
        for index in indices:
            tile_proof.prove_inclusion_from_tiles(log.store.read_tile, index, size)
        elapsed = (time.perf_counter() - started) / len(indices)
        print_row("one inclusion proof from tiles, at random", f"{elapsed * 1000:.2f} ms", "goal 2 ms")
        reader = tile_proof.TileReader(log.store.read_tile, size)
        count = min(size, 50_000)
        started = time.perf_counter()
        for index in range(count):
            reader.prove_inclusion(index)
        elapsed = time.perf_counter() - started
        print_row(
            "inclusion proofs in order", f"{count / elapsed:,.0f}/s", "goal 10,000/s (bulk proof files)"
        )
        print_row("peak memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB", "")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

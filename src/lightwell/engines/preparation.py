"""`prepare`: a data set ranked, clustered by child and kept small, so that bounding a child is a filter.

What is kept, and why it is sound: `query.layout`. The folder:

    salt                          the key of the ranks, for nobody but the owner (mode 0600)
    usage/all/1-8/000.parquet     rows of rank 1 to 8 of the children of bucket 0, by child and rank
    usage/all/cube-0.parquet      sums by a few columns and tier
    places.parquet                a public table, as it was
    manifest.json                 every file, its size and digest: written last, so half a folder has none

Where the codebook names a `partition`, `2026-W05` stands in the place of `all`, once for each week, with the
constants of the children first seen in it in `children/`; `add_weeks` adds the next ones and leaves every
file that is there as it is. Until it has written the new manifest the folder answers as before.

Resumable: each bucket of children is written under another name and moved into its place, and a marker says
that it is done, so that a process killed anywhere goes on where it was when the same command is given again.
Memory is what the engine is told to use, as buckets hold about a million rows each. How many buckets there
are tells how many rows there are, so nothing outside this folder says it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from lightwell.base import canonical, errors
from lightwell.engines import duckdb as engine
from lightwell.engines import prepared_sql, sql
from lightwell.query import class_means, cost, noise
from lightwell.query import domain as domains
from lightwell.query import layout as layouts
from lightwell.query import ledger as ledgers
from lightwell.query import plan as plans
from lightwell.query import truncation as truncations
from lightwell.query.codebook import Codebook
from lightwell.query.expression import Field
from lightwell.query.layout import FIRST, FIRST_ROW, RANK, Kept, Layout
from lightwell.query.ledger import Ledger

if TYPE_CHECKING:
    from lightwell.engines.prepared import Prepared

MANIFEST, SALT, WORK, HISTOGRAMS = "manifest.json", "salt", "work", "rows-per-child.json"
ROWS_PER_BUCKET = 1_000_000
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a finished folder says of itself. `version` names the very data and its ranks.

    `files` are sizes and SHA-256 by path within the folder; `through` the last day of the weeks it holds,
    where rows are kept by week.
    """

    layout: str
    files: Mapping[str, tuple[int, str]]
    version: str
    through: datetime.date | None = None


def prepare(
    files: Mapping[str, Path | str],
    codebook: Codebook,
    folder: Path,
    *,
    memory: str = "3GB",
    threads: int | None = None,
    rows_per_bucket: int = ROWS_PER_BUCKET,
    through: datetime.date | None = None,
    salt: str | None = None,
    report: Report = lambda _: None,
) -> Manifest:
    """Prepare the files of a codebook's tables into a folder, or go on with a folder that was begun.

    Where the codebook names a `partition`, `through` is a day of the last week to prepare, the last one of
    the codebook without it. `report` is told what is being done, in words without figures about children.
    `salt` is for tests; without one it is drawn. Raises UserMistake for a codebook that is not the files',
    for rows outside the weeks, and for a folder that holds something else or was begun with other data or
    bounds; Damaged where a file cannot be read to its end.
    """
    work = _Work(Path(folder), codebook)
    if (work.folder / MANIFEST).exists():
        if not work.scratch.exists():
            raise errors.UserMistake(
                f"{work.folder} holds a prepared data set already; name an empty folder."
            )
        # Killed after the last step that counts.
        return work.clear()
    return _fill(work, files, through, memory, threads, rows_per_bucket, salt, report)


def add_weeks(
    files: Mapping[str, Path | str],
    codebook: Codebook,
    folder: Path,
    through: datetime.date,
    *,
    memory: str = "3GB",
    threads: int | None = None,
    rows_per_bucket: int = ROWS_PER_BUCKET,
    report: Report = lambda _: None,
) -> Manifest:
    """Add the weeks after those that a folder holds, up to the week of `through`; nothing there is rewritten.

    `files` are the rows of those weeks, one for each table that the codebook keeps by week, and no others.
    Killed, the same call goes on; meanwhile the folder answers as before. Arguments and errors as of
    `prepare`; UserMistake also where the folder holds these weeks, or a row lies in a week it holds.
    """
    work = _Work(Path(folder), codebook, read_manifest(Path(folder)))
    check_layout(work.folder, work.before, codebook)
    weekly = {name: table for name, table in codebook.tables.items() if table.partition}
    if not weekly:
        raise errors.UserMistake(
            "This codebook keeps no table by week: write partition: and a column with a day, and prepare the "
            "data anew."
        )
    if {name.lower() for name in files} != set(weekly):
        listed = ", ".join(table.name for table in weekly.values())
        raise errors.UserMistake(f"Name the new rows of each table that is kept by week, only: {listed}.")
    before = work.before.through
    assert before is not None
    if layouts.end_week(through) == before and work.scratch.exists():
        return work.clear()
    if layouts.end_week(through) <= before:
        raise errors.UserMistake(
            f"{folder} holds the weeks through {before} already; name a day of a later week."
        )
    alone = dataclasses.replace(codebook, tables=weekly)
    return _fill(work, files, through, memory, threads, rows_per_bucket, None, report, alone)


def _fill(
    work: _Work,
    files: Mapping[str, Path | str],
    through: datetime.date | None,
    memory: str,
    threads: int | None,
    rows_per_bucket: int,
    salt: str | None,
    report: Report,
    only: Codebook | None = None,
) -> Manifest:
    codebook = only or work.codebook
    work.settle_weeks(through)
    source = engine.DuckDB(files, codebook, _NoDice(), memory=memory, threads=threads, folder=work.folder)
    try:
        with source.open_cursor() as connection:
            # Before the folder is taken, so that rows that are refused leave nothing behind.
            for name, table in codebook.tables.items():
                if table.partition:
                    ranking = _Ranking(work, connection, work.layouts[name])
                    ranking.check_unit()
                    ranking.check_weeks()
            with work.hold():
                work.begin({"data": source.version, "rows_per_bucket": rows_per_bucket}, salt)
                for name, table in codebook.tables.items():
                    report(f"{table.name}:")
                    if table.is_public:
                        work.write(connection, f"{name}.parquet", f"SELECT * FROM {sql.quote(table.name)}")
                    else:
                        _Ranking(work, connection, work.layouts[name]).run(rows_per_bucket, report)
                return work.finish()
    except duckdb.Error:
        raise errors.Damaged(
            "The data could not be read to the end, or the disk is full; what is done is kept, try again."
        ) from None


class _NoDice:
    """Preparation answers nothing, so it draws nothing."""

    def add_noise(self, values: Any, sigma: float, square: int, nano_rho: int) -> list[int]:
        raise NotImplementedError


class _Work:
    """A folder while it is being filled; `before` is what it held, where weeks are added to it."""

    def __init__(self, folder: Path, codebook: Codebook, before: Manifest | None = None) -> None:
        self.folder, self.codebook = folder, codebook
        self.before = before or Manifest("", {}, "")
        self.layouts = layouts.lay_out(codebook)
        self.digest = layouts.compute_digest(self.layouts)
        self.scratch = folder / WORK
        self.salt = ""
        self.through: datetime.date | None = None

    def settle_weeks(self, through: datetime.date | None) -> None:
        """Settle which weeks there will be; UserMistake for a day that no table's weeks hold."""
        self.through = find_through(self.codebook, through)
        self.layouts = {name: _name_weeks(one, self.through) for name, one in self.layouts.items()}

    def list_new_weeks(self, layout: Layout) -> list[datetime.date]:
        """The weeks that are being added to a table, in order."""
        held = set(_name_weeks(layout, self.before.through).weeks) if self.before.through else set()
        return [monday for monday in layout.weeks if monday not in held]

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Keep other preparations out of the folder: two would take away each other's files.

        UserMistake where one is at work, or has finished since this one looked. The kernel lets go of it
        with the process, however that ends.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise errors.UserMistake(
                    f"{self.folder} is being prepared by another process; wait for its end."
                ) from None
            found = read_manifest(self.folder).version if (self.folder / MANIFEST).exists() else ""
            if found != self.before.version:
                raise errors.UserMistake(f"{self.folder} was prepared by another process meanwhile.")
            yield
        finally:
            os.close(descriptor)

    def begin(self, facts: Mapping[str, Any], salt: str | None) -> None:
        """Take the folder, or take up what was begun in it with the very same data and bounds."""
        said = json.dumps(
            {
                "v": layouts.VERSION,
                "layout": self.digest,
                "engine": duckdb.__version__,
                "before": self.before.version,
                "through": self.through.isoformat() if self.through else "",
                **facts,
            },
            sort_keys=True,
        )
        begun = self.scratch / "begun.json"
        if not begun.exists():
            if (
                not self.before.version
                and self.folder.exists()
                and [one for one in self.folder.iterdir() if one.name not in (SALT, WORK)]
            ):
                raise errors.UserMistake(f"{self.folder} is not empty; name a folder that is.")
            self.remove_strangers()
            self.scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            _write_whole(begun, said.encode())
        elif begun.read_text() != said:
            raise errors.UserMistake(
                f"{self.folder} was begun with other data, other bounds or another version of the program; "
                + (
                    f"take {self.scratch} away to begin these weeks anew."
                    if self.before.version
                    else "name an empty folder."
                )
            )
        place = self.folder / SALT
        if not place.exists():
            _write_whole(place, (salt or secrets.token_hex(32)).encode(), mode=0o600)
        self.salt = place.read_text()

    def remove_strangers(self) -> None:
        """Take away what weeks that were begun and given up have left: nothing that the manifest names."""
        for layout in self.layouts.values():
            for monday in self.list_new_weeks(layout):
                shutil.rmtree(
                    self.folder / layout.table.name.lower() / layouts.name_week(monday), ignore_errors=True
                )

    def write(self, connection: duckdb.DuckDBPyConnection, name: str, select: str, order: str = "") -> None:
        """Write one file of the folder unless it is there, under another name first."""
        place = self.folder / name
        if place.exists():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        passing = self.scratch / f"{name.replace('/', '--')}.part"
        ordered = f" ORDER BY {order}" if order else ""
        connection.execute(
            f"COPY ({select}{ordered}) TO '{_escape(passing)}' (FORMAT parquet, COMPRESSION zstd)"
        )
        # A bucket is said to be done only after this, so no crash leaves one that is done and not on disk.
        _flush(passing)
        os.replace(passing, place)
        _flush(place.parent)

    def finish(self) -> Manifest:
        """Write the manifest, which makes the folder one that answers, and clear what was needed for it."""
        files = {
            str(path.relative_to(self.folder)): (path.stat().st_size, _digest(path))
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
            and self.scratch not in path.parents
            and path.name not in (MANIFEST, SALT, HISTOGRAMS)
            and str(path.relative_to(self.folder)) not in self.before.files
        }
        files = dict(sorted({**self.before.files, **files}.items()))
        said = {
            "v": layouts.VERSION,
            "kind": "prepared-dataset",
            "layout": self.digest,
            "salt": hashlib.sha256(self.salt.encode()).hexdigest(),
            "files": {name: list(facts) for name, facts in files.items()},
            **({"through": self.through.isoformat()} if self.through else {}),
        }
        _write_whole(self.folder / MANIFEST, json.dumps(said, indent=1, sort_keys=True).encode())
        return self.clear()

    def clear(self) -> Manifest:
        """Take away what only the work needed."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        return read_manifest(self.folder)


def find_through(codebook: Codebook, day: datetime.date | None) -> datetime.date | None:
    """The last day of the weeks up to `day`, or to the last day that the codebook has; None without weeks.

    UserMistake for a day that is after it, or before the first of any table: each has a week at least, from
    which its files tell how it is kept.
    """
    domains_ = [
        table.columns[table.partition].domain for table in codebook.tables.values() if table.partition
    ]
    if not domains_:
        if day is not None:
            raise errors.UserMistake(
                "This codebook keeps no table by week, so there is no last week to name."
            )
        return None
    low: Any = max(of.low for of in domains_)
    high: Any = max(of.high for of in domains_)
    if day is not None and not low <= day <= layouts.end_week(high):
        every = " for every table" if len(domains_) > 1 else ""
        raise errors.UserMistake(f"{day} is no day of the codebook, which has {low} to {high}{every}.")
    return layouts.end_week(day or high)


def _name_weeks(layout: Layout, through: datetime.date | None) -> Layout:
    """A layout with the weeks up to a day."""
    if not layout.partition or through is None:
        return layout
    high: Any = layout.table.columns[layout.partition].domain.high
    return dataclasses.replace(layout, weeks=layouts.list_weeks(layout.table, min(through, high)))


def read_manifest(folder: Path) -> Manifest:
    """Read what a finished folder says of itself.

    Raises UserMistake for a folder that is none or was not finished, Damaged for a manifest nobody wrote.
    """
    place = folder / MANIFEST
    if (folder / WORK).exists() and not place.exists():
        raise errors.UserMistake(
            f"{folder} was not prepared to the end; give the same lightwell dataset prepare once more."
        )
    if not place.is_file():
        raise errors.UserMistake(
            f"{folder} is no prepared data set; make one with lightwell dataset prepare."
        )
    written = place.read_bytes()
    try:
        said = json.loads(written)
        files = {str(name): (int(size), str(digest)) for name, (size, digest) in said["files"].items()}
        through = datetime.date.fromisoformat(said["through"]) if "through" in said else None
        found = Manifest(str(said["layout"]), files, hashlib.sha256(written).hexdigest(), through)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise errors.Damaged(f"{place} is damaged; prepare the data set again.") from None
    if said.get("v") != layouts.VERSION:
        raise errors.UserMistake(f"{folder} was prepared by another version; prepare the data set again.")
    return found


# --- rows per child -------------------------------------------------------------------------------------


def buy_histograms(
    engine: Prepared, ledger: Ledger, *, epsilon: float, grant: str
) -> dict[str, truncations.Histogram]:
    """Buy how many rows children have, and the means of number columns by that, for each table without weeks.

    The price is for all of a table: half of it for how many rows children have, as every answer rests on it,
    and equal parts of the other half for its number columns, so that one more column makes means less
    precise and nothing dearer; without number columns, all of it for the former. It is kept in the folder
    beside the manifest and is no part of it, whose digest is the version that the charge names. Charged
    first, like any query; the same purchase again is free within the grant. What was bought at this price
    before there were means stays as it is: only another price buys means. In a folder that weeks are added to
    nothing is bought twice at one price. Raises as `Session.sql` does.
    """
    book = engine.codebook
    price = cost.Cost(cost.find_rho(epsilon, book.delta))
    found = {}
    for name in sorted(engine.layouts):
        if engine.layouts[name].partition:
            # A child is in one class for each week there, which this price does not cover.
            continue
        scales = class_means.list_scales(engine.layouts[name])
        parts = cost.divide(price, [max(len(scales), 1), *(1 for _ in scales)])
        before = engine.histograms.get(name)
        # Weeks that were added to other tables leave this one, and so what was bought of it, as it was.
        stands = engine.manifest.through is not None or (scales and before is not None and not before.means)
        if stands and before is not None and before.nano_rho == price.nano_rho:
            found[name] = before
            continue
        of = {"means": [[one.name, one.has_null] for one in scales]} if scales else {}
        key = ledgers.compute_key(
            plan={"is": "rows-per-child", "table": name, "edges": list(truncations.EDGES), **of},
            path="rank",
            bounds={"codebook": book.digest},
            cost=price,
            data_version=engine.version,
        )
        asked = ledgers.Request(
            book.population, grant, engine.version, key, canonical.compute_digest({"table": name}), price
        )
        charged = ledger.charge(asked)
        if isinstance(charged, ledgers.Answer):
            body = charged.body
        else:
            sigma = noise.find_sigma(1, parts[0])
            counts = tuple(engine.release_rows_per_child(name, sigma, parts[0]))
            prices = {
                one.name: (noise.find_sigma(class_means.find_square(one), part), part)
                for one, part in zip(scales, parts[1:], strict=True)
            }
            means = tuple(engine.release_class_means(name, prices))
            bought = truncations.Histogram(name, counts, sigma, price.nano_rho, key, means)
            body = ledger.keep_answer(charged, key, canonical.encode(truncations.describe(bought)))
        found[name] = truncations.read(canonical.decode(body))
    engine.histograms = found
    _write_whole(
        engine.folder / HISTOGRAMS,
        json.dumps({name: truncations.describe(one) for name, one in found.items()}, indent=1).encode(),
    )
    return found


def check_layout(folder: Path, manifest: Manifest, codebook: Codebook) -> dict[str, layouts.Layout]:
    """Lay a codebook's tables out as those of a folder; UserMistake where they are kept in another way."""
    found = layouts.lay_out(codebook)
    if manifest.layout != layouts.compute_digest(found):
        raise errors.UserMistake(
            f"{folder} was prepared by another codebook: its columns, values or bounds differ; "
            "prepare the data set again."
        )
    return {name: _name_weeks(one, manifest.through) for name, one in found.items()}


def read_histograms(folder: Path) -> dict[str, truncations.Histogram]:
    """Read what was bought about rows per child; nothing where it was not."""
    place = folder / HISTOGRAMS
    if not place.exists():
        return {}
    try:
        return {name: truncations.read(one) for name, one in json.loads(place.read_bytes()).items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise errors.Damaged(
            f"{place} is damaged or of another version; take it away, and buy it again if you need it."
        ) from None


# --- ranking --------------------------------------------------------------------------------------------


class _Ranking:
    """One table of children: split into buckets of children, each ranked and written by tier, then cubes."""

    def __init__(self, work: _Work, connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
        self.work, self.connection, self.layout = work, connection, layout
        self.name = layout.table.name.lower()
        self.kept = list(layout.kept.values())
        self.weeks = work.list_new_weeks(layout)
        # The folders that are filled: one for each new week, or the only one there is.
        self.parts = (
            [layouts.name_week(monday) for monday in self.weeks] if layout.partition else [layouts.WHOLE]
        )
        # What one run of ranks is counted within.
        self.within = "unit, week" if layout.partition else "unit"

    def run(self, rows_per_bucket: int, report: Report) -> None:
        report("splitting by child")
        buckets = self.split(rows_per_bucket)
        for bucket in range(buckets):
            report(f"ranking, part {bucket + 1}")
            self.rank(bucket)
        for cube in self.layout.cubes:
            report(f"adding up {cube.name}")
            for part in self.parts:
                self.work.write(
                    self.connection,
                    f"{self.name}/{part}/{cube.name}.parquet",
                    write_cube(self.layout, cube, self.list_tiers(part)),
                )

    def check_unit(self) -> None:
        """Refuse a child stored otherwise than in the weeks that are there.

        Read together one would be cast to the other's type: two children might become one, and a single
        child's name could end a question.
        """
        held = self.list_held()
        if not held:
            return
        table = self.layout.table
        sources = (
            f"SELECT unit FROM {held}",
            f"SELECT {self.write_unit()} AS unit FROM {sql.quote(table.name)}",
        )
        before, now = (self.connection.execute(f"DESCRIBE {one}").fetchall()[0][1] for one in sources)
        if before != now:
            raise errors.UserMistake(
                f"These rows store {table.unit} as {now}, the weeks that are there as {before}; "
                "store it as they do.",
                place=table.name,
            )

    def write_unit(self) -> str:
        """The column that names the child; where weeks are added a whole number is of the widest type, for
        later files may hold greater ones."""
        unit = sql.quote(self.layout.table.unit)
        if not self.layout.partition:
            return unit
        described = self.connection.execute(
            f"DESCRIBE SELECT {unit} FROM {sql.quote(self.layout.table.name)}"
        ).fetchall()
        return f"CAST({unit} AS BIGINT)" if described[0][1] in engine.WHOLE_UNITS else unit

    def list_held(self) -> str:
        """What is written down of the children of weeks that are there, as a source; empty for none."""
        held = [
            f"'{_escape(self.work.folder / name)}'"
            for name in self.work.before.files
            if name.startswith(f"{self.name}/") and name.split("/")[2] == layouts.CHILDREN
        ]
        return f"read_parquet([{', '.join(held)}], hive_partitioning = false)" if held else ""

    def check_weeks(self) -> None:
        """Refuse rows that lie in no week that is being prepared: they would be lost without a word."""
        table = self.layout.table
        day, unit = self.layout.kept[self.layout.partition], sql.quote(table.unit)
        weeks = [self.count_week(monday) for monday in self.weeks]
        first, last = (weeks[0], weeks[-1]) if weeks else (1, 0)
        settled = f"SELECT {self.write_week()} AS week FROM {sql.quote(table.name)} WHERE {unit} IS NOT NULL"
        asked = (
            f"SELECT MAX(week IS NULL), MAX(week < {first}), MAX(week > {last}) FROM ({settled}) AS settled"
        )
        words = (
            f"rows have no {day.name}, so they lie in no week; give each row one, or leave them out",
            "rows lie in weeks that this folder holds already; leave them out",
            f"rows lie after {self.work.through}, the last day prepared; name a later one, or leave them out",
        )
        found = self.connection.execute(asked).fetchall()[0]
        problems = [
            errors.Problem(table.name, word) for word, is_so in zip(words, found, strict=True) if is_so
        ]
        if problems:
            raise errors.UserMistake(problems=problems)

    def split(self, rows_per_bucket: int) -> int:
        """Write the settled rows by bucket of children. A kill in the middle has it done anew."""
        table = self.layout.table
        place = self.work.scratch / f"{self.name}-split"
        if not place.exists():
            passing = place.with_suffix(".part")
            shutil.rmtree(passing, ignore_errors=True)
            counted = self.connection.execute(f"SELECT COUNT(*) FROM {sql.quote(table.name)}").fetchall()
            buckets = max(1, -(-counted[0][0] // rows_per_bucket))
            unit = sql.quote(table.unit)
            columns = ", ".join(
                [
                    f"{self.write_unit()} AS unit",
                    *([f"{self.write_week()} AS week"] if self.layout.partition else []),
                    *(f"{write_code(one)} AS {sql.quote(one.stored)}" for one in self.kept),
                ]
            )
            select = (
                f"SELECT {columns}, CAST(HASH({unit}) % {buckets} AS USMALLINT) AS bucket "
                f"FROM {sql.quote(table.name)} WHERE {unit} IS NOT NULL"
            )
            passing.mkdir()
            self.connection.execute(
                f"COPY ({select}) TO '{_escape(passing / 'rows')}' "
                "(FORMAT parquet, COMPRESSION lz4, PARTITION_BY (bucket))"
            )
            none = passing / "none.parquet"
            self.connection.execute(f"COPY ({select} LIMIT 0) TO '{_escape(none)}' (FORMAT parquet)")
            (passing / "buckets").write_text(str(buckets))
            os.replace(passing, place)
        return int((place / "buckets").read_text())

    def rank(self, bucket: int) -> None:
        done = self.work.scratch / f"{self.name}-{bucket}.done"
        if done.exists():
            return
        split = self.work.scratch / f"{self.name}-split"
        rows = split / "rows" / f"bucket={bucket}"
        # A bucket may be empty, and so may the file.
        pattern = rows / "*.parquet" if rows.exists() else split / "none.parquet"
        ranked = self.write_ranked(str(pattern))
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE ranked AS {ranked}")
        if not self.layout.partition:
            self.write_part(layouts.WHOLE, bucket, "ranked")
        for monday in self.weeks:
            source = f"ranked WHERE week = {self.count_week(monday)}"
            self.write_part(layouts.name_week(monday), bucket, source)
        self.connection.execute("DROP TABLE ranked")
        done.touch()
        shutil.rmtree(rows, ignore_errors=True)

    def write_part(self, part: str, bucket: int, source: str) -> None:
        """Write one bucket's files of a folder."""
        rows = f"SELECT {'* EXCLUDE (week)' if self.layout.partition else '*'} FROM {source}"
        # Still clustered by child, whose constants are the same in all its rows; long runs are read faster.
        constants = [sql.quote(self.layout.kept[name].stored) for name in self.layout.constants]
        for tier in range(len(layouts.TIERS) + 1):
            first, last = _find_ranks(tier)
            self.write_anew(
                f"{self.name}/{part}/{layouts.name_tier(tier)}/{bucket:03}.parquet",
                f"SELECT * FROM ({rows}) AS part WHERE {RANK} BETWEEN {first} AND {last}",
                ", ".join([*constants, "unit", RANK]),
            )
        if self.layout.partition:
            columns = ", ".join(
                ["unit", *(sql.quote(one.stored) for one in self.kept if one.column.is_constant)]
            )
            self.write_anew(
                f"{self.name}/{part}/{layouts.CHILDREN}/{bucket:03}.parquet",
                f"SELECT {columns} FROM ({rows}) AS part WHERE {FIRST_ROW}",
                "unit",
            )

    def write_anew(self, name: str, select: str, order: str) -> None:
        (self.work.folder / name).unlink(missing_ok=True)
        self.work.write(self.connection, name, select, order)

    def write_ranked(self, pattern: str) -> str:
        """The rows of one bucket with ranks and flags: what `query.layout` says, word for word."""
        names = [sql.quote(one.stored) for one in self.kept]
        listed, within = ", ".join(names), self.within
        source = f"read_parquet('{_escape(pattern)}', hive_partitioning = false)"
        digested = (
            f"SELECT {within}, {listed}, MD5_NUMBER(CONCAT({self.write_row_text()})) AS digest FROM {source}"
        )
        numbered = (
            f"SELECT {within}, {self.write_settled()}, digest, "
            f"ROW_NUMBER() OVER (PARTITION BY unit, digest) AS equal FROM ({digested}) AS digested"
        )
        if self.layout.partition:
            numbered = self.write_numbered_by_week(digested)
        again = f"MD5_NUMBER(CONCAT('{_escape(self.work.salt)},', digest, ',', equal))"
        order = f"CASE WHEN equal = 1 THEN digest ELSE {again} END"
        carried = ", is_new" if self.layout.partition else ""
        ranked = (
            f"SELECT {within}, {listed}{carried}, "
            f"CAST(ROW_NUMBER() OVER (PARTITION BY {within} ORDER BY {order}) AS INTEGER) AS {RANK} "
            f"FROM ({numbered}) AS numbered"
        )
        flags = [
            (sql.quote(self.layout.kept[flag].stored), sql.quote(FIRST + flag)) for flag in self.layout.flags
        ]
        if not flags:
            return ranked
        firsts = ", ".join(
            f"MIN({RANK}) OVER (PARTITION BY {within}, {name}) = {RANK} AS {flag}" for name, flag in flags
        )
        places = ", ".join(
            f"CAST(CASE WHEN {flag} THEN COUNT_IF({flag}) OVER (PARTITION BY {within} ORDER BY {RANK} "
            f"ROWS UNBOUNDED PRECEDING) END AS USMALLINT) AS {flag}"
            for _, flag in flags
        )
        first_row = f"is_new AND {RANK} = 1 AS {FIRST_ROW}, " if self.layout.partition else ""
        return (
            f"SELECT {within}, {listed}, {RANK}, {first_row}{places} "
            f"FROM (SELECT *, {firsts} FROM ({ranked}) AS ranked) AS flagged"
        )

    def write_settled(self) -> str:
        """The columns, of which a constant one is the least of the child's own values."""
        names = [(one.column.is_constant, sql.quote(one.stored)) for one in self.kept]
        return ", ".join(
            f"MIN({name}) OVER (PARTITION BY unit) AS {name}" if is_constant else name
            for is_constant, name in names
        )

    def write_numbered_by_week(self, digested: str) -> str:
        """The same where weeks are added: constants are those of the child's first week, known or new."""
        known = self.list_held()
        columns = []
        for one in self.kept:
            name = sql.quote(one.stored)
            if not one.column.is_constant:
                columns.append(f"d.{name}")
                continue
            own = f"MIN(CASE WHEN week = begun THEN d.{name} END) OVER (PARTITION BY d.unit)"
            columns.append(
                f"CASE WHEN known.unit IS NULL THEN {own} ELSE known.{name} END AS {name}"
                if known
                else f"{own} AS {name}"
            )
        is_new = "known.unit IS NULL AND week = begun" if known else "week = begun"
        joined = f" LEFT JOIN {known} AS known ON known.unit = d.unit" if known else ""
        return (
            f"SELECT d.unit, week, {', '.join(columns)}, digest, {is_new} AS is_new, "
            "ROW_NUMBER() OVER (PARTITION BY d.unit, digest) AS equal "
            f"FROM (SELECT *, MIN(week) OVER (PARTITION BY unit) AS begun FROM ({digested}) AS digested) AS d"
            f"{joined}"
        )

    def write_week(self) -> str:
        """The number of a row's week, from 0 for the first one of the codebook."""
        day = self.layout.kept[self.layout.partition]
        low: Any = day.column.domain.low
        return f"CAST(({write_code(day)} + {low.weekday()}) // 7 AS USMALLINT)"

    def count_week(self, monday: datetime.date) -> int:
        """The number of a week, as `write_week` counts."""
        low: Any = self.layout.kept[self.layout.partition].column.domain.low
        return int((monday - low).days + low.weekday()) // 7

    def write_row_text(self) -> str:
        """The SQL of `layout.write_row_text`."""
        words = [f"'{_escape(self.work.salt)}'", "CAST(unit AS VARCHAR)"]
        for one in self.kept:
            name, kind = sql.quote(one.stored), one.column.domain.kind
            if one.how != "plain":
                words.append(name)
            elif kind == domains.TEXT:
                words.append(f"SHA256({name})")
            elif kind == domains.TIMESTAMP:
                words.append(f"EPOCH_US({name})")
            elif kind == domains.DATE:
                words.append(f"DATE_DIFF('day', CAST('1970-01-01' AS DATE), {name})")
            else:
                words.append(name)
        # CONCAT leaves nulls out, so that a null is an empty word.
        return ", ',', ".join(words)

    def list_tiers(self, part: str) -> list[str]:
        folder = self.work.folder / self.name / part
        return [
            f"read_parquet('{_escape(folder / layouts.name_tier(tier) / '*.parquet')}')"
            for tier in range(len(layouts.TIERS) + 1)
        ]


def write_code(kept: Kept) -> str:
    """A column of the owner's file as it is kept: the SQL of `layout.encode` after `reference.settle`."""
    of, name = kept.column.domain, sql.quote(kept.name)
    settled = sql.settle(name, of)
    if kept.how == "plain":
        return settled
    if kept.how == "step":
        steps = f"FLOOR(({settled}) * {sql.write_real(1.0 / kept.step)} + 0.5e0)"
        kind = "USMALLINT" if kept.first >= 0 and kept.last < 2**16 else "INTEGER"
        within = f"WHEN {steps} < {kept.first} THEN {kept.first} WHEN {steps} > {kept.last} THEN {kept.last}"
        return f"CAST(CASE {within} ELSE {steps} END AS {kind})"
    kind = "UTINYINT" if len(kept.values) <= 256 else "USMALLINT"
    if of.kind == domains.BOOLEAN:
        return f"CAST(CAST({name} AS BOOLEAN) AS UTINYINT)"
    least = sql.write_constant(kept.values[0])
    if kept.is_dense and of.kind == domains.INTEGER:
        return f"CAST({settled} - {least} AS {kind})"
    if kept.is_dense:
        return f"CAST(DATE_DIFF('day', {least}, {settled}) AS {kind})"
    branches = " ".join(
        f"WHEN {sql.write_constant(value)} THEN {code}" for code, value in enumerate(kept.values)
    )
    return f"CAST(CASE {settled} {branches} END AS {kind})"


def write_cube(layout: Layout, cube: layouts.Cube, tiers: list[str]) -> str:
    """What a cube holds, added up from the files of each tier."""
    names = [sql.quote(layout.kept[column].stored) for column in cube.columns]
    parts = []
    if cube.flag:
        flag = sql.quote(FIRST + cube.flag)
        tier = " ".join(f"WHEN {flag} <= {most} THEN {place}" for place, most in enumerate(layouts.TIERS))
        listed = ", ".join([*names, f"CAST(CASE {tier} ELSE {len(layouts.TIERS)} END AS UTINYINT) AS tier"])
        every = " UNION ALL ".join(
            f"SELECT {', '.join([*names, flag])} FROM {files} WHERE {flag} IS NOT NULL" for files in tiers
        )
        return f"SELECT {listed}, COUNT(*) AS rows FROM ({every}) AS flagged GROUP BY ALL"
    if cube.bins:
        return _write_bins_cube(layout, cube, tiers)
    first = FIRST_ROW if layout.partition else f"{RANK} = 1"
    sums = ["COUNT(*) AS rows", f"COUNT_IF({first}) AS children"]
    for number in cube.numbers:
        name = sql.quote(layout.kept[number].stored)
        sums += [
            f"COUNT({name}) AS {sql.quote(f'known {number}')}",
            f"CAST(COALESCE(SUM({name}), 0) AS BIGINT) AS {sql.quote(f'sum {number}')}",
        ]
    for place, files in enumerate(tiers):
        grouped = f" GROUP BY {', '.join(names)}" if names else ""
        columns = ", ".join([*names, f"CAST({place} AS UTINYINT) AS tier", *sums])
        parts.append(f"SELECT {columns} FROM {files}{grouped}")
    return " UNION ALL ".join(parts)


def _write_bins_cube(layout: Layout, cube: layouts.Cube, tiers: list[str]) -> str:
    kept = layout.kept[cube.bins]
    low, high, count = layouts.find_bins(kept)
    measure = plans.Measure("bins", Field(kept.name, kept.column.domain), low=low, high=high, count=count)
    decoded = prepared_sql.write_decoded(kept, sql.quote(kept.stored))
    bin_ = f"CAST({sql.write_bin(measure, lambda _: decoded)} AS SMALLINT) AS bin"
    names = [sql.quote(layout.kept[column].stored) for column in cube.columns]
    parts = [
        f"SELECT {', '.join([*names, f'CAST({place} AS UTINYINT) AS tier', bin_])}, COUNT(*) AS rows "
        f"FROM {files} WHERE {sql.quote(kept.stored)} IS NOT NULL GROUP BY ALL"
        for place, files in enumerate(tiers)
    ]
    return " UNION ALL ".join(parts)


def _find_ranks(tier: int) -> tuple[int, int]:
    first = layouts.TIERS[tier - 1] + 1 if tier else 1
    return first, layouts.TIERS[tier] if tier < len(layouts.TIERS) else 2**31 - 1


def _write_whole(place: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file that is there in full or not at all, also after a crash."""
    passing = place.with_name(f".{place.name}.part")
    with open(os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(passing, place)
    _flush(place.parent)


def _flush(place: Path) -> None:
    """Have a file, or the names in a folder, on disk: a manifest must not outlive what it lists."""
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _digest(place: Path) -> str:
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _escape(place: Path | str) -> str:
    return str(place).replace("'", "''")

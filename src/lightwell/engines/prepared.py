"""A prepared folder as an engine: each plan by the cheapest path that is sound for it.

Which path that is, is a matter of plan and codebook (`query.path`), and part of every answer's key. The
folder is read as it was when it was opened; a file that is not the manifest's, or a codebook that keeps
columns in another way, is refused.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb

from lightwell.base import errors
from lightwell.engines import preparation, prepared_sql, sql
from lightwell.engines.duckdb import PLACED_BITS, DuckDB, check_stamps, escape, find_stamp
from lightwell.query import bound, class_means
from lightwell.query import layout as layouts
from lightwell.query import path as paths
from lightwell.query import truncation as truncations
from lightwell.query.bound import Bounded, Spread
from lightwell.query.codebook import Codebook, Table
from lightwell.query.domain import Key
from lightwell.query.layout import RANK, TIERS, WHOLE, Layout
from lightwell.query.noise import Dice
from lightwell.query.path import Serving
from lightwell.query.plan import Plan


class Prepared(DuckDB):
    """Measures plans over a folder of `lightwell dataset prepare`; gives them out with noise, never without.

    Raises UserMistake for a folder that is not prepared to the end, or for another codebook; Damaged for one
    whose files are not those of its manifest.
    """

    def __init__(
        self,
        folder: Path | str,
        codebook: Codebook,
        dice: Dice,
        *,
        memory: str = "4GB",
        threads: int | None = None,
    ) -> None:
        self.folder, self.codebook = Path(folder), codebook
        self._codebook, self._dice = codebook, dice
        self._lock = threading.Lock()
        self.manifest = preparation.read_manifest(self.folder)
        self.layouts = preparation.check_layout(self.folder, self.manifest, codebook)
        self.histograms = preparation.read_histograms(self.folder)
        self._stamps = {self.folder / name: find_stamp(self.folder / name) for name in self.manifest.files}
        self._check_files()
        self.version = self.manifest.version
        # Only what the manifest names is read, whatever else is there; folders are those of a tier.
        self._places = {name: str((self.folder / name).resolve()) for name in self.manifest.files}
        self._folders: dict[str, list[str]] = {}
        for name, place in self._places.items():
            self._folders.setdefault(name.rpartition("/")[0], []).append(place)
        self._connection = self._open(memory, threads)

    def choose_path(self, plan: Plan) -> str:
        """Name the path that serves a plan: from public facts alone."""
        return paths.choose_path(plan, self.layouts)

    def find_spread(self, plan: Plan) -> Spread | None:
        """How a plan's bounds are spread over weeks: from public facts alone."""
        return paths.find_spread(plan, self.layouts)

    def suggest_rows(self, table: str) -> int | None:
        """The bound on rows to use for a table, if its rows per child were bought; public from then on."""
        bought = self.histograms.get(table.lower())
        most = self.codebook.tables[table.lower()].rows_per_child
        return None if bought is None else truncations.suggest_rows(bought, most)

    def release_rows_per_child(self, table: str, sigma: float, nano_rho: int) -> list[int]:
        """How many children have how many rows, by class of `query.truncation`, with noise.

        A child is in one class, so the squared sensitivity is 1. As many children have more than n rows as
        there are rows of rank n + 1.
        """
        if self.layouts[table].partition:
            raise ValueError("a child has ranks of its own in each week, so it is in more than one class")
        check_stamps(self._stamps)
        ranks = [1, *(edge + 1 for edge in truncations.EDGES)]
        rows = prepared_sql.name_rows(self.layouts[table].table, len(TIERS) + 1)
        listed = ", ".join(map(str, ranks))
        text = f"SELECT {RANK}, COUNT(*) FROM {rows} WHERE {RANK} IN ({listed}) GROUP BY {RANK}"
        found = dict(self._run(text))
        exact = truncations.count_classes([found.get(rank, 0) for rank in ranks])
        return self._dice.add_noise(exact, sigma, 1, nano_rho)

    def release_class_means(
        self, table: str, prices: Mapping[str, tuple[float, int]]
    ) -> list[class_means.ClassMeans]:
        """The means of number columns by class of rows per child, with noise: `query.class_means`.

        `prices` gives, by name of the column, the noise's standard deviation and what it costs.
        """
        if self.layouts[table].partition:
            raise ValueError("what is bought of a child's weeks has another price")
        check_stamps(self._stamps)
        scales = [one for one in class_means.list_scales(self.layouts[table]) if one.name in prices]
        if not scales:
            return []
        found = list(self._run(prepared_sql.write_class_means(self.layouts[table], scales)))
        bought = []
        for number, scale in enumerate(scales):
            first = 1 + 4 * number
            by_class = {
                row[0]: (int(row[first]), int(row[first + 1]), int(row[first + 2]), int(row[first + 3]))
                for row in found
            }
            sigma, nano_rho = prices[scale.name]
            exact = class_means.arrange(scale, by_class)
            noisy = self._dice.add_noise(exact, sigma, class_means.find_square(scale), nano_rho)
            bought.append(class_means.take_apart(scale, noisy, sigma, nano_rho))
        return bought

    def write_statements(self, bounded: Bounded) -> list[str]:
        """The SQL that would be run: it says nothing that the plan and the codebook do not."""
        return [statement.text for statement in write_plan(bounded, self._codebook, self.layouts)[0]]

    def _measure(self, bounded: Bounded) -> dict[tuple[Key, ...], list[list[int]]]:
        statements, serving = write_plan(bounded, self._codebook, self.layouts)
        plan, layout = bounded.plan, serving.layout
        views = self._list_week_views(serving)
        groups: dict[tuple[Key, ...], list[list[int]]] = {}
        for statement in statements:
            width, reader = len(plan.keys), None
            if isinstance(statement, prepared_sql.Coded):
                assert layout is not None
                width = len(statement.leaves) + len(statement.direct)
                reader = prepared_sql.GroupReader(plan, layout, statement)
            known: dict[tuple[Key, ...], list[list[int]] | None] = {}
            needed = {view: source for view, source in views if view in statement.text}
            for row in self._run(statement.text, needed):
                codes = row[:width]
                if codes not in known:
                    group: tuple[Key, ...] | None = codes
                    if reader is not None:
                        group = reader.find(codes)
                    known[codes] = None if group is None else groups.setdefault(group, _make_zeros(plan))
                numbers = known[codes]
                if numbers is None:
                    continue
                if statement.has_bins:
                    if row[width] is not None:
                        numbers[statement.measures[0]][row[width]] += row[width + 1]
                    continue
                for place, measure in enumerate(statement.measures):
                    numbers[measure][0] += int(row[width + place] or 0)
        return groups

    def _open(self, memory: str, threads: int | None) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(":memory:")
        try:
            connection.execute("SET memory_limit = ?", [memory])
            if threads:
                connection.execute("SET threads = ?", [threads])
            connection.execute("SET enable_progress_bar = false")
            connection.execute(f"SET GLOBAL perfect_ht_threshold = {PLACED_BITS}")
            connection.execute("SET parquet_metadata_cache = true")
            connection.execute(f"SET allowed_directories = ['{escape(str(self.folder.resolve()))}']")
            connection.execute("SET enable_external_access = false")
            for name, table in self._codebook.tables.items():
                if table.is_public:
                    source = _write_source([self._places[f"{name}.parquet"]])
                    connection.execute(f"CREATE VIEW {sql.quote(table.name)} AS SELECT * FROM {source}")
                else:
                    self._open_table(connection, self.layouts[name])
            connection.execute("SET lock_configuration = true")
        except (duckdb.Error, KeyError):
            raise errors.Damaged(f"{self.folder} cannot be read; prepare the data set again.") from None
        return connection

    def _open_table(self, connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
        name = layout.table.name.lower()
        weeks = [layouts.name_week(monday) for monday in layout.weeks] if layout.partition else [WHOLE]
        folders = [f"{name}/{week}" for week in weeks]
        for view, source in self._list_views(layout.table, folders):
            connection.execute(f"CREATE VIEW {view} AS {source}")
        for cube in layout.cubes:
            table = prepared_sql.name_cube(layout.table, cube)
            source = _write_source(self._places[f"{folder}/{cube.name}.parquet"] for folder in folders)
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM {source}")

    def _list_views(self, table: Table, folders: Sequence[str], weeks: int = 0) -> list[tuple[str, str]]:
        """The views of rows, each of more tiers than the one before it: names and what they select."""
        views = []
        for tiers in range(1, len(TIERS) + 2):
            parts = (f"{folder}/{layouts.name_tier(tier)}" for folder in folders for tier in range(tiers))
            source = _write_source(place for part in parts for place in self._folders[part])
            views.append((prepared_sql.name_rows(table, tiers, weeks), f"SELECT * FROM {source}"))
        return views

    def _list_week_views(self, serving: Serving) -> list[tuple[str, str]]:
        """The views of those weeks alone that a plan reads; none where it reads them all."""
        if serving.scan is None or len(serving.weeks) >= len(self.layouts[serving.scan.table].weeks):
            return []
        table = self.layouts[serving.scan.table].table
        folders = [f"{table.name.lower()}/{layouts.name_week(monday)}" for monday in serving.weeks]
        return self._list_views(table, folders, len(folders))

    def _check_files(self) -> None:
        for name, (size, digest) in self.manifest.files.items():
            place = self.folder / name
            try:
                with place.open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError:
                found = ""
            if found != digest or place.stat().st_size != size:
                raise errors.Damaged(
                    f"{place} is not the file that was prepared; prepare the data set again."
                )


def write_plan(
    bounded: Bounded, codebook: Codebook, known: dict[str, Layout]
) -> tuple[Sequence[prepared_sql.Coded | sql.Statement], Serving]:
    """The statements of a plan over prepared data, and how it is served."""
    if bounded.path not in bound.RANKED:
        reading = prepared_sql.PreparedReading(known, None)
        return sql.write_statements(bounded, codebook, reading), Serving(paths.WEIGHTED)
    serving = paths.find_serving(bounded.plan, known)
    if serving.path == paths.WEIGHTED or (bounded.path == paths.CUBED and serving.path != paths.CUBED):
        raise ValueError(f"no {bounded.path} path for this plan")
    if serving.layout is None:
        reading = prepared_sql.PreparedReading(known, serving.rows, serving.weeks)
        return sql.write_statements(bounded, codebook, reading), serving
    return prepared_sql.write_coded(bounded, serving), serving


def _write_source(places: Iterable[str]) -> str:
    listed = ", ".join(f"'{escape(place)}'" for place in places)
    return f"read_parquet([{listed}], hive_partitioning = false)"


def _make_zeros(plan: Plan) -> list[list[int]]:
    return [[0] * max(measure.count, 1) for measure in plan.measures]

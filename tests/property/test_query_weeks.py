"""Data kept by week: new weeks rewrite nothing, both engines agree, one child moves nothing too far."""

import copy
import datetime
import hashlib
import inspect
import random
import sys
import types
from collections import Counter

import query_cases
import slow_preparation
import test_query_prepared as plain
from test_query_engines import NoDice, drop_empty, write_files

from lightwell.engines import preparation
from lightwell.engines.prepared import Prepared
from lightwell.query import bound, check, codebook, layout
from lightwell.query import path as paths

SEED, SALT = plain.SEED, plain.SALT
BOOK = copy.deepcopy(query_cases.BOOK)
BOOK["tables"]["usage"]["partition"] = "day"
BOOK["tables"]["usage"]["rows_per_child"] = 64
# Thursday 1 to Wednesday 14 January 2026: days of three weeks.
SUNDAYS = [datetime.date(2026, 1, 4), datetime.date(2026, 1, 11), datetime.date(2026, 1, 18)]
CONDITIONS = [
    "day >= DATE '2026-01-05'", "day < DATE '2026-01-05'", "day BETWEEN DATE '2026-01-04' AND DATE '2026-01-05' AND night",
    "day = DATE '2026-01-13'", "EXTRACT(isodow FROM day) < 3", "night OR day < DATE '2026-01-05'", "day > DATE '2026-02-01'",
    "day IN (DATE '2026-01-02', DATE '2026-01-14')", "country = 'BE' AND day <> DATE '2026-01-01'", "messages > 10",
]  # fmt: skip


def make_codebook():
    return codebook.parse_codebook(BOOK)


def make_tables(seed, **more):
    """The tables of other tests, without the rows that no week has."""
    tables = query_cases.make_tables(seed, **more)
    tables["usage"] = [row for row in tables["usage"] if row["child"] is None or row["day"] is not None]
    return tables


def list_week(rows, number):
    """The rows of one week; days before the codebook's first are in it, for they are moved there."""
    before = SUNDAYS[number - 1] if number else datetime.date.min
    return [row for row in rows if row["child"] is not None and before < row["day"] <= SUNDAYS[number]]


def lay_out(book, weeks=3):
    known = layout.lay_out(book)
    return {name: preparation._name_weeks(one, SUNDAYS[weeks - 1]) for name, one in known.items()}


def prepare_week_by_week(folder, tables, book, weeks=3, *, rows_per_bucket=300):
    """The folder with one week after another added, and what each file was when it was first there."""
    folder.mkdir(parents=True, exist_ok=True)
    seen = {}
    for number in range(weeks):
        part = tables | {"usage": list_week(tables["usage"], number)}
        (folder / str(number)).mkdir()
        files = write_files(folder / str(number), part)
        if number == 0:
            preparation.prepare(
                files,
                book,
                folder / "prepared",
                through=SUNDAYS[0],
                rows_per_bucket=rows_per_bucket,
                salt=SALT,
            )
        else:
            preparation.add_weeks(
                {"usage": files["usage"]},
                book,
                folder / "prepared",
                SUNDAYS[number] - datetime.timedelta(days=6 if number == 1 else 4),
                rows_per_bucket=rows_per_bucket - 100 * number,
            )
        for place in (folder / "prepared").rglob("*.parquet"):
            digest = hashlib.sha256(place.read_bytes()).hexdigest()
            assert seen.setdefault(place, digest) == digest
    return Prepared(folder / "prepared", book, NoDice())


def read_weeks(folder):
    pattern = folder / "usage" / "*-W*" / "*-*" / "[0-9]*.parquet"
    return Counter(plain.driver.connect().execute(f"SELECT * FROM read_parquet('{pattern}')").fetchall())


def list_rows(one, slow):
    names = ["unit", *(column.name for column in one.kept.values()), "_rank", "_first", "_first_day"]
    return Counter(tuple(row[name] for name in names) for row in slow)


def write_query(seed):
    text, bounds = query_cases.write_query(seed)
    dice = random.Random(seed)
    if dice.random() < 0.8:
        text, bounds = plain.write_plain(seed)
        head, _, tail = text.partition(" GROUP BY ")
        text = f"{head.partition(' WHERE ')[0]} WHERE {dice.choice(CONDITIONS)}"
        text += f" GROUP BY {tail}" if tail else ""
        bounds = {**bounds, "rows": dice.choice([1, 2, 3, 8, 24, 26, 48, 64])}
        if "DISTINCT" in text:
            bounds["groups"] = dice.choice([1, 2, 3, 6, 9, 14, 30])
    return text, bounds


def bind(plan, path, known):
    return bound.bind(plan, path, paths.find_spread(plan, known))


def compare(folder, first, count, met):
    book = make_codebook()
    tables = make_tables(first)
    for weeks in (1, 3):
        known = lay_out(book, weeks)
        held = tables | {"usage": [row for week in range(weeks) for row in list_week(tables["usage"], week)]}
        slow = {name: slow_preparation.prepare_table(one, held[name], SALT) for name, one in known.items()}
        engine = prepare_week_by_week(folder / str(weeks), tables, book, weeks)
        assert engine.layouts == known
        assert read_weeks(engine.folder) == list_rows(known["usage"], slow["usage"])
        for seed in range(first, first + count):
            text, bounds = write_query(seed)
            plan = check.check_query(text, book, **bounds)
            for path in plain.list_paths(plan, known):
                bounded = bind(plan, path, known)
                met[path, bounded.spread and bounded.spread.weeks] += 1
                fast = drop_empty(engine._measure(bounded))
                exact = drop_empty(slow_preparation.measure(bounded, book, slow, held, known))
                assert fast == exact, f"LIGHTWELL_QUERY_SEED={SEED}, {seed}, {path}, {weeks}: {text} {bounds}"


def test_weeks_added_one_by_one_are_what_plain_python_makes_of_all_and_measure_the_same(tmp_path):
    met = Counter()
    for share in range(2):
        compare(tmp_path / str(share), SEED + 1000 * share, 40, met)
    assert met["rank", 3] > 3
    assert met["rank", 2] > 3
    assert met["cube", 2] + met["cube", 3] > 3


@plain.pytest.mark.full
@plain.pytest.mark.parametrize("share", range(5))
def test_many_random_plans_over_weeks_measure_the_same(tmp_path, share):
    compare(tmp_path, SEED + 1000 * share, 150, Counter())


def audit(cases, first=SEED):
    """How near to its sensitivity one child moves each kind of measure, and where."""
    book, worst = make_codebook(), {}
    known = lay_out(book)
    for case in range(first, first + cases):
        tables = make_tables(case, children=6)
        without = random.Random(case).randrange(6)
        fewer = {
            name: [row for row in rows if row.get("child", -1) != without] for name, rows in tables.items()
        }
        prepared = [
            {name: slow_preparation.prepare_table(one, side[name], SALT) for name, one in known.items()}
            for side in (tables, fewer)
        ]
        text, bounds = write_query(case)
        plan = check.check_query(text, book, **bounds)
        for path in plain.list_paths(plan, known):
            bounded = bind(plan, path, known)
            sides = [
                slow_preparation.measure(bounded, book, rows, side, known)
                for rows, side in zip(prepared, (tables, fewer), strict=True)
            ]
            for number, squares in enumerate(plain.find_distances(bounded, *sides)):
                kind = (bounded.plan.measures[number].kind, path != "weighted")
                ratio = max(squares) / bounded.squares[number]
                told = f"LIGHTWELL_QUERY_SEED={SEED}, {case}, {path}: {text} {bounds}, child {without}, {kind[0]}"
                worst[kind] = max(worst.get(kind, (0, "")), (ratio, told))
    return worst


def test_one_child_moves_no_vector_further_when_its_weeks_are_prepared_again_without_it():
    worst = audit(200)
    for ratio, told in worst.values():
        assert ratio <= 1, told
    # A bound that nothing comes near would hide a fault.
    assert worst["rows", True][0] > 0.2
    assert worst["children", True][0] > 0.2


def finds_a_fault():
    """Whether one of a thousand cases is beyond its bound."""
    rounds = (audit(200, SEED + 1000 * turn) for turn in range(5))
    return any(max(ratio for ratio, _ in worst.values()) > 1 for worst in rounds)


def test_the_audit_finds_a_bound_that_forgets_the_weeks(monkeypatch):
    monkeypatch.setattr(paths, "_count_parts", lambda _: 1)
    assert finds_a_fault()


def test_the_audit_finds_a_week_that_is_read_and_not_counted(monkeypatch):
    monkeypatch.setattr(paths, "_count_parts", lambda weeks: max(len(weeks) - 1, 1))
    assert finds_a_fault()


def test_preparing_weeks_without_a_child_takes_its_rows_away_and_changes_no_other(tmp_path):
    book, tables = make_codebook(), make_tables(SEED, children=20)
    whole = prepare_week_by_week(tmp_path / "whole", tables, book)
    fewer = {name: [row for row in rows if row.get("child", -1) != 7] for name, rows in tables.items()}
    rest = prepare_week_by_week(tmp_path / "rest", fewer, book)
    gone = read_weeks(whole.folder) - read_weeks(rest.folder)
    assert not read_weeks(rest.folder) - read_weeks(whole.folder)
    assert all(row[0] == 7 for row in gone)


def find_children_that_begin_anew(folder):
    """Children with two values of a constant, or with no or two first rows, in all weeks together."""
    countries, firsts = {}, Counter()
    for row in read_weeks(folder).elements():
        countries.setdefault(row[0], set()).add(row[1])
        firsts[row[0]] += row[-2]
    assert len(countries) > 10
    return {child for child, found in countries.items() if len(found) > 1 or firsts[child] != 1}


def test_a_child_has_one_value_of_a_constant_and_one_first_row_in_all_weeks(tmp_path):
    engine = prepare_week_by_week(tmp_path, make_tables(SEED), make_codebook())
    assert not find_children_that_begin_anew(engine.folder)


@plain.pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("is_new AND {RANK} = 1 AS {FIRST_ROW}", "{RANK} = 1 AS {FIRST_ROW}"),
        ("CASE WHEN known.unit IS NULL THEN {own} ELSE known.{name} END AS {name}", "{own} AS {name}"),
    ],
    ids=["a first row every week", "constants settled anew"],
)
def test_children_that_begin_anew_every_week_are_found(tmp_path, monkeypatch, right, wrong):
    source = inspect.getsource(preparation)
    assert source.count(right) == 1
    faulty = types.ModuleType(preparation.__name__)
    monkeypatch.setitem(sys.modules, faulty.__name__, faulty)
    exec(compile(source.replace(right, wrong), "faulty", "exec"), faulty.__dict__)
    monkeypatch.setitem(globals(), "preparation", faulty)
    engine = prepare_week_by_week(tmp_path, make_tables(SEED), make_codebook())
    assert find_children_that_begin_anew(engine.folder)

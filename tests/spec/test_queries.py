"""Every form of SQL that is answered or refused: tests/spec/queries, and made of them docs/reference/sql.md.

What is answered gives the same whole numbers on DuckDB and in plain Python, and, without noise and within
the bounds, what DuckDB itself says to the very text. What is refused is so before anything is touched.
"""

import ast
import datetime
import decimal
import math
import pathlib
import re

import duckdb as driver
import pytest
import spec_tables
import yaml

from lightwell.engines import duckdb, reference
from lightwell.query import bound, check, noise, parse, reading, release
from lightwell.query.cost import Cost
from lightwell.query.refusal import QueryRefused
from lightwell.query.session import Session

FOLDER = pathlib.Path(__file__).parent / "queries"
SEED = 20261129


def read_cases(kind):
    cases = []
    for path in sorted((FOLDER / kind).glob("*.yaml")):
        for number, case in enumerate(yaml.safe_load(path.read_text("utf-8"))["queries"], 1):
            cases.append(pytest.param(case, id=f"{path.stem}-{number}"))
    return cases


class NoDice:
    def add_noise(self, values, sigma, square, nano_rho):
        return list(values)


class Untouchable:
    """An engine or a ledger that nobody may use."""

    def __getattr__(self, name):
        raise AssertionError(f"{name} was touched")


@pytest.fixture(scope="module")
def book():
    return spec_tables.make_codebook()


@pytest.fixture(scope="module")
def nasty(book, tmp_path_factory):
    tables = spec_tables.make_tables(SEED)
    files = spec_tables.write_files(tmp_path_factory.mktemp("nasty"), tables)
    return tables, duckdb.DuckDB(files, book, NoDice())


@pytest.fixture(scope="module")
def clean(book, tmp_path_factory):
    files = spec_tables.write_files(tmp_path_factory.mktemp("clean"), spec_tables.make_clean_tables(SEED))
    plain = driver.connect()
    for name, path in files.items():
        plain.execute(f"CREATE VIEW {name} AS SELECT * FROM '{path}'")
    return plain, duckdb.DuckDB(files, book, NoDice())


def drop_empty(groups):
    return {group: numbers for group, numbers in groups.items() if any(any(part) for part in numbers)}


@pytest.mark.parametrize("case", read_cases("accepted"))
def test_accepted_texts_measure_the_same_on_duckdb_and_in_plain_python(case, book, nasty):
    tables, engine = nasty
    plan = check.check_query(case["text"], book)
    assert plan.has_private_keys == bool(case.get("private"))
    bounded = bound.bind(plan)
    fast = drop_empty(engine._measure(bounded))
    assert fast == drop_empty(reference.measure_exactly(bounded, book, tables))
    assert bool(fast) != bool(case.get("empty")) or "NULL" in case["text"]


@pytest.mark.parametrize("case", [one for one in read_cases("accepted") if "differs" not in one.values[0]])
def test_accepted_texts_mean_what_duckdb_says_to_them(case, book, clean):
    plain, engine = clean
    cursor = plain.execute(case["text"])
    names = [column[0].lower() for column in cursor.description]
    wanted = cursor.fetchall()
    plan = check.check_query(case["text"], book)
    bounded = bound.bind(plan)
    schedule = noise.schedule_noise(bounded, Cost(2**53 - 1, 10**12))
    rows, _ = release.compute_rows(bounded, schedule, engine.release(bounded, schedule))
    found = [tuple(row[output.name] for output in plan.outputs) for row in rows]
    assert len(names) == len(plan.outputs)
    slack = 0.5 if any(one.kind == "quantile" for one in plan.statistics) else 2e-4
    if plan.has_private_keys:
        # Which groups are shown hangs on a threshold; those shown are right.
        assert all(any(is_near(one, other, slack) for other in wanted) for one in found)
        return
    if plan.limit is not None:
        assert len(found) == len(wanted)
        assert all(map(is_near, found, wanted, [slack] * len(found)))
        return
    rest = list(found)
    for row in wanted:
        # SQL has no groups without rows; here every group of public keys is there.
        match = next((one for one in rest if is_near(one, row, slack)), None)
        assert match is not None, (row, rest)
        rest.remove(match)
    assert not rest or (plan.keys and plan.having is None)


def is_near(found, wanted, slack):
    return all(is_same(one, other, slack) for one, other in zip(found, wanted, strict=True))


def is_same(one, other, slack):
    if isinstance(other, datetime.datetime) and not isinstance(one, datetime.datetime):
        other = other.date()
    if isinstance(one, int | float) and isinstance(other, int | float | decimal.Decimal):
        return math.isclose(one, float(other), rel_tol=slack, abs_tol=slack)
    return one == other


@pytest.mark.parametrize("case", read_cases("refused"))
def test_refused_texts_are_refused_with_code_and_place_and_nothing_is_touched(case, book):
    session = Session(Untouchable(), book, Untouchable())
    for ask in (session.sql, session.explain):
        with pytest.raises(QueryRefused) as refused:
            ask(case["text"], epsilon=1.0)
        found = [(one.code, one.line, one.column) for one in refused.value.refusals]
        assert (case["code"], case.get("line", 0), case.get("column", 0)) in found
        assert all(one.reason and one.advice for one in refused.value.refusals)


def list_codes():
    """Every code that a refusal can have: the constants in the code that builds refusals."""
    codes = set()
    for name in ("parse", "reading", "check", "scope", "aggregate", "expression"):
        tree = ast.parse(pathlib.Path(check.__file__).with_name(f"{name}.py").read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                if called in ("Unfit", "Refusal", "refuse", "_refuse"):
                    codes |= {
                        part.value
                        for part in node.args[:2]
                        if isinstance(part, ast.Constant)
                        and re.fullmatch("[a-z]+(-[a-z]+)*", str(part.value))
                    }
    codes |= {code for code, _, _ in check._ADVICE.values()}
    return codes | {code for _, _, code, _, _ in reading._REFUSED}


# Those that a short text cannot show, or no text: the tests in tests/unit/query have them.
ELSEWHERE = {"too-long", "too-deep", "too-complex", "too-many", "bad-bound", "bad-number"}


def test_every_code_of_a_refusal_has_an_example():
    shown = {case.values[0]["code"] for case in read_cases("refused")}
    assert list_codes() - shown == ELSEWHERE
    assert shown <= list_codes()


def test_every_form_that_is_read_has_an_example():
    read = set()
    for case in read_cases("accepted"):
        read |= {type(node) for node in parse.parse_query(case.values[0]["text"]).walk()}
    assert {form.__name__ for form in reading._FORMS} - {form.__name__ for form in read} == set()


def test_no_text_stands_twice_and_there_are_enough():
    accepted = [case.values[0]["text"] for case in read_cases("accepted")]
    refused = [case.values[0]["text"] for case in read_cases("refused")]
    texts = [" ".join(text.split()) for text in accepted + refused]
    assert len(texts) == len(set(texts))
    assert len(accepted) >= 220
    assert len(refused) >= 320

"""The page about SQL is made from the specification, and its functions are those that are read."""

import importlib.util
import pathlib

import yaml

ROOT = pathlib.Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("make_sql", ROOT / "docs" / "make" / "sql.py")
maker = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(maker)


def test_the_page_is_fresh():
    page = (ROOT / "docs" / "reference" / "sql.md").read_text("utf-8")
    assert page == maker.make_page(), "run python docs/make/sql.py"


def test_every_accepted_text_and_every_code_is_on_the_page():
    page = maker.make_page()
    for path in (ROOT / "tests" / "spec" / "queries" / "accepted").glob("*.yaml"):
        for case in yaml.safe_load(path.read_text("utf-8"))["queries"]:
            assert maker._quote(case["text"]) in page
            assert case["means"] in page
    for path in (ROOT / "tests" / "spec" / "queries" / "refused").glob("*.yaml"):
        for case in yaml.safe_load(path.read_text("utf-8"))["queries"]:
            assert f"### `{case['code']}`" in page


def test_no_word_of_the_language_stands_among_the_functions():
    functions = set(maker.list_functions())
    assert {"COUNT", "QUANTILE", "DATE_TRUNC", "ILIKE"} - functions == {"ILIKE"}
    assert not functions & {"SELECT", "WHERE", "IN", "FILTER", "USAGE", "U", "S", "C"}

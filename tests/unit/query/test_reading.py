"""How nodes are read: nothing of a node is passed over, and functions of text are worked out beforehand."""

import pytest
import spec_tables
from sqlglot import exp

from lightwell.query import check, codebook, parse, reading
from lightwell.query.expression import Call, Field, Unfit
from lightwell.query.reading import Reader, Refusals
from lightwell.query.refusal import QueryRefused

BOOK = spec_tables.make_codebook()


def read_condition(text):
    """The condition of a query about `usage`."""
    return check.check_query(f"SELECT COUNT(*) FROM usage WHERE {text}", BOOK).source.condition


def test_a_part_of_a_node_that_is_not_read_is_refused_and_not_passed_over():
    for text in ("FLOOR(minutes, 2) = 1", "messages BETWEEN SYMMETRIC 3 AND 1", "LENGTH(country, 'x') = 1"):
        with pytest.raises(QueryRefused, match="function-form"):
            read_condition(text)


def test_not_like_is_the_opposite_of_like():
    made = read_condition("tag NOT LIKE 'a%'")
    assert (made.name, made.arguments[0].name) == ("not", "like")


def test_functions_of_text_become_a_list_of_what_each_value_turns_into():
    made = read_condition("LOWER(country) = 'at'")
    mapped = next(part for part in made.arguments if isinstance(part, Call))
    assert mapped.name == "map"
    constants = [part.value for part in mapped.arguments[1:]]
    assert dict(zip(constants[::2], constants[1::2], strict=True)) == {
        "AT": "at",
        "BE": "be",
        "CY": "cy",
        "DK": "dk",
    }


def test_a_function_of_a_function_is_one_function_of_the_column():
    made = read_condition("LENGTH(TRIM(UPPER(LOWER(country)))) = 2")
    mapped = next(part for part in made.arguments if isinstance(part, Call))
    assert isinstance(mapped.arguments[0], Field)
    assert {part.value for part in mapped.arguments[2::2]} == {2}


def test_the_sides_of_trim_are_told_apart():
    for text, result in (
        ("TRIM(band, '1')", {"0-12", "3-15", "6-17"}),
        ("LTRIM(band, '1')", {"0-12", "3-15", "6-17"}),
        ("RTRIM(band, '57')", {"10-12", "13-1", "16-1"}),
        ("TRIM(TRAILING '2' FROM band)", {"10-1", "13-15", "16-17"}),
    ):
        plan = check.check_query(f"SELECT {text} AS x, COUNT(*) FROM usage GROUP BY x", BOOK)
        assert set(plan.keys[0].values) == result, text


def test_a_text_column_without_nulls_gives_groups_without_null():
    plan = check.check_query("SELECT UPPER(band) AS b, COUNT(*) FROM usage GROUP BY b", BOOK)
    assert None not in plan.keys[0].values


def test_functions_of_long_lists_of_text_are_few():
    said = {
        **spec_tables.BOOK,
        "tables": {
            "t": {
                "unit": "child",
                "rows_per_child": 1,
                "attested": "x",
                "columns": {
                    "school": {"type": "text", "values": [f"s{n}" for n in range(10_000)], "attested": "x"}
                },
            }
        },
    }
    book = codebook.parse_codebook(said)
    few = " OR ".join(f"LEFT(school, {size}) = 's'" for size in range(1, 4))
    assert check.check_query(f"SELECT COUNT(*) FROM t WHERE {few}", book)
    grouped = check.check_query("SELECT UPPER(school) AS s, COUNT(*) FROM t GROUP BY s", book)
    assert len(grouped.keys[0].values) == 10_001
    many = " OR ".join(f"LEFT(school, {size}) = 's'" for size in range(1, 9))
    with pytest.raises(QueryRefused, match="too-complex"):
        check.check_query(f"SELECT COUNT(*) FROM t WHERE {many}", book)


def test_conditions_in_a_row_are_one_call_however_many():
    made = read_condition(" AND ".join(f"minutes > {number}" for number in range(500)))
    assert made.name == "and"
    assert all(part.name == ">" for part in made.arguments)


def test_constants_are_worked_out_when_they_are_read():
    made = read_condition("minutes > 2 * 3 + 4 / 2")
    assert made.arguments[1].value == 8.0


@pytest.mark.parametrize("text", ["x", "1e", "0x1F", "--1"])
def test_what_is_no_number_is_refused(text):
    reader = Reader(Refusals(), lambda column: None)
    with pytest.raises(Unfit) as unfit:
        reading._FORMS[exp.Literal].read(reader, exp.Literal.number(text))
    assert unfit.value.code == "bad-number"


def test_every_refused_function_has_advice_of_its_own_or_the_list():
    for kinds, names, code, reason, advice in reading._REFUSED:
        assert kinds or names
        assert code
        assert reason.format("WORD")
        assert advice


def test_functions_under_other_names_are_the_same():
    for one, other in (
        ("WEEKDAY(day) = 0", "DAYOFWEEK(day) = 0"),
        ("DATE_PART('month', day) = 1", "EXTRACT(month FROM day) = 1"),
        ("SUFFIX(country, 'T')", "ENDS_WITH(country, 'T')"),
        ("moment::DATE = '2026-01-01'", "DATE(moment) = DATE '2026-01-01'"),
        ("day + 7 > '2026-01-10'", "DATE_ADD(day, INTERVAL 1 WEEK) > '2026-01-10'"),
    ):
        assert read_condition(one) == read_condition(other)


def test_the_dialect_is_duckdbs():
    assert parse.DIALECT == "duckdb"

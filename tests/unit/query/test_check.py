"""From a syntax tree to a plan: what names mean, which rows count, and what bounds hold."""

import pytest
import spec_tables

from lightwell.query import bound, check, codebook, plan
from lightwell.query.plan import Filter, Lookup, Meeting, PerChild, Scan
from lightwell.query.refusal import QueryRefused

BOOK = spec_tables.make_codebook()


def read(text, **bounds):
    return check.check_query(text, BOOK, **bounds)


def refuse(text, **bounds):
    with pytest.raises(QueryRefused) as refused:
        read(text, **bounds)
    return refused.value.refusals


def list_relations(relation):
    yield relation
    for part in ("source", "other"):
        below = getattr(relation, part, None)
        if below is not None:
            yield from list_relations(below)


def test_rows_and_groups_may_be_tightened_and_not_loosened():
    assert read("SELECT COUNT(*) FROM usage").rows == 8
    assert read("SELECT COUNT(*) FROM usage", rows=3).rows == 3
    for rows in (0, -1, 9):
        assert [one.code for one in refuse("SELECT COUNT(*) FROM usage", rows=rows)] == ["bad-bound"]
    assert read("SELECT day, COUNT(*) FROM usage GROUP BY day", groups=2).groups == 2
    assert read("SELECT day, COUNT(*) FROM usage GROUP BY day", groups=100).groups == 8


def test_a_join_of_children_multiplies_their_rows_and_a_lookup_does_not():
    assert read("SELECT COUNT(*) FROM usage a JOIN usage b ON a.child = b.child").rows == 64
    assert read("SELECT COUNT(*) FROM usage u JOIN places p ON u.country = p.country").rows == 8
    assert read("SELECT COUNT(*) FROM usage JOIN survey USING (child)").rows == 8


SEMI_JOINS = [
    "child IN (SELECT child FROM survey WHERE sad)",
    "child NOT IN (SELECT child FROM survey)",
    "EXISTS (SELECT 1 FROM survey s WHERE s.child = usage.child)",
    "child IN (SELECT child FROM usage GROUP BY child, day)",
]


@pytest.mark.parametrize("condition", SEMI_JOINS)
def test_children_of_a_sub_query_double_no_row_whatever_it_holds(condition):
    found = read(f"SELECT COUNT(*) FROM usage WHERE {condition}")
    assert found.rows == 8
    assert bound.bind(found).squares == bound.bind(read("SELECT COUNT(*) FROM usage")).squares
    meeting = next(one for one in list_relations(found.source) if isinstance(one, Meeting))
    assert meeting.keeps_all
    assert plan.is_one_row(meeting.other)


def test_whether_a_child_is_in_a_sub_query_is_one_group_of_each_child():
    found = read("SELECT child IN (SELECT child FROM usage) AS there, COUNT(*) FROM survey GROUP BY there")
    assert found.keys[0].is_constant
    assert found.keys[0].values == (False, True)
    assert found.groups == 1


def test_a_sub_query_that_is_read_twice_is_met_once():
    text = "SELECT child IN (SELECT child FROM usage) AS there, COUNT(*) FROM survey GROUP BY 1"
    met = [one for one in list_relations(read(text).source) if isinstance(one, Meeting)]
    assert len(met) == 1


def test_a_semi_join_adds_no_column_and_no_row():
    found = read("SELECT COUNT(*) FROM usage SEMI JOIN survey USING (child)")
    assert found.rows == 8
    assert refuse("SELECT COUNT(score) FROM usage SEMI JOIN survey USING (child)")[0].code == "unknown-column"


def test_further_conditions_of_a_join_are_a_filter_of_it():
    found = read("SELECT COUNT(*) FROM usage u JOIN survey s ON u.child = s.child AND s.sad")
    assert isinstance(found.source, Filter)
    assert isinstance(found.source.source, Meeting)


def test_a_column_goes_before_a_name_of_the_answer_in_group_by_and_after_it_in_order_by():
    found = read("SELECT country AS night, COUNT(*) FROM usage GROUP BY country, night ORDER BY night")
    assert [key.name for key in found.keys] == ["country", "night"]
    assert found.keys[1].expression.name.endswith(".night")
    assert found.order[0][0] == found.outputs[0].expression


def test_columns_are_called_by_alias_by_column_or_as_they_were_written():
    items = 'u.country, COUNT(*) AS "N", Avg( minutes ), ROUND(SUM(messages), 1)'
    text = f"SELECT {items} FROM usage u GROUP BY u.country"
    assert [one.name for one in read(text).outputs] == [
        "country",
        "N",
        "Avg( minutes )",
        "ROUND(SUM(messages), 1)",
    ]


def test_a_name_of_with_sees_the_names_before_it_and_itself_is_the_table():
    found = read("WITH usage AS (SELECT * FROM usage WHERE night) SELECT COUNT(*) FROM usage")
    assert isinstance(found.source, Filter)
    assert isinstance(found.source.source, Scan)


def test_all_reasons_are_named_at_once_and_in_place():
    refusals = refuse("SELECT MIN(minutes),\n  MAX(messages),\n  nothing\nFROM usage")
    assert [(one.code, one.line, one.column) for one in refusals] == [
        ("unknown-aggregate", 1, 8),
        ("unknown-aggregate", 2, 3),
        ("unknown-column", 3, 3),
    ]


def test_the_same_figure_is_measured_once():
    items = "AVG(minutes) AS a, VAR_POP(minutes) AS v, COUNT(minutes) AS n, AVG(minutes) * 2 AS b"
    found = read(f"SELECT {items} FROM usage")
    assert [one.kind for one in found.measures] == ["rows", "total", "squares"]
    assert len(found.statistics) == 3


def test_texts_that_differ_in_writing_alone_have_one_plan():
    one = read("SELECT COUNT(*) AS n FROM usage WHERE night AND minutes > 10")
    other = read("select count(*) n from Usage where minutes>10 and (Night) -- the same")
    assert plan.compute_digest(one) == plan.compute_digest(other)


def test_a_group_of_a_child_has_a_row_so_its_count_divides():
    inner = "SELECT child, COUNT(*) AS n, SUM(messages) AS total FROM usage GROUP BY child"
    text = f"SELECT AVG(total / n) FROM ({inner})"
    gathered = next(one for one in list_relations(read(text).source) if isinstance(one, PerChild))
    assert gathered.aggregates[0][1].bounds.low == 1


def test_after_using_the_bare_name_is_the_one_on_the_left():
    found = read("SELECT country, COUNT(*) FROM usage JOIN places USING (country) GROUP BY country")
    assert isinstance(found.source, Lookup)
    assert found.keys[0].expression.name == "t0.country"


def test_sums_of_a_child_stay_exact_however_many_rows_are_allowed():
    said = {
        **spec_tables.BOOK,
        "tables": {
            "t": {
                "unit": "child",
                "rows_per_child": 1_000_000,
                "attested": "x",
                "columns": {"amount": {"type": "integer", "low": 0, "high": 2**31, "attested": "x"}},
            }
        },
    }
    text = "SELECT COUNT(*) FROM (SELECT child, SUM(amount) AS s FROM t GROUP BY child) WHERE s > 1"
    found = check.check_query(text, codebook.parse_codebook(said))
    gathered = next(one for one in list_relations(found.source) if isinstance(one, PerChild))
    assert gathered.aggregates[0][1].bounds.high <= 2**53 - 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"SELECT {', '.join(f'SUM(messages + {n}) AS a{n}' for n in range(30))} FROM usage", "too-many"),
        (
            f"SELECT COUNT(*) FROM usage GROUP BY {', '.join(f'messages > {n}' for n in range(13))}",
            "too-many",
        ),
        (
            "SELECT day, messages, MINUTE(moment), COUNT(*) FROM usage GROUP BY ALL",
            "too-many-groups",
        ),
        (f"SELECT AVG(score{' + score' * 40}) FROM survey", "too-deep"),
    ],
)
def test_limits_of_a_query_are_kept(text, code):
    assert refuse(text)[0].code == code

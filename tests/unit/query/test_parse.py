"""Reading a text: limits by words alone, and where in the text every word is."""

import pytest
from sqlglot import exp

from lightwell.query import parse, place
from lightwell.query.refusal import QueryRefused


def refuse(text):
    with pytest.raises(QueryRefused) as refused:
        parse.parse_query(text)
    return refused.value.refusals[0]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT " + "x" * parse.MAX_CHARACTERS, "too-long"),
        ("SELECT " + "1," * parse.MAX_TOKENS, "too-long"),
        ("SELECT " + "(" * (parse.MAX_DEPTH + 1), "too-deep"),
        ("SELECT " + "NOT " * (parse.MAX_DEPTH + 1) + "x", "too-deep"),
        ("SELECT " + "CASE " * (parse.MAX_DEPTH + 1), "too-deep"),
        ("SELECT x" + "[1]" * (parse.MAX_DEPTH + 1), "too-deep"),
        ("", "empty"),
        (" ; ", "empty"),
    ],
)
def test_limits_are_kept(text, code):
    assert refuse(text).code == code


def test_within_the_limits_a_text_is_read():
    depth = parse.MAX_DEPTH
    assert isinstance(parse.parse_query(f"SELECT {'(' * depth}x{')' * depth} FROM t"), exp.Select)


def test_brackets_around_the_query_and_semicolons_after_it_are_taken_off():
    assert parse.parse_query("((SELECT x FROM t)) ; ;").expressions[0].name == "x"


# A text, the type of a node in it, where it begins, and with which word.
PLACED = [
    ("SELECT MAX(x) FROM t", exp.Max, (1, 8), "MAX"),
    ("SELECT\n  quantile_cont(x, 0.5)\nFROM t", exp.PercentileCont, (2, 3), "quantile_cont"),
    ("SELECT a FROM t WHERE NOT EXISTS (SELECT 1 FROM s)", exp.Exists, (1, 27), "EXISTS"),
    ("SELECT a FROM t WHERE NOT EXISTS (SELECT 1 FROM s)", exp.Not, (1, 23), "NOT"),
    ("SELECT a FROM t WHERE b > CURRENT_DATE", exp.CurrentDate, (1, 27), "CURRENT_DATE"),
    ("SELECT EXTRACT(month FROM d) FROM t", exp.Extract, (1, 8), "EXTRACT"),
    ("SELECT 'é😀', TRIM(LEADING 'x' FROM c) FROM t", exp.Trim, (1, 14), "TRIM"),
    ("SELECT CASE WHEN a THEN b END FROM t", exp.Case, (1, 8), "CASE"),
    ("SELECT a\r\n\tFROM t\r\n\tCROSS JOIN s", exp.Join, (3, 8), "JOIN"),
    ("SELECT a FROM t GROUP BY ALL", exp.Group, (1, 17), "GROUP BY"),
    ("SELECT DISTINCT a FROM t", exp.Distinct, (1, 8), "DISTINCT"),
    ("SELECT a FROM t LIMIT 1 OFFSET 2", exp.Offset, (1, 25), "OFFSET"),
    ("SELECT a FROM t WHERE b > DATE '2026-01-01'", exp.Cast, (1, 27), "DATE"),
    ("SELECT x::INT FROM t", exp.Cast, (1, 8), "Cast"),
    ("SELECT a FROM t WHERE (b, c) = (1, 2)", exp.Tuple, (1, 23), "("),
    ("SELECT a FROM t WHERE x + y > 1", exp.Add, (1, 23), "Add"),
]


@pytest.mark.parametrize(("text", "kind", "where", "word"), PLACED, ids=[one[1].__name__ for one in PLACED])
def test_every_node_knows_where_it_begins(text, kind, where, word):
    node = parse.parse_query(text).find(kind)
    assert place.find_place(node) == where
    assert place.find_word(node) == word


def test_a_column_of_the_answer_is_kept_as_it_was_written():
    text = "SELECT  Count( * ) , f(a, (b)) /* x */ + 1, EXTRACT(month FROM d) FROM t"
    items = parse.parse_query(text).expressions
    assert [place.find_text(item) for item in items] == [
        "Count( * )",
        "f(a, (b)) + 1",
        "EXTRACT(month FROM d)",
    ]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("SELECT COUNT(*)\nFROM t WHERE a = 'it''s", 2, 18),
        ("SELECT 'closed' AS \"open", 1, 20),
        ("SELECT COUNT(*) -- it's here\nFROM t WHERE a = 'b", 2, 18),
        ("SELECT COUNT(*) /* 'one' */ FROM t\n/* two", 2, 1),
        ("SELECT $a$ it's $a$, $$ two", 1, 22),
    ],
)
def test_what_is_not_closed_is_placed_where_it_begins(text, line, column):
    refusal = refuse(text)
    assert (refusal.code, refusal.line, refusal.column) == ("syntax", line, column)


def test_a_syntax_error_is_placed_at_the_word_that_is_wrong():
    refusal = refuse("SELECT COUNT(*)\nFROM t\nWHERE night THEN 1")
    assert (refusal.code, refusal.line, refusal.column) == ("syntax", 3, 13)
    assert "THEN" in refusal.reason


@pytest.mark.parametrize(
    ("node", "number"),
    [
        (exp.Literal.number("12"), 12),
        (exp.Literal.number("0"), 0),
        (exp.Literal.number("1.5"), None),
        (exp.Literal.number("-1"), None),
        (exp.Literal.number("²"), None),
        (exp.Literal.number("٣"), None),
        (exp.Literal.number("9" * 5000), None),
        (exp.Literal.string("12"), None),
        (exp.Null(), None),
        (None, None),
    ],
)
def test_a_whole_number_is_digits_and_not_too_many(node, number):
    assert parse.read_whole(node) == number

"""Expressions: what they mean, the domain worked out for them, and the groups that follow from it."""

import datetime
import itertools
import re

import pytest

from lightwell.query import domain as domains
from lightwell.query import expression
from lightwell.query.domain import Domain
from lightwell.query.expression import Field, Unfit, make_call, make_constant

COUNT = Field("count", Domain("integer", 0, 50, has_null=False))
SCORE = Field("score", Domain("integer", -5, 10))
MINUTES = Field("minutes", Domain("real", 0.0, 300.0, None, 0.01))
FREE = Field("free", Domain("real"))
DAY = Field("day", Domain("date", datetime.date(2026, 1, 1), datetime.date(2026, 1, 14)))
COUNTRY = Field("country", Domain("text", values=("DK", "AT", "BE")))
NIGHT = Field("night", Domain("boolean"))


def bounds(made):
    return made.domain.kind, made.domain.low, made.domain.high


@pytest.mark.parametrize(
    ("name", "parts", "expected"),
    [
        ("+", (COUNT, SCORE), ("integer", -5, 60)),
        ("-", (COUNT, SCORE), ("integer", -10, 55)),
        ("*", (SCORE, SCORE), ("integer", -50, 100)),
        ("*", (MINUTES, COUNT), ("real", 0.0, 15000.0)),
        ("/", (SCORE, make_constant(2)), ("real", -2.5, 5.0)),
        ("/", (SCORE, COUNT), ("real", None, None)),
        ("//", (COUNT, make_constant(7)), ("integer", 0, 7)),
        ("%", (COUNT, make_constant(7)), ("integer", 0, 6)),
        ("negative", (SCORE,), ("integer", -10, 5)),
        ("abs", (SCORE,), ("integer", 0, 10)),
        ("floor", (MINUTES,), ("integer", 0, 300)),
        ("round", (MINUTES, make_constant(10)), ("real", 0.0, 300.0)),
        ("least", (FREE, make_constant(60)), ("real", None, 60.0)),
        ("greatest", (FREE, make_constant(0)), ("real", 0.0, None)),
        ("coalesce", (SCORE, make_constant(20)), ("integer", -5, 20)),
        ("week", (DAY,), ("integer", 1, 53)),
    ],
)
def test_bounds_follow_by_arithmetic(name, parts, expected):
    assert bounds(make_call(name, *parts)) == expected


@pytest.mark.parametrize(
    ("name", "parts", "code"),
    [
        ("+", (FREE, COUNT), "unbounded"),
        ("*", (make_constant(2**40), make_constant(2**40)), "overflow"),
        ("/", (COUNT, make_constant(0)), "division"),
        ("//", (SCORE, make_constant(2)), "division"),
        ("%", (COUNT, make_constant(-2)), "division"),
        ("<", (COUNTRY, make_constant("B")), "text-order"),
        ("=", (COUNT, COUNTRY), "wrong-type"),
        ("=", (DAY, make_constant("2026-02-30")), "bad-date"),
        ("in", (COUNT, SCORE), "not-constant"),
        ("like", (COUNTRY, COUNTRY), "not-constant"),
        ("add_days", (DAY, make_constant(4_000_000)), "overflow"),
        ("sqrt", (COUNT,), "unknown-function"),
    ],
)
def test_what_is_not_total_is_unfit(name, parts, code):
    with pytest.raises(Unfit) as unfit:
        make_call(name, *parts)
    assert unfit.value.code == code
    assert unfit.value.reason
    assert unfit.value.advice


def test_released_numbers_may_be_anything_and_nothing_fails():
    noisy = Field("x", Domain("real"))
    zero, tiny, huge = make_constant(0), 5e-324, 1e308
    for name, parts in (
        ("/", (noisy, noisy)),
        ("//", (noisy, noisy)),
        ("%", (noisy, noisy)),
        ("*", (noisy, noisy)),
        ("floor", (make_call("*", noisy, noisy, is_released=True),)),
        ("ceil", (make_call("/", make_constant(1), noisy, is_released=True),)),
        ("round", (noisy, make_constant(10_000))),
        (
            "-",
            (make_call("*", noisy, noisy, is_released=True), make_call("*", noisy, noisy, is_released=True)),
        ),
    ):
        made = make_call(name, *parts, is_released=True)
        for value in (0.0, -0.0, 1.5, -2.5, tiny, huge, -huge, None):
            expression.evaluate(made, {"x": value})
    with pytest.raises(Unfit):
        make_call("//", noisy, zero, is_released=True)


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        (True, None, None, True),
        (False, None, False, None),
        (None, None, None, None),
        (True, False, False, True),
    ],
)
def test_and_and_or_know_three_values(left, right, both, either):
    row = {"a": left, "b": right}
    a, b = Field("a", Domain("boolean")), Field("b", Domain("boolean"))
    assert expression.evaluate(make_call("and", a, b), row) is both
    assert expression.evaluate(make_call("or", b, a), row) is either


def test_like_is_what_a_regular_expression_would_say():
    for pattern in map("".join, itertools.product("a%_", repeat=4)):
        meant = "".join({"%": "(?s:.*)", "_": "(?s:.)"}.get(sign, sign) for sign in pattern)
        for value in map("".join, itertools.product("ab\n", repeat=3)):
            assert expression.match_pattern(value, pattern) == bool(re.fullmatch(meant, value)), (
                value,
                pattern,
            )


def test_like_takes_a_pattern_that_would_hold_up_a_backtracking_matcher_for_ever():
    assert not expression.match_pattern("a" * 1000, "%a" * 400 + "b")
    assert expression.match_pattern("a" * 1000, "%a" * 400)


def map_of(field, **results):
    parts = [part for pair in results.items() for part in map(make_constant, pair)]
    return make_call("map", field, *parts)


@pytest.mark.parametrize(
    ("made", "image"),
    [
        (COUNTRY, ("DK", "AT", "BE")),
        (NIGHT, (False, True)),
        (make_call("//", COUNT, make_constant(20)), (0, 1, 2)),
        (make_call("floor", make_call("/", MINUTES, make_constant(100))), (0, 1, 2, 3)),
        (make_call(">", MINUTES, make_constant(10)), (False, True)),
        (make_call("coalesce", COUNTRY, make_constant("none")), ("DK", "AT", "BE", "none")),
        (
            make_call(
                "case",
                make_call(">", MINUTES, make_constant(60)),
                make_constant("long"),
                make_constant("brief"),
            ),
            ("long", "brief"),
        ),
        (map_of(COUNTRY, DK="x", AT="y", BE="x"), ("x", "y")),
        (make_call("%", COUNT, make_constant(3)), (0, 1, 2)),
    ],
)
def test_groups_are_the_image_of_the_domain_in_the_order_in_which_they_are_written(made, image):
    assert expression.enumerate_image(made, 1000) == image


@pytest.mark.parametrize("made", [MINUTES, FREE, Field("tag", Domain("text"))])
def test_what_cannot_be_listed_has_no_image(made):
    assert expression.enumerate_image(made, 1000) is None


def test_every_value_of_random_rows_is_in_the_image():
    made = make_call("+", make_call("*", SCORE, make_constant(3)), make_call("//", COUNT, make_constant(25)))
    image = expression.enumerate_image(made, 1000)
    for score, count in itertools.product(range(-5, 11), range(51)):
        assert expression.evaluate(made, {"score": score, "count": count}) in image


def test_a_key_that_takes_too_long_to_list_is_unfit():
    wide = Field("wide", Domain("integer", 0, 9000))
    made = make_call("in", wide, *(make_constant(number) for number in range(500)))
    with pytest.raises(Unfit) as unfit:
        expression.enumerate_image(made, 10_000)
    assert unfit.value.code == "too-complex"


def test_sizes_count_what_is_written_twice_and_how_deep_it_stands():
    low = make_call("least", COUNT, SCORE)
    assert expression.measure_size(low, {}).nodes == 5
    deep = make_call("least", low, low)
    assert (expression.measure_size(deep, {}).nodes, expression.measure_size(deep, {}).depth) == (21, 3)


def test_a_text_beside_a_time_is_read_as_one_and_a_date_as_its_beginning():
    moment = Field("moment", Domain("timestamp"))
    made = make_call(">=", moment, make_constant(datetime.date(2026, 1, 5)))
    assert made.arguments[1].value == datetime.datetime.combine(datetime.date(2026, 1, 5), datetime.time())
    assert make_call("=", DAY, make_constant("2026-01-05")).arguments[1].value == datetime.date(2026, 1, 5)


def test_the_largest_number_is_one_that_canonical_json_can_write():
    assert domains.LARGEST == 2**53 - 1


@pytest.mark.parametrize("name", ["least", "greatest"])
def test_the_least_of_one_is_itself(name):
    assert expression.evaluate(make_call(name, make_constant(3)), {}) == 3
    assert expression.evaluate(make_call(name, SCORE), {"score": -2}) == -2

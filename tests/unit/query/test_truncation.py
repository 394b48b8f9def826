"""What a bound leaves out, and which is suggested, from noisy numbers of children by their rows."""

import random

import pytest

from lightwell.query import truncation
from lightwell.query.truncation import EDGES, Histogram


def make_sizes(children, seed=1):
    """Rows per child with a long tail, as of a log of use."""
    dice = random.Random(seed)
    return [int(13 * dice.paretovariate(2.69)) for _ in range(children)]


def count(sizes, sigma, seed=1):
    tails = [sum(size > edge for size in sizes) for edge in (0, *EDGES)]
    dice = random.Random(seed)
    noisy = [round(number + dice.gauss(0, sigma)) for number in truncation.count_classes(tails)]
    return Histogram("usage", tuple(noisy), sigma, 500_000, "x")


def find_share(sizes, rows, seen=EDGES[-1]):
    sizes = [size for size in sizes if size <= seen]
    return sum(max(size - rows, 0) for size in sizes) / sum(sizes)


@pytest.mark.parametrize("rows", [8, 16, 32, 50, 64])
def test_the_share_of_rows_left_out_lies_within_its_interval(rows):
    sizes = make_sizes(50_000)
    found = truncation.find_truncation(count(sizes, 31.6), rows)
    assert found.low <= find_share(sizes, rows, found.seen) <= found.high
    assert found.low <= found.share <= found.high
    assert found.high - found.low < 0.25


def test_without_noise_and_with_a_class_for_each_size_the_share_is_exact():
    sizes = [1] * 60 + [2] * 30 + [3] * 10
    found = truncation.find_truncation(count(sizes, 0), 2)
    assert found.share == pytest.approx(10 / 150)
    assert found.low == pytest.approx(found.high)


def test_what_noise_could_be_is_not_taken_for_children():
    assert truncation.find_truncation(Histogram("usage", (20, -5, 30, 60), 31.6, 1), 1) is None
    few = truncation.find_truncation(Histogram("usage", (9000, 0, 0, 80), 31.6, 1), 1)
    assert (few.share, few.seen) == (0, 1)


def test_the_suggested_bound_grows_with_the_data_because_noise_then_weighs_less():
    few, many = (truncation.suggest_rows(count(make_sizes(n), 31.6), 4096) for n in (5_000, 500_000))
    assert few < many
    assert 64 <= many <= 256


def test_no_more_is_suggested_than_the_codebook_allows():
    histogram = count(make_sizes(50_000), 31.6)
    assert truncation.suggest_rows(histogram, 10) <= 10
    assert truncation.suggest_rows(Histogram("usage", (3, 1), 31.6, 1), 10) == 10


def test_the_suggested_bound_errs_least_of_all_powers_of_two():
    sizes = make_sizes(50_000)
    histogram = count(sizes, 31.6)
    rho = 0.0201871
    errors = {
        rows: find_share(sizes, rows) + rows / (2 * rho) ** 0.5 * 100 / sum(sizes)
        for rows in (2**power for power in range(12))
    }
    assert errors[truncation.suggest_rows(histogram, 2048)] < 1.2 * min(errors.values())


def test_what_a_bound_leaves_out_is_told_with_its_interval_and_how_far_was_seen():
    told = truncation.describe_truncation(count(make_sizes(50_000), 31.6), 16)
    assert (told["table"], told["rows"], told["bought"]) == ("usage", 16, "x")
    assert 0 < told["low"] < told["share"] < told["high"] < 1
    sentence = truncation.tell_truncation(told)
    assert f"{told['share']:.2%} of all rows of usage ({told['low']:.2%} to {told['high']:.2%})" in sentence
    assert f"more than {told['seen']} rows are too few" in sentence


def test_beyond_what_was_seen_no_share_is_told_as_nothing():
    histogram = Histogram("usage", (9000, 0, 0, 80), 31.6, 1, "x")
    told = truncation.describe_truncation(histogram, 1)
    assert (told["share"], told["low"], told["high"], told["seen"]) == (None, None, None, 1)
    assert "Too few children have more than 1 rows" in truncation.tell_truncation(told)
    none = truncation.describe_truncation(Histogram("usage", (1,), 31.6, 1, "x"), 1)
    assert none["share"] is None
    assert "too few children to say" in truncation.tell_truncation(none)


def test_a_histogram_is_read_as_it_was_written():
    histogram = count(make_sizes(100), 3.5)
    assert truncation.read(truncation.describe(histogram)) == histogram
    for wrong in ({"v": 2}, {**truncation.describe(histogram), "v": 3}):
        with pytest.raises(ValueError, match="not a histogram"):
            truncation.read(wrong)


def test_a_histogram_from_before_means_were_bought_is_read_and_one_with_half_of_them_is_not():
    histogram = count(make_sizes(100), 3.5)
    old = {name: value for name, value in truncation.describe(histogram).items() if name != "means"}
    assert truncation.read({**old, "v": 1}) == histogram
    for wrong in (old, {**truncation.describe(histogram), "v": 1}, {**old, "v": True}):
        with pytest.raises(ValueError, match="not a histogram"):
            truncation.read(wrong)


def test_more_groups_or_a_lower_price_ask_for_a_lower_bound():
    histogram = count(make_sizes(50_000), 31.6)

    def pick(noise, groups):
        return truncation.suggest(histogram, 4096, [truncation.Asked("count", "", noise)], groups).rows

    assert pick(5.0, 1) > pick(5.0, 100) > pick(5.0, 5000)
    assert pick(5.0, 100) > pick(50.0, 100)
    assert pick(5.0, 100) == truncation.suggest_rows(histogram, 4096)


def test_without_means_an_average_is_bounded_as_the_reference_query_is():
    histogram = count(make_sizes(50_000), 31.6)
    found = truncation.suggest(histogram, 4096, [truncation.Asked("mean", "minutes", 7.0)], 5)
    assert found.rows == truncation.suggest_rows(histogram, 4096)
    assert "a count errs by" in truncation.tell_suggestion(found)
    told = truncation.describe_truncation(histogram, 16, ["minutes"])
    assert told["averages"] == truncation.tell_moves(told) == []


def test_noise_alone_makes_no_class_of_many_rows():
    """At three deviations one purchase in twenty would find children with a hundred thousand rows."""
    seen = [truncation.describe_truncation(count([1] * 5000, 31.6, seed), 1)["seen"] for seed in range(300)]
    assert sum(most > 1 for most in seen) <= 3

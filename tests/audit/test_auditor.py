"""The auditor is judged: each of these faults, put into the engine, must be found, and the triple is named.

A fault is a function that breaks one thing by monkeypatch, in this process only. Two well-known mistakes that
cost accuracy and no privacy are here too, so that it is known why the audit is silent about them.
"""

import dataclasses
import functools
import re

import neighbours
import pytest

from lightwell.engines import duckdb, sql
from lightwell.query import bound, cost, noise, plan
from lightwell.query.bound import Bounded

FAULTS = {}
HARMLESS = {}
_BIND, _WRITER = bound.bind, sql._Writer


def fault(make):
    FAULTS[make.__name__.replace("_", " ")] = make
    return make


def harmless(make):
    HARMLESS[make.__name__.replace("_", " ")] = make
    return make


def rebind(patch, change):
    """Let `bind` give other squares."""
    patch.setattr(bound, "bind", lambda one, *more: change(_BIND(one, *more)))


def rewrite(patch, name, change):
    """Let a writer of SQL write something else."""
    written = getattr(_WRITER, name)

    @functools.wraps(written)
    def write(self, *arguments, **named):
        return change(written(self, *arguments, **named), self, *arguments)

    patch.setattr(_WRITER, name, write)


def replace_squares(bounded, squares):
    return Bounded(
        bounded.plan, bounded.is_one_row, bounded.scales, tuple(squares), bounded.group_scale, bounded.path
    )


# --- what a row counts ------------------------------------------------------------------------------------


@fault
def the_weight_is_forgotten(patch):
    patch.setattr(_WRITER, "weigh_amount", lambda self, amount: amount)


@fault
def rows_are_counted_within_their_group_only(patch):
    rewrite(
        patch,
        "write_own",
        lambda text, *_: text.replace("SUM(own_rows) OVER (PARTITION BY unit)", "own_rows"),
    )


@fault
def rows_without_a_value_are_not_counted_but_others_are_weighed_by_them(patch):
    def change(text, self, keyed, sums, *more):
        return text.replace("COUNT(*) AS own_rows", "COUNT(*) // 2 + 1 AS own_rows")

    rewrite(patch, "write_own", change)


@fault
def the_bound_is_one_row_too_high(patch):
    rewrite(
        patch,
        "weigh_amount",
        lambda text, self, amount: text.replace(f"* {self.plan.rows})", f"* {self.plan.rows + 1})"),
    )


@fault
def one_row_is_promised_by_the_codebook_and_not_by_grouping(patch):
    asked = plan.is_one_row
    patch.setattr(
        plan, "is_one_row", lambda one: asked(one) or (isinstance(one, plan.Scan) and one.rows == 1)
    )


@fault
def a_look_up_doubles_rows(patch):
    rewrite(
        patch,
        "write_lookup",
        lambda text, *_: re.sub(r"ANY_VALUE\((\"[^\"]*\")\)|MIN\((\"[^\"]*\")\)", r"\1\2", text).replace(
            " GROUP BY lookup_key", ""
        ),
    )


@fault
def tables_meet_on_nothing(patch):
    rewrite(patch, "write_meeting", lambda text, *_: text.replace("left_side.unit = right_side.unit", "TRUE"))


@fault
def the_clamp_is_missing(patch):
    patch.setattr(sql, "clamp", lambda text, bounds: text)


@fault
def the_clamp_of_a_sum_per_child_is_missing(patch):
    written, clamp = sql._write_aggregate, sql.clamp

    def write(aggregate, name):
        patch.setattr(sql, "clamp", lambda text, bounds: text)
        try:
            return written(aggregate, name)
        finally:
            patch.setattr(sql, "clamp", clamp)

    patch.setattr(sql, "_write_aggregate", write)


@fault
def values_are_not_settled_and_infinity_is_one(patch):
    written = duckdb.FileReading.write_column

    def write(self, table, column):
        is_real = column.domain.kind == "real"
        return f"CAST({sql.quote(column.name)} AS DOUBLE)" if is_real else written(self, table, column)

    patch.setattr(duckdb.FileReading, "write_column", write)


@fault
def a_mean_is_not_centered_in_sql(patch):
    write = sql.write_value

    def change(measure, *more):
        return write(dataclasses.replace(measure, center=0.0) if measure.kind == "total" else measure, *more)

    patch.setattr(sql, "write_value", change)


@fault
def squares_are_counted_from_the_wrong_place(patch):
    write = sql.write_value

    def change(measure, *more):
        return write(
            dataclasses.replace(measure, center=0.0) if measure.kind == "squares" else measure, *more
        )

    patch.setattr(sql, "write_value", change)


# --- groups, distinct values, bins ------------------------------------------------------------------------


@fault
def the_weight_of_groups_is_missing(patch):
    rewrite(
        patch,
        "weigh",
        lambda text, self, number, measure: (
            f"v{number} * {self.bounded.scales[number]}" if measure.kind == "children" else text
        ),
    )


@fault
def a_constant_key_is_taken_as_promised(patch):
    made = _WRITER.__init__

    def make(self, *arguments):
        made(self, *arguments)
        self.varying, self.constant = list(range(len(self.keys))), []

    patch.setattr(_WRITER, "__init__", make)


@fault
def a_child_beyond_its_rows_is_not_asked_for_in_all_its_groups(patch):
    rewrite(
        patch,
        "write_group_sums",
        lambda text, self, *_: text.replace(f"SUM(own_rows) > {self.plan.rows}", "FALSE"),
    )


@fault
def a_child_beyond_its_groups_is_not_asked_for_in_all_its_groups(patch):
    rewrite(
        patch,
        "write_group_sums",
        lambda text, self, *_: re.sub(rf"SUM\(v\d+\) > {self.plan.groups}", "FALSE", text),
    )


@fault
def private_keys_are_unlimited(patch):
    patch.setattr(_WRITER, "keep_first_groups", lambda self, own: own)


@fault
def null_and_the_word_null_share_a_place(patch):
    def write(names):
        words = [f"COALESCE(CAST({name} AS VARCHAR), 'null')" for name in names]
        return f"MD5(CONCAT({', CHR(31), '.join(words)}))"

    patch.setattr(sql, "_write_rank", write)


@fault
def distinct_values_are_unlimited(patch):
    rewrite(
        patch, "write_distinct", lambda text, self, *_: text.replace(f"place <= {self.plan.rows}", "TRUE")
    )


@fault
def distinct_values_are_ranked_among_all_children(patch):
    rewrite(patch, "write_distinct", lambda text, *_: text.replace("PARTITION BY unit ORDER BY", "ORDER BY"))


@fault
def bins_are_not_weighed(patch):
    rewrite(
        patch,
        "write_bins",
        lambda text, *_: re.sub(r"SUM\(CASE WHEN all_rows.*? END\)", "SUM(own_rows * 256)", text),
    )


# --- sensitivity, noise and price -------------------------------------------------------------------------


@fault
def half_the_sensitivity_is_declared(patch):
    rebind(patch, lambda one: replace_squares(one, (max(square // 4, 1) for square in one.squares)))


@fault
def the_scale_is_forgotten(patch):
    rebind(
        patch,
        lambda one: replace_squares(
            one, (square // scale**2 for square, scale in zip(one.squares, one.scales, strict=True))
        ),
    )


@fault
def groups_are_forgotten_in_the_count_of_children(patch):
    def change(one):
        return replace_squares(
            one,
            (
                one.group_scale**2 if measure.kind == "children" else square
                for square, measure in zip(one.squares, one.plan.measures, strict=True)
            ),
        )

    rebind(patch, change)


@fault
def each_level_of_bins_is_paid_as_if_it_were_alone(patch):
    divide = cost.divide
    patch.setattr(
        noise.cost,
        "divide",
        lambda whole, parts: (whole.nano_rho,) * len(parts) if len(parts) > 2 else divide(whole, parts),
    )


@fault
def a_level_of_bins_is_forgotten(patch):
    listed = bound.list_levels
    patch.setattr(noise.bound, "list_levels", lambda count: listed(count)[1:] or listed(count))


@fault
def the_noise_is_halved(patch):
    found = noise.find_sigma
    patch.setattr(noise, "find_sigma", lambda square, nano_rho: found(square, nano_rho) / 2)


@fault
def a_threshold_takes_units_for_children(patch):
    found = noise.find_threshold
    patch.setattr(noise, "find_threshold", lambda sigma, groups, units, scale: found(sigma, groups, units, 1))


@harmless
def rows_are_counted_before_null_groups_are_dropped(patch):
    """A child is weighed down by rows that are in no group: too little is counted, never too much."""
    rewrite(
        patch,
        "write_own",
        lambda text, *_: text.replace(
            "SUM(own_rows) OVER (PARTITION BY unit)", "2 * SUM(own_rows) OVER (PARTITION BY unit)"
        ),
    )


@harmless
def groups_are_counted_before_the_filter_of_an_aggregate(patch):
    """A child is weighed by groups in which it does not count: the same."""
    rewrite(
        patch,
        "write_sums",
        lambda text, *_: re.sub(
            r"SUM\((v\d+)\) OVER \(PARTITION BY unit\)", "COUNT(*) OVER (PARTITION BY unit)", text
        ),
    )


SAMPLE = ("the weight is forgotten", "bins are not weighed", "the noise is halved")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in SAMPLE else pytest.mark.full) for name in FAULTS]
)
def test_a_fault_in_the_engine_is_found(monkeypatch, name):
    FAULTS[name](monkeypatch)
    report = neighbours.audit(7, 4000, stop=True)
    assert report.findings, f"not found in {report.triples} triples"
    print(f"{name}: found after {report.triples} triples; {report.findings[0]}")


@pytest.mark.full
@pytest.mark.parametrize("name", HARMLESS)
def test_a_mistake_that_costs_no_privacy_is_none_of_the_auditors(monkeypatch, name):
    HARMLESS[name](monkeypatch)
    assert not neighbours.audit(7, 120).findings


def test_the_engine_without_a_fault_has_no_finding():
    assert not neighbours.audit(7, 120, stop=True).findings
    assert len(FAULTS) >= 12

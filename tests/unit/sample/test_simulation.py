import numpy as np
import pytest

from lightwell.sample import emission, estimates, plainfiles, simulation, spread
from lightwell.sample.simulation import EFFECT


def test_a_child_is_the_same_child_at_any_size(two_blocks):
    small = simulation.simulate(7, 5_000)
    assert np.array_equal(small.children.age, two_blocks.children.age[:5_000])
    assert np.array_equal(small.survey.items, two_blocks.survey.items[:5_000])
    inside = two_blocks.events.child < 5_000
    assert np.array_equal(small.events.minutes, two_blocks.events.minutes[inside])


def test_another_seed_gives_other_children(two_blocks):
    other = simulation.simulate(8, simulation.BLOCK)
    assert not np.array_equal(other.children.age, two_blocks.children.age[: simulation.BLOCK])


def test_nights_of_the_survey_are_nights_of_the_events(two_blocks):
    events, survey = two_blocks.events, two_blocks.survey
    night = (events.kind == simulation.SESSION) & (events.hour < 5)
    for child in (0, 17, 4_000, 7_999):
        for wave in range(4):
            mine = night & (events.child == child) & (events.day // 7 == wave)
            assert len(np.unique(events.day[mine])) == survey.nights[child, wave]


def test_events_are_sorted_and_within_the_ranges_of_the_codebook(two_blocks):
    events = two_blocks.events
    order = np.lexsort((events.hour, events.day, events.child))
    assert np.array_equal(order, np.arange(len(events)))
    assert events.day.min() >= 0
    assert events.day.max() <= 27
    assert events.hour.max() <= 23
    assert 0 <= events.minutes.min() <= events.minutes.max() <= 180
    assert np.all((events.minutes > 0) == (events.kind == simulation.SESSION))


def test_no_children_is_one_clear_sentence():
    with pytest.raises(ValueError, match="at least one child"):
        simulation.simulate(7, 0)


def test_the_planted_loss_of_sleep_is_found_within_the_same_child(sample_world):
    survey = sample_world.panel.survey
    answered = survey.answered == 1
    slope = estimates.regress_within(survey.sleep[answered], survey.nights[answered], np.nonzero(answered)[0])
    assert slope.low < EFFECT["night_sleep"] < slope.high


def test_the_coin_of_the_hold_out_leaves_halves_alike_and_the_planted_effect_apart(sample_world):
    survey, quiet = sample_world.panel.survey, sample_world.panel.children.quiet
    assert abs(quiet.mean() - 0.5) < 0.01
    odds = []
    for arm in (0, 1):
        share = survey.nights[quiet == arm, 2:].mean() / 7
        odds.append(np.log(share / (1 - share)))
    assert odds[1] - odds[0] == pytest.approx(EFFECT["quiet_nights"], abs=0.08)
    before = [survey.nights[quiet == arm, :2].mean() for arm in (0, 1)]
    assert before[0] == pytest.approx(before[1], rel=0.05)


def test_the_planted_returns_of_copies_are_found(sample_world):
    pieces = sample_world.pieces
    for kept, key in ((1, "reupload_kept"), (0, "reupload")):
        share = estimates.estimate_share(pieces.returned[pieces.kept == kept])
        assert share.value == pytest.approx(spread.EFFECT[key], abs=0.03)


def test_the_emitted_tables_have_exactly_the_columns_of_the_codebook(two_blocks):
    rows = [line.split(",")[:2] for line in plainfiles.make_codebook().splitlines()[2:]]
    for name, table in (
        ("events", emission.make_event_table(two_blocks)),
        ("survey", emission.make_survey_table(two_blocks)),
    ):
        assert [column for kind, column in rows if kind == name] == list(table)
        assert len({len(column) for column in table.values()}) == 1


def test_the_panel_can_be_found_again_in_a_larger_table():
    full = list(emission.iterate_tables(7, simulation.PANEL + simulation.BLOCK))
    panel = simulation.simulate(7)
    events = sum(int(block["panel"].sum()) for block, _ in full)
    answers = sum(int(block["panel"].sum()) for _, block in full)
    assert events == len(panel.events)
    assert answers == int(panel.survey.answered.sum())


def test_latent_columns_are_never_emitted(two_blocks):
    emitted = set(emission.make_event_table(two_blocks)) | set(emission.make_survey_table(two_blocks))
    assert not emitted & {"frailty", "appetite", "appearance", "quiet", "see_less"}

import pytest

from lightwell.sample import markup
from lightwell.sample.estimates import Estimate

NUMBERS = {"gap": Estimate(0.2, 0.1, 0.3, 50), "children": 1200, "T_gap": "Table 3"}


def test_blocks_come_in_order_and_paragraphs_are_joined():
    blocks = markup.parse("# One\nfirst\nline\n\n- a\n- b\n@table gap\nend", "here")
    assert [(b.kind, b.text) for b in blocks] == [
        ("h1", "One"), ("p", "first line"), ("li", "a"), ("li", "b"), ("table", "gap"), ("p", "end"),
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["It was 12 % of them.", "about 3.5 hours", "- 7.2 % more", "# 40 % do"])
def test_a_figure_typed_by_hand_is_refused_with_its_line(line):
    with pytest.raises(ValueError, match=r"here, line 2: .*by hand"):
        markup.parse(f"fine\n{line}", "here")


def test_the_level_of_intervals_may_be_typed():
    assert markup.parse("with 95 % intervals", "here")


def test_numbers_and_emphasis_are_set():
    text = markup.fill("{gap:pct} of {children}, see *{T_gap}* & **more**", NUMBERS, "here")
    assert text == "20.0 % of 1,200, see <i>Table 3</i> &amp; <b>more</b>"


def test_an_unknown_number_is_named():
    with pytest.raises(ValueError, match="here: the findings hold no “gapp”"):
        markup.fill("{gapp:pct}", NUMBERS, "here")

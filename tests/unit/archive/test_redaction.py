"""What a page with hidden regions shows: nothing hidden, all else once, and nothing that tells a width."""

from __future__ import annotations

import dataclasses
import datetime
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightwell.archive import page, redaction
from lightwell.archive.redaction import Flow, Gap, Kept, Plan, Region, Sealed
from lightwell.base import errors

REVIEW = datetime.date(2028, 1, 1)
WIDTH, ROW, LEFT = 400, 20, 40


def make_page(rows: list[list[int]], gaps: list[int] | None = None) -> page.Parts:
    """A page of one column: for each line the widths of its words; `gaps` are blank rows above each line."""
    dice = random.Random(str(rows))
    lines, bands, y = [], [], 30
    for k, widths in enumerate(rows):
        y += gaps[k] if gaps else 6
        x, words = LEFT, []
        for n, width in enumerate(widths):
            words.append(page.Word(f"w{k}.{n}", (x, y + 3, x + width, y + ROW - 4)))
            x += width + 5
        lines.append(tuple(words))
        bands.append((y, y + ROW))
        y += ROW
    head = page.Head(1, WIDTH, y + 40, len(lines), tuple(bands))
    patches = tuple(
        bytes(dice.choice((0, 16, 240)) for _ in range((r - le) * (b - t) * 3))
        for le, t, r, b in page.list_patch_boxes(head)
    )
    return page.Parts(head, tuple(lines), patches)


def hide(words: list[tuple[int, int]], *, wide: bool = True, ground: str = "participant") -> Region:
    return Region(ground, "approver", REVIEW, wide, tuple(words))


def list_shown(parts: page.Parts, plan: Plan) -> list[str]:
    shown = []
    for each in plan.passages:
        if isinstance(each, Sealed):
            shown += [word.text for word in parts.lines[each.line]]
        else:
            shown += [token.text for token in each.tokens if isinstance(token, page.Word)]
    return shown


ROWS = st.lists(st.lists(st.integers(10, 60), min_size=1, max_size=5), min_size=1, max_size=12)


@settings(deadline=None)
@given(ROWS, st.data())
def test_every_word_is_hidden_or_shown_once_and_what_is_sealed_touches_nothing_hidden(
    rows: list[list[int]], data: st.DataObject
) -> None:
    gaps = [data.draw(st.sampled_from([4, 6, 30])) for _ in rows]
    parts = make_page(rows, gaps)
    places = [(k, n) for k, line in enumerate(parts.lines) for n in range(len(line))]
    wide = data.draw(st.sets(st.sampled_from(places), max_size=4))
    plain = data.draw(st.sets(st.sampled_from(places), max_size=4)) - wide
    regions = [hide([each]) for each in sorted(wide)]
    regions += [hide([each], wide=False, ground="confidential") for each in sorted(plain)]
    plan = redaction.plan_page(parts, regions)
    hidden = {f"w{k}.{n}" for k, n in wide | plain}
    shown = list_shown(parts, plan)
    assert sorted(shown) == sorted({word.text for line in parts.lines for word in line} - hidden)
    sealed = {each.line for each in plan.passages if isinstance(each, Sealed)}
    assert sealed == set(range(len(rows))) - plan.hidden_lines
    assert not sealed & {k for k, _ in wide | plain}
    boxes = page.list_patch_boxes(parts.head)
    open_patches = set(range(len(boxes))) - plan.hidden_patches
    for k, n in wide | plain:
        left, top, right, bottom = parts.lines[k][n].box
        for patch in open_patches:
            box = boxes[patch]
            assert not (left < box[2] and right > box[0] and top < box[3] and bottom > box[1])
    if wide:
        # What is set anew lies across the whole page: no column of the band stays as it was.
        for k, _ in wide:
            assert {k * 4 + column for column in range(4)} <= plan.hidden_patches
    assert bool(plan.gaps) == bool(wide | plain)


@settings(deadline=None)
@given(ROWS, st.data())
def test_nothing_of_the_plan_depends_on_the_width_or_the_number_of_the_hidden_words(
    rows: list[list[int]], data: st.DataObject
) -> None:
    line = data.draw(st.integers(0, len(rows) - 1))
    at = data.draw(st.integers(0, len(rows[line])))
    plans = []
    for _ in range(2):
        name = data.draw(st.lists(st.integers(5, 90), min_size=1, max_size=4))
        changed = [list(widths) for widths in rows]
        changed[line][at:at] = name
        parts = make_page(changed)
        # The other words keep their text, wherever they now stand.
        texts = iter([f"v{k}" for k in range(1000)])
        lines = tuple(
            tuple(
                dataclasses.replace(word, text="?")
                if k == line and at <= n < at + len(name)
                else dataclasses.replace(word, text=next(texts))
                for n, word in enumerate(each)
            )
            for k, each in enumerate(parts.lines)
        )
        parts = page.Parts(parts.head, lines, parts.patches)
        plan = redaction.plan_page(parts, [hide([(line, at + k) for k in range(len(name))])])
        plans.append((plan.hidden_patches, plan.hidden_lines, plan.insets, strip_places(plan)))
    assert plans[0] == plans[1]


def strip_places(plan: Plan) -> list[object]:
    """The passages as the page shows them: words set anew have no place of their own any more."""
    return [
        each
        if isinstance(each, Sealed)
        else (
            type(each).__name__,
            each.inset if isinstance(each, Flow) else None,
            [token if isinstance(token, Gap) else token.text for token in each.tokens],
        )
        for each in plan.passages
    ]


def test_neighbouring_words_of_one_ground_are_one_region_whoever_proposed_them() -> None:
    parts = make_page([[30, 30, 30, 30, 30]])
    plan = redaction.plan_page(parts, [hide([(0, 1)]), hide([(0, 2)])])
    assert len(plan.gaps) == 1
    other = redaction.plan_page(parts, [hide([(0, 1)]), hide([(0, 2)], ground="junior-staff")])
    assert [gap.ground for gap in other.gaps] == ["participant", "junior-staff"]


def test_running_text_flows_and_a_list_keeps_its_lines() -> None:
    text = make_page([[60, 60, 60, 60, 60], [60, 60, 60, 60, 58], [60, 60, 60, 60, 59], [40]])
    plan = redaction.plan_page(text, [hide([(1, 2)])])
    assert [type(each) for each in plan.passages] == [Flow]
    rows = make_page([[60], [60, 60, 60], [20, 20], [60, 60], [50]])
    plan = redaction.plan_page(rows, [hide([(1, 2)])])
    assert [type(each) for each in plan.passages] == [Flow] * 5


def test_another_paragraph_keeps_its_seal() -> None:
    parts = make_page([[60, 60], [60, 60], [60, 60], [60, 60]], [6, 6, 40, 6])
    plan = redaction.plan_page(parts, [hide([(0, 1)])])
    assert plan.hidden_lines == {0, 1}
    assert [type(each) for each in plan.passages] == [Flow, Sealed, Sealed]


def test_a_plain_box_leaves_the_other_lines_of_its_paragraph_as_they_are() -> None:
    parts = make_page([[60, 60], [60, 60], [60, 60]])
    plan = redaction.plan_page(parts, [hide([(1, 0)], wide=False)])
    assert plan.hidden_lines == {1}
    assert [type(each) for each in plan.passages] == [Sealed, Kept, Sealed]
    # As high as the band, whatever the letters: the box tells no more than the layout does.
    (gap,) = plan.gaps
    assert gap.box == (LEFT - 2, *parts.head.bands[1][:1], LEFT + 62, parts.head.bands[1][1])


def test_a_drawn_box_hides_what_it_covers_and_the_picture_below_it() -> None:
    parts = make_page([[60, 60, 60]])
    top, bottom = parts.head.bands[0]
    box = (LEFT + 60, top, LEFT + 140, bottom)
    plan = redaction.plan_page(parts, [Region("confidential", "approver", REVIEW, False, boxes=(box,))])
    assert "w0.1" not in list_shown(parts, plan)
    assert box in plan.painted
    picture = redaction.plan_page(
        parts, [Region("confidential", "approver", REVIEW, False, boxes=((300, top, 390, bottom),))]
    )
    assert not picture.hidden_lines
    assert picture.hidden_patches
    assert len(picture.gaps) == 1


def test_a_word_under_another_hidden_one_is_hidden_with_it() -> None:
    # A word divided at the end of a line has a box over both lines.
    parts = make_page([[60, 60], [60, 60]])
    first, second = parts.lines
    divided = page.Word("divided", (LEFT, first[0].box[1], LEFT + 125, second[0].box[3]))
    parts = page.Parts(parts.head, ((first[0], divided), second), parts.patches)
    plan = redaction.plan_page(parts, [hide([(0, 1)], wide=False)])
    assert list_shown(parts, plan) == []
    assert plan.hidden_lines == {0, 1}


def test_where_lines_share_a_band_only_the_hidden_word_is_covered() -> None:
    # A page that was scanned askew has no blank rows between its lines.
    plain = make_page([[50, 40], [50, 40], [50, 40]])
    bands = plain.head.bands
    head = dataclasses.replace(plain.head, bands=((bands[0][0], bands[-1][1]),))
    white = tuple(b"\xff" * ((r - le) * (b - t) * 3) for le, t, r, b in page.list_patch_boxes(head))
    parts = page.Parts(head, plain.lines, white)
    plan = redaction.plan_page(parts, [hide([(1, 0)], wide=False, ground="confidential")])
    ((left, top, right, bottom),) = plan.painted
    above, hidden, below = (line[0].box for line in parts.lines)
    assert above[3] <= top < hidden[1]
    assert hidden[3] < bottom <= below[1]
    assert (left, right) == (hidden[0] - 2, hidden[2] + 2)


def make_centred(widths: list[int]) -> page.Parts:
    parts = make_page([[width] for width in widths])
    lines = [
        (page.Word(line[0].text, (200 - width // 2, line[0].box[1], 200 + width // 2, line[0].box[3])),)
        for width, line in zip(widths, parts.lines, strict=True)
    ]
    return page.Parts(parts.head, tuple(lines), parts.patches)


@pytest.mark.parametrize("others", [[100, 60, 102, 90], [100, 60, 60, 60]])
@pytest.mark.parametrize("hidden", [0, 1, 2])
def test_how_wide_a_name_among_centred_lines_is_decides_nothing(others: list[int], hidden: int) -> None:
    plans = []
    for width in (20, 80, 150, 300):
        widths = [*others[:hidden], width, *others[hidden + 1 :]]
        plan = redaction.plan_page(make_centred(widths), [hide([(hidden, 0)])])
        plans.append((plan.hidden_lines, plan.insets, len(plan.passages)))
    assert len(set(plans)) == 1


def test_where_a_line_from_right_to_left_ends_decides_nothing() -> None:
    plans = []
    for width in (40, 150, 300):
        parts = make_page([[300], [300], [300], [width], [300], [300], [300]])
        lines = tuple(
            (page.Word("שלום", (340 - line[0].box[2] + LEFT, line[0].box[1], 340, line[0].box[3])),)
            for line in parts.lines
        )
        plan = redaction.plan_page(page.Parts(parts.head, lines, parts.patches), [hide([(3, 0)])])
        plans.append((plan.hidden_lines, plan.insets, len(plan.passages)))
    assert len(set(plans)) == 1


def test_an_indent_parts_paragraphs_that_are_flush_left() -> None:
    parts = make_page([[60], [60], [60], [60], [60]])
    moved = tuple(
        (page.Word(line[0].text, (LEFT + 20 * (k == 2), *line[0].box[1:])),)
        for k, line in enumerate(parts.lines)
    )
    plan = redaction.plan_page(page.Parts(parts.head, moved, parts.patches), [hide([(3, 0)])])
    assert plan.hidden_lines == {2, 3, 4}


def test_a_box_over_a_name_in_a_long_word_hides_the_word() -> None:
    # An address: the box covers an eighth of it, and the whole of it stands in the text of the page.
    parts = make_page([[30, 300]])
    left, top, _, bottom = parts.lines[0][1].box
    region = Region("confidential", "approver", REVIEW, False, boxes=((left + 40, top, left + 78, bottom),))
    assert list_shown(parts, redaction.plan_page(parts, [region])) == ["w0.0"]
    # One that only reaches into its last letter hides it not.
    region = Region("confidential", "approver", REVIEW, False, boxes=((left + 297, top, 399, bottom),))
    assert list_shown(parts, redaction.plan_page(parts, [region])) == ["w0.0", "w0.1"]


def test_a_hidden_word_on_its_side_is_covered_in_every_band_it_reaches() -> None:
    parts = make_page([[60], [60, 60], [60]], [6, 6, 40])
    rotated = page.Word("aside", (380, 36, 394, parts.head.bands[2][1]))
    lines = ((rotated,), *parts.lines)
    head = dataclasses.replace(parts.head, lines=4)
    parts = page.Parts(head, lines, parts.patches)
    plan = redaction.plan_page(parts, [hide([(1, 0)]), hide([(0, 0)], wide=False, ground="confidential")])
    assert "aside" not in list_shown(parts, plan)
    # The last band lies in another paragraph, whose words keep their seal.
    assert 3 not in plan.hidden_lines
    assert 2 * page.COLUMNS + 3 in plan.hidden_patches
    assert any(box[0] <= 380 and box[2] >= 394 and box[3] >= rotated.box[3] for box in plan.painted)


@pytest.mark.parametrize(
    ("region", "sentence"),
    [
        (hide([(9, 0)]), "there is no word 1 in line 10"),
        (hide([(0, 7)]), "there is no word 8 in line 1"),
        (Region("g", "approver", REVIEW, False, boxes=((0, 0, 401, 5),)), "leaves the page"),
        (Region("g", "approver", REVIEW, False, boxes=((5, 5, 5, 9),)), "is empty"),
        (Region("g", "approver", REVIEW, False), "hides nothing"),
        (Region("g", "approver", REVIEW, False, boxes=((0, 0, 400, 2),)), "hides nothing: all is white"),
    ],
)
def test_a_region_off_the_page_is_refused_by_its_number(region: Region, sentence: str) -> None:
    with pytest.raises(errors.UserMistake, match=sentence) as raised:
        redaction.plan_page(make_page([[60, 60]]), [hide([(0, 0)]), region])
    assert raised.value.problems[0].place == "page 1, region 2"


def turn(parts: page.Parts, up: bool) -> page.Parts:
    """The page with its words on their side, in one band; `up` when they run up it."""
    head = parts.head

    def place(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        left, top, right, bottom = box
        if up:
            return top, head.width - right, bottom, head.width - left
        return head.height - bottom, left, head.height - top, right

    lines = tuple(tuple(page.Word(word.text, place(word.box)) for word in line) for line in parts.lines)
    turned = page.Head(1, head.height, head.width, head.lines, ((0, head.width),))
    patches = tuple(bytes((r - le) * (b - t) * 3) for le, t, r, b in page.list_patch_boxes(turned))
    return page.Parts(turned, lines, patches)


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("listed", [1, -1], ids=["in order", "from the last"])
def test_lines_on_their_side_run_on_in_reading_order_whatever_order_they_were_listed_in(
    up: bool, listed: int
) -> None:
    parts = turn(make_page([[60, 60, 60], [60, 60], [60, 60, 40]]), up)
    lines = parts.lines[::listed]
    parts = dataclasses.replace(parts, lines=lines)
    assert [lines[k] for k in redaction.order_on_side(lines)] == list(lines[::listed])
    (hidden,) = [(k, 0) for k, line in enumerate(lines) if line[0].text == "w1.0"]
    (flow,) = redaction.plan_page(parts, [hide([hidden])]).passages
    assert isinstance(flow, Flow)
    texts = [token.text if isinstance(token, page.Word) else "-" for token in flow.tokens]
    assert texts == ["w0.0", "w0.1", "w0.2", "-", "w1.1", "w2.0", "w2.1", "w2.2"]


def test_short_words_stand_as_the_rest_of_the_page_does() -> None:
    parts = turn(make_page([[60, 60], [60, 60]]), True)
    short = (page.Word("of", (90, 10, 104, 22)),)
    assert redaction.list_on_side([*parts.lines, short]) == [True, True, True]
    assert redaction.list_on_side([*make_page([[60], [60]]).lines, short]) == [False, False, False]


def test_on_a_page_upside_down_the_line_above_goes_on_with_the_paragraph() -> None:
    upright = make_page([[60, 60, 60], [60, 60, 60], [60, 60, 20]])
    parts = dataclasses.replace(upright, lines=upright.lines[::-1])
    plan = redaction.plan_page(parts, [hide([(1, 0)])])
    assert len(plan.passages) == 1
    assert len(plan.hidden_lines) == 3


def test_a_box_over_a_picture_in_rows_that_are_set_anew_has_its_label_among_the_words() -> None:
    parts = make_page([[60, 60, 60], [60, 60]])
    top, bottom = parts.head.bands[0]
    aside = Region("child-identifiable", "approver", REVIEW, False, (), ((330, top, 390, bottom),))
    both = redaction.plan_page(parts, [hide([(0, 0)]), aside])
    assert [type(each) for each in both.passages] == [Flow, Flow]
    assert both.passages[1] == Flow(0, (Gap("child-identifiable", "approver", REVIEW),))
    alone = redaction.plan_page(parts, [aside])
    assert [gap.box for gap in alone.gaps] == [(330, top, 390, bottom)]

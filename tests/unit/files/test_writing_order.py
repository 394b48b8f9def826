"""Letters from right to left are drawn as a layout engine draws them, by a pen that knows only one way."""

from __future__ import annotations

from importlib import resources

import numpy
import pytest
from PIL import Image, ImageDraw, ImageFont, features

from lightwell.files import writing_order

HEBREW = ("הילדה", "גדול", "(שלום)", "מ-12.5")
ARABIC = ("الطفلة", "تحدثت", "المعلمة", "لأن", "لإ", "الإسلام", "2019م", "پژوهش", "بچه‌ها", "کتابخانه")


def draw(word: str, engine: ImageFont.Layout) -> numpy.ndarray:
    path = resources.files("lightwell.data") / "fonts" / "DejaVuSansCondensed.ttf"
    font = ImageFont.truetype(str(path), 40, layout_engine=engine)
    drawn = Image.new("L", (300, 70), 255)
    ImageDraw.Draw(drawn).text((10, 5), word, font=font, fill=0)
    return numpy.asarray(drawn).astype(int)


@pytest.mark.skipif(not features.check("raqm"), reason="needs Raqm, which this build of Pillow lacks")
@pytest.mark.parametrize("word", [*HEBREW, *ARABIC, "naïve", "plain"])
def test_a_word_looks_as_a_layout_engine_sets_it(word: str) -> None:
    expected = draw(word, ImageFont.Layout.RAQM)
    # The engines round advances by other rules, so that letters may stand a pixel apart.
    assert numpy.abs(draw(writing_order.write_visually(word), ImageFont.Layout.BASIC) - expected).mean() < 3
    if word in HEBREW + ARABIC:
        assert numpy.abs(draw(word, ImageFont.Layout.BASIC) - expected).mean() > 3


def test_words_of_other_scripts_stay_and_others_are_turned() -> None:
    assert writing_order.write_visually("naïve") == "naïve"
    assert writing_order.write_visually("2019") == "2019"
    assert writing_order.write_visually("ילד") == "דלי"
    assert writing_order.write_visually("מ-12.5") == "12.5-מ"
    # A vowel mark stays behind its letter.
    assert writing_order.write_visually("שָׁב") == "בשָׁ"


def test_a_row_is_turned_where_it_runs_from_right_to_left() -> None:
    find = writing_order.find_direction
    words = ("He", "ילד", "12", "קטן", "(", "said", "ילדה")
    assert [find(each) for each in words] == [False, True, None, True, None, False, True]
    assert writing_order.list_from_right([find(each) for each in words]) == [(1, 3), (6, 6)]
    assert writing_order.list_from_right([None, True, None]) == [(1, 1)]
    assert writing_order.list_from_right([None, None]) == []

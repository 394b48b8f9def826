"""The matcher of a roster against its slow twin, on pages made of the names' own parts."""

import slow_roster
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lightwell.archive import finding, matcher, roster
from lightwell.archive.page import Word

NAMES = [
    "Anna Kowalska",
    "Jae-Eun Namkoong",
    "Will Young",
    "Jürgen Łukasz Böhm",
    "Mia",
    "Anna Maria Li-Young",
    "A. N. Young",
]
PARTS = sorted({part for name in NAMES for part in name.replace("-", " ").replace(".", "").split()})
FILLERS = ["a", "of", "the", "young", "AK", "AMLY", "JE", "Je", "J", "JLB", "will", "jaeeun", "annakowalska"]


@st.composite
def words(draw):
    part = draw(st.sampled_from(PARTS + FILLERS))
    part = draw(st.sampled_from([part, part, part.lower(), part.upper(), part[0], part[0].lower()]))
    if draw(st.integers(0, 5)) == 0:
        part += draw(st.sampled_from(["-", "."])) + draw(st.sampled_from([*PARTS, "K", "y"]))
    before = draw(st.sampled_from(["", "", "", "(", "“", "_"]))
    return before + part + draw(st.sampled_from(["", "", "", ".", ",", "'s", "’s", "1", "12", "-", "),"]))


pages = st.lists(st.lists(words(), max_size=7), max_size=4)


def make_lines(rows):
    return [tuple(Word(text, (0, 0, 1, 1)) for text in row) for row in rows]


def cover(rows, names):
    lines = make_lines(rows)
    people = [roster.Person(at, "other", name) for at, name in enumerate(names, 2)]
    sheet = finding.Sheet(1, lines)
    return {
        sheet.starts[line] + at
        for each in matcher.Matcher(people).find(lines)
        for line, first, last in each.words
        for at in range(first, last + 1)
    }


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True), pages)
@example(["Anna Kowalska"], [["by", "Kow-"], ["alska,", "Anna."]])
@example(["Will Young"], [["A", "Young", "W", "young", "W.", "young", "w", "Young"]])
@example(["Jae-Eun Namkoong"], [["Jae", "Eun", "NAMKOONG", "JE", "Namkoong", "Jaeeun", "J.-E.", "namkoong"]])
def test_the_matcher_covers_exactly_the_words_of_its_slow_twin(names, rows):
    assert cover(rows, names) == slow_roster.find_covered(names, rows)


@settings(max_examples=100, deadline=None)
@given(pages)
def test_findings_united_share_no_word_and_lose_none(rows):
    lines = make_lines(rows)
    people = [roster.Person(at, "other", name) for at, name in enumerate(NAMES, 2)]
    found = matcher.Matcher(people).find(lines)

    def places(each):
        return [(line, at) for line, first, last in each.words for at in range(first, last + 1)]

    united = finding.merge(found)
    listed = [place for each in united for place in places(each)]
    assert len(listed) == len(set(listed))
    assert set(listed) >= {place for each in found for place in places(each)}
    for each in united:
        assert each.text.split(" ") == [lines[line][at].text for line, at in places(each)]

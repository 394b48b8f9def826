"""Each written form of a person of the roster is found where it stands, and its look-alikes are not."""

import datetime
import random

import pytest

from lightwell.archive import finding, forms, matcher, roster, spelling
from lightwell.archive.page import Word

ADDRESS = "anna.kowalska@larkfield.example"
PEOPLE = [
    roster.Person(2, "staff", "Anna Kowalska", ("E-4471",), (ADDRESS,), ("@ak_lark",)),
    roster.Person(3, "participant", "García-López, José Luis", ("P-0173-22",), (), ("skaterboi99", "grace")),
    roster.Person(4, "participant", "Mia", ("P7",)),
    roster.Person(5, "school", "The St. Mary's Girls School"),
    roster.Person(6, "other", "Jürgen van der Berg", birth_date=datetime.date(2011, 3, 7)),
    roster.Person(7, "other", "Will Young"),
    roster.Person(8, "other", "Seán O'Brien"),
    roster.Person(9, "other", "Jae-Eun Namkoong"),
    roster.Person(10, "other", "Łukasz Straße"),
]
ROSTER = matcher.Matcher(PEOPLE)


def make_lines(text):
    return [tuple(Word(word, (0, 0, 1, 1)) for word in line.split()) for line in text.split("\n")]


def find(text):
    return [(each.text, each.kind) for each in finding.merge(ROSTER.find(make_lines(text)))]


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("Anna Kowalska", "name"),
        ("anna kowalska", "name"),
        ("ANNA KOWALSKA", "name"),
        ("Kowalska, Anna", "name"),
        ("Kowalska Anna", "name"),
        ("A. Kowalska", "name"),
        ("A Kowalska", "name"),
        ("a. kowalska", "name"),
        ("Kowalska, A.", "name"),
        ("Kowalska A", "name"),
        ("Kowalska", "name"),
        ("KOWALSKA", "name"),
        ("Anna", "name"),
        ("A.K.", "name"),
        ("A. K.", "name"),
        ("(Anna Kowalska)", "name"),
        ("Anna Kowalska's", "name"),
        ("Kowalska’s", "name"),
        ("Kowalska12", "name"),
        ("Anna-Kowalska", "name"),
        ("anna_kowalska.docx", "email"),
        ("AnnaKowalska.docx", "name"),
        ("Ａｎｎａ Ｋｏｗａｌｓｋａ", "name"),
        ("An\u00adna Kow\u200balska", "name"),
        ("José Luis García López", "name"),
        ("Jose Garcia-Lopez", "name"),
        ("José L. García López", "name"),
        ("García-López, J.L.", "name"),
        ("García López JL", "name"),
        ("J.L. García", "name"),
        ("José García", "name"),
        ("Jose\u0301 Garci\u0301a", "name"),
        ("JGL", None),
        ("JLGL", "name"),
        ("Mia", "name"),
        ("Juergen van der Berg", "name"),
        ("Jurgen Van Der Berg", "name"),
        ("van der Berg, J.", "name"),
        ("J. van der Berg", "name"),
        ("Sean OBrien", "name"),
        ("S. O’Brien", "name"),
        ("Jae Eun Namkoong", "name"),
        ("Jaeeun Namkoong", "name"),
        ("Namkoong, J.-E.", "name"),
        ("Namkoong JE", "name"),
        ("Lukasz Strasse", "name"),
        ("St Mary's Girls School", "school"),
        ("Saint Mary’s Girls’ School", "school"),
        ("St. Marys Girls", "school"),
        ("anna.kowalska@larkfield.example", "email"),
        ("Anna.Kowalska@LARKFIELD.example", "email"),
        ("@ak_lark", "handle"),
        ("ak_lark", "handle"),
        ("@grace", "handle"),
        ("grace", "handle"),
        ("SkaterBoi99", "handle"),
        ("E-4471", "id"),
        ("e4471", "id"),
        ("E 4471", "id"),
        ("P-0173-22", "id"),
        ("P017322", "id"),
        ("p/0173/22", "id"),
        ("P 0173 22", "id"),
        ("P7", "id"),
        ("(P7)", "id"),
        ("2011-03-07", "birth-date"),
        ("2011/3/7", "birth-date"),
        ("07/03/2011", "birth-date"),
        ("3/7/2011", "birth-date"),
        ("7.3.2011", "birth-date"),
        ("07-03-2011", "birth-date"),
        ("7. 3. 2011", "birth-date"),
        ("7/3/11", "birth-date"),
        ("03/07/11", "birth-date"),
        ("7 March 2011", "birth-date"),
        ("7th of March, 2011", "birth-date"),
        ("March 7, 2011", "birth-date"),
        ("MAR 7th 2011", "birth-date"),
        ("07 Mar 2011", "birth-date"),
        ("20110307", "birth-date"),
        ("07032011", "birth-date"),
        # Not they.
        ("mia", None),
        ("a young child", None),
        ("A young child", None),
        ("very young. A child", None),
        ("w young", None),
        ("young W child", None),
        ("will come", None),
        ("Kowalskas", None),
        ("Annabel", None),
        ("AK", None),
        ("p. 7", None),
        ("p7", None),
        ("P77", None),
        ("E4472", None),
        ("44710", None),
        ("P0173-23", None),
        ("Grace", None),
        ("graceful", None),
        ("3, 7, 11", None),
        ("8 March 2011", None),
        ("ak lark", None),
    ],
)
def test_a_written_form_is_found_whole_or_not_at_all(written, kind):
    text = f"xx yy {written} zz"
    found = find(text)
    if kind is None:
        assert found == []
    else:
        assert found == [(written, kind)]


def test_a_form_is_found_over_the_end_of_a_line_and_where_a_hyphen_divides_a_word_there():
    lines = make_lines("met Anna\nKowalska and Kow-\nalska, then García-\nLópez and E-44-\n71")
    found = finding.merge(ROSTER.find(lines, page=4))
    assert [each.words for each in found] == [
        ((0, 1, 1), (1, 0, 0)),
        ((1, 2, 2), (2, 0, 0)),
        ((2, 2, 2), (3, 0, 0)),
        ((3, 2, 2), (4, 0, 0)),
    ]
    assert {each.page for each in found} == {4}


def test_lines_without_words_change_no_place():
    lines = [(), *make_lines("by Anna"), (), (), *make_lines("Kowalska"), ()]
    (found,) = finding.merge(ROSTER.find(lines))
    assert found.words == ((1, 1, 1), (4, 0, 0))
    assert ROSTER.find([]) == [] == ROSTER.find([(), ()])


def test_a_finding_names_its_row_and_proposes_its_ground():
    (staff,) = ROSTER.find(make_lines("Anna Kowalska"))
    assert (staff.source, staff.ground, staff.confidence) == ("roster row 2", "third-party-privacy", 98)
    assert staff.is_exact


def test_a_name_of_two_rows_counts_both_and_proposes_the_ground_that_hides_more():
    people = [
        roster.Person(2, "staff", "Bo Li", ground="junior-staff"),
        roster.Person(3, "participant", "Bo Li", ground="participant"),
    ]
    (found,) = matcher.Matcher(people).find(make_lines("Bo Li"))
    assert (found.source, found.ground) == ("roster row 2 and 1 more", "participant")


@pytest.mark.parametrize(
    ("value", "kind", "text", "expected"),
    [
        ("Anna Kowalska", "name", "KOWALSKA A. met Bo", ["KOWALSKA A."]),
        ("bo@x.example", "email", "write to BO@x.example now", ["BO@x.example"]),
        (
            "+44 20 7946 0958",
            "phone",
            "ring 020-7946-0958 or +442079460958",
            ["020-7946-0958", "+442079460958"],
        ),
        ("(202) 555-0147", "phone", "202.555.0147 and 202 555 0148", ["202.555.0147"]),
        ("12 Elm Road", "address", "at 12, Elm Road, today", ["12, Elm Road,"]),
        ("7 March 2011", "birth-date", "on 7 march 2011 or", ["7 march 2011"]),
        ("192.0.2.7", "ip", "from 192.0.2.7, twice", ["192.0.2.7,"]),
        ("P-0173", "id", "P 0173", ["P 0173"]),
    ],
)
def test_a_confirmed_value_is_found_in_its_other_forms(value, kind, text, expected):
    found = matcher.find_value(make_lines(text), value, kind, ground="participant")
    assert [each.text for each in found] == expected
    about = {(each.source, each.ground, each.kind) for each in found}
    assert about == {("confirmed value", "participant", kind)}


def test_a_value_without_letters_or_digits_finds_nothing():
    assert matcher.find_value(make_lines("a ... b --"), "...") == []


def test_a_value_of_an_unknown_kind_is_refused():
    with pytest.raises(Exception, match="there is no kind"):
        matcher.find_value(make_lines("a b"), "a b", "colour")


def test_memory_for_words_is_bounded(monkeypatch):
    monkeypatch.setattr(spelling, "KEPT_WORDS", 50)
    dice = random.Random(7)
    small = matcher.Matcher(PEOPLE)
    for _ in range(40):
        rest = " ".join(f"w{dice.random()}" for _ in range(20))
        assert len(small.find(make_lines(f"Anna Kowalska {rest}"))) == 1
    assert all(len(memo) <= 50 for memo in (small._parts, small._begins, small._first_parts))


def test_every_form_has_a_confidence():
    assert set(forms.CONFIDENCE) == set(forms.Strength)

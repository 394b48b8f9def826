"""Each rule finds what it is for where it stands, and leaves its look-alikes alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightwell.archive import detection, finding, matcher, names, roster
from lightwell.archive.page import Word
from lightwell.base import errors
from lightwell.files import data

LISTS = data.read_names()


def make_lines(text):
    return [tuple(Word(word, (0, 0, 1, 1)) for word in line.split(" ") if word) for line in text.split("\n")]


def find(text, least=30):
    found = detection.detect(make_lines(text), None, LISTS)
    return [(each.kind, each.text) for each in found if each.confidence >= least]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to (anna.k+x@larkfield.example), please", ("email", "(anna.k+x@larkfield.example),")),
        ("to anna [at] larkfield [dot] example now", ("email", "anna [at] larkfield [dot] example")),
        ("to {anna, bo}@larkfield.example now", ("email", "{anna, bo}@larkfield.example")),
        ("to anna.kowal-\nska@larkfield.example now", ("email", "anna.kowal- ska@larkfield.example")),
        ("to anna@larkfield.\nexample now", ("email", "anna@larkfield. example")),
        ("ring +44 (0)20 7946 0958 today", ("phone", "+44 (0)20 7946 0958")),
        ("ring 202-555-0147.", ("phone", "202-555-0147.")),
        ("at (202) 555-0147 today", ("phone", "(202) 555-0147")),
        ("at 020 7946 0958 today", ("phone", "020 7946 0958")),
        ("Telephone: 5550147 9", ("phone", "5550147 9")),
        ("see @skater_boi99, he", ("handle", "@skater_boi99,")),
        (
            "see https://www.instagram.com/skater_boi99/ now",
            ("handle", "https://www.instagram.com/skater_boi99/"),
        ),
        ("by u/skater-boi today", ("handle", "u/skater-boi")),
        ("username: skaterboi and", ("handle", "skaterboi")),
        ("tag skater#1234 there", ("handle", "skater#1234")),
        ("row 123e4567-e89b-12d3-a456-426614174000, then", ("id", "123e4567-e89b-12d3-a456-426614174000,")),
        ("user id: 44a71 and", ("id", "44a71")),
        ("participant no. 17 said", ("id", "17")),
        ("then participant P07 said", ("id", "P07")),
        ("user_id=44713 in", ("id", "user_id=44713")),
        ("number 123456789 in", ("id", "123456789")),
        ("paid by 4111 1111 1111 1111 then", ("id", "4111 1111 1111 1111")),
        ("has 078-05-1120 as", ("id", "078-05-1120")),
        ("to GB82 WEST 1234 5698 7654 32 now", ("id", "GB82 WEST 1234 5698 7654 32")),
        ("is QQ 12 34 56 C no", None),
        ("is AB 12 34 56 C yes", ("id", "AB 12 34 56 C")),
        ("at 12 Elm Road, London N1C 4AG now", ("address", "12 Elm Road, London N1C 4AG")),
        (
            "at 4770 Buford Highway NE, Atlanta, GA 30341 now",
            ("address", "4770 Buford Highway NE, Atlanta, GA 30341"),
        ),
        ("in der Hauptstraße 12 wohnt", ("address", "Hauptstraße 12")),
        ("au 12 rue de la Paix demain", ("address", "12 rue de la Paix")),
        ("send to P.O. Box 117 then", ("address", "P.O. Box 117")),
        ("near EH8 9AB there", ("address", "EH8 9AB")),
        ("she was born on 7 March 2011 there", ("birth-date", "7 March 2011")),
        ("DOB: 07/03/2011 as", ("birth-date", "07/03/2011")),
        ("from 192.0.2.77 at", ("ip", "192.0.2.77")),
        ("from 2001:db8::ff00:42:8329 at", ("ip", "2001:db8::ff00:42:8329")),
        ("pupils of Greenfield High School said", ("school", "Greenfield High School")),
        ("at the University of Michigan today", ("school", "University of Michigan")),
        ("said Kevin Ashton today", ("name", "Kevin Ashton")),
        ("said KEVIN ASHTON today", ("name", "KEVIN ASHTON")),
        ("as Dr. Xyzzowska said", ("name", "Xyzzowska")),
        ("by Zewditu Demissie, PhD; then", ("name", "Zewditu Demissie,")),
        ("see Chen, O., then", ("name", "Chen, O.,")),
        ("see Rajkumar R, Lee I, then", ("name", "Rajkumar R,")),
        ("as J. Michael Underwood said", ("name", "J. Michael Underwood")),
        ("as shown (Rockley, 2001) before", ("name", "(Rockley,")),
        ("as Zieliński et al. say", ("name", "Zieliński")),
        ("with Stéfan van der Walt today", ("name", "Stéfan van der Walt")),
        # Not these.
        ("the year 2011 and 2012", None),
        ("see https://doi.org/10.1234/12345678901 there", None),
        ("born in March and then", None),
        ("on 7 March 2011 we met", None),
        ("version 1.2.3.4 of", None),
        ("at 10:30:15 sharp", None),
        ("most High School students said", None),
        ("their School was", None),
        ("1,234,567 pupils and 45.678.901 more", None),
        ("2007 2009 2011 2013 2015", None),
        ("a Table of Contents here", None),
        ("in Orange County today", None),
    ],
)
def test_a_rule_finds_what_it_is_for(text, expected):
    found = find(text, least=40)
    if expected is None:
        assert found == []
    else:
        assert expected in found


def test_every_finding_names_its_rule_and_proposes_a_ground():
    for each in detection.detect(make_lines("Kevin Ashton, kevin@x.example, +44 20 7946 0958"), None, LISTS):
        assert each.source.startswith("rule: ")
        assert each.ground == "third-party-privacy"


def test_a_surname_found_once_is_proposed_wherever_the_page_has_it():
    found = find("Kevin Ashton spoke.\nLater Ashton left, and Ashton’s notes stayed.")
    assert found == [("name", "Kevin Ashton"), ("name", "Ashton"), ("name", "Ashton’s")]


def test_the_roster_wins_over_rules_on_the_same_words_and_both_are_named():
    people = [roster.Person(5, "participant", "Kevin Ashton", ground="participant")]
    (found,) = detection.detect(make_lines("said Kevin Ashton today"), matcher.Matcher(people), LISTS)
    assert found.ground == "participant"
    assert found.source == "roster row 5 + rule: given name and family name"
    assert found.is_exact


def test_a_name_within_the_name_of_a_school_is_the_schools():
    assert find("at Kevin Ashton Academy today") == [("school", "Kevin Ashton Academy")]


def test_findings_of_a_model_are_united_with_the_rules():
    lines = make_lines("said Kevin Ashton today")
    other = finding.Sheet(1, lines).make(2, 3, "name", "model: x", 40, "")
    (found,) = detection.detect(lines, None, LISTS, others=[other])
    assert found.words == ((0, 1, 3),)
    assert found.text == "Kevin Ashton today"
    assert "model: x" in found.source


def test_a_page_without_words_has_no_findings():
    assert detection.detect([], None, LISTS) == []
    assert detection.detect([(), ()], matcher.Matcher(), LISTS) == []


@pytest.mark.parametrize(
    "word", ["Aa", "A.", "Aa,", "1", "1 2", "(A", "@a", "a.b@", "Street", "School", "A. Aa,"]
)
def test_a_page_of_one_thing_over_and_over_ends(word):
    """A rule whose cost grew with the square of a page would not return."""
    lines = make_lines("\n".join([" ".join([word] * 20)] * 300))
    detection.detect(lines, None, LISTS)


def test_places_of_findings_are_those_of_the_page():
    lines = make_lines("\nx Kevin\n\nAshton and\nkevin@x.example")
    for each in detection.detect(lines, None, LISTS):
        texts = [lines[line][at].text for line, first, last in each.words for at in range(first, last + 1)]
        assert " ".join(texts) == each.text


def test_an_unknown_kind_is_refused():
    with pytest.raises(errors.Refused, match="there is no kind of finding"):
        finding.Finding(1, ((0, 0, 0),), "x", "colour", "rule: x", 50, "participant")


def test_the_lists_are_small_and_sound():
    assert len(LISTS.given) > 15_000
    assert len(LISTS.family) > 40_000
    assert {"anna", "kevin", "muhammad"} <= LISTS.given
    assert {"smith", "kowalski", "nguyen"} <= LISTS.family
    assert {"table", "research", "the"} <= LISTS.common
    assert isinstance(LISTS, names.Names)


@pytest.mark.parametrize(
    "piece", ["A.", "A-", "a'", "@", "a.", "a@b.", "+1", "a:", "af0", "1.", "a/", "a\u0301", "{a,"]
)
def test_a_word_of_a_hundred_thousand_letters_ends(piece):
    """A rule or a form whose cost grew with the square of a word would not return."""
    people = [roster.Person(2, "staff", "Anna Aab", ("P-0173",), ("a.b@x.example",), ("aa_bb", "ab"))]
    detection.detect(make_lines(piece * (100_000 // len(piece))), matcher.Matcher(people), LISTS)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.lists(
            st.text("aAbB1290.,:;-@/()[]{}'’ßéŁ\u00ad\u200b+#=&|", min_size=1, max_size=14)
            | st.sampled_from(
                ["Anna", "Kowalska,", "J.", "et", "al.", "(2015).", "&", "Street", "School", "born", "van"]
            ),
            max_size=12,
        ),
        max_size=6,
    )
)
def test_findings_stand_on_words_of_the_page_whatever_it_holds(rows):
    lines = [tuple(Word(word, (0, 0, 1, 1)) for word in row) for row in rows]
    people = [roster.Person(2, "staff", "Anna Kowalska", ("P-0173",), ("a.b@x.example",))]
    taken = set()
    for each in detection.detect(lines, matcher.Matcher(people), LISTS):
        places = [(line, at) for line, first, last in each.words for at in range(first, last + 1)]
        assert [lines[line][at].text for line, at in places] == each.text.split(" ")
        assert not taken & set(places)
        taken |= set(places)

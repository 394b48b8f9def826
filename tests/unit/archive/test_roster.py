"""A roster is read whole or refused with every problem at its row and field."""

import datetime

import pytest

from lightwell.archive import roster
from lightwell.base import errors

HEADER = "kind,name,ids,emails,handles,birth_date,ground\n"
GROUNDS = ("participant", "junior-staff", "third-party-privacy")


def read(text):
    return roster.parse_people(text, GROUNDS)


def list_problems(text):
    with pytest.raises(errors.UserMistake) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def test_a_row_becomes_a_person_with_the_ground_of_its_kind():
    text = (
        HEADER
        + 'participant,"Kowalska, Anna",P-017; 4471,anna@a.example,@ak;ak2,2011-03-07,\nstaff,Bo Li,,,,,\n'
    )
    anna, bo = read(text)
    assert anna == roster.Person(
        2,
        "participant",
        "Kowalska, Anna",
        ("P-017", "4471"),
        ("anna@a.example",),
        ("@ak", "ak2"),
        datetime.date(2011, 3, 7),
        "participant",
    )
    assert bo.ground == "junior-staff"


def test_a_ground_of_its_own_wins_and_columns_may_be_left_out_or_stand_in_any_order():
    (person,) = read("\ufeffName,Kind,ground\nBo Li,staff,third-party-privacy\n\n")
    assert (person.row, person.ground, person.ids) == (2, "third-party-privacy", ())


def test_somebody_known_by_an_id_alone_needs_no_name():
    (person,) = read("kind,name,ids\nparticipant,,P7\n")
    assert person.ids == ("P7",)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("Staff,Bo Li,,,,,", "row 2, kind: 'Staff' is none of staff, participant, school, other"),
        (
            "staff,,,,,,",
            "row 2, name: is empty; write a name, or an id, e-mail address or handle in its column",
        ),
        ("staff,??,,,,,", "row 2, name: '??' has no letter"),
        (
            "staff,A.,,,,,",
            "row 2, name: 'A.' is one letter and would be found everywhere; write the whole name",
        ),
        (
            'staff,"Li, Bo, Jr",,,,,',
            "row 2, name: has more than one comma; write First Last, or Last, First",
        ),
        ("staff,a b c d e f g h i,,,,,", "row 2, name: has 9 words; one row names one person"),
        (
            "staff,Bo Li,7,,,,",
            "row 2, ids: '7' is too short; an id has a digit and a letter, or four letters or digits",
        ),
        (
            "staff,Bo Li,--,,,,",
            "row 2, ids: '--' is too short; an id has a digit and a letter, or four letters or digits",
        ),
        ("staff,Bo Li,,bo at x,,,", "row 2, emails: 'bo at x' is no e-mail address"),
        (
            "staff,Bo Li,,,@,,",
            "row 2, handles: '@' is no handle; write it without blanks, with or without @",
        ),
        (
            "staff,Bo Li,,,,7.3.2011,",
            "row 2, birth_date: '7.3.2011' is no date; write the year first, such as 2011-03-07",
        ),
        (
            "staff,Bo Li,,,,2011-02-30,",
            "row 2, birth_date: '2011-02-30' is no date; write the year first, such as 2011-03-07",
        ),
        (
            "staff,Bo Li,,,,0001-01-01,",
            "row 2, birth_date: '0001-01-01' is no date; write the year first, such as 2011-03-07",
        ),
        (
            "staff,Bo Li,,,,,secret",
            "row 2, ground: there is no ground 'secret'; there are "
            "junior-staff, participant, third-party-privacy",
        ),
        ("staff,Bo Li", "row 2: has 2 cells where the header has 7"),
        (
            "staff,Bo\x1b Li,,,,,",
            "row 2, name: holds a control character or one that turns the direction of writing; take it out",
        ),
        (
            "staff,Bo \u202eLi,,,,,",
            "row 2, name: holds a control character or one that turns the direction of writing; take it out",
        ),
        (f"staff,{'Bo' * 200},,,,,", "row 2, name: is longer than 200 characters"),
        (f"staff,Bo Li,{';'.join(['A17'] * 51)},,,,", "row 2, ids: holds 51 values; at most 50 are allowed"),
    ],
)
def test_each_fault_of_a_row_is_named_with_row_and_field(row, expected):
    assert list_problems(HEADER + row + "\n") == [expected]


def test_every_problem_is_told_at_once_and_the_sound_rows_are_not_taken():
    problems = list_problems(HEADER + "boss,A,7,x,,,\nstaff,Bo Li,,,,,\nstaff,,,,,no,no\n")
    assert [problem.partition(":")[0] for problem in problems] == [
        "row 2, kind",
        "row 2, ids",
        "row 2, emails",
        "row 2, name",
        "row 4, name",
        "row 4, birth_date",
        "row 4, ground",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "row 1: the column kind is missing"),
        (
            "kind;name\nstaff;Bo Li\n",
            "row 1: the columns are divided by semicolons; save the table with commas",
        ),
        ("kind,name,age\nstaff,Bo Li,7\n", "row 1: there is no column 'age'"),
        ("kind,name,name\nstaff,Bo Li,Bo\n", "row 1: the column name stands here twice"),
        ("kind,name\n", "the roster names nobody"),
        ('kind,name\nstaff,"Bo Li\n', "line 2: this is no CSV"),
        ('kind,name\nstaff,"Bo"Li\n', "line 2: this is no CSV"),
        ("kind,name\nstaff," + "x" * 200_000 + "\n", "line 2: this is no CSV"),
    ],
)
def test_a_table_that_is_no_roster_is_refused_in_a_sentence(text, expected):
    assert list_problems(text)[0].startswith(expected)


def test_a_roster_of_nothing_but_faults_is_not_listed_without_end():
    problems = list_problems(HEADER + "boss,Bo Li,,,,,\n" * 5000)
    assert len(problems) == roster.MAX_PROBLEMS + 1
    assert problems[-1].endswith("more rows were not read; mend these first")


def test_a_roster_has_an_end(monkeypatch):
    monkeypatch.setattr(roster, "MAX_ROWS", 2)
    assert list_problems("kind,name\n" + "staff,Bo Li\n" * 3) == ["row 4: a roster has at most 2 rows"]

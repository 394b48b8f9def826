"""`lightwell figures` on the real editions where they lie beside, and on made ones everywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lightwell.cli.figures import figures

SHARED = Path(__file__).parents[3] / "shared" / "data" / "transparency-disclosures"
with_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data do not lie beside")
HEADER = "app,policy_area,metric,period,value\n"


def run(*words: object) -> Result:
    return CliRunner().invoke(figures, [str(each) for each in words])


def make_edition(folder: Path, name: str, *rows: str) -> Path:
    path = folder / name
    path.write_text(HEADER + "".join(f"{each}\n" for each in rows), "utf-8")
    return path


@with_shared
def test_the_real_editions_of_meta_give_the_known_steps() -> None:
    files = sorted((SHARED / "meta").glob("meta-*.csv"))
    steps = json.loads(run("revisions", "--mapping", "meta", "--json", *files).stdout)
    assert [(each["from"], each["to"]) for each in steps] == [
        ("2021Q2", "2021Q3"),
        ("2021Q3", "2021Q4"),
        ("2021Q4", "2022Q1"),
        ("2022Q1", "2022Q2"),
        ("2022Q2", "2022Q3"),
    ]
    assert [each["changed"] for each in steps] == [71, 27, 96, 102, 113]
    assert [each["dropped"] for each in steps] == [28, 184, 9, 9, 9]
    assert set(steps[0]) == {"from", "to", "changed", "dropped", "added"}


def test_each_kind_of_revision_is_counted_and_listed_with_both_values_and_rows(tmp_path: Path) -> None:
    before = make_edition(
        tmp_path,
        "a.csv",
        'Facebook,Spam,Content Actioned,2021Q1,"1,000"',
        "Facebook,Spam,Content Actioned,2021Q2,N/A",
        "Facebook,Spam,Proactive rate,2021Q2,82.10%",
        "Facebook,Bullying,Content Actioned,2021Q2,5",
    )
    after = make_edition(
        tmp_path,
        "b.csv",
        'Facebook,Spam,Content Actioned,2021Q1,"1,500"',
        "Facebook,Spam,Content Actioned,2021Q2,7",
        "Facebook,Spam,Proactive rate,2021Q2,82.1%",
        "Facebook,Spam,Content Appealed,2021Q2,3",
        "Facebook,Spam,Content Actioned,2021Q3,8",
    )
    result = run("revisions", "--mapping", "meta", "--json", "--list", before, after)
    (step,) = json.loads(result.stdout)
    assert (step["changed"], step["dropped"], step["added"]) == (2, 1, 1)
    listed = [(each["kind"], each["metric"], each["period"], each["direction"]) for each in step["revisions"]]
    assert listed == [
        ("changed", "Content Actioned", "2021Q1", "up"),
        ("changed", "Content Actioned", "2021Q2", "number given"),
        ("dropped", "Content Actioned", "2021Q2", "dropped"),
        ("added", "Content Appealed", "2021Q2", "added"),
    ]
    first = step["revisions"][0]
    assert (first["earlier"]["as_printed"], first["earlier"]["row"]) == ("1,000", 2)
    assert (first["later"]["as_printed"], first["later"]["row"], first["size"]) == ("1,500", 2, "500")


def test_files_in_another_order_are_put_in_the_order_of_their_editions_and_it_is_said(tmp_path: Path) -> None:
    later = make_edition(tmp_path, "a.csv", "Facebook,Spam,Content Actioned,2021Q3,2")
    earlier = make_edition(tmp_path, "b.csv", "Facebook,Spam,Content Actioned,2021Q2,1")
    result = run("revisions", "--mapping", "meta", "--json", later, earlier)
    assert "order of their editions: 2021Q2, 2021Q3" in result.stderr
    assert json.loads(result.stdout)[0]["from"] == "2021Q2"


def test_two_files_of_one_period_are_named_after_their_files(tmp_path: Path) -> None:
    one = make_edition(tmp_path, "a.csv", "Facebook,Spam,Content Actioned,2021Q2,1")
    two = make_edition(tmp_path, "b.csv", "Facebook,Spam,Content Actioned,2021Q2,2")
    (step,) = json.loads(run("revisions", "--mapping", "meta", "--json", one, two).stdout)
    assert (step["from"], step["to"], step["changed"]) == (str(one), str(two), 1)


def test_a_later_edition_with_renamed_policy_areas_is_read(tmp_path: Path) -> None:
    before = make_edition(tmp_path, "a.csv", "Facebook,Hate Speech,Content Actioned,2024Q4,5")
    after = make_edition(
        tmp_path,
        "b.csv",
        "Facebook,Hateful Conduct,Content Actioned,2024Q4,5",
        "Facebook,Hateful Conduct,Content Actioned,2025Q1,6",
    )
    (step,) = json.loads(run("revisions", "--mapping", "meta", "--json", before, after).stdout)
    assert (step["changed"], step["dropped"], step["added"]) == (0, 1, 1)


def test_every_problem_of_every_file_is_told_with_row_and_column(tmp_path: Path) -> None:
    one = make_edition(
        tmp_path,
        "a.csv",
        "Facebook,Spam,Content Actioned,2021Q2,lots",
        "Facebook,Spam,Content Weighed,2021Q2,1",
        "Facebook,Spam,Mood,2021Q2,1",
        "Facebook,Spam,Content Actioned,summer,1",
        "Facebook,Spam,Content Appealed,2021Q2,1",
        "Facebook,Spam,Content Appealed,2021Q2,2",
    )
    two = tmp_path / "b.csv"
    two.write_text(HEADER.replace("value", "value,region") + "Facebook,Spam,UBP,2021Q2,1%,EU\n", "utf-8")
    result = run("revisions", "--mapping", "meta", "--json", one, two)
    assert result.exit_code == 2
    assert result.stdout == ""
    for words in (
        'a.csv, row 2, column "value"',
        'a.csv, row 4, column "metric"',
        '"Mood"',
        'a.csv, row 5, column "period"',
        "a.csv, row 7: a second value",
        "row 6 already",
        'b.csv, row 1, column "region": this column is new',
    ):
        assert words in result.stderr

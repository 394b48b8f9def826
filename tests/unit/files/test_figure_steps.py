"""Editions compared in parts on the disk give what they give in memory, and the same problems."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from lightwell.base import errors
from lightwell.files import figure_steps, mapping_files

HEADER = "app,policy_area,metric,period,value\n"


def make_editions(folder: Path, count: int = 3) -> list[Path]:
    dice = random.Random(7)
    held = {
        (f"area {area}", metric, f"{year}Q{quarter}"): dice.randrange(1000)
        for area in range(40)
        for metric in ("Content Actioned", "Content Appealed")
        for year in (2020, 2021)
        for quarter in (1, 2, 3, 4)
    }
    paths = []
    for edition in range(count):
        for place in dice.sample(sorted(held), 30):
            held[place] = dice.randrange(1000)
        for place in dice.sample(sorted(held), 5):
            del held[place]
        held["late", "Content Actioned", f"2021Q{edition + 1}"] = 1
        held["area 1", "Content Actioned", f"2022Q{edition + 1}"] = 5
        path = folder / f"{edition}.csv"
        rows = "".join(f'A,{area},{metric},{period},"{n:,}"\n' for (area, metric, period), n in held.items())
        path.write_text(HEADER + rows, "utf-8")
        paths.append(path)
    return paths


def test_parts_on_the_disk_give_what_memory_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = make_editions(tmp_path)
    mapping = mapping_files.find_mapping("meta")
    whole = figure_steps.compare_files(mapping, paths, is_listed=True)
    monkeypatch.setattr(figure_steps, "_PART_BYTES", 5000)
    monkeypatch.setattr(figure_steps, "_BUFFERED", 100)
    parts = figure_steps.compare_files(mapping, paths, is_listed=True, large=0)
    assert all(step.tally.changed and step.tally.dropped and step.tally.added for step in whole.steps)
    assert parts.steps == whole.steps
    assert parts.sizes == whole.sizes
    assert [(each.name, each.file) for each in parts.editions] == [
        (each.name, each.file) for each in whole.editions
    ]
    assert all(not each.figures for each in parts.editions)


def test_a_count_needs_no_list(tmp_path: Path) -> None:
    paths = make_editions(tmp_path, 2)
    mapping = mapping_files.find_mapping("meta")
    (step,) = figure_steps.compare_files(mapping, paths, large=0).steps
    assert step.revisions == ()
    assert step.tally.changed


@pytest.mark.parametrize("large", [0, figure_steps.LARGE_BYTES])
def test_a_second_value_is_found_in_parts_too(tmp_path: Path, large: int) -> None:
    paths = make_editions(tmp_path, 2)
    with paths[1].open("a", encoding="utf-8") as stream:
        stream.write("A,area 1,Content Actioned,2022Q2,6\n")
    with pytest.raises(errors.UserMistake, match="a second value"):
        figure_steps.compare_files(mapping_files.find_mapping("meta"), paths, large=large)


@pytest.mark.parametrize("large", [0, figure_steps.LARGE_BYTES])
def test_the_problems_of_all_files_are_told(tmp_path: Path, large: int) -> None:
    paths = make_editions(tmp_path, 2)
    for path in paths:
        with path.open("a", encoding="utf-8") as stream:
            stream.write("A,area 1,Content Actioned,2022Q4,lots\n")
    with pytest.raises(errors.UserMistake) as caught:
        figure_steps.compare_files(mapping_files.find_mapping("meta"), paths, large=large)
    assert {each.place.split(",")[0] for each in caught.value.problems} == {str(path) for path in paths}


def test_nothing_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = tmp_path / "scratch"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    figure_steps.compare_files(mapping_files.find_mapping("meta"), make_editions(tmp_path, 2), large=0)
    assert list(room.iterdir()) == []


def test_one_file_given_twice_is_refused(tmp_path: Path) -> None:
    (path,) = make_editions(tmp_path, 1)
    with pytest.raises(errors.UserMistake, match="given twice"):
        figure_steps.compare_files(mapping_files.find_mapping("meta"), (path, path))

"""A watcher from outside notices a fork, a shrunken log, a study that vanished and what is late."""

from __future__ import annotations

import datetime
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from lightwell.archive import entry
from lightwell.base import canonical, errors, ids
from lightwell.cli import monitor as command
from lightwell.client import bundle, monitor
from lightwell.tlog import tile, tree

SOON = datetime.timedelta(days=1)
MIXED = ids.format_id("study", b"in part!")
EMPTY = ids.format_id("study", b"nothing!")


def watch(folder: Path, seen: Path, own=None, day=None) -> monitor.Report:
    source = monitor.BundleSource(bundle.open_bundle(folder))
    return monitor.watch_archive(source, seen, own, day or datetime.date(2026, 3, 20))


def list_kinds(report: monitor.Report) -> list[str]:
    return [each.kind for each in report.findings]


def serve(folder: Path, gone: tuple[str, ...] = ()) -> httpx.Client:
    """A site that shows what a bundle holds, without the paths that begin with one of `gone`."""
    records = {}
    for path in (folder / "records").iterdir():
        value = canonical.decode(path.read_bytes())
        if isinstance(value, dict) and "version" in value and "kind" in value:
            records[f"records/{value['id']}/{value['version']}/record.json"] = path

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/")
        if path.startswith(gone):
            return httpx.Response(404)
        if path == "log/policy":
            return httpx.Response(200, content=(folder / "policy").read_bytes())
        file = records.get(path, folder / path)
        if file.is_file():
            return httpx.Response(200, content=file.read_bytes())
        return httpx.Response(404)

    return httpx.Client(transport=httpx.MockTransport(answer))


def test_a_log_that_only_grew_is_remembered(archive, tmp_path, own_policy):
    archive.write(tmp_path / "one")
    size = len(archive.entries)
    first = watch(tmp_path / "one", tmp_path / "seen", own_policy)
    assert (first.size_before, first.size, first.witnesses) == (0, size, ("ada", "bea"))
    archive.log({**canonical.decode(archive.entries[-1]), "date": "2026-09-01"})
    archive.sign()
    archive.write(tmp_path / "two")
    second = watch(tmp_path / "two", tmp_path / "seen", own_policy)
    assert (second.size_before, second.size) == (size, size + 1)
    assert not {"fork", "shrink", "missing"} & set(list_kinds(second))


def test_late_documents_and_silence_are_reported_with_their_days(whole, tmp_path):
    report = watch(whole, tmp_path / "seen", day=datetime.date(2026, 12, 1))
    late = [each.sentence for each in report.findings if each.kind == "overdue"]
    assert len(late) == 1
    assert "document 4: promised for 2026-04-02, 243 days late" in late[0]
    assert "silent" in list_kinds(report)


def test_taking_a_late_document_out_of_view_hides_it_from_no_watcher(archive, tmp_path):
    archive.log(entry.make_suspension(archive.now, MIXED, 4, None, "suspected-abuse-image", "publisher"))
    archive.sign()
    archive.write(tmp_path / "bundle")
    report = watch(tmp_path / "bundle", tmp_path / "seen", day=datetime.date(2026, 12, 1))
    (late,) = [each.sentence for each in report.findings if each.kind == "overdue"]
    assert "document 4: promised for 2026-04-02, 243 days late; it is suspended" in late


def test_a_study_that_locks_nothing_in_is_reported_from_a_bundle_and_from_a_site(archive, tmp_path):
    promised = {"title": "Games", "due_dates": [{"id": "a", "what": "Report", "date": "2026-09-01"}]}
    archive.register(EMPTY, body=promised)
    archive.sign()
    archive.write(tmp_path / "bundle")
    before = watch(tmp_path / "bundle", tmp_path / "one", day=datetime.date(2026, 9, 1))
    assert not [each for each in before.findings if EMPTY in each.sentence]
    day = datetime.date(2026, 9, 21)
    with serve(tmp_path / "bundle") as wire:
        site = monitor.watch_archive(
            monitor.SiteSource("https://archive.example", wire), tmp_path / "two", None, day
        )
    for report in (watch(tmp_path / "bundle", tmp_path / "one", day=day), site):
        (found,) = [each for each in report.findings if EMPTY in each.sentence]
        assert found.kind == "overdue"
        assert found.sentence.endswith("20 days late")


def test_a_look_that_is_due_again_is_reported(whole, tmp_path):
    report = watch(whole, tmp_path / "seen", day=datetime.date(2027, 1, 10))
    (found,) = [each.sentence for each in report.findings if each.kind == "review"]
    assert "document 2: held back, to be looked at again by 2027-01-02, 8 days ago" in found


def fork(archive, keep: int) -> None:
    """Another history signed with the same keys: the first entries stay, a later one is another."""
    value = canonical.decode(archive.entries[keep])
    archive.entries[keep] = canonical.encode({**value, "items": 6})
    archive.checkpoints = {size: text for size, text in archive.checkpoints.items() if size <= keep}
    archive.sign()


@pytest.mark.parametrize("more", [0, 1])
def test_a_fork_is_reported_and_the_evidence_is_kept(archive, tmp_path, more):
    archive.write(tmp_path / "one")
    watch(tmp_path / "one", tmp_path / "seen")
    evidence = (tmp_path / "seen" / "checkpoint").read_bytes()
    archive.entries += archive.entries[-1:] * more
    fork(archive, len(archive.entries) - 1 - more)
    archive.tiles = type(archive.tiles)(tmp_path / "other-log")
    archive.write(tmp_path / "two")
    report = watch(tmp_path / "two", tmp_path / "seen")
    assert list_kinds(report) == ["fork"]
    assert (tmp_path / "seen" / "checkpoint").read_bytes() == evidence
    assert list_kinds(watch(tmp_path / "two", tmp_path / "seen")) == ["fork"], "and said again"


def test_a_fork_inside_what_the_watcher_keeps_is_found_by_fetching_anew(archive, tmp_path):
    archive.write(tmp_path / "one")
    watch(tmp_path / "one", tmp_path / "seen")
    place = next(k for k, data in enumerate(archive.entries) if b'"type":"count"' in data)
    assert place < tile.FULL_WIDTH
    fork(archive, place)
    archive.tiles = type(archive.tiles)(tmp_path / "other-log")
    archive.write(tmp_path / "two")
    assert list_kinds(watch(tmp_path / "two", tmp_path / "seen")) == ["fork"]


def test_a_log_that_shrank_is_reported(archive, tmp_path):
    archive.write(tmp_path / "one")
    watch(tmp_path / "one", tmp_path / "seen")
    last = max(archive.checkpoints)
    del archive.entries[-1], archive.checkpoints[last]
    archive.sign()
    archive.tiles = type(archive.tiles)(tmp_path / "other-log")
    archive.write(tmp_path / "two")
    report = watch(tmp_path / "two", tmp_path / "seen")
    assert list_kinds(report) == ["shrink"]
    assert f"had {last} entries when last seen and shows {last - 1} now" in report.findings[0].sentence


def test_a_study_taken_out_of_a_bundle_is_missing(copy, tmp_path):
    for path in (copy / "records").iterdir():
        if b'"kind":"study"' in path.read_bytes():
            path.unlink()
            break
    report = watch(copy, tmp_path / "seen")
    missing = [each.sentence for each in report.findings if each.kind == "missing"]
    assert missing
    assert all(sentence.startswith("the log names study std-") for sentence in missing)


def test_a_study_taken_off_a_site_is_missing(whole, tmp_path):
    day = datetime.date(2026, 3, 20)
    with serve(whole) as wire:
        source = monitor.SiteSource("https://archive.example/", wire)
        assert "missing" not in list_kinds(monitor.watch_archive(source, tmp_path / "seen", None, day))
    with serve(whole, gone=("records/std-",)) as wire:
        source = monitor.SiteSource("https://archive.example", wire)
        report = monitor.watch_archive(source, tmp_path / "seen", None, day)
    assert list_kinds(report).count("missing") == 2


def test_full_bundles_that_were_seen_are_not_fetched_again(whole, tmp_path):
    day = datetime.date(2026, 3, 20)
    for gone in ((), ("log/tile/entries/000",)):
        with serve(whole, gone=gone) as wire:
            source = monitor.SiteSource("https://archive.example", wire)
            report = monitor.watch_archive(source, tmp_path / "seen", None, day)
    assert report.size > tile.FULL_WIDTH


def test_another_policy_than_the_pinned_one_is_reported_and_the_pinned_one_counts(archive, tmp_path):
    archive.write(tmp_path / "one")
    watch(tmp_path / "one", tmp_path / "seen")
    archive.write(tmp_path / "two", policy=archive.write_policy("none"))
    assert "policy" in list_kinds(watch(tmp_path / "two", tmp_path / "seen"))
    archive.checkpoints[len(archive.entries)] = archive.sign_root(
        len(archive.entries), tree.compute_root([tree.hash_leaf(each) for each in archive.entries]), ()
    )
    archive.write(tmp_path / "three", policy=archive.write_policy("none"))
    with pytest.raises(errors.Refused, match="not acceptable"):
        watch(tmp_path / "three", tmp_path / "seen")


def test_entries_that_do_not_lead_to_the_root_are_refused(copy, tmp_path):
    path = next((copy / "log" / "tile" / "entries").iterdir())
    data = bytearray(path.read_bytes() if path.is_file() else b"")
    if not data:
        path = next(path.iterdir())
        data = bytearray(path.read_bytes())
    data[9] ^= 1
    path.write_bytes(data)
    with pytest.raises(errors.Refused, match="do not lead to the signed root"):
        watch(copy, tmp_path / "seen")


def test_a_site_that_cannot_be_reached_is_neither_good_nor_bad(tmp_path):
    def fail(request):
        raise httpx.ConnectError("refused")

    with httpx.Client(transport=httpx.MockTransport(fail)) as wire, pytest.raises(errors.CouldNotCheck):
        monitor.watch_archive(
            monitor.SiteSource("https://x.example", wire), tmp_path, None, datetime.date(2026, 3, 20)
        )


def test_the_command_ends_with_one_when_there_is_something_to_report(whole, tmp_path):
    arguments = [str(whole), "--state", str(tmp_path / "seen"), "--as-of", "2026-12-01"]
    result = CliRunner().invoke(command.monitor, arguments)
    assert result.exit_code == 1, result.output
    assert "overdue: std-" in result.output
    assert "confirmed by ada, bea" in result.output


def test_a_sample_is_judged_by_its_own_clock_unless_a_day_is_asked_for(whole, tmp_path):
    """Whoever looks at a sample months later would be told that it is silent and ever later."""
    source = monitor.BundleSource(bundle.open_bundle(whole))
    years_later = datetime.date(2040, 1, 1)
    own = monitor.watch_archive(source, tmp_path / "own", None, years_later, sample_day=True)
    assert own.day is not None
    assert own.day < years_later
    assert "silent" not in list_kinds(own)
    asked = monitor.watch_archive(source, tmp_path / "asked", None, years_later)
    assert asked.day == years_later
    assert "silent" in list_kinds(asked)
    result = CliRunner().invoke(command.monitor, [str(whole), "--state", str(tmp_path / "seen")])
    assert f"a labelled sample, judged by its own clock as of {own.day}" in result.output


def test_the_command_needs_only_the_plain_install():
    code = (
        "import sys, lightwell.cli.monitor; print([m for m in ('django','numpy','yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

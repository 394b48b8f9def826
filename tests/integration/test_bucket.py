"""Files in a bucket behave as those in a folder; a service that fails leaves nothing lost or half-visible."""

from __future__ import annotations

import datetime
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import exit_fixture as exits
import pytest
from bucket_fixture import BROKEN, FAULTS, FINE, Service, run_service, skip_without_service
from click.testing import CliRunner
from disclosure_fixture import Desk, read_value
from django.test import Client

from lightwell.actions import inventories, leftovers, log, proposals, search
from lightwell.archive import inventory
from lightwell.base import errors
from lightwell.cli import copies, disclose
from lightwell.db.models import Item, LogEntry, Proposal, Publication, PublicPage, Study
from lightwell.files import bucket, foundation, sealed
from lightwell.files.state import State
from lightwell.files.store import FileStore

KEY = bytes(range(32))
DAY = exits.NOW


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    skip_without_service()
    with run_service() as service:
        yield service


@pytest.fixture
def service(running: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    from botocore.config import Config

    def hasten(**given: object) -> Config:
        return Config(
            **{**given, "read_timeout": 1, "retries": {"mode": "standard", "total_max_attempts": 2}}
        )

    monkeypatch.setattr("botocore.config.Config", hasten)
    running.turn(FINE)
    bucket._opened.clear()
    yield running
    running.turn(FINE)
    bucket._opened.clear()


@pytest.fixture(params=["folder", "bucket"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    if request.param == "folder":
        return FileStore(tmp_path / "files")
    service = request.getfixturevalue("service")
    return bucket.BucketStore(tmp_path / "files", service.address.replace("archive", tmp_path.name))


def test_bytes_come_back_from_their_own_area_only_and_go_when_they_are_removed(files: FileStore) -> None:
    digest = files.put_bytes("sealed", b"a page")
    assert files.put_bytes("sealed", b"a page") == digest == hashlib.sha256(b"a page").hexdigest()
    assert files.get_bytes("sealed", digest) == files.fetch_path("sealed", digest).read_bytes() == b"a page"
    assert files.read_size("sealed", digest) == 6
    assert (files.has_bytes("sealed", digest), files.has_bytes("public", digest)) == (True, False)
    assert [name for name, _ in files.list_names("sealed")] == [digest]
    assert list(files.list_names("public")) == []
    with pytest.raises(errors.Damaged, match="missing"):
        files.get_bytes("public", digest)
    assert files.remove_bytes("sealed", digest) is True
    assert files.remove_bytes("sealed", digest) is False
    assert not files.has_bytes("sealed", digest)
    assert list(files.list_names("sealed")) == []
    with pytest.raises(ValueError, match="hex digits"):
        files.put_bytes("elsewhere", b"x")


def test_a_file_is_taken_over_and_a_large_one_goes_in_parts(
    files: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Five MiB is the least size of a part that services take, but for the last.
    monkeypatch.setattr(bucket, "_PART_BYTES", 5 << 20)
    for size in (17, (11 << 20) + 5):
        data = ((b"%d" % size) * size)[:size]
        for _ in range(2):
            path = tmp_path / "written"
            path.write_bytes(data)
            digest = files.put_file("public", path)
            assert not path.exists()
        assert digest == hashlib.sha256(data).hexdigest()
        assert files.read_size("public", digest) == len(data)
        if isinstance(files, bucket.BucketStore):
            shutil.rmtree(files.root)
        assert files.get_bytes("public", digest) == data


@pytest.mark.parametrize("mood", FAULTS)
def test_parts_that_are_refused_never_count_as_stored(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mood: str
) -> None:
    monkeypatch.setattr(bucket, "_PART_BYTES", 5 << 20)
    files = bucket.BucketStore(tmp_path / "files", service.address.replace("archive", f"parts-{mood}"))
    data = bytes(11 << 20)
    path = tmp_path / "written"
    path.write_bytes(data)
    service.turn(mood)
    with pytest.raises(errors.CouldNotCheck, match="could not write"):
        files.put_file("public", path)
    service.turn(FINE)
    digest = hashlib.sha256(data).hexdigest()
    assert mood == "slow" or not files.has_bytes("public", digest)
    files.keep_bytes("public", digest)
    shutil.rmtree(files.root)
    assert files.get_bytes("public", digest) == data


def test_an_encrypted_stream_is_read_at_any_place(files: FileStore) -> None:
    data = bytes(range(256)) * 3000
    digest = sealed.write_bytes(files, KEY, data)
    if isinstance(files, bucket.BucketStore):
        shutil.rmtree(files.root)
    with sealed.Reader(files, KEY, digest) as reader:
        assert reader.read_at(700_000, 20) == data[700_000:700_020]
    assert sealed.read_bytes(files, KEY, digest) == data


def test_copies_here_may_vanish_change_or_be_dropped(service: Service, tmp_path: Path, monkeypatch) -> None:
    files = bucket.BucketStore(
        tmp_path / "files", service.address.replace("archive", "copies"), most_bytes=250
    )
    digests = [files.put_bytes("public", bytes([k]) * 100) for k in range(4)]
    files.find_path("public", digests[0]).write_bytes(b"changed here")
    assert files.get_bytes("public", digests[0]) == bytes(100)
    monkeypatch.setattr(bucket, "_LEAST_SECONDS", -1.0)
    assert files.drop_copies() == 2
    assert sum(files.find_path("public", each).exists() for each in digests) == 2
    shutil.rmtree(files.root)
    assert sorted(name for name, _ in files.list_names("public")) == sorted(digests)
    assert [files.get_bytes("public", each) for each in digests] == [bytes([k]) * 100 for k in range(4)]


@pytest.mark.parametrize("mood", FAULTS)
def test_a_write_that_fails_is_a_sentence_and_never_counts_as_stored(
    service: Service, tmp_path: Path, mood: str
) -> None:
    files = bucket.BucketStore(tmp_path / "files", service.address.replace("archive", f"write-{mood}"))
    digest = hashlib.sha256(b"x" * 100_000).hexdigest()
    service.turn(mood)
    with pytest.raises(errors.CouldNotCheck, match="could not write") as caught:
        files.put_bytes("public", b"x" * 100_000)
    assert "nothing that was confirmed is lost" in str(caught.value)
    service.turn(FINE)
    if mood != "slow":  # a slow one may have taken it after all, as a leftover that nothing names
        assert not files.has_bytes("public", digest)
    assert files.put_bytes("public", b"x" * 100_000) == digest
    shutil.rmtree(files.root)
    service.turn(mood, reads_too=True)
    with pytest.raises(errors.CouldNotCheck, match="could not read"):
        files.get_bytes("public", digest)
    service.turn(FINE)
    assert files.get_bytes("public", digest) == b"x" * 100_000
    assert not list(files.root.rglob("*.tmp"))


@pytest.mark.parametrize(
    "address",
    [
        "s3:/bucket",
        "https://bucket",
        "s3://",
        "s3://B/x",
        "s3://b?endpoint=ftp://x",
        "s3://bucket?colour=red",
    ],
)
def test_an_address_that_names_no_bucket_is_refused(address: str) -> None:
    with pytest.raises(errors.UserMistake, match="write it as s3://"):
        bucket.parse_address(address)


class Archive:
    """A study with three sealed documents, of which one is public and two are proposed to be."""

    def __init__(self, root: Path, folder: Path) -> None:
        foundation.lay_foundation(root, origin="archive.example/bucket")
        self.state = State(root)
        self.desk = Desk(self.state)
        self.study = Study.objects.get(pk=self.desk.disclose(read_value("study")).record)
        folder.mkdir()
        due = datetime.date(2026, 12, 31)
        rows = []
        for number in (1, 2, 3):
            (folder / f"{number}.pdf").write_bytes(exits.make_pdf(number))
            rows.append(
                inventory.Row(
                    number, f"{number}.pdf", "A report", "report", "2025-05", "publish", "", "", due
                )
            )
        self.measure = lambda: inventories.measure_files(
            state=self.state, study=self.study, folder=folder, rows=rows, processes=1
        )

    def seal(self) -> None:
        self.measure()
        inventories.seal_inventory(actor=self.desk.ana, study=self.study, now=DAY)

    def propose(self, numbers: list[int]) -> Proposal:
        payload = {"study": self.study.pk, "summary": "What we found.", "items": numbers}
        return proposals.propose(
            actor=self.desk.ana, kind="publication", subject=self.study.pk, payload=payload, now=DAY
        )

    def show(self, client: Client) -> dict[str, int]:
        """Every address of the documents with its status, after the worker had its turn."""
        log.publish_checkpoint(state=self.state, now=DAY)
        search.update_index(self.state)
        found = {}
        for number in (1, 2, 3):
            item = Item.objects.get(study=self.study, number=number)
            page = f"/studies/{self.study.pk}/documents/{number}/page/2/"
            for address in (f"{page}picture", f"/files/{item.sha256}"):
                found[address] = client.get(address).status_code
            shown = exits.name_page_word(number, 2).encode() in client.get(page).content
            found[page] = 200 if shown else 404
        return found


@pytest.mark.django_db(transaction=True)
def test_a_backup_says_that_it_is_not_whole(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(
        "lightwell.actions.copies.write_backup",
        lambda **_: {"bytes": "1", "origin": "archive.example/b", "signed_entries": "1"},
    )
    foundation.lay_foundation(tmp_path / "state", origin="archive.example/b")
    said = CliRunner().invoke(copies.backup, [str(tmp_path / "b.tar")])
    assert "NOT in this backup" not in said.output
    monkeypatch.setenv("LIGHTWELL_FILES", service.address)
    said = CliRunner().invoke(copies.backup, [str(tmp_path / "b.tar")])
    assert "NOT in this backup" in said.output, said.exception


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("mood", "after"), [(mood, 1) for mood in FAULTS] + [(BROKEN, 0), (BROKEN, 3)])
def test_a_service_that_refuses_during_a_publication_loses_nothing_and_shows_no_half(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mood: str, after: int
) -> None:
    root = tmp_path / "state"
    monkeypatch.setenv("LIGHTWELL_STATE", str(root))
    monkeypatch.setenv("LIGHTWELL_FILES", service.address.replace("archive", f"p-{mood}-{after}"))
    archive = Archive(root, tmp_path / "documents")
    service.turn(mood)
    with pytest.raises(errors.CouldNotCheck, match="could not write"):
        archive.measure()
    assert not Item.objects.filter(inventory__isnull=False).exists()
    service.turn(FINE)
    archive.seal()
    archive.desk.approve(archive.propose([1]), DAY)
    client = Client(headers={"host": "localhost"})
    before, entries = archive.show(client), LogEntry.objects.count()
    assert sorted(before.values()) == [200, 200, 200, 404, 404, 404, 404, 404, 404], before
    second = archive.propose([2, 3])
    service.turn(mood, after=after)
    result = CliRunner().invoke(disclose.approve, [str(second.pk), "--as", "ben"])
    assert isinstance(result.exception, errors.CouldNotCheck), result.output
    assert result.exception.exit_code != 0
    assert "nothing of this is public" in str(result.exception)
    service.turn(FINE)
    # Nothing of it is seen, what was public still is, and every acknowledged byte is in the bucket alone.
    shutil.rmtree(root / "files")
    assert archive.show(client) == before
    assert LogEntry.objects.count() == entries
    assert (Publication.objects.count(), PublicPage.objects.values("item").distinct().count()) == (1, 1)
    second.refresh_from_db()
    assert second.approved is None
    # What the broken try left is swept, and the second try is whole.
    leftovers.sweep_leftovers(state=archive.state)
    assert leftovers.find_leftovers(state=archive.state).public == ()
    assert archive.show(client) == before
    archive.desk.approve(second, DAY)
    shutil.rmtree(root / "files")
    assert set(archive.show(client).values()) == {200}

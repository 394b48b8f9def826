"""Everything in one file: it verifies, is the same each time, and is away once something is hidden."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import exit_fixture as exits
import pytest
from click.testing import CliRunner
from django.test import Client

from lightwell.actions import bundles, log, suspensions
from lightwell.base import errors
from lightwell.cli import verify
from lightwell.db.models import Item, Person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> exits.World:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    return exits.build_world(tmp_path / "state", tmp_path / "documents")


def fetch(client: Client) -> tuple[int, bytes]:
    response = client.get("/everything.zip")
    body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    return response.status_code, body


def test_what_the_site_hands_out_verifies_and_is_packed_alike_each_time(
    world: exits.World, tmp_path: Path
) -> None:
    client = Client(headers={"host": "localhost"})
    status, body = fetch(client)
    assert status == 200
    assert b"Download everything" in client.get("/everything/").content
    taken = tmp_path / "taken.zip"
    taken.write_bytes(body)
    result = CliRunner().invoke(verify.verify, [str(taken)])
    assert result.exit_code == 0, result.output
    assert bundles.pack_bundle(state=world.state) is None  # nothing was added since
    (world.state.root / "packed").rename(tmp_path / "before")
    assert bundles.pack_bundle(state=world.state) is not None
    assert fetch(client)[1] == body


def test_the_file_is_away_from_the_moment_something_is_hidden_until_it_is_packed_anew(
    world: exits.World, tmp_path: Path
) -> None:
    client = Client(headers={"host": "localhost"})
    word = exits.name_page_word(exits.WHOLE, 2)
    item = Item.objects.get(study=world.study, number=exits.WHOLE)
    assert word.encode() in exits.read_text(fetch(client)[1])
    actor = Person.objects.get(username="ana")
    suspensions.suspend_page(actor=actor, item=item, page=2, now=exits.NOW)
    status, body = fetch(client)
    assert (status, word.encode() in body) == (503, False)
    assert b"being put together" in client.get("/everything/").content
    with pytest.raises(errors.Refused, match="does not cover yet"):
        bundles.pack_bundle(state=world.state)
    log.publish_checkpoint(state=world.state, now=exits.NOW)
    assert bundles.pack_bundle(state=world.state) is not None
    status, body = fetch(client)
    assert status == 200
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
    assert word.encode() not in exits.read_text(body)
    log.publish_checkpoint(state=world.state, now=exits.NOW)


def test_a_download_that_broke_off_goes_on_where_it_was(world: exits.World) -> None:
    client = Client(headers={"host": "localhost"})
    whole = fetch(client)[1]
    head = client.head("/everything.zip")
    assert (head["Accept-Ranges"], int(head["Content-Length"])) == ("bytes", len(whole))

    def ask(asked: str, **more: str) -> tuple[int, bytes, str]:
        answer = client.get("/everything.zip", headers={"range": asked, **more})
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        return answer.status_code, body, answer.get("Content-Range", "")

    end = len(whole) - 1
    assert ask("bytes=100-") == (206, whole[100:], f"bytes 100-{end}/{len(whole)}")
    assert ask("bytes=0-0") == (206, whole[:1], f"bytes 0-0/{len(whole)}")
    assert ask("bytes=-7") == (206, whole[-7:], f"bytes {end - 6}-{end}/{len(whole)}")
    assert ask(f"bytes={end}-{end + 9}") == (206, whole[-1:], f"bytes {end}-{end}/{len(whole)}")
    assert ask(f"bytes={len(whole)}-") == (416, b"", f"bytes */{len(whole)}")
    for other in ("bytes=9-3", "bytes=0-1,5-6", "lines=1-2", "bytes=-"):
        assert ask(other)[:2] == (200, whole)
    assert ask("bytes=100-", **{"if-range": head["ETag"]})[0] == 206
    assert ask("bytes=100-", **{"if-range": '"another"'}) == (200, whole, "")


def test_a_new_line_alone_does_not_take_the_file_away_and_packing_rests_after_work(
    world: exits.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(headers={"host": "localhost"})
    log.count_day(state=world.state, now=exits.NOW)
    log.publish_checkpoint(state=world.state, now=exits.NOW)
    (world.state.root / "packed" / "seconds").write_text("100000")
    assert bundles.pack_bundle(state=world.state) is None
    assert fetch(client)[0] == 200
    (world.state.root / "packed" / "seconds").write_text("0")
    monkeypatch.setattr(bundles.time, "time", lambda: 9e9)
    assert bundles.pack_bundle(state=world.state) is not None

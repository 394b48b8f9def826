"""The witness's shell: the lock around decide and store, and what a failing disk does."""

import threading

import httpx
import pytest

from lightwell.cli import witness_server
from lightwell.files import durable
from lightwell.tlog import checkpoint, note, tree, witness

ORIGIN = "log.example"
LOG = note.generate_signer(ORIGIN, note.KeyType.ED25519, b"L" * 32)
WITNESS = note.generate_signer("w.example", note.KeyType.COSIGNATURE_V1, b"W" * 32)
LOG_KEYS = {ORIGIN: [LOG.verifier]}


def ask(size, entry=b"x"):
    head = checkpoint.Checkpoint(ORIGIN, size, tree.compute_root([tree.hash_leaf(entry)] * size))
    return witness.format_request(witness.Request(0, (), checkpoint.sign_checkpoint(head, [LOG]))).encode()


@pytest.fixture
def record(tmp_path):
    return witness_server.Record(tmp_path / "state", [ORIGIN])


def test_a_second_request_waits_until_the_first_is_stored(record):
    answers = {}
    inside = []

    def read_clock():
        # The first request is past its decision here and has stored nothing yet.
        if not inside:
            rival = threading.Thread(
                target=lambda: answers.update(rival=service.add_checkpoint(ask(2, b"y")))
            )
            inside.append(rival)
            rival.start()
            rival.join(timeout=0.3)
            assert "rival" not in answers, "two requests were decided on the same state"
        return 1000

    service = witness_server.WitnessService(record, [WITNESS], LOG_KEYS, read_clock)
    assert service.add_checkpoint(ask(1))[0] == 200
    inside[0].join()
    assert answers["rival"][:2] == (409, witness.SIZE_TYPE)
    assert record.read_latest(ORIGIN).size == 1


def test_lines_of_strangers_are_not_served_under_the_witness_address(record):
    service = witness_server.WitnessService(record, [WITNESS], LOG_KEYS, lambda: 1000)
    request = witness.parse_request(ask(1))
    stranger = note.Signature("stranger.example", 7, b"whatever")
    text = note.add_signatures(request.checkpoint_text, [stranger])
    assert service.add_checkpoint(witness.format_request(witness.Request(0, (), text)).encode())[0] == 200
    names = [line.name for line in note.parse_note(record.read_text(ORIGIN)).signatures]
    assert names == [ORIGIN, "w.example"]


def test_a_disk_that_fails_stops_the_witness_without_a_cosignature(record, monkeypatch):
    service = witness_server.WitnessService(record, [WITNESS], LOG_KEYS, lambda: 1000)
    reported = []
    server = witness_server.WitnessServer(
        ("127.0.0.1", 0), service, uses_sample_clock=False, report=reported.append
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable.os, "fsync", fail)
    url = f"http://127.0.0.1:{server.server_address[1]}/add-checkpoint"
    reply = httpx.post(url, content=ask(1))
    thread.join(timeout=10)
    server.server_close()
    assert reply.status_code == 500
    assert "\u2014" not in reply.text
    assert not thread.is_alive()
    assert server.failed
    assert "No space left on device" in reported[0]
    assert record.read_latest(ORIGIN) is None

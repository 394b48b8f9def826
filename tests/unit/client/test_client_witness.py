"""The witness client against answers of every kind, without a network."""

import httpx
import pytest

from lightwell.base import errors as base_errors
from lightwell.client import witness as client_witness
from lightwell.tlog import checkpoint, cosignature, note, tree, witness

LOG = note.generate_signer("log.example", note.KeyType.ED25519, b"L" * 32)
WITNESS = note.generate_signer("w.example", note.KeyType.COSIGNATURE_V1, b"W" * 32)
HEAD = checkpoint.Checkpoint("log.example", 1, tree.hash_leaf(b"x"))
SIGNED = checkpoint.sign_checkpoint(HEAD, [LOG])
LINE = note.format_signature(cosignature.cosign(checkpoint.format_checkpoint(HEAD), WITNESS, 5))


def answer(status, body="", kind="text/plain; charset=utf-8"):
    seen = []

    def handle(request):
        seen.append(request)
        return httpx.Response(status, content=body, headers={"Content-Type": kind})

    return httpx.Client(transport=httpx.MockTransport(handle)), seen


def test_the_request_is_the_protocols_and_the_answer_its_signatures():
    client, seen = answer(200, LINE)
    lines = client_witness.add_checkpoint("https://w.example/", 0, [], SIGNED, client)
    assert [line.name for line in lines] == ["w.example"]
    assert str(seen[0].url) == "https://w.example/add-checkpoint"
    assert witness.parse_request(seen[0].content).checkpoint_text == SIGNED
    assert "w.example" in cosignature.add_cosignatures(SIGNED, lines, [WITNESS.verifier])


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_every_refusing_status_is_a_refusal_with_a_sentence(status):
    client, _ = answer(status, "go away")
    with pytest.raises(client_witness.WitnessRefusal, match="refused: ") as caught:
        client_witness.add_checkpoint("https://w.example", 0, [], SIGNED, client)
    assert (caught.value.status, caught.value.size) == (status, None)
    assert "go away" not in caught.value.sentence


def test_only_a_conflict_of_the_size_type_tells_a_size():
    client, _ = answer(409, "17\n", "text/x.tlog.size")
    with pytest.raises(client_witness.WitnessRefusal, match="last cosigned size 17") as caught:
        client_witness.add_checkpoint("https://w.example", 0, [], SIGNED, client)
    assert caught.value.size == 17
    for status, body, kind in [
        (409, "17\n", "text/plain"),
        (409, "x", "text/x.tlog.size"),
        (403, "17\n", "text/x.tlog.size"),
    ]:
        client, _ = answer(status, body, kind)
        with pytest.raises(client_witness.WitnessRefusal) as caught:
            client_witness.add_checkpoint("https://w.example", 0, [], SIGNED, client)
        assert caught.value.size is None


@pytest.mark.parametrize(
    ("status", "body"), [(500, "x"), (302, ""), (200, "nonsense"), (200, b"\xff\n"), (200, "a" * 2_000_000)]
)
def test_an_unusable_answer_is_neither_yes_nor_no(status, body):
    client, _ = answer(status, body)
    with pytest.raises(base_errors.CouldNotCheck):
        client_witness.add_checkpoint("https://w.example", 0, [], SIGNED, client)


def test_an_unreachable_witness_is_neither_yes_nor_no():
    def fail(request):
        raise httpx.ConnectTimeout("slow")

    client = httpx.Client(transport=httpx.MockTransport(fail))
    with pytest.raises(base_errors.CouldNotCheck, match="could not be reached"):
        client_witness.read_checkpoint("https://w.example", "log.example", client)
    with pytest.raises(base_errors.CouldNotCheck, match="could not be reached"):
        client_witness.read_checkpoint("nonsense:", "log.example", client_witness.open_client())


def test_the_read_side_is_found_by_the_hash_of_the_origin():
    client, seen = answer(200, SIGNED)
    assert client_witness.read_checkpoint("https://w.example/prefix/", "log.example", client) == SIGNED
    assert seen[0].url.path == f"/prefix/{witness.name_origin('log.example')}/checkpoint"
    client, _ = answer(404)
    assert client_witness.read_checkpoint("https://w.example", "log.example", client) is None
    client, _ = answer(403)
    with pytest.raises(base_errors.CouldNotCheck):
        client_witness.read_checkpoint("https://w.example", "log.example", client)

"""The witness's decision: one row per rule of the protocol."""

import pytest

from lightwell.tlog import checkpoint, encoding, errors, note, tile, tree, witness

T = note.KeyType
ORIGIN = "log.example"
LOG = note.generate_signer(ORIGIN, T.ED25519, b"L" * 32)
KEYS = {ORIGIN: [LOG.verifier]}
LEAVES = [tree.hash_leaf(f"entry {i}".encode()) for i in range(20)]
FORK = [tree.hash_leaf(b"forked"), *LEAVES[1:]]


def head(size, leaves=LEAVES, origin=ORIGIN):
    return checkpoint.Checkpoint(origin, size, tree.compute_root(leaves[:size]))


def ask(old, new, leaves=LEAVES, proof=None, signer=LOG):
    if proof is None:
        proof = tree.prove_consistency(leaves, old, new) if old <= new else []
    text = checkpoint.format_checkpoint(head(new, leaves))
    return witness.Request(old, tuple(proof), note.format_note(text, [note.sign_text(text, signer)]))


def decide(known, request):
    return witness.decide(known, request, KEYS)


@pytest.mark.parametrize(
    ("known", "request_", "size_after"),
    [
        (None, ask(0, 7), 7),
        (None, ask(0, 0), 0),
        (head(7), ask(7, 20), 20),
        (head(7), ask(7, 7), 7),
        (head(0), ask(0, 3), 3),
    ],
)
def test_a_checkpoint_that_extends_the_last_one_is_cosigned(known, request_, size_after):
    decision = decide(known, request_)
    assert decision.status == 200
    assert decision.latest == head(size_after)


STRANGER = note.generate_signer(ORIGIN, T.ED25519, b"S" * 32)
BAD_LINE = ask(0, 7).checkpoint_text.replace("\u2014 log.example ", "\u2014 log.example A", 1)


@pytest.mark.parametrize(
    ("known", "request_", "status", "size"),
    [
        (head(7), ask(3, 20), 409, 7),
        (head(7), ask(0, 20), 409, 7),
        (head(7), ask(7, 3), 400, None),
        (head(7), ask(7, 7, FORK, []), 409, None),
        (head(7), ask(7, 20, FORK), 422, None),
        (head(7), ask(7, 20, proof=[]), 422, None),
        (head(7), ask(7, 20, proof=[bytes(32)] * 5), 422, None),
        (head(7), ask(7, 7, proof=[bytes(32)]), 422, None),
        (None, ask(0, 7, proof=[bytes(32)]), 422, None),
        (head(7), ask(7, 20, signer=STRANGER), 403, None),
        (None, witness.Request(0, (), BAD_LINE), 400, None),
        (None, witness.Request(0, (), ORIGIN + "\n"), 400, None),
        (None, witness.Request(0, (), "unknown.example\n1\nx\n"), 404, None),
    ],
)
def test_everything_else_is_refused_and_changes_nothing(known, request_, status, size):
    decision = decide(known, request_)
    assert (decision.status, decision.size) == (status, size)
    assert decision.latest == known
    assert decision.sentence.endswith(".")


def test_the_refusal_of_a_fork_shows_both_histories():
    decision = decide(head(7), ask(7, 7, FORK, []))
    for leaves in (LEAVES, FORK):
        assert tree.compute_root(leaves[:7]).hex() in decision.sentence


def test_a_damaged_signature_of_the_log_is_forbidden():
    good = ask(0, 7)
    damaged = note.parse_note(good.checkpoint_text)
    line = damaged.signatures[0]
    wrong = note.Signature(line.name, line.key_id, bytes(64))
    request = witness.Request(0, (), note.format_note(damaged.text, [wrong]))
    assert decide(None, request).status == 403


def test_a_checkpoint_with_extension_lines_is_malformed():
    text = checkpoint.format_checkpoint(head(7)) + "extension\n"
    request = witness.Request(0, (), note.format_note(text, [note.sign_text(text, LOG)]))
    assert decide(None, request).status == 400


def test_requests_read_back_as_themselves():
    request = ask(7, 20)
    assert witness.parse_request(witness.format_request(request)) == request


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 1\n",
        b"old 01\n\nx\n",
        b"old -1\n\nx\n",
        b"old 1\nnot base64\n\nx\n",
        b"old 1\n" + encoding.format_base64(bytes(31)).encode() + b"\n\nx\n",
        b"old 1\n" + (encoding.format_base64(bytes(32)) + "\n").encode() * 64 + b"\nx\n",
        b"size 1\n\nx\n",
        b"old 1\n\n",
        b"\xff\n\nx\n",
    ],
)
def test_a_malformed_request_is_refused(body):
    with pytest.raises(errors.RequestError):
        witness.parse_request(body)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/1",
        "tile/00/001",
        "tile/64/001",
        "tile/0/x001",
        "tile/0/001/002",
        "tile/0/x000/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/01",
        "tile/data/001",
        "/tile/0/001",
        "tile/0/001\n",
        "tile/0/../001",
    ],
)
def test_a_path_with_a_second_spelling_is_refused(path):
    with pytest.raises(errors.TileError):
        tile.parse_path(path)


def test_an_entry_above_the_length_a_bundle_can_state_is_refused():
    with pytest.raises(errors.TileError, match="65535"):
        tile.encode_bundle([bytes(65536)])


def test_growing_without_the_old_partial_tile_is_refused_not_guessed():
    leaves = LEAVES * 30
    with pytest.raises(errors.TileError, match=r"tile/1/000\.p/1 is missing"):
        list(tile.derive_tiles(300, 600, lambda a, b: leaves[a:b], lambda *_: None))

"""Formats under mutation: nothing that is not the same statement is ever accepted."""

import contextlib
import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightwell.tlog import checkpoint, cosignature, encoding, errors, note, policy, proof, tree, witness

T = note.KeyType
ORIGIN = "log.example"
names = st.text(
    st.characters(codec="utf-8", exclude_characters="+", exclude_categories=("Z", "C")), min_size=1
)
hashes = st.binary(min_size=32, max_size=32)
sizes = st.integers(0, 2**63 - 1)


@functools.cache
def make_signer(name, kind, seed=7):
    return note.generate_signer(name, kind, bytes([seed]) * 32)


@functools.cache
def make_proof():
    """A good proof file with its entry and policy: an Ed25519 and an ML-DSA-44 witness, all needed."""
    logs = [make_signer(ORIGIN, T.ED25519), make_signer(ORIGIN, T.ML_DSA_44)]
    witnesses = [make_signer("w1.example", T.COSIGNATURE_V1), make_signer("w2.example", T.ML_DSA_44, 8)]
    leaves = [tree.hash_leaf(b"entry %d" % i) for i in range(37)]
    head = checkpoint.Checkpoint(ORIGIN, 37, tree.compute_root(leaves))
    signed = checkpoint.sign_checkpoint(head, logs, 5)
    text = checkpoint.format_checkpoint(head)
    whole = note.add_signatures(signed, [cosignature.cosign(text, w, 1000) for w in witnesses])
    rule = policy.Policy(
        (policy.Log(logs[0].verifier), policy.Log(logs[1].verifier)),
        tuple(policy.Witness(f"w{i}", w.verifier) for i, w in enumerate(witnesses)),
        (policy.Group("all-of-them", 2, ("w0", "w1")),),
        "all-of-them",
    )
    made = proof.Proof(21, tuple(tree.prove_inclusion(leaves, 21, 37)), whole, b"context")
    return proof.format_proof(made).encode(), b"entry 21", rule


def check_mutation(place, kind, byte, length):
    raw, entry, rule = make_proof()
    place %= len(raw)
    mutated = {
        "flip": raw[:place] + bytes([raw[place] ^ (byte or 1)]) + raw[place + 1 :],
        "insert": raw[:place] + bytes([byte]) + raw[place:],
        "delete": raw[:place] + raw[place + length :],
        "repeat": raw[: place + length] + raw[place:],
        "swap": raw[:place] + raw[place : place + length][::-1] + raw[place + length :],
    }[kind]
    with contextlib.suppress(errors.ProofError):
        result = proof.check_proof(mutated, entry, rule)
        # Accepted: then only untrusted parts changed, and the statement is the same.
        good = proof.check_proof(raw, entry, rule)
        assert (result.index, result.checkpoint) == (good.index, good.checkpoint)
        assert result.policy.witnesses == good.policy.witnesses
        assert proof.parse_proof(mutated).hashes == proof.parse_proof(raw).hashes
        assert proof.format_proof(proof.parse_proof(mutated)).encode() == mutated
    with pytest.raises(errors.ProofError):
        proof.check_proof(mutated, entry + b"!", rule)


mutations = (
    st.integers(0, 20_000),
    st.sampled_from(["flip", "insert", "delete", "repeat", "swap"]),
    st.integers(0, 255),
    st.integers(1, 200),
)


@settings(max_examples=300, deadline=None)
@given(*mutations)
def test_a_mutated_proof_file_is_refused_or_states_the_same(place, kind, byte, length):
    check_mutation(place, kind, byte, length)


@pytest.mark.full
@settings(max_examples=20_000, deadline=None)
@given(*mutations)
def test_twenty_thousand_mutated_proof_files_are_refused_or_state_the_same(place, kind, byte, length):
    check_mutation(place, kind, byte, length)


@given(st.text(max_size=60))
def test_base64_is_accepted_only_in_the_spelling_it_is_written_in(text):
    with contextlib.suppress(ValueError):
        assert encoding.format_base64(encoding.parse_base64(text)) == text


@given(st.text(st.sampled_from("0123456789+- _٣"), max_size=21))
def test_a_number_is_accepted_only_in_the_spelling_it_is_written_in(text):
    with contextlib.suppress(ValueError):
        assert encoding.format_decimal(encoding.parse_decimal(text)) == text


@given(names, sizes, hashes)
def test_a_checkpoint_reads_back_as_itself(origin, size, root):
    head = checkpoint.Checkpoint(origin, size, root if size else tree.EMPTY_ROOT)
    assert checkpoint.parse_checkpoint(checkpoint.format_checkpoint(head)) == head


@given(
    st.lists(
        st.builds(note.Signature, names, st.integers(0, 2**32 - 1), st.binary(min_size=1)),
        min_size=1,
        max_size=20,
    )
)
def test_a_note_reads_back_as_itself(signatures):
    text = "line\n\nline after a blank one\n"
    read = note.parse_note(note.format_note(text, signatures))
    assert read == note.Note(text, tuple(signatures))


@given(names, st.sampled_from(list(T)), st.binary(min_size=32, max_size=32))
def test_keys_read_back_as_themselves(name, kind, seed):
    signer = note.generate_signer(name, kind, seed)
    assert note.parse_skey(note.format_skey(signer)) == signer
    assert note.parse_vkey(note.format_vkey(signer.verifier)) == signer.verifier


@given(sizes, st.lists(hashes, max_size=63), st.binary(max_size=40))
def test_proof_files_and_requests_read_back_as_themselves(number, values, extra):
    made = proof.Proof(number, tuple(values), "checkpoint\n", extra)
    assert proof.parse_proof(proof.format_proof(made)) == made
    asked = witness.Request(number, tuple(values), "checkpoint\n")
    assert witness.parse_request(witness.format_request(asked)) == asked


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_in_a_sentence_by_every_reader(data):
    for read, refusal in (
        (note.parse_note, errors.NoteError),
        (proof.parse_proof, errors.ProofError),
        (witness.parse_request, errors.RequestError),
        (policy.parse_policy, errors.PolicyError),
    ):
        with contextlib.suppress(refusal):
            read(data)

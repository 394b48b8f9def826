"""Policies: what is a valid file, and when a checkpoint meets one."""

import itertools

import pytest

from lightwell.tlog import checkpoint, cosignature, errors, note, policy, proof, tree

T = note.KeyType
ORIGIN = "log.example"
LOG = note.generate_signer(ORIGIN, T.ED25519, b"L" * 32)
WITNESSES = {
    name: note.generate_signer(f"{name.lower()}.example", kind, name.encode() * 16)
    for name, kind in [
        ("X1", T.COSIGNATURE_V1),
        ("X2", T.ML_DSA_44),
        ("X3", T.COSIGNATURE_V1),
        ("Y1", T.ML_DSA_44),
        ("Y2", T.COSIGNATURE_V1),
    ]
}
ENTRIES = [f"entry {i}".encode() for i in range(11)]
LEAVES = [tree.hash_leaf(entry) for entry in ENTRIES]
HEAD = checkpoint.Checkpoint(ORIGIN, 11, tree.compute_root(LEAVES))


def write_policy(*lines):
    keys = {name: note.format_vkey(signer.verifier) for name, signer in WITNESSES.items()}
    head = [f"log {note.format_vkey(LOG.verifier)}"]
    head += [f"witness {name} {vkey}" for name, vkey in keys.items()]
    return "\n".join([*head, *lines, ""])


TWO_LEVELS = write_policy("group X 2 X1 X2 X3", "group Y any Y1 Y2", "group both all X Y", "quorum both")


def cosign(*names, head=HEAD):
    text = checkpoint.format_checkpoint(head)
    lines = [cosignature.cosign(text, WITNESSES[name], 1000 + i) for i, name in enumerate(names)]
    return note.add_signatures(checkpoint.sign_checkpoint(head, [LOG]), lines)


@pytest.mark.parametrize("names", [c for n in range(6) for c in itertools.combinations(WITNESSES, n)])
def test_a_checkpoint_meets_the_policy_exactly_when_its_witnesses_form_a_quorum(names):
    rule = policy.parse_policy(TWO_LEVELS)
    expected = len({"X1", "X2", "X3"} & set(names)) >= 2 and bool({"Y1", "Y2"} & set(names))
    result = policy.check_policy(rule, cosign(*names))
    assert result.satisfied == expected
    assert result.checkpoint == HEAD
    assert result.witnesses == {name: 1000 + i for i, name in enumerate(names)}


@pytest.mark.parametrize("names", [c for n in range(6) for c in itertools.combinations(WITNESSES, n)])
def test_answers_cover_every_quorum_exactly_when_they_meet_each_possible_one(names):
    rule = policy.parse_policy(TWO_LEVELS)
    quorums = [
        set(some)
        for n in range(6)
        for some in itertools.combinations(WITNESSES, n)
        if policy.meets_quorum(rule, some)
    ]
    assert quorums
    assert policy.covers_every_quorum(rule, names) == all(quorum & set(names) for quorum in quorums)


def test_without_a_quorum_rule_nobody_needs_to_be_asked():
    rule = policy.parse_policy(write_policy("quorum none"))
    assert policy.covers_every_quorum(rule, [])
    assert policy.check_policy(rule, cosign()).satisfied


def test_the_result_says_in_a_sentence_who_confirms():
    rule = policy.parse_policy(TWO_LEVELS)
    assert "X1, X2, Y1" in policy.check_policy(rule, cosign("X1", "X2", "Y1")).sentence
    assert "Too few witnesses" in policy.check_policy(rule, cosign("X1")).sentence


def test_cosignatures_moved_to_a_fork_are_refused():
    rule = policy.parse_policy(TWO_LEVELS)
    fork = checkpoint.Checkpoint(ORIGIN, 11, bytes(32))
    stolen = note.parse_note(cosign("X1", "X2", "Y1")).signatures[1:]
    forked = note.add_signatures(checkpoint.sign_checkpoint(fork, [LOG]), stolen)
    result = policy.check_policy(rule, forked)
    assert not result.satisfied
    assert "is wrong" in result.sentence


def test_witnesses_without_the_log_confirm_nothing():
    rule = policy.parse_policy(TWO_LEVELS)
    text = checkpoint.format_checkpoint(HEAD)
    unsigned = note.format_note(text, note.parse_note(cosign("X1", "X2", "Y1")).signatures[1:])
    assert not policy.check_policy(rule, unsigned).satisfied


def test_a_log_signature_with_a_key_of_another_origin_is_refused():
    rule = policy.parse_policy(TWO_LEVELS)
    other = checkpoint.Checkpoint("other.example", 11, HEAD.root)
    text = checkpoint.format_checkpoint(other)
    signed = note.format_note(text, [note.sign_text(text, LOG)])
    result = policy.check_policy(rule, signed)
    assert not result.satisfied
    assert "other.example" in result.sentence


def test_a_policy_without_a_log_accepts_no_checkpoint():
    lines = [line for line in TWO_LEVELS.split("\n") if not line.startswith("log ")]
    assert not policy.check_policy(policy.parse_policy("\n".join(lines)), cosign("X1", "X2", "Y1")).satisfied


def test_a_policy_written_out_reads_back_as_itself():
    rule = policy.parse_policy(TWO_LEVELS)
    assert policy.parse_policy(policy.format_policy(rule)) == rule


def test_comments_blank_lines_tabs_urls_and_foreign_bytes_are_allowed():
    vkey = note.format_vkey(WITNESSES["X1"].verifier)
    text = f"# none of this matters\n\n \t witness\tw\xe9 {vkey}  https://w.example/ \nquorum w\xe9\n"
    rule = policy.parse_policy(text.encode("latin-1"))
    assert policy.format_policy(rule).encode(errors="surrogateescape").count(b"w\xe9") == 2
    assert rule.witnesses[0].url == "https://w.example/"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["quorum both"], "not defined on an earlier line"),
        (["group g 3 X1 X2", "quorum g"], "threshold"),
        (["group g 0 X1 X2", "quorum g"], "threshold"),
        (["group g 01 X1 X2", "quorum g"], "decimal"),
        (["group g any", "quorum X1"], "none of log"),
        (["group g any X1 X1", "quorum g"], "more than once"),
        (["group g any X1", "group h any X1", "quorum h"], "more than once"),
        (["group g any none", "quorum g"], "not defined"),
        (["group g any h", "group h any X1", "quorum g"], "not defined on an earlier line"),
        (["group g any g", "quorum g"], "not defined on an earlier line"),
        (["group X1 any X2", "quorum X1"], "defined twice"),
        (["group all any X2", "quorum all"], "reserved"),
        (["quorum X1", "quorum X2"], "exactly one quorum"),
        (["group g any X1", "quorum g", "witness Z1"], "none of log"),
        (["quorum X1", "wittness a b"], "none of log"),
        (["quorum X1 \x07"], "control characters"),
    ],
)
def test_a_broken_rule_is_named(lines, words):
    with pytest.raises(errors.PolicyError, match=words):
        policy.parse_policy(write_policy(*lines))


def test_every_wrong_line_is_reported_at_once():
    with pytest.raises(errors.PolicyError) as caught:
        policy.parse_policy("log nonsense\nwitness a b\ngroup\nquorum c\n")
    assert [problem.place for problem in caught.value.problems] == [f"policy, line {n}" for n in (1, 2, 3, 4)]


def test_one_key_under_two_names_is_refused():
    public_key = WITNESSES["X1"].verifier.public_key
    twin = note.Verifier("twin.example", T.COSIGNATURE_V1, public_key)
    with pytest.raises(errors.PolicyError, match="listed twice"):
        policy.parse_policy(write_policy(f"witness twin {note.format_vkey(twin)}", "quorum X1"))


def test_a_plain_key_cannot_be_a_witness_nor_a_cosignature_key_a_log():
    plain = note.format_vkey(LOG.verifier)
    with pytest.raises(errors.PolicyError, match="witness key"):
        policy.parse_policy(write_policy(f"witness w {plain}", "quorum w"))
    with pytest.raises(errors.PolicyError, match="log key"):
        policy.parse_policy(f"log {note.format_vkey(WITNESSES['X1'].verifier)}\nquorum none\n")


@pytest.mark.parametrize("index", range(11))
def test_a_proof_file_proves_its_entry_and_no_other(index):
    rule = policy.parse_policy(TWO_LEVELS)
    hashes = tuple(tree.prove_inclusion(LEAVES, index, 11))
    text = proof.format_proof(proof.Proof(index, hashes, cosign("X1", "X2", "Y1"), b"extra"))
    result = proof.check_proof(text, ENTRIES[index], rule)
    assert (result.index, result.checkpoint) == (index, HEAD)
    assert result.policy.witnesses == {"X1": 1000, "X2": 1001, "Y1": 1002}
    with pytest.raises(errors.ProofError, match="does not lead"):
        proof.check_proof(text, ENTRIES[index] + b"!", rule)


def test_a_proof_with_too_few_cosignatures_is_refused_in_the_words_of_the_policy():
    rule = policy.parse_policy(TWO_LEVELS)
    hashes = tuple(tree.prove_inclusion(LEAVES, 0, 11))
    with pytest.raises(errors.ProofError, match="Too few witnesses"):
        proof.check_proof(proof.format_proof(proof.Proof(0, hashes, cosign("X1"))), ENTRIES[0], rule)


def test_a_proof_with_more_than_63_hashes_is_refused():
    with pytest.raises(errors.ProofError, match="at most 63"):
        proof.Proof(0, (bytes(32),) * 64, "x")


def test_a_witness_of_two_keys_is_one_and_one_at_a_loopback_address_is_local():
    def name(kind, seed):
        return note.format_vkey(note.generate_signer("one.example", kind, seed * 32).verifier)

    rule = policy.parse_policy(
        f"log {note.format_vkey(LOG.verifier)}\n"
        f"witness a {name(T.COSIGNATURE_V1, b'a')} http://127.0.0.1:8000\n"
        f"witness b {name(T.ML_DSA_44, b'b')} http://[::1]:8000/\n"
        f"witness far {note.format_vkey(WITNESSES['X1'].verifier)} https://x1.example/localhost\n"
        "quorum far\n"
    )
    assert policy.list_witness_names(rule, ["b", "far", "a"]) == ("one.example", "x1.example")
    assert policy.list_local_witnesses(rule) == ("one.example",)
    assert policy.list_local_witnesses(policy.parse_policy(TWO_LEVELS)) == ()

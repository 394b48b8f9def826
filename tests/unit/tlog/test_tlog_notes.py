"""Notes, checkpoints and cosignatures: what is refused, and in which words."""

import pytest

from lightwell.tlog import checkpoint, cosignature, encoding, errors, key, note, statement, tree

ORIGIN = "log.example/one"
T = note.KeyType


def make_signer(name=ORIGIN, kind=T.ED25519, seed=1):
    return note.generate_signer(name, kind, bytes([seed]) * 32)


def make_checkpoint(size=3, origin=ORIGIN):
    return checkpoint.Checkpoint(origin, size, tree.compute_root([tree.hash_leaf(b"x")] * size))


@pytest.fixture
def signed():
    return checkpoint.sign_checkpoint(make_checkpoint(), [make_signer(), make_signer(kind=T.ML_DSA_44)], 1000)


@pytest.mark.parametrize("kind", list(T))
def test_keys_of_every_type_read_back_as_themselves(kind):
    signer = make_signer("w.example", kind)
    assert note.parse_vkey(note.format_vkey(signer.verifier)) == signer.verifier
    assert note.parse_skey(note.format_skey(signer)) == signer


def test_a_private_key_does_not_show_in_its_representation():
    signer = make_signer(seed=0x42)
    assert "BBBB" not in repr(signer)
    assert "0x42" not in repr(signer)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\nb", "\u2028"])
def test_a_key_name_with_space_or_plus_or_nothing_is_refused(name):
    with pytest.raises(errors.NoteError):
        make_signer(name)


def test_the_same_key_has_another_id_for_another_type_or_name():
    public_key = make_signer().verifier.public_key
    ids = {
        key.compute_key_id(name, kind, public_key)
        for name in ("a", "b")
        for kind in (T.ED25519, T.COSIGNATURE_V1)
    }
    assert len(ids) == 4


def test_a_small_order_key_is_refused_when_it_is_configured():
    weak = bytes([T.ED25519]) + (1).to_bytes(32, "little")
    key_id = key.compute_key_id("weak", T.ED25519, weak[1:])
    with pytest.raises(errors.NoteError, match="small-order"):
        note.parse_vkey(f"weak+{key_id:08x}+{encoding.format_base64(weak)}")


def test_a_log_signs_with_both_algorithms_and_either_key_opens_it(signed):
    for kind in (T.ED25519, T.ML_DSA_44):
        opened = checkpoint.open_checkpoint(signed, [make_signer(kind=kind).verifier])
        assert opened.checkpoint == make_checkpoint()
        assert len(opened.note.unverified) == 1


def test_one_wrong_signature_of_a_known_key_rejects_the_whole_note(signed):
    other = checkpoint.sign_checkpoint(make_checkpoint(4), [make_signer(kind=T.ML_DSA_44)])
    ed_line, moved = signed.split("\n")[4], other.split("\n")[4]
    mixed = checkpoint.format_checkpoint(make_checkpoint()) + f"\n{ed_line}\n{moved}\n"
    verifiers = [make_signer().verifier, make_signer(kind=T.ML_DSA_44).verifier]
    assert checkpoint.open_checkpoint(mixed, verifiers[:1]).checkpoint.size == 3
    with pytest.raises(errors.NoteError, match="is wrong"):
        checkpoint.open_checkpoint(mixed, verifiers)


def test_a_wrong_second_line_of_a_key_rejects_the_note_in_either_order(signed):
    good = signed.split("\n")[4]
    bad = checkpoint.sign_checkpoint(make_checkpoint(4), [make_signer()]).split("\n")[4]
    text = checkpoint.format_checkpoint(make_checkpoint())
    for lines in ([good, bad], [bad, good]):
        with pytest.raises(errors.NoteError, match="is wrong"):
            note.open_note(text + "\n" + "\n".join(lines) + "\n", [make_signer().verifier])


def test_unknown_keys_that_share_a_name_or_an_id_are_ignored(signed):
    known = make_signer().verifier
    twin = note.Signature(ORIGIN, known.key_id ^ 1, b"x" * 64)
    namesake = note.Signature("other.example", known.key_id, b"x" * 64)
    opened = note.open_note(note.add_signatures(signed, [twin, namesake]), [known])
    assert {twin, namesake} <= set(opened.unverified)


def test_sixteen_post_quantum_signatures_are_accepted():
    signers = [make_signer(f"w{i}.example", T.ML_DSA_44, i + 1) for i in range(16)]
    text = checkpoint.format_checkpoint(make_checkpoint())
    whole = note.format_note(text, [cosignature.cosign(text, signer, 7) for signer in signers])
    assert len(note.open_note(whole, [signer.verifier for signer in signers]).verified) == 16


def test_a_note_above_a_megabyte_is_refused(signed):
    with pytest.raises(errors.NoteError, match="at most"):
        note.parse_note("x" * 1_000_000 + "\n" + signed)


def test_a_string_that_no_file_can_hold_is_refused(signed):
    with pytest.raises(errors.NoteError, match="UTF-8"):
        note.parse_note("\ud800" + signed)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line[:-2] + chr(ord(line[-2]) + 1) + "=",  # stray bits before the padding
        lambda line: line + "=",
        lambda line: line + " ",
        lambda line: line.replace("\u2014", "-"),
        lambda line: line.rstrip("="),
        lambda line: line[:-3],
        lambda line: line[:24],  # three bytes: no room for a key id
    ],
)
def test_a_signature_line_has_one_spelling(signed, change):
    line = signed.split("\n")[4]
    assert line.endswith("=")
    with pytest.raises(errors.NoteError):
        note.parse_signature(change(line))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("o\n1\n" + "A" * 43 + "=\nextension\n", "lines after"),
        ("o\n01\n" + "A" * 43 + "=\n", "plain decimal"),
        ("o\n+1\n" + "A" * 43 + "=\n", "plain decimal"),
        ("o\n1\u0661\n" + "A" * 43 + "=\n", "plain decimal"),
        ("o\n9223372036854775808\n" + "A" * 43 + "=\n", "plain decimal"),
        ("o\n1\n" + "A" * 43 + "\n", "base64"),
        ("o\n1\n" + "A" * 42 + "B=\n", "base64"),
        ("o\n1\n" + "A" * 44 + "\n", "32 bytes"),
        ("o\n0\n" + "A" * 43 + "=\n", "empty tree"),
        ("o\n1\n" + "A" * 43 + "=\n\n", "three non-empty lines"),
    ],
)
def test_a_checkpoint_that_is_not_exactly_three_lines_is_refused(text, words):
    with pytest.raises(errors.CheckpointError, match=words):
        checkpoint.parse_checkpoint(text)


def test_a_key_of_another_name_neither_signs_nor_opens_a_log():
    with pytest.raises(errors.CheckpointError, match="cannot sign"):
        checkpoint.sign_checkpoint(make_checkpoint(), [make_signer("other.example")])
    text = checkpoint.format_checkpoint(make_checkpoint())
    signer = make_signer("other.example")
    foreign = note.format_note(text, [note.sign_text(text, signer)])
    with pytest.raises(errors.CheckpointError, match="other names"):
        checkpoint.open_checkpoint(foreign, [signer.verifier])


@pytest.mark.parametrize("kind", [T.COSIGNATURE_V1, T.ML_DSA_44])
def test_a_cosignature_states_its_time_and_holds_for_this_checkpoint_only(kind):
    text = checkpoint.format_checkpoint(make_checkpoint())
    signer = make_signer("w.example", kind)
    made = cosignature.cosign(text, signer, 1_700_000_000)
    assert cosignature.check_cosignature(text, made, signer.verifier) == 1_700_000_000
    for other in (make_checkpoint(4), make_checkpoint(origin="log.example/two")):
        with pytest.raises(errors.NoteError, match="is wrong"):
            cosignature.check_cosignature(checkpoint.format_checkpoint(other), made, signer.verifier)


@pytest.mark.parametrize("kind", [T.COSIGNATURE_V1, T.ML_DSA_44])
def test_the_time_of_a_cosignature_cannot_be_moved(kind):
    text = checkpoint.format_checkpoint(make_checkpoint())
    signer = make_signer("w.example", kind)
    made = cosignature.cosign(text, signer, 1000)
    earlier = note.Signature(made.name, made.key_id, (999).to_bytes(8, "big") + made.signature[8:])
    with pytest.raises(errors.NoteError, match="is wrong"):
        cosignature.check_cosignature(text, earlier, signer.verifier)


def test_a_post_quantum_cosignature_commits_to_the_witness_name():
    text = checkpoint.format_checkpoint(make_checkpoint())
    made = make_signer("w.example", T.ML_DSA_44).sign(text, 5)
    assert make_signer("w.example", T.ML_DSA_44).verifier.check(text, made)
    assert not make_signer("v.example", T.ML_DSA_44).verifier.check(text, made)


def test_the_bytes_signed_with_ml_dsa_are_those_of_the_specification():
    head = statement.parse_head("log\n258\n" + "A" * 43 + "=\n")
    assert statement.build_subtree_v1("w1", 3, head) == (
        b"subtree/v1\n\x00"
        + b"\x02w1"
        + bytes(7)
        + b"\x03"
        + b"\x03log"
        + bytes(8)
        + bytes(6)
        + b"\x01\x02"
        + bytes(32)
    )


def test_a_plain_key_and_a_missing_time_make_no_cosignature():
    text = checkpoint.format_checkpoint(make_checkpoint())
    with pytest.raises(errors.NoteError, match="type 4"):
        cosignature.cosign(text, make_signer("w.example"), 5)
    with pytest.raises(errors.NoteError, match="time"):
        cosignature.cosign(text, make_signer("w.example", T.ML_DSA_44), 0)
    timeless = note.sign_text(text, make_signer("w.example", T.ML_DSA_44), 0)
    with pytest.raises(errors.NoteError, match="states no time"):
        cosignature.check_cosignature(text, timeless, make_signer("w.example", T.ML_DSA_44).verifier)


def test_adding_cosignatures_ignores_strangers_replaces_old_ones_and_refuses_wrong_ones(signed):
    text = note.parse_note(signed).text
    known, stranger = (make_signer(f"w{i}.example", T.COSIGNATURE_V1, i + 1) for i in range(2))
    answered = [cosignature.cosign(text, known, 10), cosignature.cosign(text, stranger, 10)]
    once = cosignature.add_cosignatures(signed, answered, [known.verifier])
    assert [line.name for line in note.parse_note(once).signatures] == [ORIGIN, ORIGIN, "w0.example"]
    twice = cosignature.add_cosignatures(once, [cosignature.cosign(text, known, 20)], [known.verifier])
    times = [cosignature.read_timestamp(s, known.verifier) for s in note.parse_note(twice).signatures[2:]]
    assert times == [20]
    wrong = note.Signature(answered[0].name, answered[0].key_id, answered[0].signature[:-1] + b"\x00")
    with pytest.raises(errors.NoteError, match="is wrong"):
        cosignature.add_cosignatures(signed, [wrong], [known.verifier])

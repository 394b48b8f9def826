"""The public vectors of the log's formats; where they come from is in data/SOURCES.md."""

import base64
import functools
import gzip
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa

from lightwell.tlog import (
    checkpoint,
    ed25519,
    encoding,
    errors,
    key,
    mldsa44,
    note,
    policy,
    proof,
    statement,
    tile,
    tree,
    witness,
)

DATA = Path(__file__).parent / "data"


@functools.cache
def load(name):
    path = DATA / name
    raw = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    return json.loads(raw) if ".json" in name else raw.decode()


def decode(value):
    return base64.b64decode(value or "")


def decode_all(values):
    return [decode(value) for value in values or []]


MERKLE = "merkle-rfc6962/"


@pytest.mark.parametrize("case", load(MERKLE + "inclusion.json"), ids=lambda case: case["file"])
def test_inclusion_proofs_are_judged_as_published(case):
    def check():
        tree.check_inclusion(
            decode(case["leafHash"]),
            case["leafIdx"],
            case["treeSize"],
            decode_all(case["proof"]),
            decode(case["root"]),
        )

    if case["wantErr"]:
        with pytest.raises(errors.ProofError):
            check()
    else:
        check()


@pytest.mark.parametrize("case", load(MERKLE + "consistency.json"), ids=lambda case: case["file"])
def test_consistency_proofs_are_judged_as_published(case):
    def check():
        tree.check_consistency(
            case["size1"],
            decode(case["root1"]),
            case["size2"],
            decode(case["root2"]),
            decode_all(case["proof"]),
        )

    if case["wantErr"]:
        with pytest.raises(errors.ProofError):
            check()
    else:
        check()


def test_the_reference_tree_has_the_published_hashes():
    reference = load(MERKLE + "reference-tree.json")
    leaves = [tree.hash_leaf(bytes.fromhex(value)) for value in reference["leaf_inputs_hex"]]
    assert [leaf.hex() for leaf in leaves] == reference["leaf_hashes_hex"]
    roots = [tree.compute_root(leaves[:size]).hex() for size in range(len(leaves) + 1)]
    assert roots == reference["root_by_size_hex"]


NOTES = load("signed-note/golang-mod-note.json")


@pytest.mark.parametrize("case", NOTES["cases"], ids=lambda case: case["name"])
def test_notes_are_opened_as_published(case):
    verifiers = [note.parse_vkey(vkey) for vkey in case["vkeys"]]
    if not case["ok"]:
        with pytest.raises(errors.NoteError):
            note.open_note(case["note"], verifiers)
        return
    opened = note.open_note(case["note"], verifiers)
    assert [signature.name for signature in opened.verified] == case["verified"]
    assert opened.text == NOTES["text"]


def test_signing_with_the_published_key_gives_the_published_note():
    signer = note.parse_skey(NOTES["skey"])
    assert note.format_skey(signer) == NOTES["skey"]
    assert note.format_vkey(signer.verifier) == NOTES["vkeys"]["peter"]
    signed = note.format_note(NOTES["text"], [note.sign_text(NOTES["text"], signer)])
    assert signed == NOTES["signed_by_peter"]


def test_published_signature_lines_read_back_as_themselves():
    for line in (NOTES["peter_sig_line"], NOTES["enoch_sig_line"]):
        assert note.format_signature(note.parse_signature(line[:-1])) == line


def test_a_note_with_invalid_utf8_is_refused():
    verifier = note.parse_vkey(NOTES["vkeys"]["peter"])
    bad = bytes.fromhex(NOTES["invalid_utf8_prefix_hex"]) + NOTES["signed_by_peter"].encode()
    with pytest.raises(errors.NoteError, match="UTF-8"):
        note.open_note(bad, [verifier])


def test_a_text_without_final_newline_is_not_signed():
    with pytest.raises(errors.NoteError, match="newline"):
        note.sign_text(NOTES["sign_refuses_text_without_final_newline"], note.parse_skey(NOTES["skey"]))


def list_damaged_vkeys():
    vkey = NOTES["vkeys"]["peter"]
    yield from NOTES["bad_vkeys"]
    yield from (vkey[:stop] for stop in range(len(vkey)))
    yield from (vkey[start:] for start in range(1, len(vkey)))
    yield from (vkey[:i] + chr(ord(vkey[i]) + 1) + vkey[i + 1 :] for i in range(len(vkey)))


def test_every_damaged_public_key_is_refused():
    for vkey in list_damaged_vkeys():
        with pytest.raises(errors.NoteError):
            note.parse_vkey(vkey)


def test_the_specification_example_note_opens():
    example = load("c2sp-spec-examples/signed-note.json")
    opened = note.open_note(example["note"], [note.parse_vkey(example["vkey"])])
    assert opened.text == "This is an example message.\n"


def test_the_specification_example_checkpoint_reads_and_tells_its_time():
    text = load("c2sp-spec-examples/checkpoint-with-cosignature.txt")
    read = note.parse_note(text)
    assert note.format_note(read.text, read.signatures) == text
    head = checkpoint.parse_checkpoint(read.text)
    assert (head.origin, head.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.format_checkpoint(head) == read.text
    # The specification prints the message this very cosignature signs: "time 1679315147".
    assert int.from_bytes(read.signatures[1].signature[:8], "big") == 1679315147
    assert statement.build_cosignature_v1(read.text, 1679315147).startswith(
        b"cosignature/v1\ntime 1679315147\n"
    )


def test_the_specification_example_paths_and_widths():
    paths = load("c2sp-spec-examples/tile-paths.json")
    assert tile.format_path(tile.TilePath(0, 1234067)) == f"tile/0/{paths['index_1234067']}"
    for size in (70000, 256):
        counted = {}
        for path in tile.list_paths(size):
            if path.level is None:
                continue
            full = path.width == tile.FULL_WIDTH
            if full:
                counted[f"level{path.level}_full"] = counted.get(f"level{path.level}_full", 0) + 1
            else:
                counted[f"level{path.level}_partial"] = path.width
        assert counted == paths[f"size_{size}"]


def test_the_specification_example_request_reads_back():
    text = load("c2sp-spec-examples/witness-add-checkpoint-request-syntax-only.txt")
    request = witness.parse_request(text)
    assert (request.old_size, len(request.proof)) == (20852014, 4)
    assert witness.read_origin(request) == "example.com/behind-the-sofa"
    assert witness.format_request(request) == text


def test_the_specification_example_proof_shows_its_layout():
    text = load("c2sp-spec-examples/tlog-proof-syntax-only.txt")
    parsed = proof.parse_proof(text)
    assert proof.format_proof(parsed) == text
    assert parsed.extra is not None
    assert (parsed.index, len(parsed.hashes)) == (73894, 5)
    assert parsed.checkpoint_text.startswith("example.com/fancylog\n109482\n")


def test_the_sumdb_tree_text_has_the_published_record_hash():
    golden = load("signed-note/sumdb-tree-golden.json")
    size, root = golden["tree_text"].split("\n")[1:3]
    assert encoding.parse_decimal(size) == golden["size"]
    assert encoding.parse_base64(root) == tree.hash_leaf(golden["record_hash_of"].encode())
    head = checkpoint.parse_checkpoint(golden["tree_text"])
    assert checkpoint.format_checkpoint(head) == golden["tree_text"]


CHECKPOINTS = load("checkpoint/parse-cases.json")


@pytest.mark.parametrize("text", CHECKPOINTS["refuse"])
def test_malformed_checkpoints_are_refused(text):
    with pytest.raises(errors.CheckpointError):
        checkpoint.parse_checkpoint(text)


@pytest.mark.parametrize("case", CHECKPOINTS["accept"], ids=lambda case: case["origin"])
def test_the_source_accepts_roots_of_other_lengths_and_we_refuse_only_for_that(case):
    with pytest.raises(errors.CheckpointError, match="exactly 32 bytes"):
        checkpoint.parse_checkpoint(case["text"])
    lines = case["text"].split("\n")
    with_root = "\n".join([lines[0], lines[1], encoding.format_base64(bytes(32)), ""])
    head = checkpoint.parse_checkpoint(with_root)
    assert (head.origin, head.size) == (case["origin"], case["size"])


PROOFS = load("tlog-proof/parse-cases.json.gz")


@pytest.mark.parametrize("text", PROOFS["accept"])
def test_proof_files_read_back_as_themselves(text):
    assert proof.format_proof(proof.parse_proof(text)) == text


@pytest.mark.parametrize("text", PROOFS["refuse"], ids=range(len(PROOFS["refuse"])))
def test_malformed_proof_files_are_refused(text):
    with pytest.raises(errors.ProofError):
        proof.parse_proof(text)


POLICIES = load("policy/parse-cases.json")


@pytest.mark.parametrize("reason", POLICIES["refuse"])
def test_malformed_policies_are_refused(reason):
    with pytest.raises(errors.PolicyError):
        policy.parse_policy(POLICIES["refuse"][reason])


@pytest.mark.parametrize("reason", POLICIES["refuse"])
def test_malformed_policies_are_refused_also_with_cosignature_keys(reason):
    with pytest.raises(errors.PolicyError):
        policy.parse_policy(retype_witnesses(POLICIES["refuse"][reason]))


def retype_witnesses(text):
    """The same policy with each plain key written as a cosignature key (type 4)."""
    for word in {word for word in text.split() if word.count("+") >= 2}:
        plain = note.parse_vkey(word)
        retyped = key.Verifier(plain.name, key.KeyType.COSIGNATURE_V1, plain.public_key)
        text = text.replace(word, note.format_vkey(retyped))
    return text


@pytest.mark.parametrize("text", POLICIES["accept"])
def test_published_policies_are_accepted_once_their_keys_can_cosign(text):
    with pytest.raises(errors.PolicyError, match="must be of type 4 or 6"):
        policy.parse_policy(text)
    parsed = policy.parse_policy(retype_witnesses(text))
    assert parsed.quorum == "g1"
    assert policy.parse_policy(policy.format_policy(parsed)) == parsed


ED25519 = load("wycheproof/ed25519_test.json.gz")


def test_every_wycheproof_ed25519_case_is_judged_as_published():
    judged = 0
    for group in ED25519["testGroups"]:
        public_key = bytes.fromhex(group["publicKey"]["pk"])
        ed25519.check_public_key(public_key)
        for case in group["tests"]:
            valid = ed25519.check_signature(
                public_key, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
            )
            assert valid == (case["result"] == "valid"), case
            judged += 1
    assert judged == ED25519["numberOfTests"]


VERIFY = load("wycheproof/mldsa_44_verify_test.json.gz")


def test_every_wycheproof_ml_dsa_verification_is_judged_as_published():
    judged = 0
    for group in VERIFY["testGroups"]:
        public_key = bytes.fromhex(group["publicKey"])
        try:
            mldsa44.check_public_key(public_key)
            usable = True
        except errors.NoteError:
            usable = False
        for case in group["tests"]:
            signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
            if case.get("ctx"):
                # Notes are signed with an empty context; the primitive below us must know others.
                valid = check_with_context(public_key, signature, message, bytes.fromhex(case["ctx"]))
            else:
                valid = usable and mldsa44.check_signature(public_key, signature, message)
            expected = case["result"] == "valid"
            if "ZeroPublicKey" in case["flags"]:
                expected = False  # the standard lets anybody sign for this key; we refuse the key
            assert valid == expected, case["tcId"]
            judged += 1
    assert judged == VERIFY["numberOfTests"]


def check_with_context(public_key, signature, message, context):
    try:
        mldsa.MLDSA44PublicKey.from_public_bytes(public_key).verify(signature, message, context)
    except Exception:
        return False
    return True


SIGN = load("wycheproof/mldsa_44_sign_seed_test.json.gz")


def test_every_wycheproof_ml_dsa_seed_gives_its_public_key_and_accepts_its_signatures():
    judged = 0
    for group in SIGN["testGroups"]:
        seed = bytes.fromhex(group["privateSeed"])
        for case in group["tests"]:
            judged += 1
            if len(seed) != mldsa44.SEED_BYTES:
                with pytest.raises(errors.NoteError):
                    note.generate_signer("w.example", note.KeyType.ML_DSA_44, seed)
                continue
            public_key = mldsa44.derive_public_key(seed)
            assert public_key.hex() == group["publicKey"]
            if case["result"] != "valid" or "msg" not in case:
                continue
            message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
            if case.get("ctx"):
                assert check_with_context(public_key, signature, message, bytes.fromhex(case["ctx"]))
            else:
                assert mldsa44.check_signature(public_key, signature, message)
                assert mldsa44.check_signature(public_key, mldsa44.sign(seed, message), message)
    assert judged == SIGN["numberOfTests"]

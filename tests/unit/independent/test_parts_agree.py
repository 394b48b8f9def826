"""The second verifier, part by part, judges as the first one does, also what is damaged."""

import ast
import datetime
import gzip
import hashlib
import itertools
import json
import random
import sys
from pathlib import Path

import gaps
import jcs
import notes
import pytest
import seals
import statements
import trees
import verify
from hypothesis import given
from hypothesis import strategies as st

from lightwell.archive import account, commitment, completeness, entry, opening, page, rules, seal
from lightwell.base import canonical, errors
from lightwell.tlog import checkpoint, cosignature, ed25519, fsck, note, policy, tile, tree

PROGRAMS = Path(gaps.__file__).parent
VECTORS = Path(__file__).parents[2] / "vectors" / "data"
KIND = note.KeyType
LOG = note.generate_signer("log.example", KIND.ED25519, b"L" * 32)
LOG_TOO = note.generate_signer("log.example", KIND.ML_DSA_44, b"M" * 32)
WITNESSES = [
    note.generate_signer("w1.example", KIND.COSIGNATURE_V1, b"1" * 32),
    note.generate_signer("w2.example", KIND.ML_DSA_44, b"2" * 32),
    note.generate_signer("w3.example", KIND.COSIGNATURE_V1, b"3" * 32),
]
RULE = "\n".join(
    [
        f"log {note.format_vkey(LOG.verifier)}",
        f"log {note.format_vkey(LOG_TOO.verifier)} https://log.example/",
        *(f"witness W{n} {note.format_vkey(each.verifier)}" for n, each in enumerate(WITNESSES, 1)),
        "# two of three",
        "group some 2 W1 W2 W3",
        "quorum some",
        "",
    ]
).encode()
HEAD = checkpoint.Checkpoint("log.example", 7, hashlib.sha256(b"root").digest())


def sign(witnesses, log=(LOG, LOG_TOO)) -> bytes:
    text = checkpoint.format_checkpoint(HEAD)
    lines = [cosignature.cosign(text, WITNESSES[n], 1000 + n) for n in witnesses]
    return note.add_signatures(checkpoint.sign_checkpoint(HEAD, log), lines).encode()


def judge_twice(data: bytes, rule: bytes = RULE) -> tuple[bool, bool]:
    first = policy.check_policy(policy.parse_policy(rule), data)
    try:
        read = notes.read_policy(rule)
        found, times = notes.judge_checkpoint(data, read, "here")
    except notes.Refusal:
        return first.satisfied, False
    assert found == (HEAD.origin, HEAD.size, HEAD.root)
    assert times == first.witnesses
    return first.satisfied, notes.meets_quorum(read, set(times))


def test_the_programs_import_the_standard_library_and_cryptography_only() -> None:
    own = {path.stem for path in PROGRAMS.glob("*.py")}
    for path in PROGRAMS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.partition(".")[0]
                assert top in own | {"cryptography"} | sys.stdlib_module_names, f"{path.name} imports {name}"


@pytest.mark.parametrize("count", range(4))
def test_both_count_the_same_witnesses(count: int) -> None:
    for chosen in itertools.combinations(range(3), count):
        assert judge_twice(sign(chosen)) == (count >= 2, count >= 2)


def test_both_give_one_verdict_on_every_damaged_checkpoint() -> None:
    dice = random.Random(8)
    whole = sign([0, 1, 2])
    assert judge_twice(whole) == (True, True)
    refused = 0
    for _ in range(400):
        at = dice.randrange(len(whole))
        changed = whole[:at] + bytes([whole[at] ^ 1 << dice.randrange(8)]) + whole[at + 1 :]
        first, second = judge_twice(changed)
        assert first == second, (at, changed[at - 20 : at + 20])
        refused += not first
    assert refused > 300


def test_both_refuse_the_same_damaged_policies() -> None:
    dice = random.Random(9)
    words = RULE.split(b" ")
    cases = [RULE[:-1], RULE + b"quorum W1\n", RULE.replace(b"group some 2", b"group some 4")]
    cases += [RULE.replace(b"quorum some", b"quorum other"), RULE.replace(b"W3 ", b"all ")]
    cases += [b" ".join([*words[:at], *words[at + 1 :]]) for at in range(len(words))]
    short = [line for line in RULE.split(b"\n") if len(line) < 200]
    for _ in range(300):
        text = b"\n".join(dice.sample(short, len(short)))
        at = dice.randrange(len(text))
        cases.append(text[:at] + bytes([dice.randrange(256)]) + text[at + 1 :])
    for case in cases:
        try:
            first = policy.parse_policy(case)
            accepted = bool(first.logs)
        except errors.LightwellError:
            accepted = False
        try:
            second = notes.read_policy(case)
        except notes.Refusal:
            assert not accepted, case
        else:
            assert accepted, case
            assert [key.public for key in second.logs] == [log.verifier.public_key for log in first.logs]
            assert second.groups == [(each.name, each.threshold, [*each.members]) for each in first.groups]
            assert (list(second.witnesses), second.quorum) == (
                [each.name for each in first.witnesses],
                first.quorum,
            )


def test_both_give_the_published_verdict_on_every_wycheproof_signature() -> None:
    for group in json.loads(gzip.decompress((VECTORS / "wycheproof/ed25519_test.json.gz").read_bytes()))[
        "testGroups"
    ]:
        public = bytes.fromhex(group["publicKey"]["pk"])
        notes.check_ed25519_key(public)
        for case in group["tests"]:
            signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
            assert notes.check_ed25519(public, signature, message) == (case["result"] == "valid")


def test_both_refuse_the_same_crafted_keys() -> None:
    """Small-order points, second spellings, points off the curve and mixed points, and honest keys."""
    crafted = [y.to_bytes(32, "little") for y in notes.SMALL_ORDER_Y]
    crafted += [key[:31] + bytes([key[31] | 128]) for key in crafted]
    crafted += [(notes.P + y).to_bytes(32, "little") for y in range(19)]
    crafted += [hashlib.sha256(bytes([n])).digest() for n in range(60)]
    honest = [signer.verifier.public_key for signer in (LOG, WITNESSES[0])]
    outcomes = []
    for key in crafted + honest:
        verdicts = []
        for check, error in (
            (ed25519.check_public_key, errors.LightwellError),
            (notes.check_ed25519_key, ValueError),
        ):
            try:
                check(key)
                verdicts.append(True)
            except error:
                verdicts.append(False)
        assert verdicts[0] == verdicts[1], key.hex()
        outcomes.append(verdicts[0])
    assert outcomes[-2:] == [True, True]
    assert sum(outcomes) < len(outcomes) - 40


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 257, 511, 513, 70_000])
def test_both_derive_the_same_tiles_and_root(size: int) -> None:
    entries = [n.to_bytes(3, "big") for n in range(size)]
    leaves = [tree.hash_leaf(each) for each in entries]
    assert trees.compute_root(leaves) == tree.compute_root(leaves)
    assert [trees.name_tile(*each) for each in trees.list_tiles(size)] == [
        str(path) for path in tile.list_paths(size)
    ]
    files = write_log(entries)
    assert trees.read_entries(size, tree.compute_root(leaves), lambda path: files[path], "") == entries
    sizes = {0, 1, size // 2, size}
    assert trees.compute_prefix_roots(leaves, {n for n in sizes if n <= size}) == {
        n: tree.compute_root(leaves[:n]) for n in sizes if n <= size
    }


def write_log(entries: list[bytes]) -> dict[str, bytes]:
    leaves = [tree.hash_leaf(each) for each in entries]
    made = [*tile.derive_bundles(0, len(entries), lambda a, b: entries[a:b])]
    made += tile.derive_tiles(0, len(entries), lambda a, b: leaves[a:b], lambda *_: None)
    return {str(each.path): each.data for each in made}


def test_both_blame_the_same_file_of_a_changed_log() -> None:
    dice = random.Random(10)
    entries = [b"entry %d" % n for n in range(700)]
    root = tree.compute_root([tree.hash_leaf(each) for each in entries])
    whole = write_log(entries)
    for _ in range(60):
        path = dice.choice(sorted(whole))
        at = dice.randrange(len(whole[path]))
        changed = whole[path][:at] + bytes([whole[path][at] ^ 1]) + whole[path][at + 1 :]
        files = {**whole, path: changed}
        with pytest.raises(notes.Refusal) as refusal:
            trees.read_entries(700, root, files.__getitem__, "")
        found = fsck.check_log(
            checkpoint.Checkpoint("log.example", 700, root),
            lambda index, width, files=files: files[str(tile.TilePath(None, index, width))],
            lambda level, index, width, files=files: files[str(tile.TilePath(level, index, width))],
        )
        assert refusal.value.place == path
        assert found[0].place == path


@given(st.integers(0, 300), st.binary(min_size=32, max_size=32))
def test_both_derive_the_same_salts(count: int, seed: bytes) -> None:
    assert seals.derive_salts(seed, count) == commitment.derive_salts(seed, count)


@given(st.integers(1, 9), st.data())
def test_both_accept_the_same_opening_in_part(count: int, data: st.DataObject) -> None:
    seed = hashlib.sha256(b"seed").digest()
    contents = [bytes([n]) for n in range(count)]
    leaves = [
        commitment.hash_salted("line", salt, content)
        for salt, content in zip(commitment.derive_salts(seed, count), contents, strict=True)
    ]
    hidden = data.draw(st.sets(st.integers(0, count - 1)))
    nodes = [(node.open, node.value) for node in commitment.prove_partial(seed, leaves, hidden)]

    def leaf(position: int, salt: bytes) -> bytes:
        return seals.hash_part("line", salt, contents[position])

    assert seals.compute_partial_root(nodes, count, hidden, leaf) == tree.compute_root(leaves)
    position = data.draw(st.integers(0, count - 1))
    path = tree.prove_inclusion(leaves, position, count)
    assert seals.climb(leaves[position], position, count, path) == tree.compute_root(leaves)
    for wrong in (nodes[:-1], [*nodes, nodes[0]], [(not nodes[0][0], nodes[0][1]), *nodes[1:]]):
        with pytest.raises(ValueError, match="proof"):
            seals.compute_partial_root(wrong, count, hidden, leaf)


def test_both_compute_the_same_seal_of_a_page_and_an_item() -> None:
    key = hashlib.sha256(b"a key for tests only").digest()
    head = page.Head(1, 83, 40, 2, ((0, 12), (20, 33)))
    lines = ((page.Word('Zoë "x"', (1, 2, 3, 4)), page.Word("日本", (5, 6, 7, 8))), ())
    boxes = page.list_patch_boxes(head)
    patches = tuple(bytes([16 * n]) * ((r - x) * (b - t) * 3) for n, (x, t, r, b) in enumerate(boxes))
    parts = page.Parts(head, lines, patches)
    seed = seal.derive_page_seed(key, 1, 1)
    as_json = json.loads(page.encode_head(head))
    seals.check_head(as_json, 1)
    assert seals.list_boxes(as_json) == boxes
    patches_root = tree.compute_root(page.hash_patches(seed, head, patches))
    root, leaves = seals.compute_page_root(
        seed, as_json, [[[w.text, *w.box] for w in line] for line in lines], patches_root
    )
    assert root == page.compute_root(seed, parts)
    assert leaves == page.hash_lines(seed, lines)
    header = seal.Header("std-test", 3, 1, "rénderer")
    measure = seal.FileMeasure(hashlib.sha256(b"file").digest(), 4)
    header_leaf = seals.hash_part(
        "header", seals.derive(key, "header"), seals.encode_header("std-test", 3, 1, "rénderer")
    )
    file_leaf = seals.hash_file(seals.derive(key, "file"), measure.digest, measure.size)
    sealed = seals.join_item(header_leaf, file_leaf, trees.compute_root([root]))
    assert sealed == seal.compute_commitment(key, header, measure, [root])
    with pytest.raises(errors.Refused):
        opening.check_page(
            opening.open_page(key, header, measure, [root], parts), header, hashlib.sha256(sealed).digest()
        )


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    )
)
def test_both_write_and_read_the_same_canonical_json(value: object) -> None:
    try:
        data = canonical.encode(value)
    except errors.UserMistake:
        return
    assert jcs.write(jcs.read(data)).encode() == data
    loose = json.dumps(value, indent=1).encode()
    if loose != data:
        with pytest.raises(ValueError, match=r"canonical|readable|number|key"):
            jcs.read(loose)


DAYS = [datetime.date(2026, 1, 1) + datetime.timedelta(days=n) for n in range(0, 400, 7)]


def make_history(dice: random.Random) -> list[dict]:
    """A log about a few items in which anything that may happen happens, in an order that may happen."""
    entries, sealed = [], []
    for day in DAYS:
        at = datetime.datetime(day.year, day.month, day.day, 12, tzinfo=datetime.UTC)
        if len(sealed) < 6 and dice.random() < 0.4:
            number, pages = len(sealed) + 1, dice.choice([None, 1, 5])
            due = day + datetime.timedelta(days=dice.randrange(200))
            entries.append(
                entry.make_item(at, "std-test", number, "report", pages, dice.random() < 0.8, due, bytes(32))
            )
            sealed.append((number, pages))
        elif sealed:
            number, pages = dice.choice(sealed)
            kind = dice.choice(sorted(entry.ITEM_TYPES - {"item"}))
            more = {"due": (day + datetime.timedelta(days=90)).isoformat()} if kind == "extension" else {}
            if kind in ("suspension", "restoration"):
                more = {"page": dice.choice([None, 1, 2])}
            if kind == "withholding":
                more = {"review": (day + datetime.timedelta(days=60)).isoformat()}
            if kind == "opening":
                more = {"pages": None if pages is None else dice.randrange(pages + 1)}
                if more["pages"] and dice.random() < 0.5:
                    more["redacted"] = dice.randrange(1, more["pages"] + 1)
            stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
            entries.append({"type": kind, "v": 1, "at": stamp, "study": "std-test", "item": number, **more})
    return [*entries, entry.make_count(at, day, 1, len(sealed))]


def test_both_compute_the_same_table_and_count_the_same_pages_for_any_history_and_day() -> None:
    states, redacted = set(), 0
    for seed in range(60):
        encoded = [canonical.encode(each) for each in make_history(random.Random(seed))]
        for day in DAYS[::9]:
            rows = completeness.compute_gaps(entry.read_events(encoded), day, rules.FIRST_RULES)
            items = gaps.replay(encoded, [None] * len(encoded), day)
            assert gaps.write_table(items, day) == completeness.format_gaps(rows)
            states |= {row.state for row in rows}
            pages = statements.make_certificate("std-test", items, verify.Log(None, HEAD, [], [], [], day))
            assert pages["pages"] == account.count_pages(rows)
            redacted += pages["pages"]["redacted"]
    assert states == set(completeness.STATES)
    assert redacted
